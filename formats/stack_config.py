"""The configuration of a stack as a frozen pydantic model, one for each kind of stack.

`tre_templates/` renders the estate into `Pulumi.<stack>.yaml`. Its keys are the field names below, in the namespace
`sde:`. Lists and models are structured configuration (YAML maps and lists).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Self, get_args, get_origin
from uuid import UUID

from pydantic import (
    BaseModel,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from formats.addresses import IMPORT_ENDPOINTS, REGISTRY_ENDPOINTS, TenancyEndpoint, TenancyKind, ZoneRange
from formats.budgets import Budget
from formats.computers import (
    MAX_DESKS,
    DeskConfig,
    DeskSpec,
    StaffMachine,
    StaffMachineSpec,
    refuse_shared_roles,
    refuse_unfit_windows,
)
from formats.egress import Egress, refuse_internal_addresses
from formats.errors import InputError
from formats.input_model import Guid, Line, Model, Slug
from formats.local_cloud import SUBSCRIPTION_PREFIX, TENANT
from formats.locations import Location
from formats.providers import Provider, ProviderCode, refuse_common_ways
from formats.services import Services
from formats.stack_names import SHARED
from formats.tenant_restrictions import Roots, TenantRestrictions
from formats.validation import InvalidValue, refuse_duplicates, validated
from formats.vm_size_names import is_confidential, requires_confidential
from formats.ways_in import Recipients, SiteSpec, refuse_common_sites, refuse_egress_to_sites
from formats.yaml_reader import read_mapping

ORCHESTRATOR_COMMAND = "az ad sp show --id bf7b6499-ff71-4aa2-97a4-f372087be7f0 --query id"
"""Prints the object id of Confidential VM Orchestrator in the tenant."""


class Cloud(StrEnum):
    """The cloud that a stack is for. There is no default."""

    LOCAL = "local"
    AZURE = "azure"


class Region(StrEnum):
    """The Azure regions in which patient records may be kept."""

    UKSOUTH = "uksouth"
    UKWEST = "ukwest"


class DataClass(StrEnum):
    """The sensitivity of the data in a stack, from the least to the most. The strictness of the policies depends on
    it."""

    SYNTHETIC = "synthetic"
    DE_IDENTIFIED = "de-identified"
    IDENTIFIABLE = "identifiable"

    def exceeds(self, limit: DataClass) -> bool:
        """True if the data is more sensitive than a limit."""
        order = list(DataClass)
        return order.index(self) > order.index(limit)


_OTHER_DATA = (DataClass.SYNTHETIC, DataClass.DE_IDENTIFIED)


class Redundancy(StrEnum):
    """The redundancy of a storage account. Zone-redundant options are absent: their blobs cannot be archived
    (learn.microsoft.com, "Access tiers for blob data"). So is read access to the secondary region: it needs a second
    private endpoint ("Use private endpoints for Azure Storage"), and after a failover the first one is enough."""

    LOCAL = "Standard_LRS"
    GEO = "Standard_GRS"


EstateCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,7}$")]
"""The estate's short code, 2-8 lower-case letters and digits, part of every globally unique name."""
TagValue = Annotated[str, StringConstraints(max_length=256)]
Days = Annotated[int, Field(ge=1, le=36500)]
RetentionDays = Annotated[int, Field(ge=365, le=730)]
"""The days for which logs are kept."""


class StackConfig(Model):
    """The configuration that every stack has."""

    cloud: Cloud
    estate: EstateCode
    region: Region
    tenant: Guid | None = None
    """The Entra tenant of the estate; `home_tenant` has the local Azure's where it is not set."""
    estate_addresses: IPv4Network | None = None
    """The range of all networks of the estate. `sde` always sets it."""
    subscription: Guid
    """The Azure subscription of the stack; also the provider's, as `azure-native:subscriptionId`."""
    generation: int = Field(default=1, ge=1)
    """One more than the number of times that the whole stack was destroyed. Globally unique names depend on it,
    because Azure reserves the names of deleted key vaults for up to 90 days."""
    data_class: DataClass
    tags: dict[str, TagValue]

    @property
    def home_tenant(self) -> UUID | None:
        """The Entra tenant of the stack; None if the estate does not state it, which only the local Azure permits."""
        return self.tenant or (UUID(TENANT) if self.cloud is Cloud.LOCAL else None)


