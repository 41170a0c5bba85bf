"""The golden files of this room, and how to write them anew: `python -m tests.config.golden` (then read the diff)."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from proxy.config import Loaded, json_schema, load
from proxy.config.reference import page

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden/config"
SCHEMA = ROOT / "proxy/config/routes.schema.json"
REFERENCE = ROOT / "docs/routes.md"
ENV = {"PERCENT": "10%", "SECRET_URL": "ftp://user:hunter2@a"}
TODAY = date(2026, 6, 1)


def loaded(path: Path) -> Loaded:
    text = path.read_bytes().decode()
    return load(text, file=path.name, env=ENV, today=TODAY)


def problems_text(result: Loaded) -> str:
    return "".join(f"{problem}\n" for problem in result.problems)


def spec_text(result: Loaded) -> str:
    assert result.spec is not None, problems_text(result)
    return json.dumps(asdict(result.spec) | {"by_name": list(result.spec.by_name)}, indent=1, default=_plain) + "\n"


def schema_text() -> str:
    return json.dumps(json_schema(), indent=1) + "\n"


def reference_text() -> str:
    return page()


def _plain(value: Any) -> Any:
    assert isinstance(value, frozenset)
    return sorted(value)


def write() -> None:
    SCHEMA.write_text(schema_text())
    REFERENCE.parent.mkdir(exist_ok=True)
    REFERENCE.write_text(reference_text())
    for path in sorted(GOLDEN.glob("*/*.yaml")):
        result = loaded(path)
        path.with_suffix(".problems").write_text(problems_text(result))
        if path.parent.name == "good":
            path.with_suffix(".json").write_text(spec_text(result))


if __name__ == "__main__":
    write()
