"""Approved requests that are brought up at once: by worker processes of one command, and by workers of a queue."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.generated_estates import generate
from scripts.processes import descendants
from scripts.redis_server import redis_server, url

ROOT = Path(__file__).resolve().parents[1]
LOOK = 1.0
"""Seconds between two looks at the memory."""
SECONDS = "1800"
"""The longest time of one attempt, which none needs."""
Measured = tuple[str, float, float | None]
"""What was measured, its seconds, and the peak of memory of all its processes in MiB."""


def provisioned(requests: int) -> Iterator[Measured]:
    """Measure how long requests take that are approved without having been planned. What they require is up."""
    with tempfile.TemporaryDirectory(prefix="sde-bench-") as folder:
        site = Site(Path(folder))
        site.make(requests)
        yield from _compared(f"provision --parallel {{}}, {requests} requests", requests, site.in_one_command)
        if shutil.which("redis-server"):
            yield from _compared(f"provision --queue, workers: {{}}, {requests} requests", requests, site.by_queue)
        else:
            yield "redis-server: not installed, so that the queue is not measured", 0.0, None


def _compared(what: str, requests: int, run: Callable[[int], tuple[float, float]]) -> Iterator[Measured]:
    """Measure one worker, then two. CPU time depends least on what else the machine does."""
    alone: float | None = None
    for workers in (1, 2):
        before = _cpu()
        seconds, peak = run(workers)
        rate, cost = 3600 * requests / seconds, (_cpu() - before) / requests
        line = f"{what.format(workers)}: {rate:,.0f} an hour, {cost:.1f} s CPU each"
        yield line + (f", {alone / seconds:.2f} times one" if alone else ""), seconds, peak
        alone = alone or seconds


def _cpu() -> float:
    """Return the CPU time of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass
class Site:
    """A generated estate, and a home that each measure gets as it was."""

    folder: Path

    def make(self, requests: int) -> None:
        """Bring up what the tenancies require, and approve their requests."""
        from operations.settings import Settings  # noqa: PLC0415
        from scripts.approved_estates import approve_all  # noqa: PLC0415

        generate(self.folder / "estate", requests)
        stacks = [json.loads(line)["name"] for line in self._said("stacks", "--json").splitlines()]
        self._said("up", *(name for name in stacks if not name.startswith("tre-")), "--yes")
        approve_all(self.folder / "estate", Settings.load(self._environ))
        shutil.copytree(self._home, self.folder / "before")

    def in_one_command(self, workers: int) -> tuple[float, float]:
        """Bring up all with worker processes of one command."""
        return self._measured(["provision", "--parallel", str(workers)])

    def by_queue(self, workers: int) -> tuple[float, float]:
        """Bring up all with workers of a queue, which run when the time begins."""
        with redis_server(self.folder / "redis") as port:
            environ = {"SDE_QUEUE_URL": url(port), "SDE_QUEUE_SECONDS": SECONDS}
            with self._workers(workers, environ):
                return self._measured(["provision", "--queue"], environ)

    @contextmanager
    def _workers(self, count: int, environ: dict[str, str]) -> Iterator[None]:
        started = [self._start(["queue", "work"], environ) for _ in range(count)]
        while json.loads(self._said("queue", "show", "--json", **environ).splitlines()[0])["workers"] < count:
            time.sleep(1)
        try:
            yield
        finally:
            for one in started:
                one.send_signal(signal.SIGTERM)
                one.wait()

    def _measured(self, command: list[str], environ: dict[str, str] | None = None) -> tuple[float, float]:
        shutil.rmtree(self._home)
        shutil.copytree(self.folder / "before", self._home)
        with _peak_of_descendants() as peak:
            began = time.perf_counter()
            code = self._start(command, environ or {}).wait()
            seconds = time.perf_counter() - began
        states = [json.loads(line) for line in self._said("stacks", "--json").splitlines()]
        left = [one["name"] for one in states if one["state"] != "up"]
        if code or left:
            output = (self.folder / "output").read_text()[-2000:]
            raise SystemExit(f"error: {' '.join(command)} ended with {code}, not up: {', '.join(left)}\n{output}")
        return seconds, peak[0]

    def _start(self, command: Sequence[str], environ: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(self._command(command), cwd=ROOT, env=self._environ | environ,  # noqa: S603
                                    stdout=output, stderr=output, stdin=subprocess.DEVNULL)  # fmt: skip

    def _said(self, *command: str, **environ: str) -> str:
        return subprocess.run(self._command(command), cwd=ROOT, env=self._environ | environ, check=True,  # noqa: S603
                              text=True, stdout=subprocess.PIPE).stdout  # fmt: skip

    def _command(self, command: Sequence[str]) -> list[str]:
        estate = str(self.folder / "estate")
        return [sys.executable, "-m", "operations", "--engine", "embedded", "--estate", estate, *command]

    @property
    def _home(self) -> Path:
        return self.folder / "home"

    @property
    def _environ(self) -> dict[str, str]:
        quiet = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "SDE_"))}
        return quiet | {"SDE_HOME": str(self._home), "NO_COLOR": "1"}


@contextmanager
def _peak_of_descendants() -> Iterator[list[float]]:
    """Yield a list whose value is the most memory of all descendants at once, in MiB. Shared pages count once."""
    most, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(LOOK):
            most[0] = max(most[0], sum(map(_proportional_set, descendants(os.getpid()))))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def _proportional_set(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
