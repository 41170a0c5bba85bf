"""Learned noise as the admin API shows it: figures of each field, and rules that a person may make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from proxy import config
from proxy.evidence.noise import Noise
from proxy.evidence.suggest import Suggestion, suggest
from proxy.model.noise import FieldNoise

SHOWN = 50  # fields
SHOWS_AFTER = 650  # re-asks, at the median, until 150 differences where legacy's noise makes 100 are told from noise


def noise_view(noise: Noise | None, reasks: Mapping[str, int], learning: int) -> dict[str, Any]:
    """`reasks` by result since control started; `asked`: pairs that what is known rests on; `learning`: pairs that were
    put aside because too little was known."""
    fields = noise.fields() if noise else ()
    learned = [field for field in fields if field.varied and not field.flagged]
    learned.sort(key=lambda field: (-field.varied / max(1, field.asked), field.path))
    regressions = [field for field in fields if field.varied and field.flagged]
    return {
        "reasks": dict(reasks),
        "learned": [_plain(field) for field in learned[:SHOWN]],
        "learned_fields": len(learned),
        "regressions": [_plain(field) for field in regressions[:SHOWN]],
        "asked": max((field.asked for field in fields), default=0),
        "shows_after": SHOWS_AFTER,
        "learning": learning,
    }


def suggestions_view(route: str, build: str, noise: Noise | None) -> dict[str, Any]:
    """The rules, each with what it rests on, and the patch of routes.yaml that they are together."""
    found = suggest(noise) if noise else ()
    patch = config.rules_patch(route, [config.Noted(*one) for one in found]) if found else ""
    return {
        "route": route,
        "build": build,
        "rules": [{"rule": _rule(one), "evidence": one.evidence} for one in found],
        "patch": patch,
    }


def _rule(suggestion: Suggestion) -> dict[str, Any]:
    return {name: value for name, value in asdict(suggestion.rule).items() if value is not None}


def _plain(field: FieldNoise) -> dict[str, Any]:
    """The figures of a field; `rate` is the share of re-asks in which legacy gave two answers."""
    rate = field.varied / field.asked if field.asked else 0.0
    return {**field._asdict(), "kind": str(field.kind), "rate": round(rate, 4)}