def require_matching_size(size: str, data_class: DataClass | None, at: Location = ()) -> None:
    """Require a confidential virtual machine for identifiable data, and another one for all other data."""
    if data_class is DataClass.IDENTIFIABLE and not is_confidential(size):
        raise InvalidValue("for identifiable data a confidential virtual machine: a size of the DC and EC "
                           "families, such as Standard_DC8ads_v5", at=at, found=size)  # fmt: skip
    if data_class in _OTHER_DATA and requires_confidential(size):
        raise InvalidValue("a size outside the DC and EC families: their confidential virtual machines are for "
                           "identifiable data only", at=at, found=size)  # fmt: skip


def check_staff(staff: Sequence[StaffMachineSpec], before: ValidationInfo) -> None:
    """Refuse virtual machines that share what each has alone, or of a size for another data class."""
    refuse_shared_roles(staff, before.data.get("desk_users"))
    for index, machine in enumerate(staff):
        require_matching_size(machine.size, before.data.get("data_class"), at=(index, "size"))


class Site(SiteSpec):
    """The configuration of a site's connection."""

    inboxes: tuple[IPv4Address, ...] = Field(min_length=1)
    """The addresses of the inboxes of the providers that upload from the site."""


class PlatformConfig(StackConfig):
    """The configuration of a cell's hub."""

    cell: Slug
    addresses: IPv4Network
    """The hub's own range; `formats.addresses` divides it into subnets."""
    zone_range: IPv4Network
    """The range that contains the zones of this cell."""
    tenancy_ranges: dict[TenancyKind, IPv4Network]
    """The contiguous range of each kind of tenancy in this cell."""
    egress: dict[TenancyKind, Egress]
    """The egress rules of the firewall, by kind of tenancy."""
    platform_team: Guid
    """The Entra group of the platform engineers."""
    log_retention_days: RetentionDays
    subscriptions: tuple[Guid, ...] = Field(min_length=1)
    """Every subscription of the cell's stacks, the platform's own included. Their activity logs are collected here."""
    desk_users: Guid | None = None
    """The Entra group whose members are the researchers' groups of all projects. It may read the cell's Bastion, which
    signing in requires. One role assignment per cell: those of two projects with a common group would collide."""
    staff_range: IPv4Network | None = None
    """The range of the staff network. Required with `staff`."""
    staff: tuple[StaffMachine, ...] = ()
    """The virtual machines of the staff network; empty: there is no such network."""
    sites: tuple[Site, ...] = ()
    """The connected sites; empty: the hub has no gateway."""
    confidential_orchestrator: Guid | None = None
    """As in `TenancyConfig`. Required for staff in an estate with identifiable data."""
    tenant_restrictions: TenantRestrictions | None = None
    """None: the firewall decrypts no sign-in, and people may sign in to any tenant."""
    windows_desks: bool = False
    """True: tenancies may reach the host at which Windows desks join Entra."""

    @field_validator("staff")
    @classmethod
    def _staff_of_the_cell(cls, staff: tuple[StaffMachine, ...], before: ValidationInfo) -> tuple[StaffMachine, ...]:
        if staff and before.data.get("staff_range") is None:
            raise InvalidValue("with staff the range of their network, `staff_range`")
        check_staff(staff, before)
        return staff

    @field_validator("sites")
    @classmethod
    def _sites_outside_the_cell(cls, sites: tuple[Site, ...], before: ValidationInfo) -> tuple[Site, ...]:
        own = [before.data[key] for key in ("estate_addresses", "addresses", "zone_range") if before.data.get(key)]
        refuse_common_sites(sites, [*own, *before.data.get("tenancy_ranges", {}).values()])
        refuse_egress_to_sites(sites, before.data.get("egress", {}))
        return sites

    @model_validator(mode="after")
    def _orchestrator_of_staff(self) -> Self:
        if self.staff and self.data_class is DataClass.IDENTIFIABLE and self.confidential_orchestrator is None:
            raise InvalidValue("for staff with identifiable data `confidential_orchestrator`, the object id of the "
                               "enterprise application Confidential VM Orchestrator",
                               fix=ORCHESTRATOR_COMMAND)  # fmt: skip
        return self

    @model_validator(mode="after")
    def _tenant_of_restrictions(self) -> Self:
        restrictions = self.tenant_restrictions
        if restrictions and restrictions.certificate_authority and self.home_tenant is None:
            raise InvalidValue("with `certificate_authority` the estate's `tenant`, to which sign-in is restricted")
        return self

    @model_validator(mode="after")
    def _subscriptions_of_the_cell(self) -> Self:
        clouds = {str(one).startswith(SUBSCRIPTION_PREFIX) for one in self.subscriptions}
        if len(set(self.subscriptions)) < len(self.subscriptions):
            raise ValueError("subscriptions, each named once")
        if self.subscription not in self.subscriptions:
            raise ValueError("subscriptions with the stack's own among them")
        if len(clouds) > 1:
            raise ValueError("subscriptions of one cloud, the local or the real Azure")
        return self

    @field_validator("egress")
    @classmethod
    def _egress_of_the_cell(
        cls, egress: dict[TenancyKind, Egress], before: ValidationInfo
    ) -> dict[TenancyKind, Egress]:
        tenancies = before.data.get("tenancy_ranges", {})
        own = [before.data[key] for key in ("addresses", "zone_range") if key in before.data]
        for kind, rules in egress.items():
            refuse_internal_addresses(rules, [*own, *tenancies.values()], at=(kind,))
            if rules and kind not in tenancies:
                raise InvalidValue(", ".join(tenancies), problem="A kind of tenancy has egress rules but no range.",
                                   at=(kind,), fix="Give the kind a range, or remove its rules.")  # fmt: skip
        return egress


