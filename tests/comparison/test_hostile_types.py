"""Payloads made to cost: each ends as a result or as not compared, within the work that is allowed, and raises nothing.

What bounds the work is the budget of elements, fields, events and lines that are read; so the tests ask for the result
and for how much was read, never for a time.
"""

import gzip

import pytest
import zstandard

from proxy.comparison import bodies, compare, content, html_text, markup, multipart, xml_text
from proxy.comparison.findings import BudgetSpent, Findings
from proxy.comparison.markup import Element
from proxy.model.comparison import Comparison, NotCompared, Result
from tests.comparison.made import NO_RULES, observed

XML, HTML, FORM = "text/xml", "text/html", "application/x-www-form-urlencoded"
EVENTS, LINES, PARTS = "text/event-stream", "application/x-ndjson", "multipart/mixed; boundary=x"


def pair(kind: str, before: bytes, after: bytes = b"") -> Comparison:
    """Two payloads that differ in one byte only."""
    headers = ((b"content-type", kind.encode()),)
    left, right = before + b"1" + after, before + b"2" + after
    return compare(observed(left, headers=headers), observed(right, headers=headers), NO_RULES)


LAUGHS = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))


@pytest.mark.parametrize(
    "doctype",
    [
        f'<!DOCTYPE l [<!ENTITY l0 "ha">{LAUGHS}]><l>&l9;',
        '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><l>&a;',
        '<!DOCTYPE l [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]><l>',
        '<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><l>&of_the_dtd;',
        f'<!DOCTYPE l [<!ENTITY a "{"a" * 50_000}">]><l>{"&a;" * 50_000}',
    ],
    ids=["billion laughs", "a file", "a parameter entity", "an entity of a DTD elsewhere", "quadratic"],
)
def test_documents_with_entities_are_refused_unread(doctype: str) -> None:
    assert pair(XML, doctype.encode(), b"</l>").reason is NotCompared.UNDECODABLE


def test_a_doctype_without_entities_is_read_and_its_dtd_is_not_fetched() -> None:
    plain = pair(XML, b'<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><l>', b"</l>")
    assert [one.path for one in plain.differences] == ["$.l"]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (XML, b"<a>" * 100_000, b"</a>" * 100_000),
        (HTML, b"<div>" * 100_000, b""),
        (XML, b"<a " + b" ".join(b'a%d="1"' % at for at in range(100_000)) + b">", b"</a>"),
        (HTML, b"<a " + b" ".join(b'a%d="1"' % at for at in range(100_000)) + b">", b""),
        (XML, b"<a>" + b"<b/>" * 300_000, b"</a>"),
        (HTML, b"<p>" * 110_000, b""),
        (HTML, b"<p>" + b"&amp;" * 800_000, b""),
        (HTML, b"<p>" + b"<" * 3_000_000, b""),
        (HTML, b"<b><i>" * 200 + b"<p></b>" * 100_000, b""),
        (HTML, (b'<a href="/' + b"a1-" * 160 + b'.js">x</a>') * 3500, b""),
        (FORM, b"&".join(b"a%d=1" % at for at in range(400_000)) + b"&x=", b""),
        (FORM, b"a=&" * 1_000_000 + b"x=", b""),
        (EVENTS, b"data:1\n\n" * 500_000 + b"data:", b"\n\n"),
        (EVENTS, b"data:1\n" + b"\n" * 3_900_000 + b"data:", b"\n\n"),
        (LINES, b"1\n" * 1_000_000, b"\n"),
        (LINES, b"\n" * 3_900_000, b"\n"),
        (LINES, b"[" * 90_000 + b"]" * 90_000 + b"\n", b"\n"),
        (PARTS, b"--x\r\n\r\n\r\n" * 100_000, b"\r\n--x--"),
        ("application/json", b"[" * 90_000, b"]" * 90_000),
    ],
)
def test_what_is_too_much_to_read_is_not_compared(kind: str, before: bytes, after: bytes) -> None:
    assert pair(kind, before, after).reason is NotCompared.BUDGET


