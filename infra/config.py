"""A stack's configuration as typed, frozen values: one model for each kind of stack, validated before anything runs.

`tre_templates/` renders these from the estate into `Pulumi.<stack>.yaml`; the keys there are the field names below,
under the namespace `sde:`. Lists and models are structured configuration (YAML maps and lists).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Network
from itertools import pairwise
from typing import Annotated, Any, Self, get_origin
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from infra.egress import Egress, refuse_inside
from infra.errors import BadInput
from infra.model import Model, Slug
from infra.validation import checked

LOCAL_SUBSCRIPTIONS = "10ca1"
"""How the ids of the local Azure's subscriptions begin; no other may, and none of real Azure does."""


class Cloud(StrEnum):
    """Which Azure a stack is for. There is no default, and neither is ever taken for the other."""

    LOCAL = "local"
    AZURE = "azure"


class Region(StrEnum):
    """Where patients' records may be kept."""

    UKSOUTH = "uksouth"
    UKWEST = "ukwest"


class DataClass(StrEnum):
    """How sensitive what a stack holds is; the strictness of the policies follows it."""

    SYNTHETIC = "synthetic"
    DE_IDENTIFIED = "de-identified"
    IDENTIFIABLE = "identifiable"


class Redundancy(StrEnum):
    """How a store is copied. Zone-redundant kinds are absent: their blobs cannot be archived (azure: access tiers)."""

    LOCAL = "Standard_LRS"
    GEO = "Standard_GRS"
    READ_GEO = "Standard_RAGRS"


EstateCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,7}$")]
"""The estate's short code, 2-8 lower-case letters and digits: it begins every globally unique name."""
TagValue = Annotated[str, StringConstraints(max_length=256)]
Days = Annotated[int, Field(ge=1, le=36500)]


class StackConfig(Model):
    """What every stack is told."""

    cloud: Cloud
    estate: EstateCode
    region: Region
    subscription: UUID
    """The Azure subscription that the stack lives in; also the provider's, as `azure-native:subscriptionId`."""
    generation: int = Field(default=1, ge=1)
    """Counts how often this stack was destroyed whole: its globally unique names change with it, for Azure keeps the
    names of deleted key vaults for up to 90 days."""
    data_class: DataClass
    tags: dict[str, TagValue]


class PlatformConfig(StackConfig):
    """A cell's hub."""

    cell: Slug
    addresses: IPv4Network
    """The hub's own range; `infra.addresses` says how it is cut."""
    zone_range: IPv4Network
    """The range that holds the zones of this cell."""
    tenancy_ranges: dict[str, IPv4Network]
    """The contiguous range of each kind of tenancy in this cell, by kind."""
    egress: dict[str, Egress]
    """What each kind of tenancy may reach through the firewall, by kind."""
    platform_team: UUID
    """The Entra group of the platform engineers."""
    log_retention_days: int = Field(ge=365, le=730)
    subscriptions: tuple[UUID, ...] = Field(min_length=1)
    """Every subscription that the cell's stacks live in, its own among them: what is done in each is recorded here."""
    desk_users: UUID | None = None
    """The Entra group with every project's researchers' groups as members: they see the cell's Bastion, which Azure
    asks of who signs in through it. One grant a cell: grants for each project would collide where two share a group."""

    @model_validator(mode="after")
    def _subscriptions_of_the_cell(self) -> Self:
        answering = {str(one).startswith(LOCAL_SUBSCRIPTIONS) for one in self.subscriptions}
        if len(set(self.subscriptions)) < len(self.subscriptions):
            raise ValueError("subscriptions, each named once")
        if self.subscription not in self.subscriptions:
            raise ValueError("subscriptions with the stack's own among them")
        if len(answering) > 1:
            raise ValueError("subscriptions of one Azure, the local or the real one")
        return self

    @field_validator("egress")
    @classmethod
    def _leads_out(cls, egress: dict[str, Egress], before: ValidationInfo) -> dict[str, Egress]:
        ours = [before.data[key] for key in ("addresses", "zone_range") if key in before.data]
        ranges = before.data.get("tenancy_ranges", {}).values()
        refuse_inside((rule for rules in egress.values() for rule in rules), [*ours, *ranges])
        return egress


class Tiers(Model):
    """After how many days without a change a blob moves to the next tier, or goes. None: never."""

    cool_after_days: Days | None = None
    archive_after_days: Days | None = None
    delete_after_days: Days | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        days = [d for d in (self.cool_after_days, self.archive_after_days, self.delete_after_days) if d is not None]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("cool_after_days below archive_after_days below delete_after_days")
        return self


class ZoneConfig(Model):
    """One of the five zones."""

    addresses: IPv4Network
    stewards: UUID
    """The Entra group that looks after what the zone holds."""
    redundancy: Redundancy
    tiers: Tiers
    immutable_days: Days | None = None
    """How long what is written cannot be changed or deleted; None for zones whose data moves on."""


