"""A body as lines, so that the lines which differ between two bodies are what differs in them.

JSON one member a line, XML and HTML one element a line, forms one parameter a line. What a side said is shown, not what
it means: key order, attribute order and the spelling of numbers stay. A body that was cut, or is not what its type
says, is broken at the places where such a document would be; it is only looked at here, nothing is decided by it.
"""

from __future__ import annotations

import json
import re
from urllib.parse import unquote_plus

from proxy.cli.formats import counted

WIDEST = 4000  # characters of a line; what comes after is not shown

_JSON_PIECES = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{},]|[^"\[\]{},]+')
_TAGS = re.compile(r">\s*<")


def body_lines(body: object, kind: str = "", size: int | None = None) -> list[str]:
    """`kind` is the value of Content-Type, `size` the bytes that were on the wire."""
    if body is None or body == "":
        return [f"({counted(size, 'byte')}, not kept)"] if size else ["(no body)"]
    text = body if isinstance(body, str) else json.dumps(body)
    if "\0" in text or text.count("\ufffd") > len(text) // 100:
        return [f"({counted(size, 'byte') if size else 'bytes'}, not text)"]
    lines = _by_type(text, kind.partition(";")[0].strip().lower())
    return [line if len(line) <= WIDEST else line[:WIDEST] + "..." for line in lines]


def _by_type(text: str, kind: str) -> list[str]:
    if kind == "application/x-www-form-urlencoded":
        return [unquote_plus(one) for one in text.split("&")]
    start = text.lstrip()[:1]
    if start == "<":
        return _markup(text, html="html" in kind and "xhtml" not in kind)
    try:
        return _laid_out(json.loads(text, parse_int=_Literal, parse_float=_Literal), 0)
    except (ValueError, RecursionError):
        lines = text.splitlines()
    return _broken_json(lines[0]) if len(lines) == 1 and start in ("{", "[") else lines


class _Literal(str):
    """A number exactly as it was written: 1.10 stays 1.10."""


def _laid_out(value: object, depth: int, lead: str = "") -> list[str]:
    """One member or element a line, without commas: what comes after a member is no part of it."""
    inset = "  " * depth
    if isinstance(value, dict) and value:
        inner = [(f"{json.dumps(key, ensure_ascii=False)}: ", member) for key, member in value.items()]
        brackets = "{}"
    elif isinstance(value, list) and value:
        inner = [("", member) for member in value]
        brackets = "[]"
    else:
        text = str(value) if isinstance(value, _Literal) else json.dumps(value, ensure_ascii=False)
        return [f"{inset}{lead}{text}"]
    lines = [f"{inset}{lead}{brackets[0]}"]
    for name, member in inner:
        lines += _laid_out(member, depth + 1, name)
    return [*lines, f"{inset}{brackets[1]}"]


def _broken_json(text: str) -> list[str]:
    """One line of something like JSON in the same form, so that it can stand beside the whole of it."""
    lines: list[str] = []
    line, depth = "", 0

    def end(line: str) -> None:
        if line.strip():
            lines.append("  " * min(depth, 40) + line.strip())

    for piece in _JSON_PIECES.findall(text):
        if piece in ("]", "}"):
            end(line)
            line, depth = "", max(0, depth - 1)
            if lines and lines[-1].endswith("[" if piece == "]" else "{"):
                lines[-1] += piece
            else:
                end(piece)
        elif piece in ("[", "{"):
            end(line + piece)
            line, depth = "", depth + 1
        elif piece == ",":
            end(line)
            line = ""
        else:
            line += f": {piece[1:].strip()}" if piece[0] == ":" else piece.strip()
    end(line)
    return lines


def _markup(text: str, *, html: bool) -> list[str]:
    from lxml import etree

    try:
        parser: etree.HTMLParser | etree.XMLParser
        if html:
            parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_blank_text=True)
        else:
            parser = etree.XMLParser(
                encoding="utf-8", no_network=True, resolve_entities=False, load_dtd=False, remove_blank_text=True
            )
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
        if root is None:
            raise ValueError("nothing in it")
        etree.indent(root)
        return etree.tostring(root, encoding="unicode", method="html" if html else "xml").splitlines()
    except (etree.ParseError, ValueError):
        return _TAGS.sub(">\n<", text).splitlines()
