"""The routes file that most tests of a whole proxy begin with: legacy, and one service that names its build."""

from __future__ import annotations

READ = """\
routes:
  - name: read
    match: GET /items/{id}
    extracted: service
    stage: shadow
"""


# Of a backend that a test makes slow on purpose, or that shares a busy machine: no time-out of its own decides.
UNHURRIED = "connect_timeout: 1m, timeout: 10m"


def two_sides(legacy: str | int, service: str | int, rest: str = READ) -> str:
    """`legacy` and `service` are URLs or ports of this machine; `rest` is what follows the backends. A test that adds
    keys to the one route says `READ + "    key: value\\n"`."""
    legacy, service = (f"http://127.0.0.1:{each}" if isinstance(each, int) else each for each in (legacy, service))
    return f"""\
version: 1
backends:
  legacy: {{url: "{legacy}", {UNHURRIED}}}
  service: {{url: "{service}", {UNHURRIED}, build_header: X-Build}}
legacy: legacy
{rest}"""