class Tiers(Model):
    """The days without a change after which a blob moves to a tier, or is deleted. None: never."""

    cool_after_days: Days | None = None
    archive_after_days: Days | None = None
    delete_after_days: Days | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        days = [d for d in (self.cool_after_days, self.archive_after_days, self.delete_after_days) if d is not None]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("cool_after_days below archive_after_days below delete_after_days")
        return self


class ZoneSpec(Model):
    """One of the five zones as the estate states it."""

    stewards: Guid
    """The Entra group that manages the zone's data."""
    redundancy: Redundancy
    tiers: Tiers
    immutable_days: Days | None = None
    """The days during which a blob cannot be changed or deleted; None for zones whose data moves on."""


class ZoneConfig(ZoneSpec):
    """The configuration of a zone."""

    addresses: IPv4Network


class JunctionZoneConfig(StackConfig):
    """The configuration of the junction zone, where providers upload data."""

    platform: str
    """The name of the platform stack of its cell."""
    zone: ZoneConfig
    providers: tuple[Provider, ...] = Field(min_length=1)
    former_inboxes: tuple[ProviderCode, ...] = ()
    """The codes of providers that had an inbox and left. Its key stays: Azure deletes it with its vault alone."""

    @field_validator("providers")
    @classmethod
    def _inboxes_of_the_zone(cls, providers: tuple[Provider, ...], before: ValidationInfo) -> tuple[Provider, ...]:
        refuse_common_ways(providers)
        inboxes = [(i, one.inbox) for i, one in enumerate(providers) if one.inbox]
        refuse_duplicates((((i, "inbox"), str(one)) for i, one in inboxes), "Two providers have one inbox.")
        if "zone" in before.data:
            allowed = ZoneRange(before.data["zone"].addresses).inbox_addresses()
            for i, inbox in inboxes:
                if inbox not in allowed:
                    raise InvalidValue(f"an address from {allowed[0]} to {allowed[-1]}", at=(i, "inbox"),
                                       found=str(inbox), problem="The inbox is outside its subnet.")  # fmt: skip
        return providers


class SafeHavenConfig(StackConfig):
    """The configuration of the landing, warehouse, staging and archive zones."""

    platform: str
    junction_zone: str
    """The name of the junction zone's stack."""
    landing: ZoneConfig
    warehouse: ZoneConfig
    staging: ZoneConfig
    archive: ZoneConfig
    secrets_expire: date
    """The day at whose start (UTC) the stack's secrets expire."""


class SharedTenancyConfig(StackConfig):
    """The configuration of a shared tenancy: the network that several projects have subnets in."""

    name: Slug
    title: Line
    platform: str
    addresses: IPv4Network
    """The address space of its network."""


