"""Header values that say the same, and values that do not, by the standard of each."""

import pytest

from proxy.comparison import compare, compile_rules
from proxy.model.comparison import Comparison, Kind, Result, Risk
from proxy.model.spec import Compare
from tests.comparison.made import observed

DATE, LATER = "Sat, 21 Nov 2026 10:00:00 GMT", "Sat, 21 Nov 2026 10:00:07 GMT"
IN_A_MINUTE, LATER_IN_A_MINUTE = "Sat, 21 Nov 2026 10:01:00 GMT", "Sat, 21 Nov 2026 10:01:08 GMT"
GONE, LONG_GONE = "Fri, 20 Nov 2026 10:00:00 GMT", "Thu, 01-Jan-1970 00:00:00 GMT"


def pair(name: str, left: list[str], right: list[str], *, dates: bool = True, status: int = 200) -> Comparison:
    sides = []
    for values, date in ((left, DATE), (right, LATER)):
        fields = [(name, value) for value in values] + [("date", date)] * dates
        sides.append(observed(b"", status=status, headers=tuple((one.encode(), two.encode()) for one, two in fields)))
    return compare(sides[0], sides[1], compile_rules(Compare(headers=(name,))))


SAME = [
    ("content-type", "text/html; Charset=UTF-8", 'TEXT/HTML;charset="utf-8";'),
    ("content-type", "multipart/mixed; boundary=a; x=1", 'multipart/mixed; x=1; boundary="b;c"'),
    ("content-type", 'text/plain; x="a;b"; y=1', 'text/plain; y=1; x="a;b"'),
    ("vary", "Accept, Origin", "origin,accept,,Accept"),
    ("allow", "GET, HEAD, PUT", "PUT,GET, HEAD"),
    ("accept-patch", 'application/json, text/plain;charset="utf-8"', "Text/Plain; charset=utf-8, application/json"),
    ("accept-ranges", "bytes", "Bytes"),
    ("accept-encoding", "gzip, br", "br, GZIP"),
    ("cache-control", 'no-cache, Max-Age="60"', "max-age=60,no-cache"),
    ("cache-control", 'no-cache="set-cookie, age", private', 'private, no-cache="Set-Cookie, age"'),
    ("content-disposition", 'attachment; filename="a.pdf"', "Attachment; FileName=a.pdf"),
    ("content-disposition", 'attachment; filename="a\\"b"; x=1', 'attachment; x=1; filename="a\\"b"'),
    ("content-disposition", "attachment; filename*=UTF-8''%c3%a4%2Dx", "attachment; filename*=utf-8'en'%C3%A4-x"),
    ("link", '<a?p=2>; rel="next", <a?p=9>; rel=last', '<a?p=9>;rel="last" ,<a?p=2>;rel="NEXT"'),
    ("link", '<a>; rel="next prev"; title="x, y"', '<a>; title="x, y"; rel="prev next"'),
    ("link", "<a,b>; rel=next, <c;d>", "<c;d>, <a,b>;rel=next"),
    ("retry-after", "60", "060"),
    ("retry-after", "60", LATER_IN_A_MINUTE),
    ("retry-after", IN_A_MINUTE, LATER_IN_A_MINUTE),
    ("expires", IN_A_MINUTE, LATER_IN_A_MINUTE),
    ("expires", "0", LONG_GONE),
    ("last-modified", "Sat, 21 Nov 2026 10:01:00 GMT", "Saturday, 21-Nov-26 10:01:00 GMT"),
    ("location", "/a?x=1&x=2&y=%20", "/a?y=+&x=1&x=2"),
]
DIFFERENT = [
    ("content-type", "text/html; charset=utf-8", "text/html; charset=latin-1"),
    ("content-type", 'text/plain; x="a;b"', "text/plain; x=a;b"),
    ("content-type", "multipart/mixed; boundary=a", "multipart/related; boundary=a"),
    ("vary", "Accept, Origin", "Accept"),
    ("allow", "GET, PATCH", "GET, patch"),
    ("access-control-allow-methods", "PATCH", "patch"),
    ("accept-patch", "text/plain;charset=utf-8", "text/plain"),
    ("cache-control", "max-age=60, no-cache", "max-age=61, no-cache"),
    ("cache-control", 'no-cache="set-cookie"', "no-cache"),
    ("content-disposition", "attachment; filename=a.pdf", "inline; filename=a.pdf"),
    ("content-disposition", "attachment; filename=a.pdf", "attachment; filename=A.pdf"),
    ("content-disposition", "attachment; filename=a; filename*=UTF-8''%C3%A4", "attachment; filename=a"),
    ("content-disposition", "attachment; filename*=UTF-8''%E4", "attachment; filename*=iso-8859-1''%E4"),
    ("link", "<a>; rel=next", "<b>; rel=next"),
    ("link", "<a>; rel=next, <b>; rel=last", "<a>; rel=last, <b>; rel=next"),
    ("link", "<a>; rel=next", "<a>"),
    ("link", "<a;b;c;>", "<a;c;b;>"),
    ("retry-after", "60", "120"),
    ("retry-after", "60", IN_A_MINUTE),  # which the later answer says: in 53 seconds
    ("retry-after", "60", "soon"),
    ("expires", "0", LATER_IN_A_MINUTE),
    ("last-modified", DATE, LATER),
    ("last-modified", DATE, DATE.replace("GMT", "+0000")),  # to a cache no date at all
    ("expires", IN_A_MINUTE, IN_A_MINUTE.replace("GMT", "+0000")),
    ("last-modified", "0", "-1"),
    ("etag", '"a"', 'W/"a"'),
    ("location", "/a?x=1&x=2", "/a?x=1,%202"),
    ("location", "/a?x=1&x=2", "/a?x=2&x=1"),
]


