"""Pure. From the spec to what happens to one request: compiled table, stage decision, cohort, the head to send on."""

from proxy.routing.assembly import Entry, assembled, changed_states, entries, read_states, without_routes
from proxy.routing.breaker import Breaker
from proxy.routing.explain import Explanation, explain
from proxy.routing.filters import for_side
from proxy.routing.forwarding import authority_of, copy_head
from proxy.routing.inventory import Inventory
from proxy.routing.naming import named_path
from proxy.routing.plan import can_be_copied
from proxy.routing.snapshot import Snapshot, build_snapshot
from proxy.routing.stages import effective_states, skipped_by_halt, surviving_overrides
from proxy.routing.steps import Steps, at_once
from proxy.routing.table import Table, compile_table
from proxy.routing.unreachable import unreachable

__all__ = [
    "Breaker",
    "Entry",
    "Explanation",
    "Inventory",
    "Snapshot",
    "Steps",
    "Table",
    "assembled",
    "at_once",
    "authority_of",
    "build_snapshot",
    "can_be_copied",
    "changed_states",
    "compile_table",
    "copy_head",
    "effective_states",
    "entries",
    "explain",
    "for_side",
    "named_path",
    "read_states",
    "skipped_by_halt",
    "surviving_overrides",
    "unreachable",
    "without_routes",
]
