"""Learned noise as comparison rules, for a person to accept.

Learned noise needs no rules: it is explained as it is. A rule says so in the file, holds from the first comparison on
and costs no re-asks. Each suggestion is the narrowest rule that covers what legacy was seen to do: a window for times
and for numbers that vary little, a pattern for ids, ignore for the rest. Windows get room, since the largest difference
seen so far is not the largest there is. No rule excuses that a member is missing or of another type, nor a status or a
length; such noise stays learned. A field that a test speaks against, if not yet loud enough to be flagged, gets no
rule: it would be hidden for good.
"""

from __future__ import annotations

import re
from itertools import groupby
from math import ceil, floor, log, log10
from typing import NamedTuple

from proxy.evidence.fields import Record
from proxy.evidence.form import LATER
from proxy.evidence.noise import Noise
from proxy.evidence.shape import ENOUGH, PAIRS, Hull
from proxy.evidence.sign_test import ALPHA
from proxy.model.comparison import Field, Kind
from proxy.model.spec import Rule

VARIED = 10  # re-asks in which legacy differed from itself
MILLI = 1000.0  # the finest unit of a number that a rule takes for a time
SMALL = 0.25  # the share by which numbers may vary that a tolerance is good for


class Suggestion(NamedTuple):
    """A rule, and in one sentence what it rests on."""

    rule: Rule
    evidence: str


def suggest(noise: Noise) -> tuple[Suggestion, ...]:
    """Rules for the learned noisy fields that no test speaks against, most differing first."""
    ranked = sorted(noise.fields(), key=lambda one: (-one.varied, one.path, one.kind))
    found: list[Suggestion] = []
    for one in ranked:
        record = noise.record(one.path, one.kind)
        if record is None or one.flagged or one.varied < VARIED or record.evidence() >= log(1 / ALPHA):
            continue
        made = _rule((one.path, one.kind), record)
        if made is not None:
            rule, what = made
            found.append(
                Suggestion(rule, f"legacy differed from itself in {one.varied:,} of {one.asked:,} re-asks; {what}")
            )
    return tuple(found)


def _rule(field: Field, record: Record) -> tuple[Rule, str] | None:
    path, kind = field
    hull = record.hull
    if kind is Kind.ORDER:
        return Rule("unordered", path), "the same elements in another order"
    if kind is Kind.MISSING and hull.forms == ["null"]:
        return Rule("null_is_missing", path), "null in one answer, absent in the other"
    if kind not in (Kind.VALUE, Kind.HEADER) or hull.count < ENOUGH:
        return None
    return _tolerance(path, hull) or _pattern(path, hull) or (Rule("ignore", path), _variety(hull))


def _tolerance(path: str, hull: Hull) -> tuple[Rule, str] | None:
    """A window for times and for numbers that vary little."""
    if hull.pairs < PAIRS or not hull.forms:
        return None
    if hull.unit:
        seconds = hull.apart / hull.unit
        room = _room(3 * seconds + LATER)
        rule = (
            Rule("tolerance", path, within=room)
            if hull.unit <= MILLI
            else Rule("tolerance", path, absolute=room * hull.unit)
        )
        return rule, f"times at most {seconds:.3g} s apart"
    if set(hull.forms) <= {"number", "digits"} and 0 < hull.ratio <= SMALL:
        return Rule(
            "tolerance", path, relative=_room(2 * hull.ratio)
        ), f"numbers at most {100 * hull.ratio:.2g} % apart"
    return None


def _pattern(path: str, hull: Hull) -> tuple[Rule, str] | None:
    """What ids of a fixed make have in common."""
    forms = [name for name in hull.forms or () if name != "digits"]
    if len(forms) != 1:
        return None
    name = forms[0]
    if name.startswith("uuid") and not name.endswith("mixed"):
        _, version, case = name.split()
        letters = "[0-9a-f]" if case == "lower" else "[0-9A-F]"
        pattern = f"{letters}{{8}}-{letters}{{4}}-{version}{letters}{{3}}-{letters}{{4}}-{letters}{{12}}"
        return Rule("pattern", path, pattern=pattern), f"always a uuid of version {version}"
    if name != "text" or not hull.is_settled("chars", "length", "frame") or hull.prefix is None:
        return None
    least, most = hull.length
    prefix = hull.prefix
    if hull.mask:
        text = re.escape(prefix) + _masked(hull.mask[len(prefix) :], hull.chars)
    elif prefix or least == most:
        count = f"{least - len(prefix)}" if least == most else f"{least - len(prefix)},{most - len(prefix)}"
        text = f"{re.escape(prefix)}[{_bracket(hull.chars, True)}]{{{count}}}"
    else:
        return None
    return Rule("pattern", path, pattern=text), f"always like {text}"


def _masked(mask: str, chars: list[str]) -> str:
    letters = f"[{_bracket(chars, False)}]"
    pieces = []
    for char, run in groupby(mask):
        length = len(list(run))
        piece = letters if char == "a" else re.escape(char)
        pieces.append(piece + (f"{{{length}}}" if length > 1 else ""))
    return "".join(pieces)


def _bracket(chars: list[str], with_separators: bool) -> str:
    inside = "0-9" if "0-9" in chars else ""
    for low, high, both in (("a-f", "g-z", "a-z"), ("A-F", "G-Z", "A-Z")):
        inside += both if high in chars else low if low in chars else ""
    if "non-ASCII" in chars:
        inside += "[:^ascii:]"
    if with_separators:
        inside += "".join(re.escape(char) for char in sorted(chars) if len(char) == 1)
    return inside


def _variety(hull: Hull) -> str:
    if hull.few and hull.has_few:
        return f"one of {len(hull.few)} values, which one is chance"
    if hull.forms and set(hull.forms) <= {"number", "digits"}:
        return f"numbers up to {hull.apart:g} apart"
    return "nothing in common that a narrower rule could say"


def _room(value: float) -> float:
    """`value` rounded up to one or two digits that a person would write."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** floor(log10(value))
    steps = next(step for step in (1, 1.5, 2, 3, 5, 10) if value <= step * unit * (1 + 1e-9))
    return float(f"{steps * unit:.6g}") if unit < 1 else float(ceil(steps * unit))
