"""suggest-rules: the patch, the edit of the file, and how it ends."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.cli import answers
from tests.cli.conftest import BACKENDS, CannedAdmin, Run

PATH = "/routes/charge-read/suggestions"
EVIDENCE = "legacy differed from itself in 31 of 31 re-asks"
ROUTES = f"""\
{BACKENDS}\
routes:
  - name: charge-read   # the first
    match: GET /v1/charges/{{id}}
    extracted: charges
    stage: shadow
"""


def suggested(**rule: object) -> answers.Json:
    rules = [{"rule": rule, "evidence": EVIDENCE}] if rule else []
    patch = "routes:\n  - name: charge-read\n    compare:\n      ignore: ..." if rule else ""
    return {"route": "charge-read", "build": "b1", "rules": rules, "patch": patch}


def test_the_patch_is_printed(ask: Run, admin: CannedAdmin) -> None:
    admin.answers("GET", PATH, suggested(kind="ignore", path="$.now"))
    result = ask("suggest-rules", "charge-read")
    assert (result.exit_code, result.stdout.rstrip()) == (0, suggested(kind="ignore")["patch"])
    as_json = json.loads(ask("suggest-rules", "charge-read", "--json").stdout)
    assert (as_json["rules"][0]["rule"]["path"], as_json["written"]) == ("$.now", None)


def test_nothing_to_suggest_is_a_no(ask: Run, admin: CannedAdmin, tmp_path: Path) -> None:
    admin.answers("GET", PATH, suggested())
    result = ask("suggest-rules", "charge-read")
    assert (result.exit_code, "no noise" in result.stdout) == (1, True)
    file = tmp_path / "routes.yaml"
    file.write_text(ROUTES)
    result = ask("suggest-rules", "charge-read", "--write", "--json", "-c", str(file))
    assert (result.exit_code, json.loads(result.stdout)["written"], file.read_text()) == (1, None, ROUTES)


def test_write_edits_the_file_and_keeps_the_rest(ask: Run, admin: CannedAdmin, tmp_path: Path) -> None:
    admin.answers("GET", PATH, suggested(kind="tolerance", path="$.now", within=2.0))
    file = tmp_path / "routes.yaml"
    file.write_text(ROUTES)
    file.chmod(0o640)
    result = ask("suggest-rules", "charge-read", "--write", "-c", str(file))
    assert (result.exit_code, "tolerance $.now" in result.stdout, str(file) in result.stdout) == (0, True, True)
    rule = f"    compare:\n      tolerance:\n        # {EVIDENCE}\n        - {{path: $.now, within: 2s}}\n"
    assert file.read_text() == ROUTES + rule
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["routes.yaml"]


def test_a_file_that_cannot_be_edited_stays_and_the_patch_is_told(ask: Run, admin: CannedAdmin, tmp_path: Path) -> None:
    admin.answers("GET", PATH, suggested(kind="ignore", path="$.now"))
    file = tmp_path / "routes.yaml"
    anchored = ROUTES + "    compare: &rules {headers: [etag]}\n"
    anchored += "  - {name: other, match: GET /o, extracted: charges, compare: *rules}\n"
    file.write_text(anchored)
    result = ask("suggest-rules", "charge-read", "--write", "-c", str(file))
    assert (result.exit_code, file.read_text()) == (2, anchored)
    assert "cannot be edited safely" in result.stderr
    assert "ignore: ..." in result.stderr


def test_an_edit_that_the_proxy_would_refuse_is_not_written(ask: Run, admin: CannedAdmin, tmp_path: Path) -> None:
    admin.answers("GET", PATH, suggested(kind="pattern", path="$.id", pattern="("))
    file = tmp_path / "routes.yaml"
    file.write_text(ROUTES)
    result = ask("suggest-rules", "charge-read", "--write", "-c", str(file))
    assert (result.exit_code, file.read_text()) == (2, ROUTES)
    assert "would have errors" in result.stderr


def test_write_looks_at_the_file_before_it_asks(ask: Run, admin: CannedAdmin, tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text(ROUTES.replace("charge-read", "other"))
    assert ask("suggest-rules", "charge-read", "--write", "-c", str(file)).exit_code == 2
    assert admin.asked == []
