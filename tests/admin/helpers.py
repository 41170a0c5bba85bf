"""A face that answers with plain values and remembers what it was asked to do."""

from __future__ import annotations

from typing import Any

from proxy.admin import Accept, ControlFace, Promote, ReplayMismatches, Reply, Rollback, Who, problem

VERDICT = {
    "verdict": "inconclusive",
    "why": "too few comparisons",
    "needs": ["264 more clean comparisons"],
    "clean_needed": 264,
    "blocking": [],
    "n": 72,
    "k": 0,
    "rate": 0.0,
    "build": "build-1",
    "epoch": 3,
    "rules": "0123456789ab",
}


class Control:
    """`done` holds every write in order; change `verdicts` or `why_not_ready` to change the answers."""

    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.verdicts: dict[str, dict[str, Any]] = {
            "charge-read": VERDICT,
            "invoice-read": {**VERDICT, "verdict": "pass"},
        }
        self.why_not_ready = ""

    def face(self) -> ControlFace:
        return ControlFace(
            ready=lambda: (not self.why_not_ready, self.why_not_ready),
            metrics=self.metrics,
            routes=lambda: [*self.verdicts, "unrouted"],
            status=self.status,
            route=lambda name: {"name": name, "signatures": []},
            verdict=lambda name: self.verdicts[name],
            suggestions=lambda name: {"route": name, "build": "", "rules": [], "patch": ""},
            inventory=lambda: {"rows": [], "estimated": False},
            mismatches=self.mismatches,
            mismatch=self.mismatch,
            replayed=lambda name: Reply(200, {"route": name, "running": False}),
            history=self.history,
            promote=self.promote,
            rollback=self.rollback,
            accept=self.accept,
            replay=self.replay,
            halt=self.halt,
            resume=self.resume,
            reload=self.reload,
        )

    async def metrics(self) -> bytes:
        return b"# HELP strangler_halted x\n# TYPE strangler_halted gauge\nstrangler_halted 0.0\n"

    async def status(self) -> dict[str, Any]:
        return {"halted": False, "routes": [{"name": name} for name in self.verdicts]}

    async def mismatches(self, route: str) -> Reply:
        return Reply(200, {"route": route, "build": "build-1", "signatures": []})

    async def mismatch(self, route: str, signature: str) -> Reply:
        if signature != "s1":
            return problem(404, "unknown signature", f"{route} has no signature {signature}")
        return Reply(200, {"signature": {"signature": signature}, "exemplars": []})

    async def history(self, route: str | None, limit: int) -> Reply:
        return Reply(200, {"rows": [], "asked": [route, limit]})

    async def promote(self, route: str, body: Promote) -> Reply:
        self.done.append(("promote", route, body))
        if not body.force:
            return problem(409, "not yet", "the verdict is inconclusive", verdict=self.verdicts[route])
        return Reply(200, {"route": route, "forced": True})

    async def rollback(self, route: str, body: Rollback) -> Reply:
        self.done.append(("rollback", route, body))
        return Reply(200, {"route": route})

    async def accept(self, route: str, body: Accept) -> Reply:
        self.done.append(("accept", route, body))
        return Reply(200, {"route": route})

    async def replay(self, route: str, body: ReplayMismatches) -> Reply:
        self.done.append(("replay", route, body))
        return Reply(200, {"route": route, "running": True})

    async def halt(self, body: Who) -> Reply:
        self.done.append(("halt", body))
        return Reply(200, {"halted": True, "skipped": []})

    async def resume(self, body: Who) -> Reply:
        self.done.append(("resume", body))
        return Reply(200, {"halted": False, "skipped": []})

    async def reload(self, body: Who) -> Reply:
        raise RuntimeError("secret detail of the inside")
