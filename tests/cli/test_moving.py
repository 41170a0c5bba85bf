"""promote, rollback, halt, resume, accept: what is asked of the proxy, what is said, how it ends."""

from __future__ import annotations

import json

import pytest

from tests.cli import answers
from tests.cli.conftest import CannedAdmin, Run
from tests.cli.terminal import on_a_terminal

PROMOTE = "/routes/charge-read/promote"
ROLLBACK = "/routes/charge-read/rollback"


def test_promote_prints_the_move_and_the_edit(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", PROMOTE, answers.move())
    result = ask("promote", "charge-read", "--why", "clean", env={"STRANGLER_WHO": "ada"})
    assert result.exit_code == 0
    assert "charge-read: shadow -> canary 10%" in result.stdout
    assert "routes.yaml:7: stage: canary" in result.stdout
    sent = admin.asked[-1].fields
    assert sent == {"to": None, "percent": None, "force": False, "who": "ada", "why": "clean"}
    assert admin.asked[-1].headers["Content-Type"] == "application/json"


def test_promote_to_a_stage_by_force(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", PROMOTE, answers.move(forced=True))
    told = ("--who", "bob", "--why", "demo")
    result = ask("promote", "charge-read", "--to", "canary", "--percent", "25", "--force", *told)
    assert result.exit_code == 0
    assert "(forced)" in result.stdout
    assert admin.asked[-1].fields == {"to": "canary", "percent": 25.0, "force": True, "who": "bob", "why": "demo"}


def test_a_refused_promotion_says_what_is_missing_and_exits_1(ask: Run, admin: CannedAdmin) -> None:
    refusal = answers.problem("Not promoted", "The verdict is inconclusive.", verdict=answers.verdict())
    admin.answers("POST", PROMOTE, refusal, status=409)
    result = ask("promote", "charge-read")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "264 more clean comparisons" in result.stderr
    assert "--force" in result.stderr
    as_json = ask("promote", "charge-read", "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["verdict"]["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    "options",
    [
        ("--percent", "101"),
        ("--force",),
        ("--force", "--why", " "),
        ("--to", "lvie"),
        ("--to", "live", "--percent", "5"),
    ],
)
def test_a_promotion_that_makes_no_sense_is_never_sent(ask: Run, admin: CannedAdmin, options: tuple[str, ...]) -> None:
    assert ask("promote", "charge-read", *options).exit_code == 2
    assert admin.asked == []


def test_who_defaults_to_the_login_name(ask: Run, admin: CannedAdmin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "grace")
    admin.answers("POST", "/resume", {"halted": False, "skipped": []})
    assert ask("resume").exit_code == 0
    assert admin.asked[-1].fields == {"who": "grace", "why": ""}


def test_a_user_without_a_name_is_recorded_by_number(
    ask: Run, admin: CannedAdmin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    admin.answers("POST", "/resume", {"halted": False, "skipped": []})
    assert ask("resume").exit_code == 0
    assert (admin.asked[-1].fields or {})["who"].startswith("uid ")


def test_rollback(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", ROLLBACK, answers.move("live", "legacy"))
    result = ask("rollback", "charge-read", "--who", "ada", "--why", "wrong fees")
    assert result.exit_code == 0
    assert "live -> legacy" in result.stdout
    assert admin.asked[-1].fields == {"who": "ada", "why": "wrong fees", "yes": False}


def test_rollback_of_a_route_that_owns_its_data_needs_a_yes(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", ROLLBACK, answers.problem("Refused", "The route owns its data."), status=409)
    result = ask("rollback", "charge-read")
    assert result.exit_code == 1
    assert "owns its data" in result.stderr
    assert ask("rollback", "charge-read", "--json").exit_code == 1
    admin.answers("POST", ROLLBACK, answers.move("live", "legacy"))
    assert ask("rollback", "charge-read", "--yes").exit_code == 0
    assert (admin.asked[-1].fields or {})["yes"] is True


def test_halt_names_what_it_could_not_halt(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", "/halt", {"halted": True, "skipped": ["ledger-write"]})
    result = ask("halt", "--why", "fire")
    assert result.exit_code == 0
    assert "ledger-write" in result.stdout
    assert json.loads(ask("halt", "--json").stdout)["skipped"] == ["ledger-write"]


def test_resume_cannot_lift_what_the_file_says(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", "/resume", answers.problem("Still halted", "routes.yaml says `halt: true`."), status=409)
    result = ask("resume")
    assert result.exit_code == 1
    assert "halt: true" in result.stderr
    assert json.loads(ask("resume", "--json").stdout)["title"] == "Still halted"


def test_accept(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("POST", "/routes/charge-read/accept", {"ok": True})
    given = ("--owner", "payments", "--reason", "new field", "--until", "2999-01-31", "--who", "ada")
    result = ask("accept", "charge-read", "3fa1b2c4", *given)
    assert result.exit_code == 0
    assert "3fa1b2c4" in result.stdout
    assert admin.asked[-1].fields == {
        "signature": "3fa1b2c4",
        "owner": "payments",
        "reason": "new field",
        "until": "2999-01-31",
        "who": "ada",
    }


@pytest.mark.parametrize("until", ["tomorrow", "2020-01-01"])
def test_accept_wants_a_day_to_come(ask: Run, admin: CannedAdmin, until: str) -> None:
    result = ask("accept", "charge-read", "3fa1", "--owner", "a", "--reason", "b", "--until", until)
    assert result.exit_code == 2
    assert until in result.stderr
    assert admin.asked == []


def test_accept_wants_an_owner_and_a_reason(ask: Run) -> None:
    assert ask("accept", "charge-read", "3fa1", "--until", "2999-01-31").exit_code == 2


def test_a_person_is_asked_before_data_is_lost(admin: CannedAdmin) -> None:
    admin.answers("POST", ROLLBACK, answers.problem("Rolling back loses data", "The route owns its data."), status=409)
    admin.answers("GET", "/routes/charge-read", answers.route(owns_data=True))
    code, text = on_a_terminal("rollback", "charge-read", "--admin", admin.url, typed="n\n")
    assert code == 1
    assert "Roll it back all the same?" in text
    assert [asked.fields["yes"] for asked in admin.asked if asked.fields] == [False]
    on_a_terminal("rollback", "charge-read", "--admin", admin.url, typed="y\n")
    assert [asked.fields["yes"] for asked in admin.asked if asked.fields] == [False, False, True]


def test_a_person_is_not_asked_what_a_yes_cannot_change(admin: CannedAdmin) -> None:
    admin.answers("POST", ROLLBACK, answers.problem("Already there", "It is in stage legacy already."), status=409)
    admin.answers("GET", "/routes/charge-read", answers.route(owns_data=True, stage="legacy"))
    code, text = on_a_terminal("rollback", "charge-read", "--admin", admin.url, typed="y\n")
    assert code == 1
    assert "Already there" in text
    assert "all the same" not in text