class Provider(Model):
    """An organisation that brings data in."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{3,10}$")]
    """Its ODS code in lower case."""
    name: str
    group: UUID
    """The Entra group of those who upload for it."""
    system: str | None = None
    """The integrated care system that it belongs to."""


class JunctionZoneConfig(StackConfig):
    """The entry: where providers bring data in."""

    platform: str
    """The name of the platform stack of its cell."""
    zone: ZoneConfig
    providers: tuple[Provider, ...] = Field(min_length=1)


class SafeHavenConfig(StackConfig):
    """Landing, warehouse, staging and archive."""

    platform: str
    junction_zone: str
    """The name of the junction zone's stack."""
    landing: ZoneConfig
    warehouse: ZoneConfig
    staging: ZoneConfig
    archive: ZoneConfig
    secrets_expire: date


class DeskConfig(Model):
    """The workspace computer of a project."""

    size: Annotated[str, StringConstraints(pattern=r"^Standard_[A-Za-z0-9_]+$")]
    """An Azure size, such as Standard_NC24ads_A100_v4."""
    os_disk_gib: int = Field(ge=64, le=2048)
    data_disk_gib: int = Field(ge=32, le=32767)
    admin_public_key: str
    """The public half of the break-glass SSH key; people sign in with Entra."""
    zone: int | None = Field(default=None, ge=1, le=3)


class TenancyConfig(StackConfig):
    """One project's trusted research environment."""

    project: Slug
    title: str
    request: str
    """The number of the approved data access request."""
    expires: date
    platform: str
    safe_haven: str
    addresses: IPv4Network
    researchers: UUID
    stewards: UUID
    """Who releases data into the project."""
    checkers: UUID
    """Who checks outputs before they leave; never the researchers."""
    desk: DeskConfig
    redundancy: Redundancy
    tiers: Tiers
    egress: Egress
    """What its kind may reach through the firewall."""
    confidential_orchestrator: UUID | None = None
    """The object id, in this tenant, of Azure's enterprise application Confidential VM Orchestrator: it must be named
    where data is identifiable, since it hands the keys of confidential disks to attested computers."""

    @field_validator("egress")
    @classmethod
    def _leads_out(cls, egress: Egress, before: ValidationInfo) -> Egress:
        refuse_inside(egress, [before.data[key] for key in ("addresses",) if key in before.data])
        return egress


KINDS: dict[str, type[StackConfig]] = {
    r"platform(-.+)?": PlatformConfig,
    r"junction-zone": JunctionZoneConfig,
    r"safe-haven": SafeHavenConfig,
    r"tre-.+": TenancyConfig,
}
"""What each stack is, by its name."""
NAMESPACE = "sde:"


def kind_of(stack: str) -> type[StackConfig]:
    """The model of the stack so called. `BadInput` for a name that no stack of the project has."""
    for pattern, model in KINDS.items():
        if re.fullmatch(pattern, stack):
            return model
    raise BadInput("There is no such kind of stack.", found=stack,
                   allowed="platform, platform-<cell>, junction-zone, safe-haven or tre-<project>")  # fmt: skip


def load(stack: str) -> StackConfig:
    """The configuration of the stack that is running. `BadInput` names its file and key."""
    from pulumi.runtime.config import CONFIG, get_config_env  # noqa: PLC0415 - only a running program needs the SDK

    return parse(stack, {**get_config_env(), **CONFIG.get()})


def parse(stack: str, settings: Mapping[str, Any]) -> StackConfig:
    """The configuration of a stack from its settings as an engine gives them: all as text, lists and maps as JSON."""
    model, file = kind_of(stack), f"Pulumi.{stack}.yaml"
    ours = {key.removeprefix(NAMESPACE): value for key, value in settings.items() if key.startswith(NAMESPACE)}
    values = {key: _plain(model, key, value, file) for key, value in ours.items()}
    config = checked(model, values, file=file, prefix=NAMESPACE)
    told = settings.get("azure-native:subscriptionId")
    if told is not None and told != str(config.subscription):
        raise BadInput("The provider is told another subscription than the stack.", file=file,
                       key="azure-native:subscriptionId", found=told, allowed=str(config.subscription))  # fmt: skip
    return config


def _plain(model: type[StackConfig], key: str, value: Any, file: str) -> Any:
    """The value as its field wants it: structured ones come as JSON, all others as the text that they are."""
    field = model.model_fields.get(key)
    if field is None or not isinstance(value, str) or not _structured(field.annotation):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise BadInput("This should be a list or a map.", file=file, key=NAMESPACE + key, found=value) from None


def _structured(annotation: Any) -> bool:
    return get_origin(annotation) in (dict, tuple) or (
        isinstance(annotation, type) and issubclass(annotation, BaseModel)
    )
