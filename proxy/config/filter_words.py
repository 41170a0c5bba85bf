"""Filters in words: for `strangler diff`, the audit and `strangler explain`. Values of headers may be secrets and are
never repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic.alias_generators import to_camel

from proxy.config.units import duration_text
from proxy.model.filters import Cors, Filters, HeaderEdit, PathRewrite, PublicRewrite


def filter_words(filters: Filters | PublicRewrite) -> dict[str, str]:
    """What each key that is set does: `{"extracted.rewrite.path": "ReplacePrefixMatch /v2"}`."""
    return {key: _words(key, value) for key, value in _leaves(filters)}


def filter_changes(old: Filters | PublicRewrite, new: Filters | PublicRewrite) -> Iterator[str]:
    """What differs, key by key."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) == after.get(key):
            continue
        was, becomes = (_words(key, side[key]) if key in side else "none" for side in (before, after))
        yield f"{key}: {was} with another value" if was == becomes else f"{key}: {was} -> {becomes}"


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for field in fields(value):
        inner = getattr(value, field.name)
        key = prefix + (to_camel(field.name) if isinstance(value, Cors) else field.name)
        if is_dataclass(inner) and not isinstance(inner, HeaderEdit | PathRewrite):
            yield from _leaves(inner, f"{key}.")
        elif inner is not None and inner != HeaderEdit() and inner != () and inner is not False:
            yield key, inner


def _words(key: str, value: Any) -> str:
    if isinstance(value, HeaderEdit):
        parts = [(word, [name for name, _ in pairs]) for word, pairs in (("set", value.set), ("add", value.add))]
        parts.append(("remove", list(value.remove)))
        return ", ".join(f"{word} {' and '.join(names)}" for word, names in parts if names)
    if isinstance(value, PathRewrite):
        return f"{value.type} {value.value}"
    if isinstance(value, tuple):
        return ", ".join(value)
    if value is True:
        return "true"
    return duration_text(value) if key.endswith("maxAge") else str(value)
