"""Which lines of two texts differ, beside the first difference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.comparison import compare
from proxy.comparison.opaque import LINES, LONGEST, WIDEST
from proxy.model.comparison import Comparison, Line
from tests.comparison.made import NO_RULES, observed


def compared(left: str, right: str, kind: bytes = b"text/plain; charset=utf-8") -> Comparison:
    headers = ((b"content-type", kind),)
    one, other = observed(left.encode(), headers=headers), observed(right.encode(), headers=headers)
    return compare(one, other, NO_RULES)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_that_differ_are_told_with_their_numbers(end: str) -> None:
    left, right = end.join(["same", "UNB+1", "same", "UNZ+1", ""]), end.join(["same", "UNB+22", "same", "UNZ+22", ""])
    found = compared(left, right)
    more = "\r" if end == "\r\n" else ""
    assert found.lines == (
        Line("body", 2, "UNB+1" + more, "UNB+22" + more),
        Line("body", 4, "UNZ+1" + more, "UNZ+22" + more),
    )
    assert [one.path for one in found.differences] == ["body"], "it is one difference all the same"
    assert found.total == 1


def test_texts_of_other_lengths_and_long_ones_are_told_by_their_first_difference_alone() -> None:
    assert not compared("a\nb\n", "c\nb\nd\n").lines
    assert not compared("a\n" + "x" * LONGEST, "b\n" + "x" * LONGEST).lines
    assert compared("a" * (WIDEST + 1) + "\nb", "c" * (WIDEST + 1) + "\nd").lines == (Line("body", 2, "b", "d"),)
    many = "".join(f"{number}\n" for number in range(99)), "".join(f"-{number}\n" for number in range(99))
    assert len(compared(*many).lines) == LINES


def test_an_unknown_type_that_names_its_charset_is_text() -> None:
    assert compared("a", "b", b"application/edifact; charset=utf-8").lines
    assert not compared("a", "b", b"application/edifact").lines
    bytes_ = compared("a", "b", b"application/edifact").differences[0]
    assert bytes_.legacy.startswith("1 bytes, sha256")


@given(st.lists(st.tuples(st.text("ab\r", max_size=4), st.text("ab\r", max_size=4)), max_size=LINES))
def test_all_lines_that_differ_are_told(rows: list[tuple[str, str]]) -> None:
    left, right = ("\n".join(["head", *texts, ""]) for texts in zip(*rows, strict=True)) if rows else ("head", "head")
    expected = [Line("body", at, *both) for at, both in enumerate(rows, 2) if both[0] != both[1]]
    assert list(compared(left, right).lines) == expected
