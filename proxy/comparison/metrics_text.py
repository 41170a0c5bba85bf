"""Metrics, in the text format of Prometheus or OpenMetrics, read as an object of what they measure.

`$.name` is the value of a metric, and where it has labels on either side each series is a member of its own:
`$.jobs_total['queue="mail",state="done"']`. So what a process says of itself (its processor time, its memory) and is
another number each time hides no other line. HELP, TYPE and UNIT are members, too (`$['# TYPE jobs_total']`), and so is
the EOF without which a text of OpenMetrics was cut.

A reader of metrics is not told, and so it does not count: the order of lines and of labels, other comments, empty
lines, exemplars (samples, drawn anew), and how a number is written. All values are doubles.

Of the metrics that every client library has (process_*, by its guidelines), two go on, or stand, by the process that is
asked: its processor time and when it was started. Two processes never agree on these, so their values may differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from proxy.comparison.json_text import Repeated
from proxy.comparison.markup import Masked, Veiled

LABEL = "metrics process"
OWN = ("process_cpu_seconds_total", "process_start_time_seconds")
BEGINS = ("# help ", "# type ", "# unit ")  # in small letters

_TOLD = re.compile(r"#[ \t]*((?:HELP|TYPE|UNIT)[ \t]+\S+|EOF)[ \t]*(.*)")
_LABELS = r"\{((?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*)\}"
_NO_NUMBER = r"[+-]?(?i:nan|inf|infinity)"
_SAMPLE = re.compile(
    r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:[ \t]*"
    + _LABELS
    + r")?[ \t]+([0-9.eE+-]+|"
    + _NO_NUMBER
    + r")(?:[ \t]+([0-9.-]+))?[ \t]*(?:#[ \t]*\{.*)?"
)
_LABEL = re.compile(r"[ \t]*([a-zA-Z_][a-zA-Z0-9_.]*)[ \t]*=[ \t]*(\"(?:[^\"\\]|\\.)*\")[ \t]*(?:,|$)")
_NUMBER = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,5})?", re.ASCII)
_WHOLE = 2**53  # doubles below are exact as whole numbers

Metrics = dict[str, dict[str, Any]]  # by name and labels; "" without any


def read(text: str, spend: Callable[[int], None]) -> Metrics | None:
    """None without any metric, when a line is none, or when the last one has no end and may have been cut. Raises
    BudgetSpent."""
    spend(text.count("\n") + 1)
    if text and not text.endswith("\n"):
        return None
    metrics: Metrics = {}
    for line in text.split("\n"):
        written = line.strip(" \t\r")
        if written[:1] == "#":
            if told := _TOLD.fullmatch(written):
                _add(metrics, "# " + " ".join(told[1].split()), "", told[2])
        elif written:
            sample = _SAMPLE.fullmatch(written)
            labels = None if sample is None else _labels(sample[2] or "")
            if sample is None or labels is None:
                return None
            value = _value(sample[3])
            _add(metrics, sample[1], labels, {"value": value, "timestamp": sample[4]} if sample[4] else value)
    return metrics if any(name[0] != "#" for name in metrics) else None


def trees(left: Metrics, right: Metrics) -> tuple[dict[str, Any], dict[str, Any], list[Veiled], list[Veiled]]:
    """Both as `json_walk.walk` takes them, and what is each process's own."""
    plain = {name for name, series in (*left.items(), *right.items()) if series.keys() == {""}}
    plain -= {name for name, series in (*left.items(), *right.items()) if series.keys() != {""}}
    one, other = _tree(left, plain), _tree(right, plain)
    return one, other, _veiled(one), _veiled(other)


def _veiled(metrics: dict[str, Any]) -> list[Veiled]:
    """Takes the values out that are the process's own."""
    veiled = []
    for name in OWN:
        if isinstance(value := metrics.get(name), bytes):
            metrics[name] = b"0"
            veiled.append(Veiled(f"$.{name}", f"$.{name}", Masked(LABEL, value.decode())))
    return veiled


def _tree(metrics: Mapping[str, Mapping[str, Any]], plain: set[str]) -> dict[str, Any]:
    return {name: series[""] if name in plain else series for name, series in metrics.items()}


def _add(metrics: Metrics, name: str, labels: str, value: Any) -> None:
    series = metrics.setdefault(name, {})
    if labels not in series:
        series[labels] = value
    elif isinstance(known := series[labels], Repeated):
        known.append(value)
    else:
        series[labels] = Repeated([known, value])


def _labels(written: str) -> str | None:
    """In the order of their names."""
    if not written:
        return ""
    found = {}
    at = 0
    while at < len(written) and (label := _LABEL.match(written, at)):
        found[label[1]] = label[2]
        at = label.end()
    return ",".join(f"{name}={found[name]}" for name in sorted(found)) if not written[at:].strip() else None


def _value(written: str) -> str | bytes:
    """A number as JSON would have it; as text what JSON has none for."""
    number = float(written) if _NUMBER.fullmatch(written) else None
    if number is None or abs(number) == float("inf"):
        return written.lower().removeprefix("+")
    return (str(int(number)) if number.is_integer() and abs(number) < _WHOLE else repr(number)).encode()
