"""Values of headers that are written differently and say the same.

- Media types (RFC 9110 section 8.3.1): any case, order of parameters and quotes; the boundary of a multipart type is
  of this one answer.
- Lists (section 5.6.1) that are sets: no order, no repetition, no case. Methods have case (section 9.1): a browser does
  not take `patch` for `PATCH`.
- `Content-Disposition` (RFC 6266) by its parameters; `filename*` by the characters that it stands for.
- `Link` (RFC 8288) as a set of links, each by its target and parameters; relation types in any case and order.
- `Retry-After` (section 10.2.3) in seconds, or until when; `Expires` (RFC 9111 section 5.3), where what is no date is
  past; `Last-Modified` as the moment that it is.

Everything else is one value, an `ETag` with its weakness.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from proxy.comparison.lifetimes import alike, begins, moment, seconds, until

_LONGEST = 8192  # characters; what is longer is compared as it is written
_SETS = frozenset(
    {
        b"accept",
        b"accept-ch",
        b"accept-encoding",
        b"accept-language",
        b"accept-patch",
        b"accept-post",
        b"accept-ranges",
        b"access-control-allow-headers",
        b"access-control-expose-headers",
        b"cache-control",
        b"content-language",
        b"vary",
    }
)
_METHODS = frozenset({b"allow", b"access-control-allow-methods"})
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_MEMBER = re.compile(rf'(?:[^,"<]|{_QUOTED}|<[^>]*>|["<])+')
_PIECE = re.compile(rf'(?:[^;"<]|{_QUOTED}|<[^>]*>|["<])+')
Said = tuple[str, frozenset[tuple[str, str]]]  # the value before the parameters, and these by name


def same(name: bytes, left: str, right: str, dates: tuple[str, str]) -> bool:
    """Whether two values of a header that are not equal say the same; `dates` are those of Date, "" for none."""
    if max(len(left), len(right)) > _LONGEST:
        return False
    if name in _SETS:
        return _members(left) == _members(right)
    if name in _METHODS:
        return set(_split(_MEMBER, left)) == set(_split(_MEMBER, right))
    match name:
        case b"content-type":
            return media_type(left) == media_type(right)
        case b"content-disposition":
            return disposition(left) == disposition(right)
        case b"link":
            return _links(left) == _links(right)
        case b"retry-after":
            return _same_wait(left, right, dates)
        case b"expires":
            return _same_end(left, right, dates)
        case b"last-modified":
            return (one := moment(left)) is not None and one == moment(right)
    return False


@lru_cache(maxsize=512)
def media_type(value: str) -> Said:
    kind, parameters = _said(value)
    kind = kind.lower()
    ours = kind.startswith("multipart/")
    return kind, frozenset(
        (name, content.lower() if name == "charset" else content)
        for name, content in parameters
        if not (ours and name == "boundary")
    )


def disposition(value: str) -> Said:
    kind, parameters = _said(value)
    return kind.lower(), frozenset(
        (name, _extended(content) if name.endswith("*") else content) for name, content in parameters
    )


def written(name: bytes, value: str) -> str:
    """One way to write a header of a part of a multipart payload, the same for values that say the same."""
    match name:
        case b"content-type":
            kind, parameters = media_type(value)
        case b"content-disposition":
            kind, parameters = disposition(value)
        case _:
            return value
    quoted = (f"{one}={json.dumps(other, ensure_ascii=False)}" for one, other in sorted(parameters))
    return "; ".join([kind, *quoted])


def _extended(value: str) -> str:
    """`UTF-8'en'%c3%a4` (RFC 8187) by its characters; the language says nothing."""
    charset, _, rest = value.partition("'")
    content = unquote_to_bytes(rest.partition("'")[2])
    return f"{charset.lower()}''{content.decode('utf-8', 'backslashreplace')}"


def _links(value: str) -> frozenset[Said]:
    links = []
    for link in _split(_MEMBER, value):
        target, parameters = _said(link)
        relations = {(name, _relations(content) if name in ("rel", "rev") else content) for name, content in parameters}
        links.append((target, frozenset(relations)))
    return frozenset(links)


def _relations(value: str) -> str:
    return " ".join(sorted(value.lower().split()))


def _members(value: str) -> frozenset[Said]:
    return frozenset(_directive(member) for member in _split(_MEMBER, value))


def _directive(member: str) -> Said:
    """`max-age=60`, `gzip;q=0.5`, `text/plain; charset=utf-8`."""
    head, parameters = _said(member)
    name, equals, content = head.partition("=")
    head = f"{name.strip()}={_unquoted(content.strip())}" if equals else head
    return head.lower(), frozenset((one, other.lower()) for one, other in parameters)


def _said(value: str) -> Said:
    head, *pieces = _split(_PIECE, value) or [""]
    parameters = set()
    for piece in pieces:
        name, _, content = piece.partition("=")
        parameters.add((name.strip().lower(), _unquoted(content.strip())))
    return head, frozenset(parameters)


def _split(by: re.Pattern[str], value: str) -> list[str]:
    return [stripped for piece in by.findall(value) if (stripped := piece.strip())]


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _same_wait(left: str, right: str, dates: tuple[str, str]) -> bool:
    known = begins(dates)
    waits = []
    for side, value in enumerate((left, right)):
        wait = seconds(value)
        waits.append(until(value, known[side] if known else None) if wait is None else float(wait))
    one, other = waits
    return one is not None and other is not None and alike(one, other)


def _same_end(left: str, right: str, dates: tuple[str, str]) -> bool:
    known = begins(dates)
    one, other = (until(value, known[side] if known else None) for side, value in enumerate((left, right)))
    return alike(one or 0.0, other or 0.0)  # what is no moment has expired (RFC 9111 section 5.3)
