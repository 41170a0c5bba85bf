"""The strangler-fig toolkit: a proxy that moves routes from a monolith to services, with evidence.

Rooms and their order are described in docs/architecture.md and enforced by tests/architecture.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("strangler")
except PackageNotFoundError:  # run from a checkout that was not installed
    __version__ = "0.0.0+checkout"
