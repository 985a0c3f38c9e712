"""The estate as the commands see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from operations import estate
from operations.cli.house import House, Stack
from operations.engine.port import StackSettings
from operations.settings import Settings


def open_estate(folder: Path | None, settings: Settings, including_expired: bool) -> House:
    """The estate of a folder, or the project's own; validated as a whole before anything else happens."""
    return EstateHouse(folder or settings.root / "estate", settings, including_expired)


@dataclass
class EstateHouse:
    """One estate, read when first needed and again after its ledger changed."""

    folder: Path
    settings: Settings
    including_expired: bool

    def __post_init__(self) -> None:
        self._read()

    def _read(self) -> None:
        self._estate = estate.load(self.folder, including_expired=self.including_expired)
        self._rendered = estate.render(self._estate)

    @cached_property
    def _target(self) -> Path:
        return estate.config_folder(self.folder, self.settings)

    @property
    def stacks(self) -> Sequence[Stack]:
        """Every stack, in dependency order."""
        return [self._stack(rendered) for rendered in self._rendered]

    def _stack(self, rendered: estate.Rendered) -> Stack:
        file = estate.config_file(self._target, rendered.name)
        settings = StackSettings(rendered.name, rendered.settings, file)
        cloud = str(rendered.config.cloud)
        return Stack(rendered.name, rendered.kind, cloud, rendered.cell, rendered.requires, settings)

    def render(self) -> Sequence[Path]:
        """Write the configuration files, and the ledger, where they differ from the estate; those written."""
        return estate.write(self._estate, self._rendered, self._target)

    def stale(self) -> Sequence[Path]:
        """The files that `render` would write."""
        return list(estate.stale(self._estate, self._rendered, self._target))

    def ended(self, stack: str) -> None:
        """The stack's next life gets names of its own, for Azure holds the old ones."""
        estate.bump_generation(self.folder, stack)
        self._read()
