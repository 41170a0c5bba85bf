"""What must hold for documents of every type: what they say decides, how they are written does not."""

from __future__ import annotations

import random
from typing import NamedTuple
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.comparison import byte_equal, compare, compile_rules
from proxy.model.comparison import Comparison, Kind, Result
from proxy.model.spec import Compare, Rule
from tests.comparison.made import observed

QUICK = settings(max_examples=60, deadline=None)
SPACES = ["", "http://example.com/a", "http://example.com/b"]
WORDS = st.text("abc <&é7", min_size=1, max_size=6).filter(lambda text: text.strip() == text)


class Node(NamedTuple):
    space: str
    name: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple[Node, ...]
    text: str  # of a node without children


LEAVES = st.builds(
    Node, st.sampled_from(SPACES), st.sampled_from(["x", "y", "z"]), st.just(()), st.just(()), st.just("") | WORDS
)
ATTRIBUTES = st.dictionaries(st.sampled_from(["id", "kind"]), WORDS, max_size=2).map(lambda one: tuple(one.items()))
NODES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        Node,
        st.sampled_from(SPACES),
        st.sampled_from(["x", "y", "z"]),
        ATTRIBUTES,
        st.lists(inner, max_size=4).map(tuple),
        st.just(""),
    ),
    max_leaves=10,
)


def written(node: Node, dice: random.Random) -> str:
    """The node in one of the many ways in which it may be written."""
    prefix = dice.choice(["", "p", "q", "ns1"]) if node.space else ""
    name = f"{prefix}:{node.name}" if prefix else node.name
    declared = f" xmlns{':' + prefix if prefix else ''}={quoteattr(node.space)}"
    if not node.space:
        declared = ' xmlns=""'
    pairs = dice.sample(node.attributes, len(node.attributes))
    attributes = "".join(f"{dice.choice([' ', chr(10)])}{key}={quoteattr(value)}" for key, value in pairs)
    between = dice.choice(["", "\n  ", "<!-- c -->", "<?pi x?>\n"]) if node.children else ""
    if node.text and "]]>" not in node.text and dice.random() < 0.3:
        inner = f"<![CDATA[{node.text}]]>"
    else:
        inner = escape(node.text, {"7": "&#55;"} if dice.random() < 0.5 else {})
    inner += between + between.join(written(child, dice) for child in node.children) + between
    if not inner and dice.random() < 0.5:
        return f"<{name}{declared}{attributes}/>"
    return f"<{name}{declared}{attributes}>{inner}</{name}>"


def answers(kind: str, left: str | bytes, right: str | bytes, *rules: Rule) -> tuple[Comparison, Comparison]:
    """The comparison, and that of the swapped sides."""
    headers = ((b"content-type", kind.encode()),)
    one, other = (
        observed(body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body, headers=headers)
        for body in (left, right)
    )
    compiled = compile_rules(Compare(rules))
    return compare(one, other, compiled), compare(other, one, compiled)


def same(one: Node, other: Node) -> bool:
    """Whether two documents say the same; the order of equally named children counts, and of others too."""
    return (
        (one.space, one.name, dict(one.attributes), one.text)
        == (other.space, other.name, dict(other.attributes), other.text)
        and len(one.children) == len(other.children)
        and all(same(mine, yours) for mine, yours in zip(one.children, other.children, strict=True))
    )


@QUICK
@given(NODES, st.randoms(use_true_random=False))
def test_xml_matches_however_it_is_written(node: Node, dice: random.Random) -> None:
    one, other = written(node, dice), '<?xml version="1.0"?>\n' + written(node, dice)
    assert answers("application/xml", one, other)[0].result is Result.MATCH


@QUICK
@given(NODES, NODES, st.randoms(use_true_random=False))
def test_xml_matches_only_if_it_says_the_same(left: Node, right: Node, dice: random.Random) -> None:
    result, mirrored = answers("application/xml", written(left, dice), written(right, dice))
    assert (result.result is Result.MATCH) == same(left, right)
    assert mirrored.result is result.result


