"""What the tests of the sample world share: a small seeded file, clients with a key, a process to start and stop."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from legacy_monolith.ids import seeded_id
from legacy_monolith.seed import API_KEYS
from tests.support.running import PATIENCE

SCALE = 0.05  # 100 customers, 1,000 charges, 250 invoices
CHARGES = 1_000
KEY = {"Authorization": f"Bearer {API_KEYS[0][0]}"}
OTHER_KEY = {"Authorization": f"Bearer {API_KEYS[1][0]}"}
NEW_CHARGE = {"amount": 2_345, "currency": "eur", "customer": seeded_id("cus", 3), "source": "tok_visa_de"}
STAMPS = ("request_id", "served_at")
UNORDERED = ("tags", "payment_methods", "lines")


def canonical(body: Any) -> Any:
    """The body without its stamps, and with the lists that have no order in one."""
    if isinstance(body, list):
        return [canonical(item) for item in body]
    if not isinstance(body, dict):
        return body
    plain = {name: canonical(value) for name, value in body.items() if name not in STAMPS}
    for name in UNORDERED:
        if name in plain:
            plain[name] = sorted(plain[name], key=json.dumps)
    return plain


@contextmanager
def process(module: str, *arguments: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m module arguments`, once it listens, with its URL; ended by its own id afterwards."""
    command = [sys.executable, "-m", module, "--port", "0", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env={**os.environ, **env}) as started:
        try:
            assert started.stdout is not None
            line = started.stdout.readline()
            assert line.startswith("listening on http://127.0.0.1:"), line
            yield started, line.removeprefix("listening on ").strip()
        finally:
            started.kill()


def refused_start(module: str, *arguments: str, **env: str) -> tuple[int, str]:
    """Exit code and stderr of a start that must fail."""
    command = [sys.executable, "-m", module, *arguments]
    ended = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **env}, timeout=PATIENCE, check=False
    )
    return ended.returncode, ended.stderr


def stored(path: Path, table: str) -> int:
    """How many rows the table has, as another process sees it."""
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        connection.close()
