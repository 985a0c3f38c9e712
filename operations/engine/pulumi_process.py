"""Run the Pulumi CLI as a child process."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from formats.stack_names import RENDERED
from operations.engine.process_end import end_of_process
from operations.engine.pulumi_events import message_text, without_colours


class CommandFailed(Exception):  # noqa: N818 - named by what happened, as the port's errors are
    """The CLI ended with a code other than 0. `stdout` and `stderr` are without colours."""

    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        how = end_of_process(code) + (" and printed nothing" if code >= 0 else "")
        text = stdout.partition("{")[0].strip()  # JSON follows
        super().__init__(message_text(stderr or text or f"the Pulumi CLI {how}"))
        self.code, self.stdout, self.stderr = code, stdout, stderr
        self.is_silent = code > 0 and not stderr and not text


@dataclass(frozen=True)
class PulumiProcess:
    """The CLI's executable, its working directory (the project's folder) and its whole environment."""

    command: Path
    folder: Path
    environment: Mapping[str, str]

    def run(self, arguments: Sequence[str], on_line: Callable[[str], object] | None = None) -> str:
        """Run one command and return its standard output. Each line is passed to `on_line` when it arrives.

        `CommandFailed` if the CLI fails. Ctrl-C interrupts the CLI, which ends its present step and saves the state.
        A second Ctrl-C makes it stop at once.
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
            lines, errors = _read(process, on_line)
        if process.returncode:
            raise CommandFailed(process.returncode, without_colours("".join(lines)), without_colours("".join(errors)))
        return "".join(lines)


def _read(process: subprocess.Popen[str], on_line: Callable[[str], object] | None) -> tuple[list[str], list[str]]:
    """Return the lines of a process's standard output and standard error, once it has ended."""
    assert process.stdout is not None and process.stderr is not None  # noqa: S101 - they are pipes
    lines: list[str] = []
    errors: list[str] = []
    error_reader = threading.Thread(target=lambda stream=process.stderr: errors.extend(stream), daemon=True)
    error_reader.start()
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
        except BaseException:  # `on_line` failed: a run must not continue without its events
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    error_reader.join()
    if interrupted:
        raise interrupted
    return lines, errors


def environment_with(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with the overrides and the variables that make the CLI's output plain."""
    quiet = {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "false",  # one JSON document at the end, with every step
        "NO_COLOR": "1",
        RENDERED: "1",
    }
    return {**os.environ, **quiet, **overrides}
