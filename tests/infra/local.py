"""The stacks through the embedded engine against the local Azure, in a folder of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.config import StackConfig
from local_azure import create_providers
from operations.engine.embedded.engine import EmbeddedEngine
from operations.engine.port import StackSettings
from tests.infra import samples

ROOT = Path(__file__).resolve().parents[2]
ORDER = ("platform", "junction-zone", "safe-haven", "tre-hcm")


def settings(name: str, config: StackConfig, folder: Path) -> StackSettings:
    """A stack's settings as its `Pulumi.<stack>.yaml` would hold them."""
    ours: Mapping[str, Any] = config.model_dump(mode="json", exclude_none=True)
    provider = {"azure-native:subscriptionId": str(config.subscription), "azure-native:location": config.region.value}
    return StackSettings(name, {f"sde:{key}": value for key, value in ours.items()} | provider,
                         folder / f"Pulumi.{name}.yaml")  # fmt: skip


@dataclass(frozen=True)
class Site:
    """One empty machine."""

    folder: Path

    @property
    def engine(self) -> EmbeddedEngine:
        """An engine as a new process would make it."""
        database = self.folder / "azure.db"
        state = self.folder / "state"
        state.mkdir(parents=True, exist_ok=True)
        return EmbeddedEngine(ROOT, state, lambda: create_providers(database), lambda: "correct horse")

    def stack(self, name: str, **more: Any) -> StackSettings:
        """One of the sample's stacks."""
        makers: dict[str, Any] = {"platform": samples.platform, "junction-zone": samples.junction_zone,
                                  "safe-haven": samples.safe_haven, "tre-hcm": samples.tenancy}  # fmt: skip
        return settings(name, makers[name](**more), self.folder)
