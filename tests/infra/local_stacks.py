"""The sample stacks with the embedded engine and the local Azure, in one folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from formats.stack_config import StackConfig
from local_azure import create_providers
from operations.engine.embedded.engine import EmbeddedEngine
from operations.engine.port import StackSettings
from operations.engine.program_process import ProgramProcess
from tests.infra import samples

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ProgramProcess(ROOT)
"""One host for all engines: nothing of a run is left in it."""
DEPLOYMENT_ORDER = ("platform", "junction-zone", "safe-haven", "tre-hcm")


def settings(name: str, config: StackConfig, folder: Path) -> StackSettings:
    """Return a stack's settings as in its `Pulumi.<stack>.yaml`."""
    own: Mapping[str, Any] = config.model_dump(mode="json", exclude_none=True)
    provider = {"azure-native:subscriptionId": str(config.subscription), "azure-native:location": config.region.value}
    return StackSettings(name, {f"sde:{key}": value for key, value in own.items()} | provider,
                         folder / f"Pulumi.{name}.yaml")  # fmt: skip


@dataclass(frozen=True)
class LocalStacks:
    """The state and the local Azure of the stacks, in a folder that is empty at first."""

    folder: Path

    @property
    def engine(self) -> EmbeddedEngine:
        """A new engine, as in a new process."""
        database = self.folder / "azure.db"
        state = self.folder / "state"
        state.mkdir(parents=True, exist_ok=True)
        return EmbeddedEngine(ROOT, state, lambda: create_providers(database), lambda: "correct horse", PROGRAM)

    def stack(self, name: str, **more: Any) -> StackSettings:
        """Return the settings of one of the sample stacks."""
        configs: dict[str, Any] = {"platform": samples.platform, "junction-zone": samples.junction_zone,
                                  "safe-haven": samples.safe_haven, "tre-hcm": samples.tenancy}  # fmt: skip
        return settings(name, configs[name](**more), self.folder)
