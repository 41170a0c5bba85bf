"""Edge. The `strangler` command, one file per command.

Commands that ask a running proxy speak to its admin port and need none of the data path's libraries; commands that
read files call the pure rooms. Both are imported when a command runs, so that `strangler --help` answers at once.
"""

from proxy.cli.app import main

__all__ = ["main"]