@QUICK
@given(NODES, st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_one_changed_text_or_attribute_of_xml_is_found(node: Node, seed: int, dice: random.Random) -> None:
    changed, count = _changed(node, seed % (_values(node) or 1))
    result = answers("application/xml", written(node, dice), written(changed, dice))[0]
    assert result.result is (Result.MISMATCH if count < 0 else Result.MATCH)


def _values(node: Node) -> int:
    return len(node.attributes) + bool(node.text) + sum(map(_values, node.children))


def _changed(node: Node, at: int) -> tuple[Node, int]:
    """The node with its value number `at` changed; what is left of `at`, negative once it is done."""
    attributes = list(node.attributes)
    for place, (key, value) in enumerate(attributes):
        if at == 0:
            attributes[place] = (key, value + "!")
        at -= 1
    text = node.text
    if text:
        text += "!" if at == 0 else ""
        at -= 1
    children = []
    for child in node.children:
        if at >= 0:
            child, at = _changed(child, at)
        children.append(child)
    return node._replace(attributes=tuple(attributes), text=text, children=tuple(children)), at


@QUICK
@given(NODES, NODES, st.randoms(use_true_random=False))
def test_swapping_the_sides_mirrors_what_is_missing(left: Node, right: Node, dice: random.Random) -> None:
    result, mirrored = answers("application/xml", written(left, dice), written(right, dice))
    swap = {Kind.MISSING: Kind.EXTRA, Kind.EXTRA: Kind.MISSING}
    if not any("[*]" in path for path, _ in result.fields):  # lists are aligned from legacy's side
        assert {(path, swap.get(kind, kind)) for path, kind in result.fields} == mirrored.fields


@QUICK
@given(NODES, st.randoms(use_true_random=False))
def test_an_html_page_matches_itself_written_otherwise(node: Node, dice: random.Random) -> None:
    page = _html(node, dice, plain=True)
    other = "<!doctype html><!-- x -->\n" + _html(node, dice, plain=False)
    assert answers("text/html; charset=utf-8", page, other)[0].result is Result.MATCH


def _html(node: Node, dice: random.Random, *, plain: bool) -> str:
    tag = {"x": "div", "y": "section", "z": "span"}[node.name]
    attributes = "".join(
        f" {key}={quoteattr(value)}" if plain else f"\n{key.upper()}  = {quoteattr(value)}"
        for key, value in (node.attributes if plain else dice.sample(node.attributes, len(node.attributes)))
    )
    between = "" if plain else dice.choice(["", " ", "\n\n", "<!-- c -->"])
    inner = escape(node.text) + between + between.join(_html(child, dice, plain=plain) for child in node.children)
    opened = tag if plain else tag.upper()
    return f"<{opened}{attributes}>{inner}</{tag}>"


FIELDS = st.lists(st.tuples(st.sampled_from(["a", "b", "c[]", "é"]), st.text("ab &=+%é", max_size=5)), max_size=6)


@QUICK
@given(FIELDS, st.randoms(use_true_random=False))
def test_a_form_matches_with_its_names_in_any_order_and_escapes(
    fields: list[tuple[str, str]], dice: random.Random
) -> None:
    names = dice.sample(sorted({name for name, _ in fields}), len({name for name, _ in fields}))
    sorted_by_name = [pair for name in names for pair in fields if pair[0] == name]
    one = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields)
    other = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted_by_name)
    result = answers("application/x-www-form-urlencoded", one, other)[0]
    assert result.result is Result.MATCH
    if fields:
        name = fields[0][0]
        more = other.replace(quote(name, safe="") + "=", quote(name, safe="") + "=x", 1)
        assert answers("application/x-www-form-urlencoded", one, more)[0].result is Result.MISMATCH


TYPES = st.sampled_from(
    [
        "application/xml",
        "application/soap+xml",
        "text/html",
        "application/x-www-form-urlencoded",
        "text/event-stream",
        "application/x-ndjson",
        "multipart/mixed; boundary=b",
        "application/pdf",
        "text/plain; charset=utf-16",
        "",
    ]
)
MARKUP = ("<a>", "</a>", "<a/>", "<p ", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "<!DOCTYPE", "xmlns:p='u'", "<p:a>")
SIGNS = ("&", "=", "+", "%41", "{}", "[1]", " ", "\n", "\r\n\r\n", "\ufeff", "é", "\x00", "\ud800")
WORDS_OF_TYPES = ("--b", "--b--", "data:", "id:1", "%PDF-1", "Content-Type:text/html")
PIECES = st.lists(st.sampled_from(MARKUP + SIGNS + WORDS_OF_TYPES), max_size=12).map("".join)


@settings(max_examples=250, deadline=None)
@given(TYPES, TYPES, PIECES, PIECES, st.sampled_from(["$.a", "$[*].body", "$.html.body.p", "$.*", "$"]))
def test_no_payload_of_any_type_makes_comparing_raise(kind: str, other: str, left: str, right: str, path: str) -> None:
    rules = compile_rules(Compare((Rule("ignore", path), Rule("unordered", path)), ()))
    one = observed(left.encode("utf-8", "surrogatepass"), headers=((b"content-type", kind.encode()),))
    two = observed(right.encode("utf-8", "surrogatepass"), headers=((b"content-type", other.encode()),))
    result = compare(one, two, rules)
    assert result.result is compare(two, one, rules).result
    assert (result.result is Result.MISMATCH) == bool(result.fields)


HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"Content-Type", b"content-encoding", b"Location", b"Set-Cookie", b"vary", b"Date", b"ETag"]),
        st.sampled_from(
            [b"text/html", b"gzip", b"/a?b=1&a=2", b"a=1; Path=/; Expires=x", b"http://[", b"", b"Accept, *"]
        ),
    ),
    max_size=4,
).map(tuple)


@settings(max_examples=250, deadline=None)
@given(HEADERS, HEADERS, st.sampled_from([200, 204, 302, 304, 404, 500]), st.sampled_from([b"", b"x", b'{"a":1}']))
def test_what_is_byte_equal_is_a_match(
    ours: tuple[tuple[bytes, bytes], ...], theirs: tuple[tuple[bytes, bytes], ...], status: int, body: bytes
) -> None:
    for chosen in ((), ("content-type",), ("set-cookie", "Vary", "location", "etag")):
        rules = compile_rules(Compare(headers=chosen))
        one, other = observed(body, status=status, headers=ours), observed(body, status=status, headers=theirs)
        if byte_equal(one, other, rules.headers):
            assert compare(one, other, rules).result is Result.MATCH
        assert compare(one, other, rules).result is compare(other, one, rules).result
