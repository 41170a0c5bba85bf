"""Pages and forms that a browser takes as the same, and such that it does not."""

import pytest

from proxy.comparison import compare
from proxy.model.comparison import Result
from tests.comparison.made import NO_RULES, observed

HTML, FORM = "text/html; charset=utf-8", "application/x-www-form-urlencoded"


def result(kind: str, left: str, right: str) -> Result:
    headers = ((b"content-type", kind.encode()),)
    one, other = observed(left.encode(), headers=headers), observed(right.encode(), headers=headers)
    found = compare(one, other, NO_RULES).result
    assert compare(other, one, NO_RULES).result is found
    return found


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        (HTML, "<table><tr><td>1</table>", "<table><tbody><tr><td>1</td></tr></tbody></table>"),
        (
            HTML,
            "<table><caption>c</caption><tr><td>1<tr><td>2<tfoot><tr><td>3</table>",
            "<table><caption>c</caption><tbody><tr><td>1<tr><td>2</tbody><tfoot><tr><td>3</tfoot></table>",
        ),
        (HTML, "<form method=POST><input type=TEXT>", "<form method=post><input type=text>"),
        (HTML, '<a rel="noopener NoReferrer">x</a>', '<a rel="noreferrer noopener">x</a>'),
        (HTML, '<p lang="de-CH">x', '<p lang="de-ch">x'),
        (FORM, "a=1+2&b=3", "b=3&a=1%202"),
        (FORM, "a=&b", "a&b="),
        (FORM, "flag", "flag="),
        (FORM, "a=%zz&b=1", "b=1&a=%25zz"),
        (FORM, "a=é&b=x y&c={1}", "a=%C3%A9&b=x+y&c=%7B1%7D"),
        (FORM, "&&a=1&", "a=1\n"),
        (FORM, "", "&"),
    ],
)
def test_written_otherwise_and_the_same(kind: str, left: str, right: str) -> None:
    assert result(kind, left, right) is Result.MATCH


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        (HTML, "<table><thead><tr><td>1</table>", "<table><tr><td>1</table>"),
        (HTML, "<ol type=a><li>x</ol>", "<ol type=A><li>x</ol>"),
        (HTML, '<a rel="nofollow noopener">x</a>', '<a rel="noopener">x</a>'),
        (HTML, "<input value=A>", "<input value=a>"),
        (HTML, "<p>a&nbsp;b", "<p>a b"),
        (FORM, "a=1&a=2", "a=2&a=1"),
        (FORM, "a=1&a=1", "a=1"),
        (FORM, "a=%E9", "a=%C3%A9"),
        (FORM, "a=1", "a=1&b="),
        (FORM, "", "a=1"),
        (FORM, "flag", '{"flag": ""}'),
        ("text/csv; charset=utf-8", "\ufeffday,open\nMo,9\n", "day,open\nMo,9\n"),
        (FORM, '{"flag": 1}', '{"flag": 2}'),
    ],
)
def test_what_says_something_else_differs(kind: str, left: str, right: str) -> None:
    assert result(kind, left, right) is Result.MISMATCH
