"""The estate's files as frozen pydantic models. docs/estate.md explains each key."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from formats.addresses import TenancyKind, ZoneName
from formats.egress import Egress
from formats.input_model import Guid, Line, Model, Slug, one_line
from formats.stack_config import (
    Cloud,
    DataClass,
    EstateCode,
    ProjectSpec,
    ProviderSpec,
    Region,
    RetentionDays,
    TagValue,
    ZoneSpec,
)
from formats.stack_config import Provider as ConfiguredProvider

MIN_RSA_BITS = 2048
TAG_NAME = r"^[A-Za-z][A-Za-z0-9_.-]{0,127}$"
AZURE_TAGS = ("microsoft", "azure", "windows")
"""Prefixes of tag names that Azure reserves."""


def _public_key(text: str) -> str:
    """Require an SSH public key that Azure accepts: Ed25519, or RSA of 2048 bits or more."""
    try:
        key = load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("an SSH public key, such as `ssh-ed25519 AAAA... name`") from None
    if isinstance(key, Ed25519PublicKey) or (isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS):
        return text
    raise ValueError(f"an Ed25519 key, or an RSA key of {MIN_RSA_BITS} bits or more")


def _tag_names(tags: dict[str, str]) -> dict[str, str]:
    lowered = [name.lower() for name in tags]
    if len(set(lowered)) < len(lowered):
        raise ValueError("tag names that differ in more than case")
    if any(name.startswith(AZURE_TAGS) for name in lowered):
        raise ValueError("tag names that do not begin with " + ", ".join(AZURE_TAGS))
    return tags


PublicKey = Annotated[str, StringConstraints(max_length=2000), AfterValidator(one_line), AfterValidator(_public_key)]
TagName = Annotated[str, StringConstraints(pattern=TAG_NAME)]
Tags = Annotated[dict[TagName, Annotated[TagValue, AfterValidator(one_line)]], Field(max_length=30),
                 AfterValidator(_tag_names)]  # fmt: skip
"""The estate's own tags, in addition to those of every stack. Azure allows 50 in all."""


class Subscriptions(Model):
    """The subscriptions of a cell's stacks."""

    platform: Guid
    zones: Guid
    tenancies: tuple[Guid, ...] = Field(min_length=1)
    """Filled in order. Only append: the ledger refers to them by index."""

    @property
    def every(self) -> tuple[UUID, ...]:
        """All subscriptions without duplicates, the platform's first."""
        return tuple(dict.fromkeys((self.platform, self.zones, *self.tenancies)))


class Cell(Model):
    """One hub and its tenancies."""

    name: Annotated[Slug, StringConstraints(max_length=20)]
    addresses: str
    """Parsed and checked by the address plan."""
    subscriptions: Subscriptions
    storage_accounts: int = Field(default=250, ge=10, le=500)
    """The limit per subscription in the region: by default 250, on request 500."""


class Zones(Model):
    """The five zones."""

    junction: ZoneSpec
    landing: ZoneSpec
    warehouse: ZoneSpec
    staging: ZoneSpec
    archive: ZoneSpec


assert tuple(Zones.model_fields) == tuple(ZoneName)  # noqa: S101 - both list the same zones


class Provider(ProviderSpec):
    """An organisation that uploads data."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,10}$")]
    """Its ODS code, as the Organisation Data Service writes it."""


class CareSystem(Model):
    """An integrated care system with its providers."""

    name: Line
    providers: tuple[Provider, ...] = Field(min_length=1)


class Approval(Model):
    """The approval of the SDE itself, for the tags of the platform and the zones."""

    request: Line
    controller: Line
    expires: date


class EstateFile(Model):
    """`estate.yaml`."""

    code: EstateCode
    organisation: Line
    region: Region
    cloud: Cloud
    cost_centre: Line
    approval: Approval
    data_class: DataClass
    """The most sensitive data in the estate."""
    platform_team: Guid
    desk_users: Guid | None = None
    """The group with every project's researchers' groups as members: they see the Bastions."""
    confidential_orchestrator: Guid | None = None
    """Azure's enterprise application Confidential VM Orchestrator in this tenant: identifiable data needs it."""
    admin_public_key: PublicKey
    log_retention_days: RetentionDays
    secrets_expire: date
    addresses: str
    cells: tuple[Cell, ...] = Field(min_length=1)
    zones: Zones
    egress: dict[TenancyKind, Egress]
    integrated_care_systems: tuple[CareSystem, ...] = Field(min_length=1)
    tags: Tags = Field(default_factory=dict)

    @property
    def providers(self) -> tuple[ConfiguredProvider, ...]:
        """All providers, in the form of the stacks' configuration."""
        return tuple(
            ConfiguredProvider(code=p.code.lower(), name=p.name, group=p.group, system=s.name)
            for s in self.integrated_care_systems
            for p in s.providers
        )


class RequestFile(ProjectSpec):
    """`requests/<project>.yaml`: an approved data access request."""

    approved_on: date
    controller: Line
    cost_centre: Line
    kind: TenancyKind
    cell: Slug | None = None
    """None: the first cell with a free slot."""


class Allocation(Model):
    """The allocation of one stack in the ledger."""

    cell: Slug
    generation: int = Field(default=1, ge=1)
    kind: TenancyKind | None = None
    slot: int | None = Field(default=None, ge=0)
    subscription: int | None = Field(default=None, ge=0)
    """The index of the subscription in the cell's list for tenancies."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len({self.kind is None, self.slot is None, self.subscription is None}) > 1:
            raise ValueError("kind, slot and subscription together, or none of them")
        return self


class LedgerFile(Model):
    """`allocations.yaml`, written by the tool."""

    format: int = Field(ge=1, le=1)
    stacks: dict[str, Allocation]