class ProjectSpec(Model):
    """The fields that a request and the configuration of its tenancy have in common, with their checks."""

    project: Slug
    title: Line
    request: Line
    """The number of the approved data access request."""
    expires: date
    data_class: DataClass
    researchers: Guid
    stewards: Guid
    """The Entra group that approves data for the project."""
    checkers: Guid
    """The Entra group that checks outputs before they leave."""
    desks: tuple[DeskSpec, ...] = Field(min_length=1, max_length=MAX_DESKS)
    redundancy: Redundancy
    tiers: Tiers
    services: Services = Services()
    budget: Budget | None = None
    """None: the resource group has no budget, and so no alerts on its cost."""
    recipients: Recipients | None = None
    """Who fetches released results from outside. None: the project's stewards read them in the staff network."""

    @field_validator("recipients")
    @classmethod
    def _other_recipients(cls, recipients: Recipients | None, before: ValidationInfo) -> Recipients | None:
        others = {role: before.data.get(role) for role in ("researchers", "checkers")}
        others |= {f"users of the desk {desk.name}": desk.users for desk in before.data.get("desks", ())}
        for role, group in others.items():
            if recipients and group == recipients.group:
                raise InvalidValue(f"an Entra group other than the {role}'", at=("group",),
                                   found=str(recipients.group),
                                   problem="Nobody fetches what they asked for or released themselves.")  # fmt: skip
        return recipients

    @field_validator("stewards", "checkers")
    @classmethod
    def _separate_groups(cls, group: UUID, before: ValidationInfo) -> UUID:
        for role in ("researchers", "stewards"):
            if before.data.get(role) == group:
                raise InvalidValue(f"an Entra group other than the {role}'",
                                   fix="Name a group that approves independently.")  # fmt: skip
        return group

    @field_validator("desks")
    @classmethod
    def _desks_of_researchers(cls, desks: tuple[DeskSpec, ...], before: ValidationInfo) -> tuple[DeskSpec, ...]:
        """Require desks with different names, of sizes for the data class, whose users are no other role's group."""
        refuse_duplicates((((i, "name"), desk.name) for i, desk in enumerate(desks)), "Two desks have the same name.")
        for i, desk in enumerate(desks):
            require_matching_size(desk.size, before.data.get("data_class"), at=(i, "size"))
            refuse_unfit_windows(desk, at=(i,))
            for role in ("stewards", "checkers"):
                if desk.users and desk.users == before.data.get(role):
                    raise InvalidValue(f"an Entra group other than the {role}'", at=(i, "users"), found=str(desk.users),
                                       problem="Nobody releases data to themselves, or checks their own outputs.",
                                       fix="Name a group of researchers.")  # fmt: skip
        return desks

    def users_of(self, desk: DeskSpec) -> UUID:
        """Return the Entra group that signs in to a desk."""
        return desk.users or self.researchers


class TenancyConfig(ProjectSpec, StackConfig):
    """The configuration of one project's trusted research environment."""

    platform: str
    safe_haven: str
    addresses: IPv4Network
    desks: tuple[DeskConfig, ...] = Field(min_length=1, max_length=MAX_DESKS)
    egress: Egress
    """The egress rules of the tenancy's kind."""
    shared_tenancy: str | None = None
    """The stack of the shared tenancy whose network has the project's subnets. None: the project has its own."""
    network_readers: Line | None = None
    """The written reason why the researchers may read the network of the shared tenancy. None: they may not."""
    confidential_orchestrator: Guid | None = None
    """The object id, in this tenant, of Azure's enterprise application Confidential VM Orchestrator, which releases the
    keys of confidential disks to attested virtual machines. Required for identifiable data."""
    root_certificates: Roots = ()
    """The root certificate authorities that the desk trusts besides Ubuntu's, in an estate with tenant restrictions."""
    import_airlock: bool = True
    """False: nothing comes from the safe haven. For synthetic data only."""

    @field_validator("import_airlock")
    @classmethod
    def _import_airlock_of_patient_data(cls, exists: bool, before: ValidationInfo) -> bool:
        if not exists and before.data.get("data_class") is not DataClass.SYNTHETIC:
            raise InvalidValue("true: only a tenancy with synthetic data has no import airlock")
        return exists

    @property
    def endpoints(self) -> frozenset[TenancyEndpoint]:
        """The private endpoints of the tenancy."""
        found = frozenset(TenancyEndpoint)
        if not self.import_airlock:
            found -= IMPORT_ENDPOINTS
        return found if self.services.registry else found.difference(REGISTRY_ENDPOINTS)

    @model_validator(mode="after")
    def _orchestrator_of_confidential_disks(self) -> Self:
        if self.data_class is DataClass.IDENTIFIABLE and self.confidential_orchestrator is None:
            raise InvalidValue("for identifiable data `confidential_orchestrator`, the object id of the enterprise "
                               "application Confidential VM Orchestrator", fix=ORCHESTRATOR_COMMAND)  # fmt: skip
        return self

    @field_validator("egress")
    @classmethod
    def _outside_the_tenancy(cls, egress: Egress, before: ValidationInfo) -> Egress:
        refuse_internal_addresses(egress, [before.data["addresses"]] if "addresses" in before.data else [])
        return egress


