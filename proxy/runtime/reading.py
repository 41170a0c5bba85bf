"""routes.yaml as control reads it: in a thread, with everything made there that takes long when routes are many."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from pathlib import Path

from proxy import config
from proxy.runtime.certificates import with_files_tried
from proxy.runtime.load import Built, Compiled, build_file
from proxy.runtime.shipping import Packed, pack_routes


@dataclass(frozen=True, slots=True)
class Fresh:
    """What was built; `changes` since before, and the routes packed for workers: None when the file has problems."""

    built: Built
    changes: tuple[config.Change, ...] = ()
    packed: Packed | None = None


def load_now(path: Path) -> Built:
    """What can run now: the text, and the certificates that it names."""
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return with_files_tried(build_file(path, env=os.environ, today=today), str(path))


def read_anew(path: Path, before: Compiled) -> Fresh:
    """The file again, and what makes it other than before."""
    built = load_now(path)
    if built.compiled is None:
        return Fresh(built)
    return Fresh(built, config.changes(before.spec, built.compiled.spec), pack_routes(built.compiled, before))
