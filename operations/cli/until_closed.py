"""`sde` for the workers of the queue: interrupted when its standard input closes, because its worker has ended."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading

from operations.__main__ import COLLECT_AFTER, stop_in_order
from operations.cli.app import main


def _interrupt_when_closed() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    stop_in_order()
    gc.set_threshold(*COLLECT_AFTER)
    threading.Thread(target=_interrupt_when_closed, daemon=True).start()
    sys.exit(main())
