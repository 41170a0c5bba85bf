# The proxy's image: `docker build -t strangler .`, and `docker build --target tripe -t tripe .` for the sample world.
# deploy/README.md says how to run both, and what has been checked.

# What pip needs to install stays here; only the finished environment is copied on.
FROM python:3.11-slim AS build
RUN python -m venv --without-pip /opt/strangler
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml setup.py constraints.txt README.md LICENSE ./
COPY proxy proxy
# Compiles the data path (setup.py says what): a proxy that costs a third less CPU time. The types of what the package
# depends on must be there for it, the package itself must not.
RUN python -m pip install --no-cache-dir --disable-pip-version-check -c constraints.txt '.[compile]' wheel \
    && python -m pip uninstall --yes strangler \
    && STRANGLER_COMPILE=1 python -m pip wheel --no-cache-dir --disable-pip-version-check --no-build-isolation \
    --no-deps --wheel-dir /wheels . \
    && python -m pip --python /opt/strangler/bin/python install --no-cache-dir --disable-pip-version-check \
    -c constraints.txt /wheels/*.whl

# Tripe, the sample world: the monolith, and the services taken out of it, on the same environment.
FROM python:3.11-slim AS tripe
COPY --from=build /opt/strangler /opt/strangler
RUN useradd --system --uid 10002 --no-create-home --shell /usr/sbin/nologin tripe \
    && install -d -o tripe -g tripe -m 0700 /var/lib/tripe
WORKDIR /opt/tripe
COPY legacy_monolith legacy_monolith
COPY extracted extracted
ENV PATH=/opt/strangler/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV TRIPE_HOST=0.0.0.0 TRIPE_DATABASE=/var/lib/tripe/tripe.sqlite3
VOLUME /var/lib/tripe
USER 10002
ENTRYPOINT ["python", "-m"]
CMD ["legacy_monolith"]

FROM python:3.11-slim
COPY --from=build /opt/strangler /opt/strangler
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin strangler \
    && install -d -o strangler -g strangler -m 0700 /var/lib/strangler \
    && install -d -m 0755 /etc/strangler
ENV PATH=/opt/strangler/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Every option of `strangler run` is a variable, so that `docker run -e` changes one and `docker exec ... strangler
# status` finds the same proxy. The admin port is for the inside of the container alone; to open it, set
# STRANGLER_ADMIN_LISTEN=0.0.0.0:9900 and a long secret in STRANGLER_ADMIN_TOKEN (without one it refuses to start).
ENV STRANGLER_CONFIG=/etc/strangler/routes.yaml STRANGLER_STATE=/var/lib/strangler \
    STRANGLER_LISTEN=0.0.0.0:8080 STRANGLER_ADMIN_LISTEN=127.0.0.1:9900
VOLUME /var/lib/strangler
EXPOSE 8080
USER 10001
# Asks the address that the running proxy has left in its state folder; http.client minds no http_proxy variable.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["python", "-c", "\
import http.client, json, os, sys, urllib.parse;\
url = urllib.parse.urlsplit(json.load(open(os.environ['STRANGLER_STATE'] + '/admin.json'))['url']);\
ask = http.client.HTTPConnection(url.hostname, url.port, timeout=2); ask.request('GET', '/readyz');\
sys.exit(ask.getresponse().status != 200)"]
ENTRYPOINT ["strangler"]
CMD ["run"]
