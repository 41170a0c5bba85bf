"""Pure. routes.yaml text to a spec, or to every problem in it; its schema; what an edit changes; small edits."""

from proxy.config.changes import Change, changes
from proxy.config.edit import edit_stage
from proxy.config.edit_rules import Noted, edit_rules, rules_patch
from proxy.config.filter_words import filter_words
from proxy.config.load import Loaded, load
from proxy.config.schema import json_schema
from proxy.config.splice import CannotEditError

__all__ = [
    "CannotEditError",
    "Change",
    "Loaded",
    "Noted",
    "changes",
    "edit_rules",
    "edit_stage",
    "filter_words",
    "json_schema",
    "load",
    "rules_patch",
]
