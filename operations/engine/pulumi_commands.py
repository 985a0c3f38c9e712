"""Run commands of the Pulumi CLI on the project's stacks, serve them the program, and explain their failures."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from formats.errors import InputError
from operations.engine import files, locks
from operations.engine.language_host import LanguageServer
from operations.engine.port import StackSettings
from operations.engine.program_process import DEFAULT_SECONDS, ProgramProcess
from operations.engine.project import client_project, program_of, project_name
from operations.engine.pulumi_errors import ErrorMessage, StackContext, StackMissingError, port_error
from operations.engine.pulumi_process import CommandFailed, PulumiProcess, environment_with
from operations.settings import PROJECT, folder_of, write_whole

_LOCAL = "file://"
_LOCKS = Path(".pulumi", "locks", "organization", PROJECT)
_STATES = Path(".pulumi", "stacks", PROJECT)
_JOURNALS = Path(".pulumi", "sde-journal", PROJECT)
_CLI_JOURNALS = Path(".pulumi", "journal", PROJECT)
_STATE_FILES = (".json", ".json.gz", ".json.zst")
NO_ENVIRONMENT: Mapping[str, str] = {}
_CREATES_STACK = ("preview", "up", "import")
"""The commands that create a stack that the backend does not know."""


class PulumiCommands:
    """Run the CLI in a project's folder, with the program in the project's language host."""

    def __init__(
        self,
        root: Path,
        environment: Mapping[str, str],
        command: Path,
        *,
        creates_stacks: bool,
        program_seconds: float = DEFAULT_SECONDS,
    ) -> None:
        """`environment` overrides the process's own. With `creates_stacks`, a missing stack is created."""
        self.root, self.creates = root, creates_stacks
        self.program = ProgramProcess(root, program_seconds)
        whole = environment_with(environment)
        url = whole.get("PULUMI_BACKEND_URL", "")
        self._folder = folder_of(url)
        self._url = whole["PULUMI_BACKEND_URL"] = _absolute(url)
        executable = command if command.is_absolute() else shutil.which(str(command), path=whole.get("PATH")) or command
        self._pulumi = PulumiProcess(Path(executable), root, whole)

    def run(self, name: str, arguments: Sequence[str]) -> str:
        """Run a command that needs no program; a failure is raised as one of the port's errors."""
        project_name(self.root)  # reports an error in Pulumi.yaml
        try:
            return self._pulumi.run(arguments)
        except CommandFailed as error:
            raise self.failure(error, name) from None

    def run_program(
        self,
        stack: StackSettings,
        arguments: Sequence[str],
        on_line: Callable[[str], object] | None = None,
        *,
        environment: Mapping[str, str] = NO_ENVIRONMENT,
    ) -> str:
        """Run a command on one stack and serve it the program. `CommandFailed` if the CLI fails.

        `environment` is added to that of the process.

        A missing stack is created if it is local; one in real Azure is created by its owner, who chooses its secrets
        provider.
        """
        program_of(self.root)  # reports an error in Pulumi.yaml
        self._refuse_journal(stack.name)
        whole = [*arguments, "--stack", stack.name]
        importing = arguments[0] == "import"
        if importing or stack.file.absolute().parent != self.root:
            whole += ["--config-file", str(stack.file.absolute())]
        if not importing:
            whole += [f"--client={self.language.address}"]
        try:
            return self._run_with_program(whole, on_line, environment)
        except CommandFailed as error:
            missing = isinstance(port_error(error, self._context(stack.name)), StackMissingError)
            if not (missing and self.creates and arguments[0] in _CREATES_STACK):
                raise
        self.create_stack(stack.name, stack.file)
        return self._run_with_program(whole, on_line, environment)

    @cached_property
    def language(self) -> LanguageServer:
        """The language host of the program, started at first use."""
        return LanguageServer(self.program)

    def _run_with_program(
        self, arguments: Sequence[str], on_line: Callable[[str], object] | None, environment: Mapping[str, str]
    ) -> str:
        """Run a command, and end the program with it."""
        self.program.start()
        pulumi = replace(self._pulumi, environment={**self._pulumi.environment, **environment})
        try:
            return pulumi.run(arguments, on_line)
        finally:
            self.program.stop()

    def create_stack(self, name: str, config: Path) -> None:
        """Create a stack in the backend, with the salt of its configuration file, which gets one if it has none.

        `pulumi stack init` uses only the file in its working folder. It runs in a temporary folder, so that it never
        changes the project's file if the stack's file is elsewhere.
        """
        with TemporaryDirectory(prefix="sde-stack-") as folder:
            file = Path(folder, f"Pulumi.{name}.yaml")
            before = config.read_text() if config.exists() else ""
            file.write_text(before)
            Path(folder, "Pulumi.yaml").write_text(client_project(self.root, ""))
            try:
                replace(self._pulumi, folder=Path(folder)).run(["stack", "init", name, "--no-select"])
            except CommandFailed as error:
                raise self.failure(error, name) from None
            if (after := file.read_text()) != before:
                write_whole(config, after)

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Hold the stack's lock, if the backend is a folder."""
        return locks.hold(self._folder / _LOCKS / name, name) if self._folder else nullcontext()

    def locked_by(self, name: str) -> str | None:
        """Return the holder of the stack's lock, if the backend is a folder; others reveal it only on an update."""
        return ", and by ".join(locks.live_holders(self._folder / _LOCKS / name)) or None if self._folder else None

    def lacks(self, name: str) -> bool:
        """Return True if the backend is a folder of stacks without this one. Any other backend has to be asked."""
        if self._folder is None:
            return False
        states = self._folder / _STATES
        with files.translate_os_errors(states):
            return states.is_dir() and not any((states / f"{name}{end}").exists() for end in _STATE_FILES)

    def checkpoint(self, name: str) -> bytes | None:
        """Return the stack's stored state, if the backend is a folder and only this file counts."""
        if self._folder is None or (self._folder / _CLI_JOURNALS / name / "manifest.json").exists():
            return None
        return files.read(self._folder / _STATES / f"{name}.json")

    def failure(
        self, error: CommandFailed, name: str, errors: Sequence[ErrorMessage] = (), config: Path | None = None
    ) -> Exception:
        """Return the port's error for a failed command. `errors` are those that its run reported."""
        return port_error(error, self._context(name, config), errors)

    def _context(self, name: str, config: Path | None = None) -> StackContext:
        if self._folder is None:
            return StackContext(name, self._url, config, made_by_up=self.creates)
        state, held = self._folder / _STATES / f"{name}.json", self._folder / _LOCKS / name
        return StackContext(name, str(state), config, held, made_by_up=self.creates)

    def _refuse_journal(self, name: str) -> None:
        """Refuse a stack with the journal of a killed run, which only the embedded engine can read."""
        journal = self._folder / _JOURNALS / f"{name}.jsonl" if self._folder else None
        if journal and journal.exists() and not self.locked_by(name):
            raise InputError(
                "A run of the embedded engine was killed and left a journal",
                file=str(journal),
                fix=f"let that engine take it in: scripts/sde --engine embedded refresh {name}",
            )


def _absolute(url: str) -> str:
    """Return a backend's URL with an absolute path: the CLI resolves a relative one in its working folder."""
    path = url.removeprefix(_LOCAL)
    if not url.startswith(_LOCAL) or path.startswith(("/", "~")):
        return url
    return f"{_LOCAL}{Path.cwd()}/{path}"
