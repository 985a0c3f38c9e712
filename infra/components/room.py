"""A room: the resource group that things stand in, with their names, tags, log sink and locks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import pulumi
from pulumi_azure_native import authorization, resources

from infra.components.grants import Principal, assign
from infra.config import Region, StackConfig
from infra.names import Kind, Names
from infra.roles import Role

ZONES: Mapping[Region, tuple[str, ...]] = {Region.UKSOUTH: ("1", "2", "3"), Region.UKWEST: ()}
"""Availability zones by region: UK West has none, and Azure refuses any that is named there."""


FEW_TAGS = 15
"""What Azure takes on a vault's keys and secrets and on DNS zones, where others take 50 (learn.microsoft.com, "About
Azure Key Vault keys"; "Use tags to organize your Azure resources": limitations)."""
SAID_FIRST = ("project", "request", "controller", "data-class", "expiry", "organisation", "cost-centre")
"""The tags that stay where not all can: whose it is, what permits it, what it holds, until when, who pays."""


@dataclass
class Held:
    """Something that holds data or keys, and what lies inside it in Azure's eyes."""

    name: str
    resource: pulumi.CustomResource
    inside: list[pulumi.Resource] = field(default_factory=list)


class Room(pulumi.ComponentResource):
    """A resource group, its conventions, and on leaving it a delete lock on everything in it that holds data.

    Use it as a context: the locks are made last, because Azure's lock on a store or vault also forbids deleting the
    role assignments, settings and containers inside it. Made last, they are the first to go when the stack is
    destroyed.
    """

    def __init__(
        self, name: str, config: StackConfig, noun: str, *, logs: pulumi.Input[str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__("sde:infra:Room", name)
        self.called = name
        self.config = config
        self.names = Names.of(config, pulumi.get_stack())
        self.tags = dict(config.tags)
        self.location = config.region.value
        self.zones = ZONES[config.region]
        self._logs = logs
        self._held: list[Held] = []
        self.group = resources.ResourceGroup(
            name,
            resource_group_name=self.names.group(noun),
            location=self.location,
            tags=self.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.group_name: pulumi.Output[str] = self.group.name
        self.register_outputs({"group": self.group_name})

    @property
    def few_tags(self) -> dict[str, str]:
        """The tags for what Azure lets have few of them."""
        order = [*(tag for tag in SAID_FIRST if tag in self.tags), *sorted(self.tags.keys() - set(SAID_FIRST))]
        return {tag: self.tags[tag] for tag in order[:FEW_TAGS]}

    @property
    def tenant(self) -> pulumi.Output[str]:
        """The Entra tenant that the stack is deployed to."""
        answer: pulumi.Output[str] = authorization.get_client_config_output().tenant_id
        return answer

    @property
    def logs(self) -> pulumi.Input[str]:
        """The log workspace that everything here reports to."""
        if self._logs is None:
            raise LookupError(f"the room {self._name} has no log sink yet: make the LogSink first")
        return self._logs

    def report_to(self, workspace: pulumi.Input[str]) -> None:
        """Names the log workspace, where the room makes it itself."""
        self._logs = workspace

    def hold(self, name: str, resource: pulumi.CustomResource) -> None:
        """Says that a resource holds data or keys to data: it will be locked."""
        self._held.append(Held(name, resource))

    def inside(self, holder: pulumi.Resource, thing: pulumi.Resource) -> None:
        """Says that a thing lies inside what is locked, so that the lock goes before it."""
        for held in self._held:
            if held.resource is holder:
                held.inside.append(thing)

    def grant_look(self, name: str, who: Principal) -> None:
        """Lets somebody see what stands here and how it is set, never what it holds."""
        assign(f"{name}-look", Role.READER, who, self.group.id, subscription=self.config.subscription, parent=self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if error is None:
            for held in self._held:
                self._lock(held)

    def _lock(self, held: Held) -> None:
        authorization.ManagementLockByScope(
            held.name,
            lock_name=self.names.local(Kind.LOCK, held.name),
            scope=held.resource.id,
            level=authorization.LockLevel.CAN_NOT_DELETE,
            notes="Holds data, or keys to data. Deleting it takes a decision: see the platform team's guide.",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[held.resource, *held.inside]),
        )
