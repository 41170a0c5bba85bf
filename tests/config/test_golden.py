"""routes.yaml files in; problems or specs out; the schema and the reference equal to what the code says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.model.problem import Severity
from tests.config import golden

BAD = sorted(golden.GOLDEN.glob("bad/*.yaml"))
GOOD = sorted(golden.GOLDEN.glob("good/*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_gives_every_problem_and_no_spec(path: Path) -> None:
    result = golden.loaded(path)
    assert result.spec is None
    assert golden.problems_text(result) == path.with_suffix(".problems").read_text()


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_file_gives_its_spec(path: Path) -> None:
    result = golden.loaded(path)
    assert golden.spec_text(result) == path.with_suffix(".json").read_text()
    assert golden.problems_text(result) == path.with_suffix(".problems").read_text()


@pytest.mark.parametrize("path", BAD + GOOD, ids=lambda path: path.stem)
def test_every_problem_has_a_place_in_the_file_and_a_remedy(path: Path) -> None:
    lines = path.read_text().splitlines()
    for problem in golden.loaded(path).problems:
        assert 1 <= problem.line <= max(len(lines), 1) + 1
        assert problem.column >= 1
        assert problem.remedy.endswith((".", "?"))
        assert problem.file == path.name


def test_golden_folders_hold_both_kinds() -> None:
    assert len(BAD) >= 8
    assert len(GOOD) >= 4
    assert any(p.severity is Severity.WARNING for path in GOOD for p in golden.loaded(path).problems)


def test_the_shipped_schema_is_the_current_one() -> None:
    assert golden.SCHEMA.read_text() == golden.schema_text(), "run python -m tests.config.golden"


def test_the_reference_of_keys_is_the_current_one() -> None:
    assert golden.REFERENCE.read_text() == golden.reference_text(), "run python -m tests.config.golden"


def test_the_schema_shows_the_defaults_of_the_model() -> None:
    schema = json.loads(golden.schema_text())
    assert schema["$defs"]["BackendForm"]["properties"]["timeout"]["default"] == "15s"
    assert schema["$defs"]["LimitsForm"]["properties"]["head"]["default"] == "64KB"
    assert schema["$defs"]["GateForm"]["properties"]["confidence"]["default"] == "95%"
    assert schema["additionalProperties"] is False
