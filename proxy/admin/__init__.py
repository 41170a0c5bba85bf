"""Edge. The admin port: JSON API, dashboard, metrics, health. It knows HTTP and who may ask; control answers through
a face."""

from proxy.admin.app import make_app
from proxy.admin.face import Accept, ControlFace, Promote, ReplayMismatches, Reply, Rollback, Who
from proxy.admin.problems import problem, unknown_route

__all__ = [
    "Accept",
    "ControlFace",
    "Promote",
    "ReplayMismatches",
    "Reply",
    "Rollback",
    "Who",
    "make_app",
    "problem",
    "unknown_route",
]
