"""The exact computation behind the figures of docs/verdict.md, and that the page and its picture show what it gives."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import promotions
from bench.promotions import NEVER, Limits, course

EPS, ALPHA, UPTO = promotions.EPS, 0.05, 3000
PAGE = Path(__file__).parents[2] / "docs" / "verdict.md"


def only_passing(limits: list[int]) -> Limits:
    return Limits(limits, NEVER)


def test_it_adds_up_what_all_sequences_of_outcomes_would_give() -> None:
    """Ten comparisons, all 1,024 sequences, one by one."""
    limits = Limits([-1, -1, -1, 0, 0, 1, 1, 1, 2, 2, 2], [9, 9, 2, 3, 3, 3, 4, 4, 4, 4, 4])
    rate, passed, failed = 0.3, 0.0, 0.0
    for outcomes in product((0, 1), repeat=10):
        chance = rate ** sum(outcomes) * (1 - rate) ** (10 - sum(outcomes))
        for n in range(1, 11):
            k = sum(outcomes[:n])
            if k <= limits.passes[n] or k >= limits.fails[n]:
                passed += chance * (k <= limits.passes[n])
                failed += chance * (k >= limits.fails[n])
                break
    ended = course(rate, limits, 10)
    assert ended.passed[-1] == pytest.approx(passed)
    assert ended.failed[-1] == pytest.approx(failed)


def test_the_promises_of_the_verdict_hold_however_often_one_looks() -> None:
    upto = promotions.UPTO
    assert upto == 20_000
    passes = only_passing(promotions.passing(upto, EPS, ALPHA))
    fails = Limits([-1] * (upto + 1), promotions.failing(upto, EPS, ALPHA))
    assert 0.03 < course(EPS, passes, upto).passed[-1] <= ALPHA
    assert course(EPS / 10, passes, 900).passed[-1] > 0.95
    assert course(EPS / 2, passes, 8000).passed[-1] > 0.98
    assert 0.02 < course(EPS, fails, upto).failed[-1] <= ALPHA
    assert course(2 * EPS, fails, 2600).failed[-1] > 0.95
    assert course(5 * EPS, fails, 100).failed[87] > 0.5


def test_the_page_shows_the_figures_that_are_computed() -> None:
    text = PAGE.read_text()
    for name, figure in promotions.proxy_rows(ALPHA):
        assert f"\n| {name} | {figure} | " in text


def test_the_usual_rules_break_the_promise_under_the_same_computation() -> None:
    clopper = promotions.clopper_pearson(UPTO, EPS, ALPHA)
    assert (clopper[298], clopper[299], clopper[473]) == (-1, 0, 1)  # the known sizes of 95 % below 1 %
    assert course(EPS, only_passing(clopper), UPTO).passed[-1] > 3 * ALPHA
    assert promotions.clean_in_a_row(EPS, 336, UPTO)[-1] > 0.5
    assert promotions.clean_in_a_row(0.5, 3, 6)[-1] == pytest.approx(20 / 64)


def test_the_interval_covers_at_all_times_together() -> None:
    assert 0.005 < promotions.missed(0.05, ALPHA, 1000) <= ALPHA


def test_the_picture_is_whole_and_the_page_has_it() -> None:
    picture = promotions.plot(ALPHA, 336)
    root = ElementTree.fromstring(picture)
    words = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"336 clean in a row", "e-value (this proxy)", "promised: 5 % at most"} <= set(words)
    assert words.count("comparisons, looked at after every one") == 2
    assert picture == promotions.PLOT.read_text()
    assert f"(img/{promotions.PLOT.name})" in PAGE.read_text()
