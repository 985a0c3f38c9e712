"""What one command works with: settings, output, the estate and the engines, each made when first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from formats.errors import InputError
from operations.cli.output import Output
from operations.cli.stack_catalog import Stack, StackCatalog, select
from operations.engine.port import Engine, StackState
from operations.settings import Settings

if TYPE_CHECKING:
    from operations.cli.gate import Gate

OpenCatalog = Callable[[Path | None, Settings, bool], StackCatalog]
"""From the estate's folder, the settings, and whether what has expired is let in."""
ChooseEngine = Callable[[str, str, Settings], Engine]
"""From what `--engine` says, the stack's cloud and the settings."""
OpenGate = Callable[[Path | None, Path], "Gate"]
"""From the file of exemptions, if one was named, and the estate's folder."""


def real_gate(exemptions: Path | None, estate: Path) -> Gate:
    """The catalogue's."""
    from operations.cli.gate import open_gate  # noqa: PLC0415 - the catalogue, which --help need not load

    return open_gate(exemptions, estate)


@dataclass
class Session:
    """One command's surroundings."""

    settings: Settings
    output: Output
    open_catalog: OpenCatalog
    choose_engine: ChooseEngine
    open_gate: OpenGate
    engine_choice: str = "auto"
    cloud: str | None = None
    estate: Path | None = None
    allow_expired: bool = False
    """For commands that only look or take down: what has expired makes nothing new."""
    _engines: dict[str, Engine] = field(default_factory=dict)

    @cached_property
    def catalog(self) -> StackCatalog:
        """The estate, validated; its stacks' configuration files are made to agree with it."""
        return self.open_catalog(self.estate, self.settings, self.allow_expired)

    def gate(self, exemptions: Path | None = None) -> Gate:
        """What the policies say, under the exemptions of that file or of the estate."""
        return self.open_gate(exemptions, self.estate or self.settings.root / "estate")

    def engine(self, stack: Stack) -> Engine:
        """The engine that runs this stack."""
        if stack.cloud not in self._engines:
            self._engines[stack.cloud] = self.choose_engine(self.engine_choice, stack.cloud, self.settings)
        return self._engines[stack.cloud]

    def state(self, stack: Stack) -> StackState | None:
        """What is known of the stack; None where it has never been up."""
        return self.engine(stack).state(stack.name)

    def is_deployed(self, stack: Stack) -> bool:
        """Whether the stack has resources."""
        state = self.state(stack)
        return state is not None and state.resources > 0

    @property
    def known(self) -> Sequence[Stack]:
        """The estate's stacks, and after them those that it no longer has but that still stand."""
        return [*self.catalog.stacks, *(s for s in self.catalog.orphaned_stacks if self.is_deployed(s))]

    def named(self, name: str) -> Stack:
        """The one stack of that name."""
        return select(self.known if self.allow_expired else self.catalog.stacks, [name], False, self.cloud)[0]

    def selected(self, names: Sequence[str] | None, everything: bool) -> list[Stack]:
        """The stacks that were named, or all; their configuration files brought up to date first."""
        stacks = self.known if self.allow_expired else self.catalog.stacks
        chosen = select(stacks, names or [], everything, self.cloud)
        self.bring_up_to_date()
        return chosen

    def bring_up_to_date(self) -> None:
        """Write the configuration files that differ from the estate, and say which."""
        for file in self.catalog.render():
            self.output.say(f"wrote {_short(file)}", style="dim")

    def agree(self, question: str) -> bool:
        """Ask a person. Without a terminal there is nobody to ask."""
        if not sys.stdin.isatty():
            raise InputError(
                "This needs a person's yes, and there is no terminal to ask on.", fix="read the plan, then add --yes"
            )
        self.output.words.print(f"{question} [y/N] ", end="")
        return sys.stdin.readline().strip().lower() in ("y", "yes")


def _short(file: Path) -> str:
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)
