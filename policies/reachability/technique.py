"""A technique of the control plane: what it takes data from, what it needs, and what prevents it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """The kinds of node that a technique takes data from."""

    COMPUTER = "a computer and its disks"
    STORE = "a storage account"
    VAULT = "a key vault with secrets"
    REGISTRY = "a container registry"
    ANY = "everything in the scope"


_IN_SENTENCES = {
    Source.COMPUTER: "a computer",
    Source.STORE: "a storage account",
    Source.VAULT: "a key vault",
    Source.REGISTRY: "a container registry",
    Source.ANY: "the data",
}
"""What a technique takes data from, in a sentence that names none."""


class Setting(StrEnum):
    """Settings that prevent a technique while they hold."""

    DISKS_CLOSED = "disks-closed"
    """Each disk of the computer denies export."""
    CUSTOMER_KEY = "customer-key"
    """Each disk has a customer-managed key, which keeps its copies in its own subscription."""
    LOCKED = "locked"
    """A read-only lock, under which nothing is moved to another resource group. One against deletes is not enough."""
    NO_BACKUP = "no-backup"
    """The subscription has no backup vault."""
    EXPORTS_OFF = "exports-off"
    """The registry's export policy denies imports by other registries, and transfers."""
    NO_BYPASS = "no-bypass"
    """No service of Azure, such as a task, passes the network rules of the registry."""


@dataclass(frozen=True)
class Technique:
    """One way to take data by the control plane, as an edge of the flow graph."""

    key: str
    title: str
    """What the actor can do, for reports: the name of the source follows it."""
    operations: tuple[str, ...]
    """The operations that it needs on the source, all of them."""
    source: Source
    also: tuple[Source, ...] = ()
    """Further kinds of node that it takes data from."""
    elsewhere: tuple[str, ...] = ()
    """The operations that it also needs, in a resource group of its own choice."""
    guardrails: tuple[str, ...] = ()
    """The guardrails that each deny a request without which it does not work. If that writes elsewhere, they are of the
    subscription."""
    settings: tuple[Setting, ...] = ()
    """The settings that each prevent it. The guardrails deny changes alone: they count while the settings hold."""
    writes: tuple[str, ...] = ()
    """The operations with which these settings are changed. Empty: no role below an administrator's permits that."""
    both_ways: bool = False
    """True for a store's technique with which the actor can put data into it, too."""
    over_network: bool = False
    """True if the actor also needs the network path to the store, and no role of its own."""
    covered: str = ""
    """The other edge of the flow graph that models it, or why it moves no data. Empty: it is an edge of its own."""
    is_administration: bool = False
    """True if it changes rights, guardrails or the network: its holder counts as an administrator (`Right.CONTROL`)."""

    @property
    def statement(self) -> str:
        """What the actor can do, as a sentence of its own: the kind of its source is in the place of a name."""
        return f"{self.title} {' or '.join(_IN_SENTENCES[one] for one in (self.source, *self.also))}"

    def takes_from(self, source: Source) -> bool:
        """Return True if it takes data from nodes of a kind."""
        return source in (self.source, *self.also) or self.source is Source.ANY
