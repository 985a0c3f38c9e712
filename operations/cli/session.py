"""The session of a command: settings, output, estate and engines, the last two created on first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from formats.errors import InputError
from operations.cli.orphaned import refuse_orphaned_names
from operations.cli.output import Output
from operations.cli.stack_catalog import Stack, StackCatalog, select
from operations.engine.port import Engine, StackState
from operations.settings import Settings

if TYPE_CHECKING:
    from formats.stack_config import StackConfig
    from formats.state_record import StateRecord
    from operations.access.records import Records
    from operations.cli.gate import Gate
    from operations.cli.permits import Permits
    from operations.cli.unfinished_run import RunFile
    from operations.cli.workers import Worker
    from operations.estate import LedgerPlace
    from operations.ledger.ledger import Ledger
    from operations.ledger.storage import Storage
    from policies.judged_runs import JudgedRuns

_LISTED = 10
"""The most written configuration files that are named."""
OpenCatalog = Callable[[Path | None, Settings], StackCatalog]
"""Called with the estate's folder and the settings."""
ChooseEngine = Callable[[str, str, Settings], Engine]
"""Called with the value of `--engine`, the stack's cloud and the settings."""
OpenGate = Callable[[Path | None, Path, Settings], "Gate"]
"""Called with the file of exemptions, or None, the estate's folder, and the settings."""


ReadRecord = Callable[[str, str], "StateRecord | None"]
"""Called with a cloud and the name of a stack."""
OpenLedger = Callable[[str, Settings, "LedgerPlace | None"], "Ledger"]
"""Called with the cloud of the stacks that it records, the settings, and the place that the estate names."""


def real_ledger(cloud: str, settings: Settings, place: LedgerPlace | None) -> Ledger:
    """Return the ledger of the runs in a cloud, with its key. `InputError` if the estate names none for Azure."""
    from operations.cli.ledgerplace import azure_ledger, credential  # noqa: PLC0415 - imports cryptography
    from operations.ledger.ledger import open_local  # noqa: PLC0415

    return azure_ledger(place).open(credential()) if cloud == "azure" else open_local(settings)


def real_gate(exemptions: Path | None, estate: Path, settings: Settings) -> Gate:
    """Return the gate with the whole catalogue of policies."""
    from operations.cli.gate import open_gate  # noqa: PLC0415 - imports the policies, which --help does not need

    return open_gate(exemptions, estate, settings)


