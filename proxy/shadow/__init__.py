"""Edge. Sends copies of client requests to the side that did not answer, within bounds, and pairs the observations."""

from proxy.shadow.lanes import Call, Shadow

__all__ = ["Call", "Shadow"]
