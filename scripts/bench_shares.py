"""Where the time of one `sde` command goes: imports, program, engine, gate. `scripts/bench` runs it.

`bench_shares.py FILE ARGUMENTS…` runs the command under a sampler. Every 5 ms the sampler looks at what the process is
doing, or waiting for. It needs no change of the product.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
INTERVAL = 0.005
"""Seconds between two looks."""
PLACES = {
    "importlib._bootstrap": "imports",
    f"{ROOT}/policies/": "gate",
    f"{ROOT}/operations/reports/": "gate",
    f"{ROOT}/operations/engine/program_process.py": "program",  # waits for it
    f"{ROOT}/operations/engine/pulumi_process.py": "cli",
    f"{ROOT}/operations/engine/": "engine",
    f"{ROOT}/local_azure/": "engine",
}
"""The share that a frame is counted in, by a part of its file's name. The innermost frame with an entry decides."""
ORDER = ("imports", "gate", "engine", "program", "cli")
"""The shares by precedence, for threads that are in several at once. In the last two, a thread only waits."""


def share_of(frame: FrameType | None) -> str | None:
    """Return what a thread is busy with; None where it waits for another, or is in none of these."""
    if frame is not None and frame.f_code.co_filename.endswith(("selectors.py", "threading.py", "_server.py")):
        return None
    while frame is not None:
        for part, share in PLACES.items():
            if part in frame.f_code.co_filename:
                return share
        frame = frame.f_back
    return None


class Sampler:
    """Counts, in a thread of its own, what the other threads of this process are doing."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._began = time.perf_counter()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(INTERVAL)
            own = threading.get_ident()
            busy = [share_of(frame) for thread, frame in sys._current_frames().items() if thread != own]
            share = next((share for share in ORDER if share in busy), "rest")
            self.counts["engine" if share == "cli" else share] += 1

    def write(self, file: Path) -> None:
        """Write the seconds of each share, scaled to the time that has passed."""
        whole = time.perf_counter() - self._began
        total = sum(self.counts.values()) or 1
        file.write_text(json.dumps({share: whole * count / total for share, count in self.counts.items()}))


def sampled(file: Path, work: Callable[[], None]) -> None:
    """Run `work` and write its shares, however it ends."""
    sampler = Sampler()
    try:
        work()
    finally:
        sampler.write(file)


def command(file: Path, arguments: list[str]) -> None:
    """Run an `sde` command under a sampler."""

    def work() -> None:
        from operations.cli.app import main  # noqa: PLC0415 - its imports are measured too

        raise SystemExit(main(arguments))

    sampled(file, work)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    command(Path(sys.argv[1]), sys.argv[2:])
