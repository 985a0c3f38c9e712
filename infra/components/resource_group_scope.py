"""A resource group with the conventions of its resources: names, tags, log workspace and delete locks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import pulumi
from pulumi_azure_native import authorization, resources

from formats.stack_config import Region, StackConfig
from infra.components.grants import Principal, assign_role
from infra.names import Names, ResourceKind
from infra.roles import Role

AVAILABILITY_ZONES: Mapping[Region, tuple[str, ...]] = {Region.UKSOUTH: ("1", "2", "3"), Region.UKWEST: ()}
"""The availability zones of each region. UK West has none, and Azure refuses any zone there."""


MAX_LIMITED_TAGS = 15
"""The most tags on a vault's keys and secrets and on DNS zones; other resources take 50 (learn.microsoft.com, "About
Azure Key Vault keys"; "Use tags to organize your Azure resources": limitations)."""
PRIORITY_TAGS = ("project", "request", "controller", "data-class", "expiry", "organisation", "cost-centre")
"""The tags that are kept first where the number is limited."""


@dataclass
class LockedResource:
    """A resource that gets a delete lock, with the resources that Azure regards as its children."""

    name: str
    resource: pulumi.CustomResource
    children: list[pulumi.Resource] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ResourceGroupScopeArgs:
    """The arguments of `ResourceGroupScope`."""

    config: StackConfig
    """The configuration of the stack."""
    purpose: str
    """The last word of the resource group's name: lower-case letters and digits, no hyphen."""
    log_workspace_id: pulumi.Input[str] | None = None
    """The id of the Log Analytics workspace. None: a workspace in this resource group, set by `send_logs_to`."""


class ResourceGroupScope(pulumi.ComponentResource):
    """A resource group and, at the end of its `with` block, a delete lock on each resource in it that has data or keys.

    The locks are created last, because Azure's lock on a storage account or key vault also forbids deleting the role
    assignments, settings and containers inside it. So they are the first to be deleted when the stack is destroyed.
    """

    TYPE = "sde:infra:ResourceGroupScope"

    def __init__(self, name: str, args: ResourceGroupScopeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(self.TYPE, name, None, opts)
        config = args.config
        self.name = name
        self.config = config
        self.names = Names.of(config, pulumi.get_stack())
        self.tags = dict(config.tags)
        self.location = config.region.value
        self.zones = AVAILABILITY_ZONES[config.region]
        self._log_workspace_id = args.log_workspace_id
        self._locked: list[LockedResource] = []
        group_name = self.names.resource_group(args.purpose)
        self.group = resources.ResourceGroup(
            name,
            resource_group_name=group_name,
            location=self.location,
            tags=self.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.group_name: pulumi.Output[str] = self.group.name
        self.group_id = f"/subscriptions/{config.subscription}/resourceGroups/{group_name}"
        """Derived from names, so that it is known in a preview."""
        self.register_outputs({"group": self.group_name})

    @property
    def limited_tags(self) -> dict[str, str]:
        """The tags of resources on which Azure accepts only `MAX_LIMITED_TAGS`."""
        order = [*(tag for tag in PRIORITY_TAGS if tag in self.tags), *sorted(self.tags.keys() - set(PRIORITY_TAGS))]
        return {tag: self.tags[tag] for tag in order[:MAX_LIMITED_TAGS]}

    @property
    def tenant(self) -> pulumi.Output[str]:
        """The id of the Entra tenant of the deployment."""
        tenant: pulumi.Output[str] = authorization.get_client_config_output().tenant_id
        return tenant

    @property
    def log_workspace_id(self) -> pulumi.Input[str]:
        """The id of the Log Analytics workspace of all diagnostic settings."""
        if self._log_workspace_id is None:
            raise LookupError(f"{self.name} has no log workspace yet: create the LogAnalyticsWorkspace first")
        return self._log_workspace_id

    def send_logs_to(self, workspace_id: pulumi.Input[str]) -> None:
        """Set the Log Analytics workspace, if it is created in this resource group."""
        self._log_workspace_id = workspace_id

    def lock_at_exit(self, name: str, resource: pulumi.CustomResource) -> None:
        """Register a resource with data or keys for a delete lock."""
        self._locked.append(LockedResource(name, resource))

    def add_locked_child(self, parent: pulumi.Resource, child: pulumi.Resource) -> None:
        """Have the parent's lock depend on the child, so that the lock is deleted first. No effect if not locked."""
        for locked in self._locked:
            if locked.resource is parent:
                locked.children.append(child)

    def grant_reader(self, name: str, principal: Principal) -> None:
        """Assign the Reader role on the resource group: resources and settings, never the data in them."""
        assign_role(f"{name}-look", Role.READER, principal, self.group.id, subscription=self.config.subscription,
                    parent=self)  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if error is None:
            for locked in self._locked:
                self._lock(locked)

    def _lock(self, locked: LockedResource) -> None:
        authorization.ManagementLockByScope(
            locked.name,
            lock_name=self.names.local(ResourceKind.LOCK, locked.name),
            scope=locked.resource.id,
            level=authorization.LockLevel.CAN_NOT_DELETE,
            notes="Contains data, or keys to data. Deleting it needs a decision: see the platform team's guide.",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[locked.resource, *locked.children]),
        )
