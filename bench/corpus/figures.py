"""Recall and precision from the figures of the cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from bench.corpus.cases import BY_SIDE
from bench.corpus.running import Figures, Tally

RECALL, FALSE_RATE = 0.99, 0.001  # what is asked for


class Share(NamedTuple):
    """So many of so many; `rate` is 0 of nothing."""

    part: int
    whole: int

    @property
    def rate(self) -> float:
        return self.part / self.whole if self.whole else 0.0

    def __str__(self) -> str:
        decimals = 3 if self.rate < 0.01 else 1
        return f"{self.part:,} of {self.whole:,} ({100 * self.rate:.{decimals}f} %)"


def mismatches(tally: Tally) -> int:
    return tally.results["mismatch"]


def undecided(tally: Tally) -> int:
    """Pairs that say nothing: still learning, or not comparable for another reason."""
    return sum(count for result, count in tally.results.items() if result.startswith("not_compared"))


def noise_only(figures: Iterable[Figures]) -> list[Figures]:
    return [one for one in figures if not one.share and one.kind not in BY_SIDE]


def by_side(figures: Iterable[Figures]) -> list[Figures]:
    """The cases of noise that is of each side its own, for good: reported rightly, until a person excuses it."""
    return [one for one in figures if not one.share and one.kind in BY_SIDE]


def injected(figures: Iterable[Figures]) -> list[Figures]:
    """The cases in which at least one judged answer was wrong."""
    return [one for one in figures if one.share and one.wrong.pairs]


def recall(figures: Sequence[Figures]) -> dict[str, Share]:
    """Mistakes found, in the end, by how often they are made; `all kinds and frequencies` over all."""
    found: dict[str, Share] = {}
    rows = injected(figures)
    for share in dict.fromkeys(one.share for one in rows):
        of_share = [one for one in rows if one.share == share]
        found[share] = Share(sum(bool(one.found) for one in of_share), len(of_share))
    return found | {"all frequencies": Share(sum(bool(one.found) for one in rows), len(rows))}


def pair_recall(figures: Sequence[Figures]) -> Share:
    """Wrong answers reported, each at the field that is wrong."""
    rows = injected(figures)
    return Share(sum(one.wrong.named for one in rows), sum(one.wrong.pairs for one in rows))


def false_rate(figures: Iterable[Figures]) -> Share:
    """Pairs without a mistake that were reported all the same."""
    rows = list(figures)
    return Share(sum(mismatches(one.clean) for one in rows), sum(one.clean.pairs for one in rows))


def totals(figures: Sequence[Figures]) -> dict[str, Share]:
    """Every total, by its words."""
    alone = noise_only(figures)
    often, rare = [one for one in alone if one.often], [one for one in alone if not one.often]
    rows = injected(figures)
    every = {f"mistakes found, {name}": share for name, share in recall(figures).items()} if rows else {}
    for name, inside in (("in steady fields", False), ("inside noisy fields", True)):
        if group := [one for one in rows if one.inside == inside]:
            every[f"mistakes found, {name}"] = recall(group)["all frequencies"]
    if rows:
        every["wrong answers reported at the field"] = pair_recall(figures)
        every["right answers of these routes reported"] = false_rate(one for one in figures if one.share)
    if often:
        every["noise-only pairs reported, noise in 5 % or more"] = false_rate(often)
        every["noise-only pairs not compared"] = Share(
            sum(undecided(one.clean) for one in often), sum(one.clean.pairs for one in often)
        )
        every["noise-only routes with a field flagged"] = Share(sum(bool(one.flagged) for one in often), len(often))
    if rare:
        every["noise-only pairs reported, rarer noise"] = false_rate(rare)
    if sides := by_side(figures):
        every["pairs of noise by side reported"] = false_rate(sides)
    return every


def missed(figures: Sequence[Figures]) -> list[Figures]:
    return [one for one in injected(figures) if not one.found]


def loud(figures: Iterable[Figures]) -> list[Figures]:
    """Routes of frequent noise alone with more false reports than asked for, or a field flagged."""
    return [one for one in noise_only(figures) if one.often and (false_rate([one]).rate > FALSE_RATE or one.flagged)]


def plain(one: Figures) -> dict[str, Any]:
    """For JSON."""

    def of(tally: Tally) -> dict[str, Any]:
        ended: Counter[str] = tally.results
        return {
            "pairs": tally.pairs,
            "results": dict(ended),
            "at_the_field": tally.named,
            "paths": dict(tally.paths.most_common(10)),
        }

    return one._asdict() | {"wrong": of(one.wrong), "clean": of(one.clean), "flagged": list(one.flagged)}
