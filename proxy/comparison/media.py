"""From a Content-Type value to how a payload is compared (RFC 9110 section 8.3).

A family is a way of comparing, not a media type: SOAP, RSS and SVG are all XML. The order of the families is the order
of structure: of two answers that declare different types, the family with the most structure that *both* payloads
really have is used (`documents.py`), because labels lie more often than payloads do. A type that is not known here and
names its charset is text.
"""

from __future__ import annotations

import codecs
import re
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple


class Family(IntEnum):
    """How a payload is compared, from least to most structure."""

    BYTES = 0
    TEXT = 1
    METRICS = 2  # as Prometheus reads them
    FORM = 3
    LINES = 4  # NDJSON: one JSON document a line
    SEQUENCE = 5  # JSON documents after record separators
    EVENTS = 6  # text/event-stream
    HTML = 7
    XML = 8
    JSON = 9
    MULTIPART = 10


class Media(NamedTuple):
    kind: bytes  # type/subtype in lower case; b"" when there is none
    family: Family
    charset: str  # "" when not declared or not known to Python
    boundary: bytes = b""  # of a multipart type


_FAMILIES = {
    b"": Family.JSON,
    b"application/json": Family.JSON,
    b"text/json": Family.JSON,
    b"application/xml": Family.XML,
    b"text/xml": Family.XML,
    b"text/html": Family.HTML,
    b"application/xhtml+xml": Family.HTML,
    b"application/x-www-form-urlencoded": Family.FORM,
    b"application/x-ndjson": Family.LINES,
    b"application/ndjson": Family.LINES,
    b"application/jsonl": Family.LINES,
    b"application/x-jsonlines": Family.LINES,
    b"application/jsonlines": Family.LINES,
    b"application/stream+json": Family.LINES,  # Spring's name for them
    b"application/json-seq": Family.SEQUENCE,
    b"text/event-stream": Family.EVENTS,
    b"application/openmetrics-text": Family.METRICS,
    b"application/javascript": Family.TEXT,
    b"application/yaml": Family.TEXT,
    b"application/sql": Family.TEXT,
}
_METRICS = (b"0.0.4", b"1.0.0")  # versions of Prometheus's text format
_NO_CHARSETS = {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined"}  # Python's own; slow, too
_PARAMETER = re.compile(rb';\s*([^\s;="]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))')


@lru_cache(maxsize=512)
def media(content_type: bytes) -> Media:
    """Reads a Content-Type value; without one (b"") the payload is tried as JSON, then by how it begins."""
    kind = content_type.partition(b";")[0].strip().lower()
    family, charset, boundary = _family(kind), "", b""
    for name, quoted, bare in _PARAMETER.findall(content_type):
        match name.lower():
            case b"charset":
                charset = known_charset((quoted or bare).decode("latin-1"))
                family = max(family, Family.TEXT) if charset else family
            case b"boundary":
                boundary = re.sub(rb"\\(.)", rb"\1", quoted) or bare
            case b"version" if kind == b"text/plain" and (quoted or bare) in _METRICS:
                family = Family.METRICS
    return Media(kind, family, charset, boundary)


def known_charset(name: str) -> str:
    """Python's name of a text encoding, "" when it has none of that name."""
    try:
        info = codecs.lookup(name.strip())
    except (LookupError, ValueError):
        return ""
    return info.name if info._is_text_encoding and info.name not in _NO_CHARSETS else ""


def _family(kind: bytes) -> Family:
    known = _FAMILIES.get(kind)
    if known is not None:
        return known
    if kind.endswith(b"+json"):
        return Family.JSON
    if kind.endswith(b"+xml"):
        return Family.XML
    if kind.endswith(b"+json-seq"):
        return Family.SEQUENCE
    if kind.startswith(b"multipart/"):
        return Family.MULTIPART
    return Family.TEXT if kind.startswith(b"text/") else Family.BYTES
