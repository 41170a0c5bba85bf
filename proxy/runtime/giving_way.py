"""How control gives way to workers that share a core with it.

Linux lets whoever runs go on for some milliseconds before one who wakes up may run, however nice or however short-
sliced either is (measured: docs/performance.md); a request wakes its worker three times. `sched_yield` ends that at
once, and costs a third of a microsecond where nobody waits. SCHED_IDLE for control would do the same, but could not be
taken back without privileges: on a saturated core the admin port, too, would stand still. So control gives way while it
keeps up, and takes its share when it is late.
"""

from __future__ import annotations

import os

LATE = 0.2  # seconds that work may wait: two frames of a worker


class Way:
    """Call it to give way. `frame_age` and `pair_age` say how long ago in seconds was told what is worked on now."""

    def __init__(self) -> None:
        self.frame_age = 0.0
        self.pair_age = 0.0

    @property
    def is_late(self) -> bool:
        return self.frame_age > LATE or self.pair_age > LATE

    def __call__(self) -> None:
        if not self.is_late:
            os.sched_yield()
