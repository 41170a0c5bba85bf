"""Pure. routes.yaml text to a spec, or to every problem in it; its schema; what an edit changes; small edits."""

from proxy.config.changes import Change, changes
from proxy.config.edit import CannotEditError, edit_stage
from proxy.config.load import Loaded, load
from proxy.config.schema import json_schema

__all__ = ["CannotEditError", "Change", "Loaded", "changes", "edit_stage", "json_schema", "load"]
