"""Where the time of one `sde` command goes: imports, program, engine, gate. `scripts/bench` runs it.

`bench_shares.py FILE ARGUMENTS…` runs the command under a sampler, and `--host FILE FOLDER` the language host that it
starts for the Pulumi CLI. Every 5 ms the sampler looks at what the process is doing. It needs no change of the product.
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
    f"{ROOT}/operations/resolve.py": "gate",
    f"{ROOT}/operations/engine/embedded/program.py": "program",
    f"{ROOT}/operations/engine/pulumi_process.py": "engine",
    f"{ROOT}/operations/engine/": "engine",
    f"{ROOT}/local_azure/": "engine",
    f"{ROOT}/infra/": "program",
    "/site-packages/pulumi": "program",
}
"""What a frame belongs to, by a part of its file's name; the innermost frame that is named here decides."""


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
            found = [share for share in busy if share]
            self.counts["imports" if "imports" in found else found[0] if found else "rest"] += 1

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
    """Run an `sde` command, and its language host, under samplers."""

    def work() -> None:
        from operations.cli.app import main  # noqa: PLC0415 - its imports are measured too
        from operations.engine import program_process  # noqa: PLC0415

        host = file.with_suffix(".host.json")
        program_process.COMMAND = (sys.executable, str(Path(__file__).resolve()), "--host", str(host))
        raise SystemExit(main(arguments))

    sampled(file, work)


def host(file: Path, folder: Path) -> None:
    """Serve the program as `operations.engine.language_host` does, and write what its runs were busy with."""
    sampler = Sampler()
    from operations.engine import language_host  # noqa: PLC0415

    run = language_host.run_program

    def run_and_write(*arguments: object) -> str:
        failure = run(*arguments)  # type: ignore[arg-type]
        sampler.write(file)  # the process is ended from outside: this is the last moment that is sure
        return failure

    language_host.run_program = run_and_write
    language_host.serve(folder)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if sys.argv[1] == "--host":
        host(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        command(Path(sys.argv[1]), sys.argv[2:])
