"""Run the Pulumi CLI as a child process, and what ends such a run."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from operations.engine.pulumi_events import plain, words


class CommandFailed(Exception):  # noqa: N818 - named by what happened, as the port's errors are
    """The CLI ended with another code than 0. `stdout` and `stderr` are what it printed, without colours."""

    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        how = f"ended with code {code} and said nothing" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
        spoken = stdout.partition("{")[0].strip()  # what follows is data
        super().__init__(words(stderr or spoken or f"the Pulumi CLI {how}"))
        self.code, self.stdout, self.stderr = code, stdout, stderr


@dataclass(frozen=True)
class PulumiProcess:
    """The CLI's executable, the folder of the project that it runs in, and its whole environment."""

    command: Path
    folder: Path
    environment: Mapping[str, str]

    def run(self, arguments: Sequence[str], on_line: Callable[[str], object] | None = None) -> str:
        """Run one command; what it printed on standard output. Each line goes to `on_line` as it comes.

        `CommandFailed` where the CLI fails. At Ctrl-C the CLI is asked to stop: it ends the step that it is at and
        saves the state. A second Ctrl-C makes it stop at once.
        """
        with subprocess.Popen(  # noqa: S603 - the arguments are ours, no shell
            [str(self.command), "--non-interactive", *arguments],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # a terminal's Ctrl-C reaches the CLI through us, once
        ) as process:
            lines, said = _read(process, on_line)
        if process.returncode:
            raise CommandFailed(process.returncode, plain("".join(lines)), plain("".join(said)))
        return "".join(lines)


def _read(process: subprocess.Popen[str], on_line: Callable[[str], object] | None) -> tuple[list[str], list[str]]:
    """What a process prints on its two streams, until it ends."""
    assert process.stdout is not None and process.stderr is not None  # noqa: S101 - they are pipes
    lines: list[str] = []
    said: list[str] = []
    aside = threading.Thread(target=lambda stream=process.stderr: said.extend(stream), daemon=True)
    aside.start()
    interrupted: KeyboardInterrupt | None = None
    while True:
        try:
            for line in process.stdout:
                lines.append(line)
                if on_line:
                    on_line(line)
            process.wait()
            break
        except KeyboardInterrupt as interrupt:
            interrupted = interrupt
            process.send_signal(signal.SIGINT)
        except BaseException:  # what hears the lines failed: the run must not go on unheard
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    aside.join()
    if interrupted:
        raise interrupted
    return lines, said


def environment_with(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with some variables laid over it, and those that make the CLI say less."""
    quiet = {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "false",  # one document at the end, with every step
        "NO_COLOR": "1",
    }
    return {**os.environ, **quiet, **overrides}
