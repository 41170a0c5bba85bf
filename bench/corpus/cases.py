"""Which routes are run: every kind of noise alone, some together, and every mistake at several frequencies.

Two parts that have nothing in common. The kinds of `TUNING` are known to whoever works on the detector. Those of
`HELD_OUT`, the `reported_` modules, were sampled from public reports by somebody who had not read it, and are there to
measure it with.
The noise named in `BY_SIDE` is of each side its own, so that only a person can excuse it: it is reported apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from bench.corpus.fresh_bases import PLAIN_BASES
from bench.corpus.fresh_noise import FRESH_FIELDS
from bench.corpus.fresh_noise_elsewhere import FRESH_ELSEWHERE, FRESH_RARE
from bench.corpus.fresh_wrong import FRESH_LISTS, FRESH_VALUES
from bench.corpus.fresh_wrong_answers import FRESH_DOCUMENTS, FRESH_HTTP
from bench.corpus.fresh_wrong_noise import FRESH_INSIDE
from bench.corpus.kinds import OFTEN, Noise, Wrong
from bench.corpus.later_documents import LATER_PLAIN
from bench.corpus.later_noise import LATER_FIELDS
from bench.corpus.later_noise_elsewhere import LATER_BY_SIDE, LATER_ELSEWHERE, LATER_RARE
from bench.corpus.later_wrong import LATER_VALUES
from bench.corpus.later_wrong_documents import LATER_DOCUMENTS
from bench.corpus.later_wrong_media import LATER_HTTP, LATER_MEDIA
from bench.corpus.later_wrong_noise import LATER_INSIDE
from bench.corpus.noise_elsewhere import ELSEWHERE, RARE
from bench.corpus.noise_fields import FIELDS
from bench.corpus.reported_documents import REPORTED_PLAIN
from bench.corpus.reported_noise import REPORTED_FIELDS
from bench.corpus.reported_noise_elsewhere import REPORTED_BY_SIDE, REPORTED_ELSEWHERE, REPORTED_RARE
from bench.corpus.reported_wrong import REPORTED_VALUES
from bench.corpus.reported_wrong_documents import REPORTED_DOCUMENTS
from bench.corpus.reported_wrong_http import REPORTED_HTTP
from bench.corpus.reported_wrong_lists import REPORTED_LISTS
from bench.corpus.reported_wrong_noise import REPORTED_INSIDE
from bench.corpus.unseen_documents import UNSEEN_PLAIN
from bench.corpus.unseen_noise import UNSEEN_FIELDS
from bench.corpus.unseen_noise_elsewhere import UNSEEN_BY_SIDE, UNSEEN_ELSEWHERE, UNSEEN_RARE
from bench.corpus.unseen_wrong import UNSEEN_VALUES
from bench.corpus.unseen_wrong_answers import UNSEEN_DOCUMENTS, UNSEEN_HTTP
from bench.corpus.unseen_wrong_lists import UNSEEN_LISTS
from bench.corpus.unseen_wrong_noise import UNSEEN_INSIDE
from bench.corpus.world import SHARES
from bench.corpus.wrong_answers import DOCUMENTS, HTTP, LISTS
from bench.corpus.wrong_noise import INSIDE
from bench.corpus.wrong_values import VALUES

TRIPE_PLAIN = frozenset({"merchant", "simple", "soap", "pdf", "login", "moved"})
DOCUMENT_BASES = PLAIN_BASES | UNSEEN_PLAIN | LATER_PLAIN | REPORTED_PLAIN | TRIPE_PLAIN
BACKGROUND = 2  # kinds of noise on every JSON route that has a mistake
TOGETHER = 6  # kinds on a route of mixed noise
SEVERAL = 8  # mistakes on one route, at most
# Requests after the learning ones: enough for 20 wrong answers or more, of a single tenant for some eight.
JUDGED = {"all": 200, "5 %": 500, "1 %": 2000, "a tenant": 4000}


class Part(NamedTuple):
    """Kinds of noise, those among them that go into any JSON answer of the part, and kinds of mistakes. `of` are the
    parts that it was made of: a mistake has the noise behind it that was written with it."""

    noises: tuple[Noise, ...]
    mixable: tuple[Noise, ...]
    wrongs: tuple[Wrong, ...]
    of: tuple[Part, ...] = ()

    def behind(self, wrong: Wrong) -> tuple[Noise, ...]:
        return next((part.mixable for part in self.of if wrong in part.wrongs), self.mixable)


def _all(*parts: Part) -> Part:
    return Part(
        tuple(noise for part in parts for noise in part.noises),
        tuple(noise for part in parts for noise in part.mixable),
        tuple(wrong for part in parts for wrong in part.wrongs),
        parts,
    )


FIRST = Part(
    (*FIELDS, *ELSEWHERE, *RARE, *FRESH_FIELDS, *FRESH_ELSEWHERE, *FRESH_RARE),
    (*FIELDS, *FRESH_FIELDS),
    (
        *VALUES, *LISTS, *HTTP, *DOCUMENTS, *INSIDE,
        *FRESH_VALUES, *FRESH_LISTS, *FRESH_HTTP, *FRESH_DOCUMENTS, *FRESH_INSIDE,
    ),
)  # fmt: skip
UNSEEN = Part(
    (*UNSEEN_FIELDS, *UNSEEN_ELSEWHERE, *UNSEEN_RARE, *UNSEEN_BY_SIDE),
    UNSEEN_FIELDS,
    (*UNSEEN_VALUES, *UNSEEN_LISTS, *UNSEEN_HTTP, *UNSEEN_DOCUMENTS, *UNSEEN_INSIDE),
)
LATER = Part(
    (*LATER_FIELDS, *LATER_ELSEWHERE, *LATER_RARE, *LATER_BY_SIDE),
    LATER_FIELDS,
    (*LATER_VALUES, *LATER_MEDIA, *LATER_HTTP, *LATER_DOCUMENTS, *LATER_INSIDE),
)
TUNING = _all(FIRST, UNSEEN, LATER)
REPORTED = Part(
    (*REPORTED_FIELDS, *REPORTED_ELSEWHERE, *REPORTED_RARE, *REPORTED_BY_SIDE),
    REPORTED_FIELDS,
    (*REPORTED_VALUES, *REPORTED_LISTS, *REPORTED_HTTP, *REPORTED_DOCUMENTS, *REPORTED_INSIDE),
)
HELD_OUT = REPORTED
BY_SIDE = frozenset(kind.name for kind in (*UNSEEN_BY_SIDE, *LATER_BY_SIDE, *REPORTED_BY_SIDE))
NOISES = (*TUNING.noises, *HELD_OUT.noises)
WRONGS = (*TUNING.wrongs, *HELD_OUT.wrongs)


class Case(NamedTuple):
    """One route. `share` says which requests meet a mistake, "" where there is none; each of several `wrongs` is made
    for requests of its own, so that no answer has two."""

    kind: str
    base: str
    noises: tuple[Noise, ...]
    wrongs: tuple[Wrong, ...]
    share: str
    learning: int
    judged: int

    @property
    def often(self) -> bool:
        """True when all its noise shows in 5 % of answers or more."""
        return all(noise.share >= OFTEN for noise in self.noises)

    @property
    def headers(self) -> tuple[str, ...]:
        named = [name for noise in self.noises for name in noise.headers]
        named += [name for wrong in self.wrongs for name in wrong.headers]
        return tuple(dict.fromkeys(("content-type", *named)))


def cases(names: Sequence[str], requests: int, part: Part) -> list[Case]:
    """The routes of a part's kinds, or of those named, each with so many requests to learn from."""
    wrongs = list(part.wrongs)
    found = [Case(one.name, one.base, (one,), (), "", requests, requests) for one in part.noises]
    for number, base in enumerate(("charge", "invoices")):
        mixed = Random(f"mixed {number}").sample(part.mixable, min(TOGETHER, len(part.mixable)))
        found.append(Case(f"mixed_{number + 1}", base, tuple(mixed), (), "", requests, requests))
    if names:
        wrongs = [wrong for wrong in wrongs if wrong.name in names]
        found = [case for case in found if case.kind in names]
    for share in SHARES:
        for group in _groups([wrong for wrong in wrongs if share not in wrong.left_out], share):
            behind, judged = _background(group[0], part.behind(group[0])), min(JUDGED[share], requests)
            found.append(Case(group[0].name, group[0].base, behind, group, share, requests, judged))
    return found


def _groups(wrongs: list[Wrong], share: str) -> list[tuple[Wrong, ...]]:
    """The mistakes of a base share routes, as a new service has several, where each leaves requests to the others and
    none is in a noisy field or changes from asking to asking."""
    alone = [(wrong,) for wrong in wrongs if wrong.inside or wrong.flaky or share == "all"]
    groups: list[tuple[Wrong, ...]] = []
    rest = [wrong for wrong in wrongs if (wrong,) not in alone]
    for base in dict.fromkeys(wrong.base for wrong in rest):
        of_base = [wrong for wrong in rest if wrong.base == base]
        groups += [tuple(of_base[first : first + SEVERAL]) for first in range(0, len(of_base), SEVERAL)]
    return [*groups, *alone]


def _background(wrong: Wrong, mixable: tuple[Noise, ...]) -> tuple[Noise, ...]:
    own = (wrong.inside,) if wrong.inside else ()
    if wrong.base in DOCUMENT_BASES:
        return own
    others = [kind for kind in mixable if kind is not wrong.inside]
    behind = Random(wrong.name).sample(others, min(BACKGROUND, len(others)))
    return (*behind, *own) if own and own[0].alone else (*own, *behind)  # a page in place of JSON has no more members
