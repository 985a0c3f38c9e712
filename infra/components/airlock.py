"""An airlock: the only way into a project for data and tools, and the only way out for results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from infra.components.grants import Principal
from infra.components.key_vault import EncryptionKey
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
    """A store with two stages. Nobody who brings, or fetches, can move anything from the first to the second.

    Who releases writes the released stage and only reads the first, so that what was checked is what was asked for.
    Who fetches never sees what was not released.
    """

    def __init__(
        self, name: str, room: Room, door: Doorway, key: EncryptionKey, *, passage: Passage, redundancy: Redundancy
    ) -> None:
        super().__init__(name, room)
        if passage.releases in (passage.brings, passage.fetches):
            raise ValueError(f"the airlock {name} would let somebody release to themselves")
        asked, released = Stage.ASKED.value, Stage.RELEASED.value
        self.store = Store(name, room, door, key, redundancy=redundancy, containers=[asked, released], tiers=KEEP,
                           parent=self)  # fmt: skip
        self.store.grant_read_write("brings", passage.brings, container=asked)
        self.store.grant_read("checks", passage.releases, container=asked)
        self.store.grant_read_write("releases", passage.releases, container=released)
        self.store.grant_read("fetches", passage.fetches, container=released)
        self.register_outputs({"store": self.store.account.id})
