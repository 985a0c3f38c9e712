"""`python -m operations`: the `sde` command line, as `scripts/sde` starts it."""

from __future__ import annotations

import gc
import os
import signal
import sys

if os.name == "nt":  # file locks, signals and process groups are those of POSIX
    sys.exit("error: this project runs on Linux and macOS.\n  fix: on Windows use WSL (wsl --install)")

from operations.cli.app import main

COLLECT_AFTER = (100_000, 20, 20)
"""The thresholds of the garbage collector. With Python's own, collections take a sixth of a command's CPU time."""


def stop_in_order() -> None:
    """A closed terminal and a cancelled pipeline stop a run as Ctrl-C does: state written, lock given back."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` means what it says
            signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    stop_in_order()
    gc.set_threshold(*COLLECT_AFTER)
    sys.exit(main())
