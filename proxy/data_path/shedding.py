"""What a worker gives up, and then refuses, before memory runs out.

Everything that an exchange may buffer is bounded, but thousands of bounded buffers are a lot: clients that do not read
their answers, uploads that are captured for comparing, heads that never end. When the system's memory is used up the
kernel kills the worker, and all its exchanges with it; to refuse some is the smaller harm (Envoy's overload manager).

What counts is what the kernel counts: resident memory, whatever it is used for. From four fifths of `limits.memory` on
nothing is copied for comparing, and an exchange may hold little: its backend is read in pieces of 16 KB, and not at all
while the client has not taken the last one (usually pieces are up to 256 KB, and 64 KB may be left). At the limit new
requests get 503 with Retry-After, while those under way go on, within the 16 KB. Ten looks a second alone would come
late, loopback brings a gigabyte in one; so it is looked at again after each megabyte of answers. Each state ends a
little lower than it began, so that it does not flutter. An allocator keeps what was freed, which would look like memory
in use for ever; so while it is tight, and for a few seconds after, the worker hands free pages back (glibc): what is
freed when it ends would stay with the worker otherwise.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from proxy.data_path.wheel import NEVER
from proxy.model.events import Event, EventKind, Tell

if TYPE_CHECKING:
    from proxy.data_path.wheel import Wheel

EVERY = 0.1
PASSED = 1024 * 1024  # bytes after which it is looked at in between
TIGHT = 0.8  # of the limit
_CALMER = 0.95  # of where it began: there it ends
_TRIM_EVERY = 10  # looks
_AFTER = 50  # looks that it goes on when memory is tight no more
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(statm: int) -> int:
    """The resident memory of this process in bytes. `statm` is its open /proc/self/statm."""
    return int(os.pread(statm, 128, 0).split(b" ", 2)[1]) * _PAGE


def _hand_back() -> Callable[[], object]:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return (lambda: None) if trim is None else (lambda: trim(0))


class Shedding:
    """`limit` gives the bound in bytes that is in force. `is_tight`: nothing is to be copied, and little to be held, of
    which `narrow` hears when it begins and ends; `refuses`: no new request is to be taken."""

    # fmt: off
    __slots__ = (
        "_calm", "_hand_back", "_limit", "_looks", "_narrow", "_room", "_statm", "_tell", "_wheel",
        "deadline", "due", "is_tight", "memory", "refuses",
    )
    # fmt: on

    def __init__(
        self, wheel: Wheel, limit: Callable[[], int], tell: Tell, narrow: Callable[[bool], None] = lambda on: None
    ) -> None:
        self._wheel = wheel
        self._limit = limit
        self._tell = tell
        self._narrow = narrow
        self._hand_back = _hand_back()
        self._statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        self._looks = 0
        self._calm = _AFTER  # looks since memory was tight
        self.memory = resident(self._statm)
        self.is_tight = False
        self.refuses = False
        self._room = PASSED
        self.deadline = NEVER
        self.due = NEVER

    def begin(self) -> None:
        """Look from now on."""
        self._wheel.watch(self, self._wheel.now + EVERY)

    def close(self) -> None:
        self.deadline = NEVER
        if self._statm >= 0:
            os.close(self._statm)
            self._statm = -1

    def expired(self, now: float) -> None:
        if self._statm < 0:
            return
        self._wheel.watch(self, now + EVERY)
        self.look(resident(self._statm))
        self._calm = 0 if self.is_tight else self._calm + 1
        if self._calm < _AFTER:
            self._looks += 1
            if self._looks % _TRIM_EVERY == 1:
                self._hand_back()

    def passes(self, size: int) -> None:
        """So many bytes of an answer came in."""
        self._room -= size
        if self._room < 0 and self._statm >= 0 and self.deadline < NEVER:
            self.look(resident(self._statm))

    def look(self, memory: int) -> None:
        """Decide by this many bytes."""
        self.memory = memory
        self._room = PASSED
        limit = self._limit()
        is_tight = memory >= limit * TIGHT * (_CALMER if self.is_tight else 1.0)
        if is_tight is not self.is_tight:
            self.is_tight = is_tight
            self._narrow(is_tight)
        refuses = memory >= limit * (_CALMER if self.refuses else 1.0)
        if refuses is not self.refuses:
            self.refuses = refuses
            kind = EventKind.SHEDDING if refuses else EventKind.SHEDDING_ENDED
            self._tell(Event(kind, f"{memory >> 20} MB resident, limits.memory is {limit >> 20} MB"))
