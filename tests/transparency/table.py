"""docs/transparency.md, written by running the cases.

`python -m tests.transparency.table` asks every installed proxy, keeps what the peers did in `recorded.json` with their
versions and the date, and writes the page. Peers that are not installed keep what was recorded. `--page` only writes
the page anew from what is recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench.peers import Peer, all_peers
from tests.transparency.proxies import theirs
from tests.transparency.rows import CASES, ROWS, Row
from tests.transparency.stage import Case

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/transparency.md"
RECORDED = Path(__file__).with_name("recorded.json")
TITLES = {"nginx": "nginx", "haproxy": "HAProxy", "envoy": "Envoy", "naive": "aiohttp"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one peer did: by case id what was seen, "" where the case passed."""

    version: str
    date: str
    seen: dict[str, str]


def peers(envoy: str | None = None) -> list[Peer]:
    """Those that are installed, this proxy left out."""
    return [peer for peer in all_peers(envoy) if peer.program is not None and peer.name in TITLES]


def recorded() -> dict[str, Recorded]:
    return {name: Recorded(**value) for name, value in json.loads(RECORDED.read_text("utf-8")).items()}


async def record(envoy: str | None) -> None:
    found = recorded() if RECORDED.exists() else {}
    today = datetime.now(UTC).date().isoformat()
    for peer in peers(envoy):
        found[peer.name] = Recorded(peer.version.removesuffix(" ").strip(), today, await theirs(peer, CASES))
    values = {name: asdict(found[name]) for name in TITLES if name in found}
    RECORDED.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")


OPENING = """# Clients cannot tell

What proxies break, and what this one does. Every line below is a test that speaks raw bytes to a proxy and looks at
raw bytes on the other side; the same tests were run against the others, each as [the benchmark](../bench/README.md)
configures it, which is how one would run it: another setting may do better. A number says how many of a row's cases
passed; where there is nothing to try the reason stands in its place. To stop, nginx was sent SIGQUIT, HAProxy SIGUSR1,
the others SIGTERM (Envoy drains by an order to its admin port, which the benchmark does not configure).
`python -m tests.transparency.table` measures anew and writes this page; `tests/transparency/` fails when it
no longer says what this proxy does.

"""

LIMITS = """
## What a client could notice after all

- Forwarding headers are added to requests: `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`, `Forwarded`,
  `X-Request-Id`, `traceparent`. Nothing is added to answers but `Connection`.
- White space around a header's value is one space before it and none after, where a head has to be written anew.
  It is no part of the value (RFC 9112 section 5.1).
- HTTP/1.0 requests and answers are sent on as HTTP/1.1.
- An equal `Content-Length` that an answer gives twice is given once.
- Of trailers, those that frame, route or belong to one hop are taken out (`Connection`, `Keep-Alive`, `TE`, `Upgrade`
  and the like); `Content-Length`, `Transfer-Encoding` and `Host` in trailers are refused.
- Methods that llhttp does not know get a 501, CONNECT a 405. Methods are written in capitals: `get` is unknown.
- A target with bytes above 0x7f, control bytes or a fragment is no target (RFC 9112 section 3.2) and gets a 400, as
  HAProxy, Envoy and aiohttp answer it; nginx passes such bytes.
- HTTP/2 and gRPC are not spoken. A client that begins with an HTTP/2 preface gets a 505 and the end of the connection,
  `Upgrade: h2c` is answered in HTTP/1.1. Put a proxy that speaks HTTP/2 in front where clients need it.
- A client that closes its sending half is taken to have left, as nginx, Envoy and aiohttp take it;
  HAProxy waits for the answer.
- An answer that begins before the request was whole ends the connection after it, where it is an error or nothing of
  the body was sent yet: what the client still sends of that body must not be read as its next request.

The list is whole as far as the differential test (`tests/transparency/test_clients_cannot_tell.py`) can tell: requests
and answers made at random go straight to a backend and through the proxy, and both ends must see the same bytes but for
what is listed here. `make fuzz` runs it for longer.
"""


def page(found: dict[str, Recorded]) -> str:
    """The page; the column of this proxy says that all cases pass, which the tests hold it to."""
    shown = {name: title for name, title in TITLES.items() if name in found}
    measured = ", ".join(f"{shown[name]} {_number(found[name].version)} on {found[name].date}" for name in shown)
    lines = [OPENING + f"Measured: {measured}.", "", "| # | what breaks | what this proxy does | this proxy |"]
    lines[-1] += "".join(f" {title} |" for title in shown.values())
    lines.append("| --- " * (4 + len(shown)) + "|")
    for row in ROWS:
        count = sum(not case.theirs_only for case in row.cases)
        cells = [str(row.number), row.breaks, row.does, f"{count}/{count}" if count else "flow tests"]
        cells += [_passed(row, name, found[name]) for name in shown]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "## Row by row", "", "`.` is a case that passed; this proxy passes all of them."]
    for row in ROWS:
        lines += _details(row, found, shown)
    return "\n".join(lines) + "\n" + LIMITS


def _number(version: str) -> str:
    matched = re.search(r"\d+\.\d+\.\d+", version)
    return matched[0] if matched else version


def _passed(row: Row, name: str, peer: Recorded) -> str:
    results = [peer.seen[case.id] for case in row.cases if case.id in peer.seen]
    if results:
        return f"{sum(not seen for seen in results)}/{len(results)}"
    return next((case.senseless[name] for case in row.cases if name in case.senseless), "-")


def _details(row: Row, found: dict[str, Recorded], shown: dict[str, str]) -> list[str]:
    lines = ["", f"### {row.number}. {row.breaks}", ""]
    if row.cases:
        lines += ["| case | " + " | ".join(shown.values()) + " |", "| --- " * (1 + len(shown)) + "|"]
        for case in row.cases:
            cells = [case.senseless.get(name) or _cell(case, found[name]) for name in shown]
            lines.append(f"| {case.name} | " + " | ".join(cells) + " |")
        lines.append("")
    tests = list(row.tests)
    if not all(case.theirs_only for case in row.cases):
        tests.insert(0, f"tests/transparency/test_rows.py::test_every_case_of_a_row_passes[{row.number}]")
    return [*lines, "Tests: " + ", ".join(f"`{test}`" for test in tests) + "."]


def _cell(case: Case, peer: Recorded) -> str:
    if case.id not in peer.seen:
        return "-"
    return peer.seen[case.id] or "."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write the page from what is recorded, measure nothing")
    parser.add_argument("--envoy", help="the program, where it is not beside this Python or on the path")
    given = parser.parse_args()
    if not given.page:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(record(given.envoy))
    PAGE.write_text(page(recorded()), "utf-8")


if __name__ == "__main__":
    main()
