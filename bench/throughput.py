"""One run of one case against one proxy: capacity, CPU time per request, and whether the copies were really made and
compared.
"""

from __future__ import annotations

import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.answers import SIZES
from bench.compared import ENOUGH, Compared, scrape, scrape_settled
from bench.load import Load, run_wrk
from bench.machine import BenchError, Cores, Process, cpu_seconds, free_port, settle, start, stop, wait_listening
from bench.peers import SHADOW, Peer, Place
from bench.report import Sample
from bench.upstream import LOOSE, Upstream, requests_served, sizes_of

CONNECTIONS = 32
SLOWER = (0.9, 0.7)  # shares of the compared rate at which an invalid shadow run is tried again

PUT_OFF = 1.15  # more CPU seconds than this per second of load were partly spent after it: no rate to be held


@dataclass(frozen=True)
class Running:
    """A started peer. One that speaks TLS to clients serves that case only, one that does not all others."""

    peer: Peer
    process: Process
    place: Place

    @property
    def pid(self) -> int:
        return self.process.popen.pid

    @property
    def cases(self) -> tuple[str, ...]:
        return tuple(case for case in self.peer.cases if (case == "tls") is (self.place.pem is not None))

    def url(self, path: str) -> str:
        return f"{'https' if self.place.pem else 'http'}://127.0.0.1:{self.place.port}/{path}"


@contextmanager
def run_peers(
    peers: list[Peer], cores: Cores, folder: Path, upstream: Upstream, *, tls: bool
) -> Iterator[list[Running]]:
    """All peers, started side by side on the proxy core; idle ones cost next to nothing while another is measured. With
    `tls` those that can are started once more, to speak it.
    """
    with ExitStack() as stack:
        running = []
        again = [(peer, new_pem(folder)) for peer in peers if tls and "tls" in peer.cases]
        for peer, pem in [*((peer, None) for peer in peers), *again]:
            assert peer.program is not None
            home = folder / (f"{peer.name}-tls" if pem else peer.name)
            home.mkdir()
            place = Place(home, free_port(), free_port(), upstream, pem)
            process = start(peer.name, peer.command(peer.program, place), cores.proxy, home / "log")
            stack.callback(stop, process, 15.0)
            wait_listening(process, place.port)
            running.append(Running(peer, process, place))
            probe(running[-1])
        yield running


def new_pem(folder: Path) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    pem = folder / "tls.pem"
    if not pem.exists():
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-days", "2", "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1"]
        done = subprocess.run([*command, "-keyout", str(pem), "-out", "-"], capture_output=True, check=False)
        if done.returncode:
            raise BenchError(f"openssl made no certificate: {done.stderr.decode().strip()}")
        pem.write_bytes(pem.read_bytes() + done.stdout)
    return pem


def probe(running: Running, patience: float = 10.0) -> None:
    """Every case answers 200 with a body of the right size; a control process may need a moment to come up."""
    context = ssl.create_default_context(cafile=running.place.pem) if running.place.pem else None
    for case in running.cases:
        if case.startswith("bulk") or case == "hang":
            continue
        for name in sizes_of(case):
            deadline = time.monotonic() + patience
            url, size = running.url(f"{case}/{name}"), SIZES[name]
            while (fault := fault_of(url, size, context)) and time.monotonic() < deadline:
                running.process.check()
                time.sleep(0.1)
            if fault:
                raise BenchError(
                    f"{running.peer.name} does not serve /{case}/{name}: {fault}\n{running.process.tail()}"
                )


def fault_of(url: str, size: int, context: ssl.SSLContext | None = None) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5, context=context) as answer:
            seen = len(answer.read())
    except (urllib.error.URLError, OSError) as error:
        return str(error)
    return "" if abs(seen - size) <= LOOSE else f"{seen} bytes, not {size}"


def measure(running: Running, cores: Cores, case: str, size: str, seconds: float, pause_ms: int = 0) -> Sample:
    """One run. Work done after the answers (copies, comparing) is waited for and counted in the CPU time."""
    ours = running.peer.name == "strangler"
    copied = case in SHADOW
    upstream = running.place.upstream
    settle(running.pid)
    before = scrape(running.place.admin, case) if ours and copied else None
    served = requests_served(upstream)
    cpu = cpu_seconds(running.pid)
    load = run_wrk(
        cores, running.url(f"{case}/{size}"), seconds, CONNECTIONS, sessions=case == "canary", pause_ms=pause_ms
    )
    quiet = settle(running.pid)
    cpu = cpu_seconds(running.pid) - cpu
    running.process.check()
    copies = max(0, requests_served(upstream) - served - load.requests) / load.requests if load.requests else 0.0
    compared = scrape_settled(running.place.admin, case, before, load.requests) if before else None
    return Sample(
        peer=running.peer.name,
        case=case,
        size=size,
        requests=load.requests,
        rate=round(load.rate, 1),
        mb_s=round(load.received / load.seconds / 1e6, 1),
        cpu_us=round(1e6 * cpu / max(1, load.requests), 2),
        copies=round(copies, 4) if copied else None,
        compared=compared,
        invalid=fault(load, cpu, copies if copied else None, compared) if quiet else "busy long after the last answer",
        paced=pause_ms > 0,
    )


def fault(load: Load, cpu: float, copies: float | None, compared: Compared | None) -> str:
    """Why a run proves nothing, or "". A peer that mirrors is held to its copies by the upstream's count."""
    if load.failed or not load.requests:
        return f"{load.failed} of {load.requests} requests failed"
    if compared is not None and compared.share < ENOUGH:
        return f"only {compared.share:.1%} compared"
    if compared is not None and compared.share > 2 - ENOUGH:
        return f"{compared.share:.1%} compared: its counts hold comparisons of other runs"
    if copies is not None and copies < ENOUGH:
        return f"only {copies:.1%} of the copies were sent"
    if cpu > PUT_OFF * load.seconds:
        return f"work was put off: {cpu:.1f} s of CPU time for {load.seconds:.1f} s of load on one core"
    return ""


def measure_paced(running: Running, cores: Cores, full: Sample, seconds: float) -> Sample | None:
    """After a shadow run at full speed that compared too little: the same at a rate it may hold, or None if it holds
    none.

    The rate is set by a pause of each connection between two requests, so it is met only roughly; what counts is what
    was seen.
    """
    if full.compared is None or not full.compared.compared:
        return None
    best = full.rate * full.compared.share
    for share in SLOWER:
        pause = max(1, round(1e3 * CONNECTIONS / (best * share)))
        sample = measure(running, cores, full.case, full.size, seconds, pause)
        if not sample.invalid:
            return sample
    return None
