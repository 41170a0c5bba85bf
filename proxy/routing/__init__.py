"""Pure. From the spec to what happens to one request: compiled table, stage decision, cohort, the head to send on."""

from proxy.routing.breaker import Breaker
from proxy.routing.explain import Explanation, explain
from proxy.routing.filters import for_side
from proxy.routing.forwarding import authority_of, copy_head
from proxy.routing.inventory import Inventory
from proxy.routing.naming import named_path
from proxy.routing.plan import can_be_copied
from proxy.routing.snapshot import Snapshot, build_snapshot
from proxy.routing.stages import effective_states, skipped_by_halt, surviving_overrides
from proxy.routing.table import Table, compile_table
from proxy.routing.unreachable import unreachable

__all__ = [
    "Breaker",
    "Explanation",
    "Inventory",
    "Snapshot",
    "Table",
    "authority_of",
    "build_snapshot",
    "can_be_copied",
    "compile_table",
    "copy_head",
    "effective_states",
    "explain",
    "for_side",
    "named_path",
    "skipped_by_halt",
    "surviving_overrides",
    "unreachable",
]
