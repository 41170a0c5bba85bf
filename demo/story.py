"""The story, step by step. A step does one thing and then waits until what it tells of has been seen; it never waits
for a time. What does not come about raises StoryError."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from dataclasses import dataclass, field
from time import monotonic, time
from typing import NamedTuple

from demo.admin import PATIENCE, Admin, Json, Status, StoryError
from demo.client import Clients
from demo.edits import RoutesFile
from demo.screen import Screen
from demo.witness import ROUTE, Cohort, Witness
from demo.world import World, shown
from proxy.model.sides import Stage

BAD, MENDED, AGAIN = "charges-0.9.0", "charges-1.0.0", "charges-1.0.1"
BUG_PATHS = {"$.fee", "$.receipt_email"}  # what that build is known to get wrong, for the story to be sure it was found
INVOICES = "invoices-1.0.0"
READS_EACH = 3  # answers of each user before a canary counts as seen
AGREED = 200  # comparisons in live


class Ruled(NamedTuple):
    """A verdict that the story came upon."""

    stage: str
    build: str
    verdict: str
    why: str
    outcome: str  # what promote then did


@dataclass(slots=True)
class Story:
    """Plays over a running world; keeps what the closing report tells."""

    world: World
    admin: Admin
    clients: Clients
    witness: Witness
    file: RoutesFile
    screen: Screen
    verdicts: list[Ruled] = field(default_factory=list)
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # build, field path, kind
    cohorts: list[Cohort] = field(default_factory=list)
    restarts: list[str] = field(default_factory=list)
    steps: int = 0
    told: bool = False

    async def play(self) -> None:
        for step in (
            self.all_up,
            self.buggy_build_in_shadow,
            self.mended_build_to_canary,
            self.broken_edit,
            self.killed_control,
            self.killed_worker,
            self.killed_service,
            self.live,
            self.halt_and_resume,
        ):
            await step()
        self.told = True

    async def start_world(self) -> None:
        """Starts every process, and the clients once all answer."""
        world, say = self.world, self.screen.say
        say(f"monolith     http://127.0.0.1:{world.ports.legacy}  seeding its sample data ...")
        await world.start_proxy()
        await world.start_legacy()
        await asyncio.gather(
            world.start_service("charges", BAD, CHARGES_BUG="rounding"), world.start_service("invoices", INVOICES)
        )
        say(f"charges      http://127.0.0.1:{world.ports.charges}  build {BAD}, not yet asked by anyone")
        say(f"invoices     http://127.0.0.1:{world.ports.invoices}  build {INVOICES}")
        await self.admin.until("the proxy", lambda now: now.whole)
        say(f"public URL   {world.public_url}  2 workers; routes from {shown(world.routes)}")
        say(f"dashboard    {world.admin_url}/", "bold")
        say(f"metrics      {world.admin_url}/metrics")
        self.clients.start()

    async def all_up(self) -> None:
        self._step("All up: steady mixed traffic, the monolith answers")
        await self.admin.until("traffic from every user", lambda _: self.clients.requests >= 5 * self.clients.users)
        kinds = ", ".join(name for name, _ in self.clients.by_kind.most_common())
        self.screen.say(f"{self.clients.users} users ask for: {kinds}")
        self._say_clients()

    async def buggy_build_in_shadow(self) -> None:
        self._step(f"{ROUTE} to shadow: the monolith answers, charges gets a copy")
        self._say_edit(self.file.set_stage(ROUTE, Stage.SHADOW))
        await self.admin.until("stage shadow", lambda now: now.route(ROUTE)["stage"] == "shadow")
        await self._verdict("fail", BAD)
        await self._name_what_differs()
        code, _ = await self._strangler("promote", ROUTE)
        self._hold(code == 1, f"promote must refuse with exit code 1, it ended with {code}")
        self._rule("refused, exit code 1")

    async def mended_build_to_canary(self) -> None:
        self._step("The mended build: evidence begins anew")
        await self.world.stop("charges")
        await self.world.start_service("charges", MENDED)
        self.screen.say(f"charges restarted as build {MENDED}")
        await self._verdict("pass", MENDED)
        self.witness.cohort = Cohort()
        await self._promote("canary")
        await self._see_cohort()

    async def broken_edit(self) -> None:
        self._step("A broken edit of routes.yaml")
        before = await self._now()
        answered = self.clients.requests
        self._say_edit(self.file.replace("    extracted: charges\n", "    extracted: chargse\n"))
        problems = await self.admin.until("the refusal", lambda now: now.plain["reload"]["problems"])
        self.screen.say("refused: " + "\n".join(problems), "red")
        self._hold(any("routes.yaml:" in problem and "charges" in problem for problem in problems), "line and remedy")
        now = await self.admin.until(
            "traffic under the old table",
            lambda now: now if self.clients.requests > answered + 2 * self.clients.users else None,
        )
        unchanged = now.plain["generation"] == before.plain["generation"] and _stages(now) == _stages(before)
        self._hold(unchanged, "a refused edit must change nothing")
        self.screen.say(f"generation {now.plain['generation']} and every stage as before; {self._errors()}")
        self._say_edit(self.file.replace("    extracted: chargse\n", "    extracted: charges\n"))
        await self.admin.until("the mended file", lambda now: now.plain["reload"]["ok"])
        self.screen.say("mended, read, and in force")

    async def killed_control(self) -> None:
        self._step("The proxy's own processes are killed with SIGKILL: control first")
        kept = await self.admin.until("evidence in canary", _evidence)
        a_second_later = monotonic() + 1.0
        await self.admin.until("that evidence to be a second old", lambda _: monotonic() > a_second_later)
        restarts, answered = (await self._now()).restarts[0], self.clients.requests
        with self.witness.killing():
            os.kill(self.world.proxy_pids()["control"], signal.SIGKILL)
            back = await self.admin.until(
                "a new control", lambda now: now if now.restarts[0] > restarts and now.whole else None
            )
        counted = back.route(ROUTE)["verdict"]["n"]
        self._hold(counted >= kept, f"{kept} comparisons were a second old, {counted} are left")
        self.restarts.append("control")
        self.screen.say(f"control restarted; {kept} comparisons were a second old, none of them is lost")
        self.screen.say(f"the workers served {self.clients.requests - answered} requests meanwhile, {self._errors()}")

    async def killed_worker(self) -> None:
        """In a moment without writes and downloads: what a process has in hand when it is killed is lost with it, and
        only a read can be sent again. It is the one moment of the demo that is chosen kindly."""
        restarts, resent = (await self._now()).restarts[1], self.clients.resent
        async with self.clients.calm():
            self.screen.say("a worker next; the clients hold POSTs and downloads back for this moment, reads go on")
            with self.witness.killing():
                os.kill(self.world.proxy_pids()["worker-0"], signal.SIGKILL)
            await self.admin.until("a new worker", lambda now: now.restarts[1] > restarts and now.whole)
        self.restarts.append("worker-0")
        again = self.clients.resent - resent
        self.screen.say(f"worker restarted; reads in its hands, sent again by their clients (RFC 9110 9.2.2): {again}")
        self._say_clients()

    async def killed_service(self) -> None:
        self._step("charges is killed with SIGKILL while a canary is on it")
        over = max(self.witness.killed) + 1.0
        await self.admin.until("the end of a second that is left out of the figures", lambda _: time() > over)
        before = await self._now()
        answered = self.clients.by_kind["charge"]
        fallbacks = before.route(ROUTE)["fallbacks"]
        await self.world.kill("charges")
        stood_in = await self.admin.until(
            "legacy to stand in",
            lambda now: now.route(ROUTE)["breaker_open"] and now.route(ROUTE)["fallbacks"] - fallbacks,
        )
        self.screen.say(f"breaker open; legacy stood in for {stood_in} requests so far; {self._errors()}")
        await self.world.start_service("charges", AGAIN)
        self.screen.say(f"charges is back, as build {AGAIN}")
        self.screen.say(f"(a new build, because the failures that {MENDED} has just been seen with stay on its record)")
        await self.admin.until(
            "the breaker to close",
            lambda now: not now.route(ROUTE)["breaker_open"] and now.route(ROUTE)["build"] == AGAIN,
        )
        reads = self.clients.by_kind["charge"] - answered
        self.screen.say(f"breaker closed; {reads} reads of charges meanwhile, {self._errors()}")

    async def live(self) -> None:
        self._step("All users: live, and legacy gets the copies")
        await self._verdict("pass", AGAIN)
        await self._promote("live")
        if self.witness.cohort is not None:
            self.cohorts.append(self.witness.cohort)
            self.witness.cohort = None
        await self._agrees()
        self._say_clients()

    async def halt_and_resume(self) -> None:
        self._step("halt: every route back to the monolith at once, and resume")
        before = self.witness.by_halt
        await self._strangler("halt", "--why", "the demo shows the kill switch")
        await self.admin.until("answers by legacy under halt", lambda _: self.witness.by_halt > before + 20)
        self.screen.say(f"{ROUTE} is answered by the monolith; {self._errors()}")
        await self._strangler("resume", "--why", "all is well")
        await self.admin.until("live again", lambda now: now.route(ROUTE)["stage"] == "live")
        await self._agrees()
        self._say_clients()

    # parts of steps

    async def _verdict(self, verdict: str, build: str) -> None:
        def seen(now: Status) -> Json | None:
            route = now.route(ROUTE)
            ruled = route["verdict"]
            if route["build"] != build:
                return None
            if {ruled["verdict"], verdict} == {"pass", "fail"}:
                raise StoryError(f"build {build} must get verdict {verdict}: {ruled['verdict']}, {ruled['why']}")
            return route if ruled["verdict"] == verdict else None

        route = await self.admin.until(f"verdict {verdict} for {build}", seen)
        why = route["verdict"]["why"]
        self.verdicts.append(Ruled(route["stage"], build, verdict, why, ""))
        self.screen.say(f"verdict {verdict} for build {build}: {why}", "green" if verdict == "pass" else "red")

    def _rule(self, outcome: str) -> None:
        self.verdicts[-1] = self.verdicts[-1]._replace(outcome=outcome)

    async def _name_what_differs(self) -> None:
        deadline = monotonic() + PATIENCE
        while True:
            found = await self.differences(BAD)
            if {path for _, path, _ in found} >= BUG_PATHS:
                break
            self._hold(monotonic() < deadline, f"{BUG_PATHS} must be among the mismatches, found {found}")
            await self.admin.until("the next mismatch", lambda _: True)
        for (_, path, kind), count in found.most_common():
            self.screen.say(f"mismatch at {path}: {kind}, {count} times", "red")

    async def differences(self, build: str | None = None) -> Counter[tuple[str, str, str]]:
        """Mismatches of ROUTE by build, field path and kind; of one build or of all."""
        answer = await self.admin.get(f"routes/{ROUTE}/mismatches")
        for row in answer["signatures"] if answer else []:
            self.found[row["build"], row["path"], row["kind"]] = 0
        for row in answer["signatures"] if answer else []:
            self.found[row["build"], row["path"], row["kind"]] += row["count"]
        return Counter({key: count for key, count in self.found.items() if build in (None, key[0])})

    async def _promote(self, stage: str) -> None:
        code, _ = await self._strangler("promote", ROUTE, "--why", "the verdict is pass")
        self._hold(code == 0, f"promote must succeed, it ended with {code}")
        await self.admin.until(f"stage {stage}", lambda now: now.route(ROUTE)["stage"] == stage)
        self._rule(f"promoted to {stage}")

    async def _see_cohort(self) -> None:
        cohort = self.witness.cohort
        assert cohort is not None  # noqa: S101 - set by the step

        def seen(_: Status) -> bool:
            answers = [cohort.seen(user) for user in cohort.users]
            return len(answers) == self.clients.users and min(answers) >= READS_EACH

        await self.admin.until("answers for every user", seen)
        inside = len(cohort.extracted)
        self._hold(not cohort.on_both_sides, f"users on both sides: {cohort.on_both_sides}")
        self._hold(inside > 0, "no user is inside the canary")
        self.screen.say(
            f"{inside} of {len(cohort.users)} users are answered by charges, and only by charges; the others never "
            "(access log, agreed by the service's own log)"
        )

    async def _agrees(self) -> None:
        def seen(now: Status) -> Json | None:
            counts: Json = now.route(ROUTE)["comparisons"]
            return (
                counts
                if counts["match"] + counts["ignored"] >= AGREED and now.route(ROUTE)["stage"] == "live"
                else None
            )

        counts = await self.admin.until("reverse comparisons in live", seen)
        self._hold(counts["mismatch"] == 0, f"{counts['mismatch']} mismatches in live")
        self.screen.say(
            f"charges answers, the monolith gets copies: {counts['ignored'] + counts['match']} agree, 0 differ"
        )

    async def _strangler(self, *arguments: str) -> tuple[int, str]:
        self.screen.say(f"$ strangler {' '.join(arguments)}", "bold")
        code, said = await self.world.strangler(*arguments)
        self.screen.say(said.rstrip() + f"\n[exit code {code}]", "" if code == 0 else "yellow")
        return code, said

    async def _now(self) -> Status:
        return await self.admin.until("the admin port", lambda now: now)

    def _step(self, title: str) -> None:
        self.steps += 1
        self.screen.step(self.steps, title)

    def _hold(self, held: bool, what: str) -> None:
        if not held:
            raise StoryError(what)

    def _say_edit(self, lines: list[str]) -> None:
        self.screen.say(f"edit of {shown(self.world.routes)}:\n" + "\n".join(lines), "cyan")

    def _say_clients(self) -> None:
        self.screen.say(f"clients: {self.clients.requests:,} requests, {self._errors()}")

    def _errors(self) -> str:
        return f"{self.clients.failed} client errors"


def _stages(status: Status) -> dict[str, str]:
    return {name: route["stage"] for name, route in status.routes.items()}


def _evidence(now: Status) -> int | None:
    counted = int(now.route(ROUTE)["verdict"]["n"])
    return counted if counted >= AGREED else None
