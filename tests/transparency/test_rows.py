"""Every row of the list has tests, this proxy passes them, and the page says so; what is said of the others is what
they do, where the very version that was recorded is installed."""

from __future__ import annotations

import ast
import asyncio

import pytest

from bench.peers import Peer
from tests.transparency import table
from tests.transparency.proxies import ours, theirs
from tests.transparency.rows import CASES, ROWS, Row

TRIES = 3  # a busy machine makes a peer look slower than it is, never faster


def test_the_rows_are_the_31_of_the_list_and_none_is_without_a_test() -> None:
    assert [row.number for row in ROWS] == list(range(1, 32))
    assert [row.number for row in ROWS if not row.cases and not row.tests] == []
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("test", sorted({test for row in ROWS for test in row.tests}))
def test_the_tests_that_a_row_names_exist(test: str) -> None:
    file, _, function = test.partition("::")
    tree = ast.parse((table.ROOT / file).read_text("utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert function in names if function else any(name.startswith("test_") for name in names)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if any(not case.theirs_only for case in row.cases)], ids=lambda row: str(row.number)
)
async def test_every_case_of_a_row_passes(row: Row) -> None:
    assert {case: seen for case, seen in (await ours(row.cases)).items() if seen} == {}


def test_the_page_is_current() -> None:
    assert table.PAGE.read_text("utf-8") == table.page(table.recorded()), "run python -m tests.transparency.table"


def test_the_cases_can_fail() -> None:
    """Each row that an ordinary proxy breaks is seen to be broken there."""
    naive = table.recorded()["naive"].seen
    broken = {case.row for case in CASES if naive.get(case.id)}
    assert broken >= {1, 2, 3, 5, 6, 7, 8, 11, 12, 14, 16, 19, 21, 23, 25, 26}


async def test_the_others_do_what_is_recorded() -> None:
    """The naive aiohttp proxy of the benchmark is always there; the others where they are installed."""
    found = table.recorded()
    installed = [peer for peer in table.peers() if peer.version.strip() == found[peer.name].version]
    assert "naive" in {peer.name for peer in table.peers()}
    differ = await asyncio.gather(*(_differing(peer, found[peer.name]) for peer in installed))
    assert {peer.name: cases for peer, cases in zip(installed, differ, strict=True) if cases} == {}


async def _differing(peer: Peer, known: table.Recorded) -> dict[str, str]:
    """Cases whose result is another than the recorded one, each time they are tried."""
    cases = [case for case in CASES if not case.ours_only and peer.name not in case.senseless]
    seen: dict[str, str] = {}
    for _ in range(TRIES):
        seen = await theirs(peer, cases)
        cases = [case for case in cases if bool(seen[case.id]) != bool(known.seen.get(case.id))]
        if not cases:
            return {}
    return {case.id: f"now: {seen[case.id]!r}, recorded: {known.seen.get(case.id)!r}" for case in cases}