@pytest.mark.parametrize(
    ("kind", "before", "after", "path"),
    [
        (XML, b"<a>" + b"x" * 3_900_000, b"</a>", "$.a"),
        (XML, b"<a>" + b"<?x y?>" * 500_000, b"</a>", "$.a"),
        (HTML, b"<p>" + b"x" * 3_900_000, b"", "$.html.body.p"),
        (HTML, b'<p class="' + b"a " * 1_900_000 + b'">', b"", "$.html.body.p['#text']"),
        (FORM, b"x=" + b"%" * 3_900_000, b"", "$.x"),
        (FORM, b"x=" + b"%41" * 1_000_000, b"", "$.x"),
        (EVENTS, b"data:" + b"x" * 3_900_000, b"\n\n", "$[*].data"),
        (LINES, b'"' + b"x" * 3_900_000, b'"', "$[*]"),
        (PARTS, b"--x\r\n" + b"a: b\r\n" * 600_000 + b"\r\n", b"\r\n--x--", "$[*].body"),
        ("text/plain", b"x" * 3_900_000, b"", "body"),
        ("text/plain; charset=punycode", b"a-" + b"z9" * 100_000, b"", "body"),
        ("application/pdf", b"%PDF-1" + b"/ID [ <" * 100_000, b"", "body"),
        ("", b"<" * 3_000_000, b"", "body"),
        ("text/html; charset=utf-32", b"\x00" * 3_900_000, b"", "body"),
    ],
)
def test_megabytes_on_one_line_are_compared(kind: str, before: bytes, after: bytes, path: str) -> None:
    result = pair(kind, before, after)
    assert (result.result, [one.path for one in result.differences]) == (Result.MISMATCH, [path])


def test_nested_multipart_ends() -> None:
    nested = b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    assert pair(PARTS, nested * 900, b"\r\n--x--").result is Result.MISMATCH
    inner = b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (at, at + 1) for at in range(9))
    closing = b"".join(b"\r\n--b%d--" % at for at in range(9, -1, -1))
    result = pair("multipart/mixed; boundary=b0", inner + b"--b9\r\n\r\n", closing)
    assert result.reason is NotCompared.BUDGET


def test_readers_stop_where_the_budget_ends() -> None:
    for read in (xml_text.read, html_text.read):
        work = Findings(100)
        with pytest.raises(BudgetSpent):
            read("<a>" + "<b></b>" * 1000 + "</a>", work.spend)
        assert -10 < work.budget < 0
    with pytest.raises(BudgetSpent):
        multipart.read(b"--x\r\n\r\n" * (multipart.MOST_PARTS + 1) + b"--x--", b"x")


def test_elements_nest_as_deep_as_is_allowed_and_no_deeper() -> None:
    allowed = markup.MAX_NESTED
    assert isinstance(xml_text.read("<a>" * allowed + "</a>" * allowed, Findings().spend), Element)
    with pytest.raises(BudgetSpent):
        xml_text.read("<a>" * (allowed + 1) + "</a>" * (allowed + 1), Findings().spend)


def test_what_both_sides_need_together_is_bounded() -> None:
    half = bodies.READ // 2
    assert pair(FORM, b"a=&" * (half - 10) + b"x=").result is Result.MISMATCH
    assert pair(FORM, b"a=&" * (half + 10) + b"x=").reason is NotCompared.BUDGET


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_many_empty_members_are_too_large(coding: str) -> None:
    member = {"gzip": gzip.compress(b""), "zstd": zstandard.compress(b"")}[coding]
    with pytest.raises(content.TooLarge):
        content.decoded(member * (content.MAX_MEMBERS + 1), coding.encode())


def test_more_codings_than_anyone_uses_are_undecodable() -> None:
    with pytest.raises(content.Undecodable):
        content.decoded(b"", b",".join([b"gzip"] * (content.MAX_CODINGS + 1)))


def test_a_zstd_window_beyond_what_http_allows_is_undecodable() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, compression_level=1)
    machine = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    big = machine.compress(b"x" * 1000) + machine.flush()
    with pytest.raises(content.Undecodable):
        content.decoded(big, b"zstd")
