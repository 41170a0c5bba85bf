"""The routes.yaml of the sample world: right, and honest about the defaults it shows."""

from __future__ import annotations

import re
from dataclasses import replace

from proxy.config import load
from proxy.model.sides import Stage
from tests.config.golden import ROOT, TODAY

TEXT = (ROOT / "routes.yaml").read_text()


def test_it_has_no_problem_at_all() -> None:
    result = load(TEXT, env={}, today=TODAY)
    assert [str(problem) for problem in result.problems] == []
    assert result.spec is not None
    assert {"charge-read", "charge-list", "charge-create", "invoice-read", "invoice-list"} == result.spec.by_name.keys()


def test_every_stage_is_in_use_or_shown() -> None:
    shown = set(re.findall(r"stage: (\w+)", TEXT))
    assert shown == {stage.value for stage in Stage}


def test_the_settings_shown_as_defaults_are_the_defaults() -> None:
    head, _, tail = TEXT.partition("# The rest are the defaults")
    settings = re.findall(r"^# (\w+: .*)$", tail, re.MULTILINE)
    assert len(settings) >= 5
    plain, with_settings = load(head, env={}).spec, load(head + "\n".join(settings), env={}).spec
    assert plain is not None
    assert with_settings is not None
    assert replace(plain, digest="") == replace(with_settings, digest="")
