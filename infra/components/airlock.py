"""An airlock: the only way into a project for data and tools, and the only way out for results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from infra.components.grants import Principal
from infra.components.key_vault import KeyVault
from infra.components.part import Doorway, Part
from infra.components.room import Room
from infra.components.store import Store
from infra.config import Redundancy, Tiers


class Stage(Enum):
    """The two stages of an airlock: what was asked for, and what was released."""

    ASKED = "asked"
    RELEASED = "released"


KEEP = Tiers(delete_after_days=90)
"""An airlock is no archive: what was released has been fetched, and what was refused must go."""


@dataclass(frozen=True)
class Passage:
    """Who may do what in an airlock: one side brings, another releases, a third fetches."""

    brings: Principal
    releases: Principal
    fetches: Principal


class Airlock(Part):
    """Two stores, one for each stage. Nobody who brings, or fetches, can move anything from the first to the second.

    Who releases writes the released stage and only reads the first, so that what was checked is what was asked for;
    and of that only what was scanned for malware and found clean. Who fetches never sees what was not released. With a
    store for each stage the network too tells apart who may get to which: one wrong role is not enough.
    """

    def __init__(
        self, name: str, room: Room, doors: Mapping[Stage, Doorway], keys: KeyVault, *, passage: Passage,
        redundancy: Redundancy,
    ) -> None:  # fmt: skip
        super().__init__(name, room)
        if passage.releases in (passage.brings, passage.fetches):
            raise ValueError(f"the airlock {name} would let somebody release to themselves")
        self.stores = {
            stage: Store(
                f"{name}-{stage.value}", room, doors[stage], keys.encrypts(f"{name}-{stage.value}"),
                redundancy=redundancy, containers=[stage.value], tiers=KEEP, receives=stage is Stage.ASKED, parent=self,
            )
            for stage in Stage
        }  # fmt: skip
        asked, released = self.stores[Stage.ASKED], self.stores[Stage.RELEASED]
        asked.grant_read_write("brings", passage.brings, container=Stage.ASKED.value)
        asked.grant_read("checks", passage.releases, container=Stage.ASKED.value, clean=True)
        released.grant_read_write("releases", passage.releases, container=Stage.RELEASED.value)
        released.grant_read("fetches", passage.fetches, container=Stage.RELEASED.value)
        self.register_outputs({stage.value: store.account.id for stage, store in self.stores.items()})