def subscriptions_of(configs: Iterable[StackConfig]) -> frozenset[str]:
    """Return the subscriptions that an estate names for its stacks, also for those that are not deployed yet."""
    found: set[UUID] = set()
    for config in configs:
        found |= {config.subscription, *(config.subscriptions if isinstance(config, PlatformConfig) else ())}
    return frozenset(map(str, found))


MODELS: dict[str, type[StackConfig]] = {
    r"platform(-.+)?": PlatformConfig,
    r"junction-zone": JunctionZoneConfig,
    r"safe-haven": SafeHavenConfig,
    rf"{SHARED}.+": SharedTenancyConfig,
    r"tre-.+": TenancyConfig,
}
"""The configuration model of each kind of stack, by a pattern of the stack's name."""
NAMESPACE = "sde:"
ENGINE_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""Keys that the engines add next to `config`. Without them the stack's secrets are lost."""


def config_model(stack: str) -> type[StackConfig]:
    """Return the configuration model for a stack name. Raise `InputError` if the name fits no kind of stack."""
    for pattern, model in MODELS.items():
        if re.fullmatch(pattern, stack):
            return model
    raise InputError("There is no such kind of stack.", found=stack,
                     allowed="platform, platform-<cell>, junction-zone, safe-haven, shared-<tenancy> or "
                     "tre-<project>")  # fmt: skip


def is_kind(stack: str, *kinds: type[StackConfig]) -> bool:
    """Return True if a stack name is of one of these kinds; False for a name of no kind."""
    try:
        return issubclass(config_model(stack), kinds)
    except InputError:
        return False


def parse(stack: str, settings: Mapping[str, Any]) -> StackConfig:
    """Return the configuration of a stack from the settings of an engine: text, with lists and maps as JSON."""
    model, file = config_model(stack), f"Pulumi.{stack}.yaml"
    own = {key.removeprefix(NAMESPACE): value for key, value in settings.items() if key.startswith(NAMESPACE)}
    values = {key: _parsed(model, key, value) for key, value in own.items()}
    config = validated(model, values, file=file, prefix=NAMESPACE)
    provided = settings.get("azure-native:subscriptionId")
    if provided is not None and provided != str(config.subscription):
        raise InputError("Provider and stack are configured for different subscriptions.", file=file,
                         key="azure-native:subscriptionId", found=provided,
                         allowed=str(config.subscription))  # fmt: skip
    return config


def provider_settings(config: StackConfig) -> dict[str, Any]:
    """Return the settings of the provider that follow from a stack's configuration. It has no others."""
    found: dict[str, Any] = {
        "azure-native:location": config.region.value,
        "azure-native:subscriptionId": str(config.subscription),
    }
    return found | ({"azure-native:useDefaultAzureCredential": True} if config.cloud is Cloud.AZURE else {})


def read_config(stack: str, file: Path) -> StackConfig:
    """Return the configuration in a stack's file, `Pulumi.<stack>.yaml`."""
    settings = read_mapping(file).get("config")
    if not isinstance(settings, dict):
        raise InputError("The file has no configuration.", file=str(file), key="config")
    return parse(stack, {key: v if isinstance(v, str) else json.dumps(v) for key, v in settings.items()})


def _parsed(model: type[StackConfig], key: str, value: Any) -> Any:
    """Return the value for its field: parse JSON where the field is no text, else keep the text."""
    field = model.model_fields.get(key)
    if field is None or not isinstance(value, str) or not _is_json(field.annotation):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # of the wrong kind, which the model says


def _is_json(annotation: Any) -> bool:
    """True for a list, a map, a model, a whole number or a boolean, also an optional one."""
    if isinstance(annotation, UnionType):
        return any(map(_is_json, get_args(annotation)))
    return get_origin(annotation) in (dict, tuple) or (
        isinstance(annotation, type) and (annotation in (int, bool) or issubclass(annotation, BaseModel))
    )
