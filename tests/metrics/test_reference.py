"""docs/metrics.md and the catalogue say the same."""

from __future__ import annotations

import re
from pathlib import Path

from proxy.metrics import CATALOGUE

TEXT = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
ROW = re.compile(r"^\| `(strangler_\w+)` \| (\w+) \|([^|]*)\| ([^|]+) \|$", re.MULTILINE)
SUFFIXES = re.compile(r"_(bucket|count|sum)$")


def test_the_reference_lists_every_metric_with_its_type_and_labels_once() -> None:
    rows = [(name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _ in ROW.findall(TEXT)]
    assert sorted(rows) == sorted((metric.name, metric.type, metric.labels) for metric in CATALOGUE.values())


def test_queries_and_alerts_name_only_metrics_and_labels_that_exist() -> None:
    blocks = "\n".join(re.findall(r"```(?:promql|yaml)\n(.*?)```", TEXT, re.DOTALL))
    used = {SUFFIXES.sub("", name) for name in re.findall(r"strangler_\w+", blocks)}
    assert used <= CATALOGUE.keys()
    assert len(used) > 10
    for name, matchers in re.findall(r"(strangler_\w+)\{([^}]*)\}", blocks):
        labels = re.findall(r"(\w+)(?:=~|!=|=)", matchers)
        assert set(labels) <= {*CATALOGUE[SUFFIXES.sub("", name)].labels, "le"}