@pytest.mark.parametrize(("name", "left", "right"), SAME)
def test_values_that_say_the_same_match(name: str, left: str, right: str) -> None:
    assert pair(name, [left], [right]).result is Result.MATCH


@pytest.mark.parametrize(("name", "left", "right"), DIFFERENT)
def test_values_that_say_something_else_differ(name: str, left: str, right: str) -> None:
    found = pair(name, [left], [right])
    assert found.result is Result.MISMATCH
    assert all(one.path.startswith(f"header:{name}") for one in found.differences)


def test_without_a_date_of_their_own_times_are_compared_as_they_are() -> None:
    assert pair("retry-after", [IN_A_MINUTE], [LATER_IN_A_MINUTE], dates=False).result is Result.MISMATCH
    assert pair("retry-after", ["60"], [IN_A_MINUTE], dates=False).result is Result.MISMATCH
    assert pair("expires", [LONG_GONE], ["0"], dates=False).result is Result.MATCH


def cookies(left: list[str], right: list[str]) -> Comparison:
    return pair("set-cookie", left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (["a=1; Secure; HTTPONLY; path=/"], ["a=1;Path=/;HttpOnly;secure"]),
        (["a=1; Max-Age=60"], ["a=1; max-age=060"]),
        (["a=1; Max-Age=60; Expires=" + GONE], ["a=1; Max-Age=60"]),
        (["a=1; Max-Age=60"], ["a=1; Expires=" + LATER_IN_A_MINUTE]),
        (["a=deleted; Max-Age=0; Expires=" + LONG_GONE], ["a=; Expires=" + GONE]),
        (["a=x; Max-Age=-1"], ["a=; Max-Age=0"]),
        (["a=1; Path=/", "a=2; Path=/"], ["a=2; Path=/"]),
        (["a=1; Path=/x", "a=2; Path=/y", "b=1"], ["b=1", "a=2; Path=/y", "a=1; Path=/x"]),
        (["a=1; Path=/x; Path=/y"], ["a=1; Path=/y"]),
    ],
)  # fmt: skip
def test_cookies_that_a_browser_keeps_alike_match(left: list[str], right: list[str]) -> None:
    assert cookies(left, right).result is Result.MATCH


@pytest.mark.parametrize(
    ("left", "right", "path"),
    [
        (["a=1"], ["A=1"], "header:set-cookie.a"),
        (["a=1; Max-Age=60"], ["a=1; Max-Age=61"], "header:set-cookie.a.max-age"),
        (["a=1; Max-Age=60"], ["a=1"], "header:set-cookie.a.max-age"),
        (["a=1; Max-Age=60"], ["a=1; Expires=" + GONE], "header:set-cookie.a.max-age"),
        (["a=1; Expires=" + IN_A_MINUTE], ["a=1; Expires=" + GONE], "header:set-cookie.a.expires"),
        (["a=1; Max-Age=0; Path=/"], ["a=; Max-Age=0; Path=/x"], "header:set-cookie.a.path"),
        (["a=1; Path=/x", "a=2; Path=/y"], ["a=2; Path=/y"], "header:set-cookie.a"),
        (["a=1; Path=/x", "a=2; Path=/y"], ["a=3; Path=/y", "a=1; Path=/x"], "header:set-cookie.a#2"),
        (["a=1; Path=/", "a=2; Path=/"], ["a=2; Path=/", "a=1; Path=/"], "header:set-cookie.a"),
        (["a=1; Path=/x"], ["a=1; Path=/x", "a=2; Path=/y"], "header:set-cookie.a#2"),
        (["a=1; Path=/x"], ["a=1; Path=/y"], "header:set-cookie.a.path"),
        (["a=1; Max-Age=5"], ["a=1; Max-Age=--5"], "header:set-cookie.a.max-age"),
    ],
)  # fmt: skip
def test_cookies_that_a_browser_keeps_otherwise_differ(left: list[str], right: list[str], path: str) -> None:
    found = cookies(left, right)
    assert (path, Kind.HEADER) in found.fields


def test_a_cookie_gone_for_one_of_two_paths_is_of_high_risk() -> None:
    found = cookies(["a=1; Path=/x", "a=2; Path=/y"], ["a=2; Path=/y"])
    assert found.risk is Risk.HIGH
    assert [one.path for one in found.differences] == ["header:set-cookie.a"]


def test_a_long_value_is_compared_as_it_is_written() -> None:
    signs = '\\"' * 100_000
    assert pair("vary", [signs + ", a"], ["a, " + signs]).result is Result.MISMATCH
