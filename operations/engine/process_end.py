"""The words for the end of a child process."""

from __future__ import annotations

import signal


def end_of_process(code: int) -> str:
    """Return how a process ended, such as `ended with code 1` or, for a negative code, `was killed by SIGKILL`."""
    return f"ended with code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
