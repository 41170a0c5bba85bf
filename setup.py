"""The build of the package: pure Python, or with the data path, the shadow and the comparing of JSON compiled.

With `STRANGLER_COMPILE=1` mypyc turns the modules that every request passes through into C extensions (the image does;
`make compile` does in the checkout). The Python files stay the only source, and what runs where nothing was compiled.
docs/performance.md has the figures.
"""

from __future__ import annotations

import os

from setuptools import setup

COMPILED = (
    "comparison/bodies",
    "comparison/findings",
    "comparison/header_fields",
    "comparison/json_aligned",
    "comparison/json_walk",
    "comparison/pair",
    "comparison/without",
    "data_path/answering",
    "data_path/call",
    "data_path/capture",
    "data_path/client",
    "data_path/connection",
    "data_path/engine",
    "data_path/exchange",
    "data_path/filtering",
    "data_path/framing",
    "data_path/outgoing",
    "data_path/parse",
    "data_path/passing",
    "data_path/patience",
    "data_path/pool",
    "data_path/pools",
    "data_path/refusals",
    "data_path/retrying",
    "data_path/shedding",
    "data_path/tunnel",
    "data_path/upstream",
    "data_path/urls",
    "data_path/wheel",
    "metrics/accumulator",
    "model/headers",
    "routing/breaker",
    "routing/forwarding",
    "routing/paths",
    "routing/table",
    "runtime/link",
    "runtime/outbox",
    "runtime/reports",
    "shadow/lanes",
)


def main() -> None:
    if not os.environ.get("STRANGLER_COMPILE"):
        setup()
        return
    from mypyc.build import mypycify

    files = [f"proxy/{name}.py" for name in COMPILED]
    setup(ext_modules=mypycify(files, opt_level="3", debug_level="0", group_name="proxy.compiled"))


main()
