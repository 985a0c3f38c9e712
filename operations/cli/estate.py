"""The stack catalogue of an estate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from formats.errors import InputError
from formats.stack_names import TENANCY
from formats.yaml_reader import read_mapping
from operations import estate
from operations.cli.stack_catalog import Stack, StackCatalog
from operations.engine.port import StackSettings
from operations.estate import Expiry
from operations.estate.public_facts import PublicFacts, facts_of
from operations.result_cache import FileCache
from operations.settings import Settings

_REQUIRED = ("sde:platform", "sde:junction_zone", "sde:safe_haven", "sde:shared_tenancy")
"""The configuration keys with the names of the stacks that a stack requires."""


def open_estate(folder: Path | None, settings: Settings) -> StackCatalog:
    """Load and validate the estate in a folder, by default the project's own."""
    return EstateCatalog(folder or settings.root / "estate", settings)


@dataclass
class EstateCatalog:
    """One estate, read again after its allocations change."""

    folder: Path
    settings: Settings

    def __post_init__(self) -> None:
        self._read()

    def _read(self) -> None:
        self._estate = estate.load(self.folder)
        self._rendered = estate.render(self._estate, FileCache(self.settings.cache_folder))
        self._stacks = [self._stack(rendered) for rendered in self._rendered]

    @cached_property
    def _target(self) -> Path:
        return estate.config_folder(self.folder, self.settings)

    @property
    def stacks(self) -> Sequence[Stack]:
        """Every stack in dependency order."""
        return self._stacks

    def _stack(self, rendered: estate.Rendered) -> Stack:
        file = estate.config_file(self._target, rendered.name)
        settings = StackSettings(rendered.name, rendered.settings, file)
        cloud = str(rendered.config.cloud)
        expiries = self._estate.expiries(rendered.name)
        ways = self._estate.ways_of(rendered.name)
        template = self._estate.template_of(rendered.name)
        ends = template is not None and template.ends_by_itself
        return Stack(rendered.name, rendered.kind, cloud, rendered.cell, rendered.requires, settings, expiries, ways,
                     rendered.config, template=template.name if template else None, ends_by_itself=ends,
                     public_facts=self._public_facts(rendered.name))  # fmt: skip

    def _public_facts(self, stack: str) -> PublicFacts | None:
        is_tenancy = stack.startswith(TENANCY)
        return facts_of(self._estate.requests[stack.removeprefix(TENANCY)]) if is_tenancy else None

    def ends_within(self, stack: Stack, days: int) -> Sequence[Expiry]:
        """Return the dates within some days from which a stack cannot be changed, and those that are past."""
        found = self._estate.expiries(stack.name, days)
        return [one for one in found if one.days_left <= days]

    @property
    def orphaned_stacks(self) -> Sequence[Stack]:
        """Stacks that the estate no longer has, from their configuration files and from its allocations."""
        found = [self._orphaned_stack(file) for file in estate.orphans(self._rendered, self._target)]
        names = {stack.name for stack in found}
        return found + [self._without_file(name) for name in self._estate.orphaned() if name not in names]

    def _without_file(self, name: str) -> Stack:
        """Return an orphaned stack that has an allocation whose configuration file was removed too."""
        allocation = self._estate.allocations.stacks[name]
        cell, _ = self._estate.cells[allocation.cell]
        cloud = str(self._estate.file.cloud)
        config: dict[str, object] = {"sde:cloud": cloud, "azure-native:location": str(self._estate.file.region)}
        if allocation.subscription is not None:
            subscription = str(cell.subscriptions.tenancies[allocation.subscription])
            config |= {"sde:subscription": subscription, "azure-native:subscriptionId": subscription}
        settings = StackSettings(name, config, estate.config_file(self._target, name))
        requires = self._estate.requires(name)
        return Stack(name, str(allocation.kind), cloud, allocation.cell, requires, settings, is_orphaned=True)

    @property
    def ledger(self) -> estate.LedgerPlace | None:
        """Where the ledger of runs in Azure is."""
        return self._estate.file.ledger

    def render(self) -> Sequence[Path]:
        """Write the configuration and allocation files that differ from the estate. Return the files written."""
        return estate.write(self._estate, self._rendered, self._target)

    def stage(self) -> None:
        """Write the configuration files that differ from the estate to a folder of this tool, and refer to them."""
        files = estate.stage(self._rendered, self._target, self.settings.home / "previews")
        self._stacks = [
            replace(stack, settings=replace(stack.settings, file=files.get(stack.name, stack.settings.file)))
            for stack in self._stacks
        ]

    def stale(self) -> Sequence[Path]:
        """Return the files that `render` would write."""
        return list(estate.changed_files(self._estate, self._rendered, self._target))

    def mark_destroyed(self, stack: str) -> None:
        """Increment the stack's generation: a new deployment needs new names, because Azure reserves the old ones."""
        estate.bump_generation(self.folder, stack)
        file = estate.config_file(self._target, stack)
        if file in estate.orphans(self._rendered, self._target):
            file.unlink()
        self._read()

    def _orphaned_stack(self, file: Path) -> Stack:
        name = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        config = read_mapping(file).get("config")
        if not isinstance(config, dict) or config.get("sde:cloud") not in ("local", "azure"):
            raise InputError("The configuration file of an orphaned stack is damaged.", file=str(file),
                             key="config.sde:cloud",
                             allowed="local, azure", fix="Restore the file from version control.")  # fmt: skip
        requires = tuple(str(config[key]) for key in _REQUIRED if key in config)
        cell = str(config.get("sde:cell", ""))
        settings = StackSettings(name, config, file)
        allocation = self._estate.allocations.stacks.get(name)
        kind = str(allocation.kind) if allocation and allocation.kind else _template(file)
        return Stack(name, kind, str(config["sde:cloud"]), cell, requires, settings, is_orphaned=True)


def _template(file: Path) -> str:
    """Return the template of a stack, which the first line of its file names."""
    return file.read_text(encoding="utf-8").partition(".yaml.j2")[0].rpartition("/")[2]
