"""Edge. What outlives a restart: evidence, exemplars, overrides, audit, in one embedded SQLite file; all SQL is in this
room.

One thread of control uses a `Store`; nothing here is asynchronous, and only `StoreTrouble` comes out of it.
"""

from proxy.store.batch import Batch, Build, Loaded, NoiseRow
from proxy.store.opening import Opened
from proxy.store.retention import Pruned
from proxy.store.rule_use import RULE_SET, RuleUse, read_rule_uses
from proxy.store.store import Store
from proxy.store.trouble import StoreTrouble

__all__ = [
    "RULE_SET",
    "Batch",
    "Build",
    "Loaded",
    "NoiseRow",
    "Opened",
    "Pruned",
    "RuleUse",
    "Store",
    "StoreTrouble",
    "read_rule_uses",
]