@dataclass
class Session:
    """The dependencies of one command."""

    settings: Settings
    output: Output
    open_catalog: OpenCatalog
    choose_engine: ChooseEngine
    open_gate: OpenGate
    open_ledger: OpenLedger = real_ledger
    engine_choice: str = "auto"
    cloud: str | None = None
    estate: Path | None = None
    accepts_orphaned: bool = False
    """True for commands that can read or destroy a stack without its request."""
    _engines: dict[str, Engine] = field(default_factory=dict)
    _ledgers: dict[str, Ledger] = field(default_factory=dict)
    _records: dict[str, Records] = field(default_factory=dict)

    @cached_property
    def catalog(self) -> StackCatalog:
        """The estate's stacks, loaded and validated on first use."""
        return self.open_catalog(self.estate, self.settings)

    def gate(self, exemptions: Path | None = None) -> Gate:
        """Return the gate, with the exemptions of a file or of the estate."""
        gate = self.open_gate(exemptions, self.estate_folder, self.settings)
        gate.configs = self.configs
        return gate

    def configs(self, names: Collection[str]) -> Mapping[str, StackConfig]:
        """Return the configurations of the estate if it can be read and names one of these stacks; otherwise none.

        A file from elsewhere is evaluated without an estate. A command on stacks has read the estate before.
        """
        from formats.stack_config import StackConfig, is_kind  # noqa: PLC0415 - imports pydantic

        if not any(is_kind(name, StackConfig) for name in names):
            return {}
        try:
            stacks = self.catalog.stacks
        except InputError:
            return {}
        return {stack.name: stack.config for stack in stacks if stack.config}

    @property
    def estate_folder(self) -> Path:
        """The folder of the estate: the named one, or the project's own."""
        return self.estate or self.settings.root / "estate"

    @property
    def judged_runs(self) -> JudgedRuns:
        """The findings that evaluations of the whole estate recorded."""
        from operations.cli.judged import judged_runs  # noqa: PLC0415 - imports the policies

        return judged_runs(self.settings)

    @property
    def run_file(self) -> RunFile:
        """The record of this estate's unfinished run."""
        from operations.cli.unfinished_run import RunFile  # noqa: PLC0415

        return RunFile(self.settings, self.estate_folder.absolute())

    def start_worker(self) -> Worker:
        """Start a process that plans and deploys stacks with the engine of this command."""
        from operations.cli.workers import Worker  # noqa: PLC0415 - imports the engines

        return Worker.start(self.engine_choice, self.settings)

    def engine(self, stack: Stack) -> Engine:
        """Return the engine that runs this stack."""
        if stack.cloud not in self._engines:
            self._engines[stack.cloud] = self.choose_engine(self.engine_choice, stack.cloud, self.settings)
        return self._engines[stack.cloud]

    def ledger(self, cloud: str) -> Ledger:
        """Return the ledger that records the changes of stacks in a cloud."""
        if cloud not in self._ledgers:
            self._ledgers[cloud] = self.open_ledger(cloud, self.settings, self.catalog.ledger)
        return self._ledgers[cloud]

    def ledger_of_unreadable(self) -> Ledger | None:
        """Return the ledger of an estate that cannot be loaded; None if its file does not say where that is."""
        from operations.estate import ledger_place  # noqa: PLC0415 - imports pydantic

        found = ledger_place(self.estate_folder)
        return self.open_ledger(str(found[0]), self.settings, found[1]) if found else None

    def records(self, cloud: str) -> Records:
        """Return the changes of stacks in a cloud that its ledger has, as they were at the first use."""
        from operations.access.records import Records  # noqa: PLC0415 - imports the policies

        if cloud not in self._records:
            self._records[cloud] = Records(self.ledger(cloud))
        return self._records[cloud]

    def ledger_storage(self, cloud: str) -> Storage:
        """Return where that ledger is, without its key."""
        from operations.cli.ledgerplace import azure_ledger, credential  # noqa: PLC0415 - imports cryptography
        from operations.ledger.files import FileStorage  # noqa: PLC0415

        if cloud == "azure":
            return azure_ledger(self.catalog.ledger).storage(credential())
        return FileStorage(self.settings.ledger_folder)

    @property
    def ledger_cloud(self) -> str:
        """The cloud whose ledger is read: that of --cloud, or of the estate."""
        return self.cloud or next((stack.cloud for stack in self.catalog.stacks), "local")

    def close(self) -> None:
        """End the processes of the engines."""
        for engine in self._engines.values():
            engine.close()

    def state(self, stack: Stack) -> StackState | None:
        """Return the stack's state; None if it was never deployed."""
        return self.engine(stack).state(stack.name)

    def state_record(self, cloud: str, name: str) -> StateRecord | None:
        """Return what a ledger records of a stack's present state; None without one, or for a cloud without stacks."""
        one = next((stack for stack in self.known if stack.cloud == cloud), None)
        return self.engine(one).state_record(name) if one else None

    def is_deployed(self, stack: Stack) -> bool:
        """Return True if the stack has resources."""
        state = self.state(stack)
        return state is not None and state.resources > 0

    @cached_property
    def orphaned(self) -> Sequence[Stack]:
        """The deployed stacks of the command's cloud whose request the estate no longer has, as found at first use."""
        candidates = (stack for stack in self.catalog.orphaned_stacks if self.cloud in (None, stack.cloud))
        return [stack for stack in candidates if self.is_deployed(stack)]

    @property
    def known(self) -> Sequence[Stack]:
        """The estate's stacks, then the orphaned ones."""
        return [*self.catalog.stacks, *self.orphaned]

    @cached_property
    def permits(self) -> Permits:
        """The permits of the estate, for all stacks of the command."""
        from operations.cli.permits import Permits  # noqa: PLC0415 - imports the engine

        return Permits(self)

    def named(self, name: str) -> Stack:
        """Return the stack of this name."""
        return self.chosen([name], False)[0]

    def chosen(self, names: Sequence[str] | None, everything: bool) -> list[Stack]:
        """Return the named stacks, or all, without writing anything."""
        if not self.accepts_orphaned:
            refuse_orphaned_names(self, names or [])
        stacks = self.known if self.accepts_orphaned else self.catalog.stacks
        return select(stacks, names or [], everything, self.cloud)

    def selected(self, names: Sequence[str] | None, everything: bool) -> list[Stack]:
        """Return the named stacks, or all, for a command that changes neither the estate's folder nor its files."""
        self.catalog.stage()
        return self.chosen(names, everything)

    def bring_up_to_date(self) -> None:
        """Write the configuration files that differ from the estate, and print their names, of many the first."""
        files = [_short(file) for file in self.catalog.render()]
        if self.output.quiet:
            return
        if len(files) > _LISTED:
            self.output.say(f"wrote {', '.join(files[:3])} and {len(files) - 3:,} others", style="dim")
            return
        for file in files:
            self.output.say(f"wrote {file}", style="dim")

    def agree(self, question: str) -> bool:
        """Ask for confirmation. Raise `InputError` without a terminal."""
        if not sys.stdin.isatty():
            raise InputError(
                "This needs confirmation, and there is no terminal to ask on.", fix="read the plan, then add --yes"
            )
        self.output.text_console.print(f"{question} [y/N] ", end="")
        return sys.stdin.readline().strip().lower() in ("y", "yes")


def _short(file: Path) -> str:
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)
