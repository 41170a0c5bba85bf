"""Real answers: a few hundred of Tripe's, asked of the monolith as a process, and pypiserver's, which is not ours.

Every request is asked several times over, so that the noise that these applications make themselves is there too.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bench.machine import ROOT, BenchError, free_port
from legacy_monolith.seed import API_KEYS, MERCHANT_EMAIL, MERCHANT_PASSWORD

EACH = 40  # requests of a base
AGAIN = 6  # askings of each request
ROWS = 4  # of the table in a page
KEPT = ("content-type", "cache-control", "location", "set-cookie", "content-disposition")
START_LIMIT = 30.0  # seconds


class Asked(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


Real = tuple[Asked, ...]  # the askings of one request
Bases = dict[str, tuple[Real, ...]]


def real_answers(each: int = EACH) -> Bases:
    """By base, the answers to so many requests. Raises BenchError when an application does not start."""
    with tempfile.TemporaryDirectory(prefix="strangler-corpus-") as name:
        with _tripe(Path(name)) as port:
            bases = _of_tripe(port, each)
        with _pypiserver(Path(name)) as port:
            bases |= _of_pypiserver(port, each)
    return bases


def _of_tripe(port: int, each: int) -> Bases:
    with closing(Client(port, {"Authorization": f"Bearer {API_KEYS[0][0]}"})) as ask:
        return _asked_of_tripe(ask, each)


def _asked_of_tripe(ask: Client, each: int) -> Bases:
    ids: dict[str, list[str]] = {}
    bases: Bases = {}
    for kind in ("charge", "customer", "invoice", "refund"):
        newest = json.loads(ask.get(f"/v1/{kind}s?limit=100").body)["data"]
        ids[kind] = [row["id"] for row in newest[:each]]
        bases[kind] = ask.each(f"/v1/{kind}s/{one}" for one in ids[kind])
        pages = (f"/v1/{kind}s?limit={2 + place % 3}&starting_after={one}" for place, one in enumerate(ids[kind]))
        bases[f"{kind}s"] = ask.each(pages)
    bases["pdf"] = ask.each(f"/v1/invoices/{one}/pdf" for one in ids["invoice"])
    bases["missing"] = ask.each(f"/v1/charges/{one[:-3]}zzz" for one in ids["charge"])
    bases["refused"] = ask.each(f"/v1/customers?limit={1000 + number}" for number in range(each))
    bases["moved"] = ask.each(f"/v1/charge/{one}" for one in ids["charge"])
    ask.headers = {}
    bases["login"] = ask.each(["/merchant/login"])
    ask.headers = {"Cookie": _log_in(ask)}
    homes = ask.each(f"/merchant?message=Refunded+{number}+usd." for number in range(each))
    bases["merchant"] = tuple(tuple(map(_shorter, real)) for real in homes)
    return bases


def _shorter(page: Asked) -> Asked:
    """The page with ROWS rows of its twenty: comparing HTML would be most of a run."""
    rows = page.body.split(b"<tr>")
    return page._replace(body=b"<tr>".join(rows[: ROWS + 1]) + rows[-1].partition(b"</tr>")[2])


def _of_pypiserver(port: int, each: int) -> Bases:
    projects = [f"tiny-{number:03d}" for number in range(250 - each // 2, 250 + each // 2)]
    with closing(Client(port, {"Accept": "text/html"})) as ask:
        pages = ask.each((f"/simple/{name}/" for name in projects), again=2)  # slow, and the same each time
        return {"simple": pages, "project": ask.each((f"/{name}/json" for name in projects), again=2)}


class Client:
    """One connection; `headers` go with every request."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.headers = headers
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_LIMIT)

    def close(self) -> None:
        self._connection.close()

    def get(self, target: str) -> Asked:
        return self.ask("GET", target, None)

    def ask(self, method: str, target: str, body: str | None) -> Asked:
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        self._connection.request(method, target, body, self.headers | form)
        answer = self._connection.getresponse()
        named: dict[str, str] = {}
        for name, value in answer.getheaders():
            key = name.lower()
            if key in KEPT:
                named[key] = f"{named[key]}\n{value}" if key in named else value
        return Asked(answer.status, named, answer.read())

    def each(self, targets: Iterable[str], again: int = AGAIN) -> tuple[Real, ...]:
        return tuple(tuple(self.get(target) for _ in range(again)) for target in targets)


def _log_in(ask: Client) -> str:
    form = ask.get("/merchant/login").headers["set-cookie"].partition(";")[0]
    ask.headers = {"Cookie": form}
    fields = {"csrf": form.partition("=")[2], "email": MERCHANT_EMAIL, "password": MERCHANT_PASSWORD}
    cookies = ask.ask("POST", "/merchant/login", urlencode(fields)).headers["set-cookie"]
    return "; ".join(line.partition(";")[0] for line in cookies.split("\n"))


@contextmanager
def _tripe(folder: Path) -> Iterator[int]:
    database = ("--database", str(folder / "tripe.sqlite3"), "--seed-scale", "0.05")
    port = free_port()
    with _process([sys.executable, "-m", "legacy_monolith", "--port", str(port), *database], port, "/merchant/login"):
        yield port


@contextmanager
def _pypiserver(folder: Path) -> Iterator[int]:
    packages, port = folder / "packages", free_port()
    subprocess.run([sys.executable, str(ROOT / "examples" / "tiny_packages.py"), str(packages)], check=True)
    options = ["run", "--port", str(port), "--interface", "127.0.0.1", str(packages)]
    with _process([sys.executable, "-m", "pypiserver", *options], port, "/simple/tiny-000/"):
        yield port


@contextmanager
def _process(command: list[str], port: int, ready: str) -> Iterator[None]:
    null: Any = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, stdin=null, stdout=null, stderr=null, env=dict(os.environ))
    try:
        due = time.monotonic() + START_LIMIT
        while not _answers(port, ready):
            if process.poll() is not None or time.monotonic() > due:
                raise BenchError(f"{' '.join(command[1:3])} does not start; run it by hand to see why")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(START_LIMIT)


def _answers(port: int, target: str) -> bool:
    with closing(Client(port, {})) as ask:
        try:
            return ask.get(target).status == 200
        except OSError:
            return False
