"""Edge. Sends copies of client requests to the side that did not answer, within bounds, and pairs the observations;
asks both sides again where a pair differs."""

from proxy.shadow.lanes import Call, Shadow
from proxy.shadow.reasks import Again, Reasks, Ways

__all__ = ["Again", "Call", "Reasks", "Shadow", "Ways"]
