"""replay-mismatches: what it says of each signature, and how it ends."""

from __future__ import annotations

import json

import pytest

from tests.cli import answers
from tests.cli.conftest import CannedAdmin, Run
from tests.cli.terminal import on_a_terminal

PATH = "/routes/charge-read/replay"


def tally(says: str = "mended", **changed: object) -> answers.Json:
    return {
        "signature": "3fa1b2c4",
        "kind": "value",
        "risk": "medium",
        "path": "$.fee",
        "exemplars": 5,
        "mended": 5,
        "same": 0,
        "otherwise": {},
        "skipped": {},
        "unknown": {},
        "says": says,
        **changed,
    }


def replay(says: str | None = "mended", *tallies: answers.Json, **changed: object) -> answers.Json:
    return {
        "route": "charge-read",
        "running": says is None,
        "done": 2 if says is None else 5,
        "total": 5,
        "left_out": 0,
        "says": says,
        "signatures": list(tallies),
        **changed,
    }


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.cli.replay_mismatches.EVERY", 0.01)


@pytest.mark.parametrize(("says", "code"), [("mended", 0), ("differs", 1), ("unknown", 2), ("surprise", 2)])
def test_it_waits_for_the_end_and_tells_by_its_exit_code(ask: Run, admin: CannedAdmin, says: str, code: int) -> None:
    admin.answers("POST", PATH, replay(None))
    admin.answers("GET", PATH, replay(says, tally(says)))
    result = ask("replay-mismatches", "charge-read", "--who", "ann", "--why", "build 7")
    assert result.exit_code == code
    assert admin.asked[0].fields == {"signature": None, "who": "ann", "why": "build 7"}
    assert result.stdout.splitlines()[1].split() == [says, "3fa1b2c4", "medium", "5", "of", "5", "value", "at", "$.fee"]
    assert result.stdout.splitlines()[-1] == "Evidence is as it was: what counts is what clients ask."
    as_json = ask("replay-mismatches", "charge-read", "3fa1b2c4", "--json")
    assert as_json.exit_code == code
    assert json.loads(as_json.stdout) == replay(says, tally(says))
    assert [asked.fields for asked in admin.asked if asked.fields][-1]["signature"] == "3fa1b2c4"


def test_what_is_not_mended_is_said_in_words(ask: Run, admin: CannedAdmin) -> None:
    rest = tally(
        "differs",
        mended=1,
        same=2,
        otherwise={"99aa": 1},
        skipped={"redacted when it was kept": 3},
        unknown={"extracted: upstream connect refused": 1},
    )
    gone = tally("unknown", signature="77cc", exemplars=0, mended=0)
    admin.answers("POST", PATH, replay("differs", rest, gone, left_out=4))
    result = ask("replay-mismatches", "charge-read")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[3:] == [
        "  3fa1b2c4: 2 still differ as before",
        "  3fa1b2c4: 1 differ in another way now, 99aa",
        "  3fa1b2c4: 3 skipped: redacted when it was kept",
        "  3fa1b2c4: 1 say nothing: extracted: upstream connect refused",
        "  77cc: no exemplar is kept",
        "4 signatures more were left out; name one to ask for it.",
        "Evidence is as it was: what counts is what clients ask.",
    ]


def test_nothing_to_ask_again(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", PATH, replay("mended", total=0, done=0))
    result = ask("replay-mismatches", "charge-read")
    assert result.exit_code == 0
    assert "nothing to ask again" in result.stdout


def test_a_refusal_is_trouble(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", PATH, answers.problem("Already replaying", "3 of 5"), status=409)
    result = ask("replay-mismatches", "charge-read")
    assert result.exit_code == 2
    assert "Already replaying: 3 of 5." in result.stderr


def test_a_proxy_that_forgot_the_replay_is_trouble(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", PATH, replay(None))
    assert ask("replay-mismatches", "charge-read").exit_code == 2


def test_a_terminal_shows_how_far_it_is(admin: CannedAdmin) -> None:
    admin.answers("POST", PATH, replay(None))
    admin.answers("GET", PATH, replay("mended", tally()))
    code, text = on_a_terminal("replay-mismatches", "charge-read", "--admin", admin.url, columns=60)
    assert code == 0
    assert "asking again" in text
