"""A comparison in lines for a person."""

from __future__ import annotations

from proxy.model.comparison import Comparison, Difference, NotCompared, Result


def describe(comparison: Comparison) -> list[str]:
    """The result first, then one line for each kept difference, explained ones marked with their rule."""
    lines = [_headline(comparison)]
    lines += [_line(difference) for difference in comparison.differences]
    unseen = comparison.total - len(comparison.differences)
    if unseen:
        lines.append(f"  ... and {unseen} more")
    return lines


def _headline(comparison: Comparison) -> str:
    match comparison.result:
        case Result.NOT_COMPARED:
            alike = comparison.reason is NotCompared.LEGACY_FAILED and not comparison.total
            return f"not_compared: {comparison.reason}" + (", and the extracted side failed alike" if alike else "")
        case Result.MISMATCH:
            return f"mismatch: signature {comparison.signature}, risk {comparison.risk}"
        case Result.IGNORED:
            return f"ignored: differs only where a rule says so ({comparison.total})"
        case _:
            return "match"


def _line(one: Difference) -> str:
    ours, theirs = one.legacy or "(nothing)", one.extracted or "(nothing)"
    explained = f", ignored by {one.ignored_by!r}" if one.ignored_by else f", risk {one.risk}"
    return f"  {one.place}: {one.kind}: legacy {ours}, extracted {theirs}{explained}"
