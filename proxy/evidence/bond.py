"""Two fields of one answer: what legacy's answers keep between them, as candidates and until it is known.

That something always held says little: whatever is always there is always there together. It says something when the
two fields, had they nothing to do with each other, would have broken it. This is tried with legacy's two answers to one
request: the second field's values exchanged between them. If the two were drawn apart, the exchanged answers were as
likely as the true ones. So where exchanging breaks what the true ones keep, chance had one half; where it does so n
times and never the other way round, 2**-n. At SURE a candidate is known. Nothing is assumed of how values are spread,
how often they come again or what requests ask for: both answers are to the same request.

- What is in numbers counts only where each field went up at times, and down at times, between the two answers
  (BOTH_WAYS): counters, or clocks, rise side by side without having to do with each other, and are not drawn.
- *Halves* are combinations of two categories (`related.coarsely`, or the value itself where there are few) that no
  answer of legacy's ever showed, and that exchanging would have made.
- One *decides* the other: a cell its area, a code its label. So the second category is a function of the first, for all
  requests alike, and exchanged the two would say something else of a category that was heard before.
- *Only with*: the first field differs between two answers to one request only where the second one does. Nothing can
  be exchanged within a request; exchanged is whether the second one differed, with the next request asked again.

What legacy breaks once is dropped for good, and so is what is not known after TRIED requests asked again: from then on
two fields cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from proxy.evidence.related import IN_NUMBERS, OF_ONE, OF_TWO, SOUGHT, Moved, said

SURE = 40  # exchanges that would have broken it: 2**-40, for some 50,000 candidates of a route 5e-8
BOTH_WAYS = 8  # of them, in which each field rose, and in which it fell
TRIED = 1200  # requests asked again in which either differed
MAPPED = 16  # categories that decide
HALFWAY = 400  # of them, after which a candidate has a tenth of SURE,
EARLY = 100  # and after which it has anything
ONLY_WITH, ONLY_WITH_OTHER, NEVER_WITH = "only with", "only with, the other way round", "never with"
DECIDES, DECIDED = "decides", "is decided by"
SUM, CHECK = "in sum as before", "with a check digit"

Row = tuple[str, str, str, str]  # of one place: legacy's two values of the first field, then of the second
Halves = tuple[str, str]


class Rule(NamedTuple):
    """What is known of two fields: a name of OF_ONE or OF_TWO, DECIDES, or ONLY_WITH; NEVER_WITH, `halves` that never
    meet. Of more of them: SUM, with how often each counts (`weights`), or CHECK: a modulus, columns and how often."""

    paths: tuple[str, ...]
    name: str
    halves: Halves = ("", "")
    weights: tuple[int, ...] = ()


class Candidate:
    """`broken`: exchanges that would have broken it; of them those in which the fields rose and fell."""

    __slots__ = ("broken", "fell", "rose")

    def __init__(self) -> None:
        self.broken = 0
        self.rose, self.fell = [0, 0], [0, 0]

    def take(self, row: Row | None) -> None:
        self.broken += 1
        if row is None:
            return
        for at in (0, 1):
            before, after = said(row[2 * at]).amount, said(row[2 * at + 1]).amount
            if before is not None and after is not None:
                self.rose[at] += after > before
                self.fell[at] += after < before

    def is_known(self, in_numbers: bool) -> bool:
        if self.broken < SURE:
            return False
        return not in_numbers or min(self.rose + self.fell) >= BOTH_WAYS


class Bond:
    """Of two paths. `rules` are what is known and was not broken since; `decided` says by category which other one goes
    with it."""

    __slots__ = (
        "_before",
        "candidates",
        "decided",
        "first",
        "ghosts",
        "is_apart",
        "places",
        "rules",
        "second",
        "shown",
        "tried",
    )

    def __init__(self, first: str, second: str, is_apart: bool) -> None:
        """`is_apart`: whether it can be known of each field alone that it did not differ."""
        self.first, self.second, self.is_apart = first, second, is_apart
        names = [*SOUGHT, *OF_TWO, DECIDES, DECIDED, *((ONLY_WITH, ONLY_WITH_OTHER) if is_apart else ())]
        self.candidates: dict[str, Candidate] = {name: Candidate() for name in names}
        self.decided: dict[str, dict[str, str]] = {DECIDES: {}, DECIDED: {}}
        self.shown: set[Halves] = set()
        self.ghosts: dict[Halves, int] = {}
        self.rules: list[Rule] = []
        self.places = [0, 0]
        self.tried = 0
        self._before: tuple[bool, bool] | None = None

    def learn(self, rows: Sequence[Row], halves: Sequence[Row], differs: tuple[bool, bool] | None) -> list[Rule]:
        """Takes in one request asked again: `rows` where both fields differed, the same as categories in `halves`;
        `differs` is whether each did, None where that cannot be said. What is known now."""
        self.tried += any(differs) if differs is not None else bool(rows)
        for row in rows:
            for at, shown in enumerate(row):
                self.places[at // 2] = max(self.places[at // 2], said(shown).places)
        found = [
            name
            for name in list(self.candidates)
            if self._see(name, halves if name in (DECIDES, DECIDED) else rows, differs)
        ]
        if differs is not None:
            self._before = differs if self._before is None else None
        new = [Rule((self.first, self.second), name) for name in found]
        new += self._see_halves(halves)
        if self.tried in (EARLY, HALFWAY, TRIED):
            self._give_up()
        self.rules += new
        return new

    def _see(self, name: str, rows: Sequence[Row], differs: tuple[bool, bool] | None) -> bool:
        """Whether a candidate is known now."""
        candidate = self.candidates[name]
        if name in (ONLY_WITH, ONLY_WITH_OTHER):
            if differs is None:
                return False
            is_kept, would_break = self._only_with(differs, name == ONLY_WITH_OTHER)
            row = None
        elif name in (DECIDES, DECIDED):
            is_kept, would_break = self._decided(name, rows, differs)
            row = None
        elif name in OF_TWO and differs is not None and differs[0] != differs[1]:
            is_kept, would_break, row = False, False, None
        else:
            is_kept, row = self._exchanged(name, rows)
            would_break = row is not None
        if not is_kept:
            del self.candidates[name]
            self.decided.pop(name, None)
        elif would_break:
            candidate.take(row)
            if candidate.is_known(name in IN_NUMBERS or name in OF_TWO):
                del self.candidates[name]
                return True
        return False

    def _only_with(self, differs: tuple[bool, bool], other_way: bool) -> tuple[bool, bool]:
        first, second = differs[::-1] if other_way else differs
        if self._before is None:
            return not first or second, False
        first_before, second_before = self._before[::-1] if other_way else self._before
        would_break = (first and not second_before) or (first_before and not second)
        return not first or second, would_break

    def _decided(self, name: str, rows: Sequence[Row], differs: tuple[bool, bool] | None) -> tuple[bool, bool]:
        known, would_break = self.decided[name], False
        if differs == ((False, True) if name == DECIDES else (True, False)):
            return False, False
        for row in rows:
            one, later, other, other_later = row if name == DECIDES else (*row[2:], *row[:2])
            would_break = would_break or (one in known and later in known and one != later and other != other_later)
            if known.setdefault(one, other) != other or known.setdefault(later, other_later) != other_later:
                return False, False
        return len(known) <= MAPPED, would_break

    def _exchanged(self, name: str, rows: Sequence[Row]) -> tuple[bool, Row | None]:
        """Whether both answers keep it, and a place at which they would not if the second values were exchanged."""
        found = None
        for row in rows:
            a, a_later, b, b_later = row
            if self.keeps(name, a, a_later, b, b_later) is False:
                return False, None
            if found is None and self.keeps(name, a, a_later, b_later, b) is False:
                found = row
        return True, found

    def keeps(self, name: str, a: str, a_later: str, b: str, b_later: str) -> bool | None:
        """Whether two answers to one request keep it, None where nothing can be said."""
        if name in OF_ONE:
            relation = OF_ONE[name]
            once, again = relation(said(a), said(b)), relation(said(a_later), said(b_later))
            return None if once is None and again is None else once is not False and again is not False
        one, one_later, two, two_later = said(a).amount, said(a_later).amount, said(b).amount, said(b_later).amount
        if one is None or one_later is None or two is None or two_later is None:
            return None
        units = [
            10.0 ** -max(known, said(shown).places)
            for known, shown in zip(self.places, (a_later, b_later), strict=True)
        ]
        return OF_TWO[name](Moved(one, two, one_later, two_later, *units))

    def _see_halves(self, rows: Sequence[Row]) -> list[Rule]:
        made: set[Halves] = set()
        for a, a_later, b, b_later in rows:
            self.see_together((a, b))
            self.see_together((a_later, b_later))
            if a != a_later and b != b_later:
                made.update(((a, b_later), (a_later, b)))
        known = []
        for halves in made - self.shown:
            times = self.ghosts[halves] = self.ghosts.get(halves, 0) + 1
            if times == SURE:
                known.append(Rule((self.first, self.second), NEVER_WITH, halves))
        return known

    def see_together(self, halves: Halves) -> None:
        """Takes in two categories that one answer of legacy's shows."""
        if halves not in self.shown:
            self.shown.add(halves)
            self.ghosts.pop(halves, None)

    def _give_up(self) -> None:
        enough = {EARLY: 1, HALFWAY: SURE // 10}.get(self.tried, SURE)
        self.candidates = {name: one for name, one in self.candidates.items() if one.broken >= enough}
        known = {rule.halves for rule in self.rules if rule.name == NEVER_WITH}
        self.ghosts = {one: times for one, times in self.ghosts.items() if times >= enough or one in known}
        if self.tried >= TRIED:
            self.candidates = {}

    @property
    def is_alive(self) -> bool:
        """Whether more may come to be known."""
        return self.tried < TRIED and (self.tried < EARLY or bool(self.candidates) or bool(self.ghosts))
