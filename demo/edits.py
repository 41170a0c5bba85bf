"""The demo's copy of routes.yaml, and the edits a person makes to it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from demo.world import ROOT, Ports
from proxy.config import edit_stage
from proxy.model.sides import Stage

DOCUMENTED = Ports()


@dataclass(frozen=True, slots=True)
class RoutesFile:
    """`path` is the file that the proxy watches."""

    path: Path

    def copy(self, ports: Ports, gate: dict[str, str]) -> None:
        """The file at the root of the checkout, with the ports in use, and `gate` in place of its own values. Nothing
        is asked again: rules name all noise of Tripe, and the closing report counts every single comparison."""
        text = (ROOT / "routes.yaml").read_text()
        for name in ("legacy", "charges", "invoices"):
            documented, chosen = (f"http://127.0.0.1:{getattr(each, name)}\n" for each in (DOCUMENTED, ports))
            text = _replaced(text, documented, chosen)
        for key, value in gate.items():
            text, count = re.subn(rf"(?m)^(\s+{key}: ).*$", rf"\g<1>{value}", text)
            if not count:
                raise ValueError(f"routes.yaml has no {key}")
        text = _replaced(text, "\nlegacy: legacy", "\nreasks: {per_second: 0}\nlegacy: legacy")
        self.path.write_text(text)

    def set_stage(self, route: str, stage: Stage) -> list[str]:
        """Returns the changed lines, as a diff shows them."""
        text = self.path.read_text()
        return self._write(text, edit_stage(text, route, stage, None))

    def replace(self, old: str, new: str) -> list[str]:
        """Changes the first place where `old` stands."""
        text = self.path.read_text()
        return self._write(text, _replaced(text, old, new))

    def _write(self, before: str, after: str) -> list[str]:
        self.path.write_text(after)
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"routes.yaml has no {old!r}")
    return text.replace(old, new, 1)
