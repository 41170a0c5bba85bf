"""check names rules that nothing needed, where a proxy has compared enough to say so."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from proxy.runtime.load import build
from proxy.store import Batch, RuleUse, Store
from tests.cli.conftest import BACKENDS, Run

ROUTES = f"""\
{BACKENDS}\
routes:
  - name: charge-read
    match: GET /v1/charges/{{id}}
    extracted: charges
    compare:
      ignore: [{{path: $.request_id}}, {{path: $.used}}]
      unordered: [{{path: $.data}}]
      tolerance: [{{path: "$.data[*].fee", abs: 0.01}}]
"""


@pytest.fixture
def counted(tmp_path: Path) -> Store:
    (tmp_path / "routes.yaml").write_text(ROUTES)
    return Store(tmp_path / ".strangler/evidence.sqlite3")


def uses(made: int, *labels: str) -> Batch:
    compiled = build(ROUTES, file="routes.yaml", env={}, today=datetime.date(2026, 1, 1)).compiled
    assert compiled is not None
    digest = compiled.rules["charge-read"].digest
    rows = [RuleUse("charge-read", f"={digest}", made, 1.0)]
    return Batch(rule_uses=[*rows, *(RuleUse("charge-read", label, 7, 1.0) for label in labels)])


def test_a_rule_that_excused_nothing_is_named(run: Run, counted: Store) -> None:
    counted.write(uses(1_000, "ignore $.used"))
    result = run("check")
    assert result.exit_code == 0, "it is a warning"
    lines = result.stdout.splitlines()
    assert [line.split("warning: ")[1].split(" has ")[0] for line in lines[:-1]] == [
        "route charge-read: the rule `ignore $.request_id`",
        "route charge-read: the rule `unordered $.data`",
    ], "what is inside a list without order is not told"
    assert lines[0].startswith("routes.yaml:7:5: warning: ")
    assert "in 1,000 comparisons" in lines[0]
    assert lines[-1] == "routes.yaml: ok, 1 route, 2 backends, 2 warnings"
    assert [one["line"] for one in json.loads(run("check", "--json").stdout)["problems"]] == [7, 7]


def test_too_few_comparisons_or_other_rules_say_nothing(run: Run, counted: Store, tmp_path: Path) -> None:
    counted.write(uses(999))
    assert "warning" not in run("check").stdout
    counted.write(uses(1))
    assert "3 warnings" in run("check").stdout
    assert "warning" not in run("check", "--state", str(tmp_path / "elsewhere")).stdout
    (tmp_path / "routes.yaml").write_text(ROUTES.replace("$.used", "$.new"))
    assert "warning" not in run("check").stdout, "these rules were never compared by"


def test_counts_that_cannot_be_read_are_said_and_no_problem_of_the_file(run: Run, counted: Store) -> None:
    counted.path.parent.mkdir()
    counted.path.write_bytes(b"no database, " * 100)
    result = run("check")
    assert result.exit_code == 0
    assert "Which rules are needed is not known" in result.stderr
    assert result.stdout == "routes.yaml: ok, 1 route, 2 backends\n"
