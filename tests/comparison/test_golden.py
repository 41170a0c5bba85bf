"""Two saved answers and rules in, a comparison out: every folder of tests/golden/comparison is a case.

`comparison.txt` holds the lines that a person would read. A new case: write the other three files,
run, read what is said.
"""

import json
from pathlib import Path

import pytest

from proxy.comparison import compare, compile_rules, describe, parse_saved
from proxy.comparison.media import Family, media
from proxy.model.headers import first
from proxy.model.sides import Side
from proxy.model.spec import RULE_KINDS, Compare, Rule

CASES = sorted((Path(__file__).parent.parent / "golden" / "comparison").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_saved_pair_is_compared_as_written_down(case: Path) -> None:
    said = json.loads((case / "rules.json").read_text())
    rules = tuple(Rule(**rule) for rule in said.get("rules", ()))
    spec = Compare(rules, tuple(said["headers"])) if "headers" in said else Compare(rules)
    legacy = parse_saved((case / "legacy.http").read_bytes(), Side.LEGACY)
    extracted = parse_saved((case / "extracted.http").read_bytes(), Side.EXTRACTED)
    lines = describe(compare(legacy, extracted, compile_rules(spec)))
    assert "\n".join(lines) + "\n" == (case / "comparison.txt").read_text()


def test_every_kind_of_rule_of_content_and_of_coding_has_a_case() -> None:
    rules = [rule for case in CASES for rule in json.loads((case / "rules.json").read_text()).get("rules", ())]
    assert {rule["kind"] for rule in rules} == set(RULE_KINDS)
    assert {name for rule in rules for name in rule} >= {"key", "pattern", "absolute", "relative", "within"}
    answers = [parse_saved(file.read_bytes(), Side.LEGACY).headers for case in CASES for file in case.glob("*.http")]
    assert {media(first(headers, b"content-type") or b"").family for headers in answers} == set(Family)
    assert {first(headers, b"content-encoding") for headers in answers} >= {b"gzip", b"deflate", b"br", b"zstd"}
