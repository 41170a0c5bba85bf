"""`make soak`: the fault and fuzz tests at sizes that take minutes, and what they measured as a table.

They are the tests of tests/faults, the fuzzers and the differential test themselves, with larger counts by
environment; what CI runs on each change is the same code. Ends with pytest's code.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = {
    "STRANGLER_TEST_SLOW_CLIENTS": "500",
    "STRANGLER_TEST_IDLE_CLIENTS": "10000",
    "STRANGLER_TEST_CROWD": "900",
    "STRANGLER_TEST_EDITS": "200",
    "HYPOTHESIS_EXAMPLES": "50000",
    "FUZZ": "10000",
}
PATHS = [
    "tests/faults",
    "tests/security/test_fuzzed_bytes.py",
    "tests/config/test_mutated_text.py",
    "tests/transparency/test_clients_cannot_tell.py",
]
_SPARE = 500  # descriptors beside those of the idle clients


def main(arguments: list[str]) -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = int(SIZES["STRANGLER_TEST_IDLE_CLIENTS"]) + _SPARE
    if hard != resource.RLIM_INFINITY and hard < wanted:
        print(f"soak: {wanted} open files are needed, the hard limit is {hard}: ulimit -Hn")
        return 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures"
        figures.touch()
        environment = {**os.environ, **SIZES, "STRANGLER_TEST_FIGURES": str(figures)}
        paths = arguments or PATHS
        code = subprocess.call([sys.executable, "-m", "pytest", "-q", *paths], cwd=ROOT, env=environment)
        for line in figures.read_text().splitlines():
            found = json.loads(line)
            print(f"{found.pop('fault'):45}", "  ".join(f"{name} {value}" for name, value in found.items()))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
