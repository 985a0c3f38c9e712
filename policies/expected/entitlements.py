"""The rights that the estate names: which group or identity has which role on which resource of a stack.

A stack's groups come from the estate's files, as its configuration. Its managed identities and the roles are stated
here. A resource is named by its type and its logical name, which never change once they are deployed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from formats.addresses import ZoneName
from formats.stack_config import (
    JunctionZoneConfig,
    PlatformConfig,
    SafeHavenConfig,
    SharedTenancyConfig,
    StackConfig,
    TenancyConfig,
    ZoneConfig,
)
from policies.azure_semantics.malware_scanning import CLEAN_BLOBS_ONLY
from policies.expected.desk_operator import desk_operator
from policies.expected.public_ranges import OUTBOX, UPLOADS
from policies.expected.staff import machines

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
LOG_READER = "73c42c96-874c-492b-b04d-ab87d138a893"
BLOB_READER, BLOB_WRITER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
KEY_ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
KEY_RELEASE_USER = "08bbd89e-9f13-488c-ac41-acfcb10c90ab"
ACR_PUSH = "8311e382-0749-4cb8-b61a-304f252e45ec"
VM_USER_LOGIN = "fb879df8-f326-4884-b1cf-06f3ad86be52"

COMPUTER = "compute:VirtualMachine"
STORE, CONTAINER, VAULT = "storage:StorageAccount", "storage:BlobContainer", "keyvault:Vault"
ASKED, RELEASED = "asked", "released"
NO_ACCESS = "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'no container')"
"""The condition of a closed provider's role, under which it permits nothing: no name of a container has a space."""
SOURCES = {
    ZoneName.LANDING: ZoneName.JUNCTION,
    ZoneName.WAREHOUSE: ZoneName.LANDING,
    ZoneName.STAGING: ZoneName.WAREHOUSE,
    ZoneName.ARCHIVE: ZoneName.WAREHOUSE,
}
"""The zone of the safe haven, and the zone that its mover reads."""


@dataclass(frozen=True)
class Identity:
    """A user-assigned managed identity of a stack."""

    stack: str
    name: str


@dataclass(frozen=True)
class Application:
    """An application of the tenant outside the estate, by its object id."""

    id: str


@dataclass(frozen=True)
class Group:
    """An Entra group, by its object id."""

    id: str


Holder = Identity | Application | Group


@dataclass(frozen=True)
class Entitlement:
    """One right: a role for one holder on one resource."""

    holder: Holder
    role: str
    type: str
    name: str
    """The logical name of the resource."""
    stack: str
    """The stack of the resource."""
    condition: str = ""
    """The condition that the assignment must have, without white space; empty: none."""


def entitlements(stack: str, config: StackConfig) -> frozenset[Entitlement]:
    """Return the rights that a stack may assign."""
    return frozenset(_KINDS[type(config)](stack, config))


def _platform(stack: str, config: PlatformConfig) -> Iterator[Entitlement]:
    team = _group(config.platform_team)
    yield Entitlement(team, READER, "resources:ResourceGroup", "hub", stack)
    yield Entitlement(team, LOG_READER, "operationalinsights:Workspace", "logs", stack)
    if config.desk_users:
        yield Entitlement(_group(config.desk_users), READER, "network:BastionHost", "bastion", stack)
    yield _encryption(stack, "keys")
    yield Entitlement(Identity(stack, "flows-writer"), BLOB_WRITER, STORE, "flows", stack)
    if config.staff:
        yield _encryption(stack, "staff-keys")
        if config.confidential_orchestrator:
            application = Application(str(config.confidential_orchestrator))
            yield Entitlement(application, KEY_RELEASE_USER, VAULT, "staff-keys", stack)
    for name, machine in machines(config).items():
        users = _group(machine.users)
        yield Entitlement(users, READER, "network:BastionHost", "bastion", stack)
        yield from _sign_in(stack, users, name, ("staff", stack))


def _junction_zone(stack: str, config: JunctionZoneConfig) -> Iterator[Entitlement]:
    zone = ZoneName.JUNCTION
    yield from _zone(stack, zone, config.zone)
    for provider in config.providers:
        container = f"{zone}-provider-{provider.code}"
        if provider.inbox:
            yield from _store_of_zone(stack, zone, config.zone, provider.inbox_name)
            container = f"{provider.inbox_name}-{UPLOADS}"
        condition = condition_text(NO_ACCESS) if provider.closed else ""
        yield Entitlement(_group(provider.group), BLOB_WRITER, CONTAINER, container, stack, condition)


def _safe_haven(stack: str, config: SafeHavenConfig) -> Iterator[Entitlement]:
    for zone, source in SOURCES.items():
        yield from _zone(stack, zone, getattr(config, zone.value))
        if source is not ZoneName.JUNCTION:
            yield Entitlement(_mover(stack, zone), BLOB_READER, STORE, source, stack)
    junction = (ZoneName.JUNCTION, config.junction_zone)
    yield Entitlement(_mover(stack, ZoneName.LANDING), BLOB_READER, "resources:ResourceGroup", *junction)
    yield Entitlement(_mover(stack, ZoneName.STAGING), SECRETS_USER, VAULT, f"{ZoneName.STAGING}-keys", stack)


