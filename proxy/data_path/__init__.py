"""Edge. The client connection, the upstream connection and pool, the exchange, the upgrade tunnel."""

from proxy.data_path.doors import Doors
from proxy.data_path.engine import DataPath

__all__ = ["DataPath", "Doors"]