def _zone(stack: str, zone: ZoneName, config: ZoneConfig) -> Iterator[Entitlement]:
    yield _encryption(stack, f"{zone}-keys")
    yield from _store_of_zone(stack, zone, config, zone)


def _store_of_zone(stack: str, zone: ZoneName, config: ZoneConfig, store: str) -> Iterator[Entitlement]:
    stewards_role = BLOB_READER if config.immutable_days else BLOB_WRITER
    yield Entitlement(_mover(stack, zone), BLOB_WRITER, STORE, store, stack)
    yield Entitlement(_group(config.stewards), stewards_role, STORE, store, stack)


def _tenancy(stack: str, config: TenancyConfig) -> Iterator[Entitlement]:
    desks = tuple(Identity(stack, desk.logical_name) for desk in config.desks)
    yield _encryption(stack, "keys")
    if config.confidential_orchestrator:
        application = Application(str(config.confidential_orchestrator))
        yield Entitlement(application, KEY_RELEASE_USER, VAULT, "keys", stack)
    network = ("net", config.shared_tenancy or stack)
    # With a right on the network of a shared tenancy, they list the subnets and interfaces of others.
    may_read_network = config.shared_tenancy is None or config.network_readers is not None
    for desk in config.desks:
        users = _group(config.users_of(desk))
        yield from _sign_in(stack, users, desk.logical_name, network if may_read_network else None)
        yield Entitlement(users, desk_operator(stack, config), COMPUTER, desk.logical_name, stack)
    yield from (Entitlement(desk, BLOB_WRITER, STORE, "data", stack) for desk in desks)
    if config.services.registry:
        yield from (Entitlement(desk, ACR_PUSH, "containerregistry:Registry", "registry", stack) for desk in desks)
    if config.import_airlock:
        staging = _mover(config.safe_haven, ZoneName.STAGING)
        yield from _airlock(stack, "import", (staging,), _group(config.stewards), desks)
    yield from _airlock(stack, "export", desks, _group(config.checkers), (_group(config.stewards),))
    if config.recipients:
        yield Entitlement(_group(config.recipients.group), BLOB_READER, CONTAINER, f"{OUTBOX}-{RELEASED}", stack)


def _shared_tenancy(_stack: str, _config: SharedTenancyConfig) -> Iterator[Entitlement]:
    """Yield nothing: nobody has a right on what projects share."""
    yield from ()


def _sign_in(stack: str, group: Group, machine: str, network: tuple[str, str] | None) -> Iterator[Entitlement]:
    """Yield the rights with which a group signs in to a virtual machine as ordinary users, through Bastion.

    `network`: the network that it may read, and that network's stack. None: it may read none.
    """
    yield Entitlement(group, VM_USER_LOGIN, COMPUTER, machine, stack)
    yield Entitlement(group, READER, COMPUTER, machine, stack)
    yield Entitlement(group, READER, "network:NetworkInterface", machine, stack)
    if network:
        yield Entitlement(group, READER, "network:VirtualNetwork", *network)


def _airlock(
    stack: str, name: str, submitters: Iterable[Holder], reviewer: Holder, recipients: Iterable[Holder]
) -> Iterator[Entitlement]:
    asked, released = f"{name}-{ASKED}-{ASKED}", f"{name}-{RELEASED}-{RELEASED}"
    yield from (Entitlement(submitter, BLOB_WRITER, CONTAINER, asked, stack) for submitter in submitters)
    yield Entitlement(reviewer, BLOB_READER, CONTAINER, asked, stack, condition_text(CLEAN_BLOBS_ONLY))
    yield Entitlement(reviewer, BLOB_WRITER, CONTAINER, released, stack)
    yield from (Entitlement(recipient, BLOB_READER, CONTAINER, released, stack) for recipient in recipients)


def _encryption(stack: str, vault: str) -> Entitlement:
    """Return the right of the identity with which stores and disks use the keys of a vault."""
    return Entitlement(Identity(stack, f"{vault}-encrypts"), KEY_ENCRYPTION_USER, VAULT, vault, stack)


def _mover(stack: str, zone: ZoneName) -> Identity:
    return Identity(stack, f"{zone}-mover")


def _group(id_: object) -> Group:
    return Group(str(id_).lower())


def condition_text(condition: str) -> str:
    """Return a condition in the form in which conditions are compared."""
    return "".join(condition.split())


_KINDS: Mapping[type[StackConfig], Callable[[str, Any], Iterator[Entitlement]]] = {
    PlatformConfig: _platform,
    JunctionZoneConfig: _junction_zone,
    SafeHavenConfig: _safe_haven,
    SharedTenancyConfig: _shared_tenancy,
    TenancyConfig: _tenancy,
}
