"""Stores: what holds data, as storage accounts with their containers and vaults with secrets, and what closes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.properties import entries, word
from policies.azure_semantics.scanning import is_scanner
from policies.model import MISSING, Resource, Unknown
from policies.reachability.control_sets import OPEN, Control, Layer, Ways, both
from policies.reachability.free_addresses import fixed_addresses
from policies.reachability.role_grants import Grants, allowed
from policies.reachability.roles import Right
from policies.reachability.topology import Places, Spot

ACCOUNT, CONTAINER = "storage:StorageAccount", "storage:BlobContainer"
VAULT, SECRET = "keyvault:Vault", "keyvault:Secret"
ENDPOINT = "network:PrivateEndpoint"
CLOSED = ("disabled", "securedbyperimeter")


@dataclass(frozen=True, eq=False)
class Store:
    """A storage account, or a vault that keeps secrets."""

    urn: str
    id: str
    name: str
    """The logical name, as the program calls it."""
    host: str
    """The domain name at which it answers."""
    stack: str
    group: str
    """The id of its resource group."""
    is_vault: bool
    public: Ways
    """What must fail before it answers on the public network, rules included."""
    keys: Ways
    """What must fail before a key of the account opens it; listing the keys is another matter."""
    encryption: Ways
    """What must fail before its own identity can use the key that it is encrypted with."""
    doors: tuple[Door, ...]
    """Its private endpoints."""

    @property
    def called(self) -> str:
        """How people name it."""
        return f"{self.stack}/{self.name}"


@dataclass(frozen=True, eq=False)
class Container:
    """A container of a store; of a vault, all that it keeps secret."""

    urn: str
    id: str
    name: str
    store: Store
    anonymous: Ways
    """What must fail before nobody in particular can read it."""

    @property
    def called(self) -> str:
        """How people name it."""
        return f"{self.store.called}/{self.name}"


@dataclass(frozen=True, eq=False)
class Door:
    """A private endpoint: where it stands, and what it leads to."""

    spot: Spot
    targets: tuple[str, ...]
    at: tuple[IPv4Network, ...]
    """Its address, or each that it may have."""


class Stores:
    """Every store of an estate with its containers."""

    def __init__(self, places: Places, grants: Grants) -> None:
        self.places, self.grants, self.estate = places, grants, places.estate

    @cached_property
    def doors(self) -> tuple[Door, ...]:
        """Every private endpoint."""
        found = self.estate.of(ENDPOINT)
        return tuple(d for r in found if (d := self.places.told(r.urn, None, self._door, r)))

    def _door(self, endpoint: Resource) -> Door:
        connections = [
            f"{path}.privateLinkServiceId"
            for kind in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
            for path in entries(endpoint, kind)
        ]
        spot = self.places.spots.get(ids.plain(endpoint.at("subnet.id")))
        if spot is None:
            raise Unknown("subnet.id")
        fixed = [IPv4Network(address) for _, addresses in fixed_addresses(endpoint) for address in sorted(addresses)]
        targets = tuple(ids.plain(endpoint.at(path)) for path in connections)
        return Door(spot, targets, tuple(fixed) or self.places.free(spot))

    @cached_property
    def _doors_to(self) -> Mapping[str, list[Door]]:
        found: dict[str, list[Door]] = {}
        for door in self.doors:
            for target in door.targets:
                found.setdefault(target, []).append(door)
        return found

    @cached_property
    def stores(self) -> Mapping[str, Store]:
        """By lower-case id."""
        keepers = {ids.parent(secret.id) for secret in self.estate.of(SECRET)}
        vaults = [v for v in self.estate.of(VAULT) if ids.plain(v.id) in keepers]
        found = (self.places.told(r.urn, None, self._store, r) for r in [*self.estate.of(ACCOUNT), *vaults])
        return {store.id: store for store in found if store}

    def _store(self, resource: Resource) -> Store:
        id_, vault = ids.own(resource), resource.type == VAULT
        suffix = "vault.azure.net" if vault else "blob.core.windows.net"
        return Store(
            urn=resource.urn,
            id=id_,
            name=resource.name,
            host=f"{ids.name(id_)}.{suffix}",
            stack=resource.stack,
            group=ids.resource_group(id_),
            is_vault=vault,
            public=self._public(resource, "properties." if vault else "", "networkAcls" if vault else "networkRuleSet"),
            keys=OPEN if vault else self._keys(resource),
            encryption=OPEN if vault else self._encryption(resource),
            doors=tuple(self._doors_to.get(id_, ())),
        )

    def _encryption(self, account: Resource) -> Ways:
        """A store reads nothing while its own identity has no right to use its key."""
        source = _word(account, "encryption.keySource")
        who = self.estate.get(_at(account, "encryption.encryptionIdentity.encryptionUserAssignedIdentity"))
        uri = _word(account, "encryption.keyVaultProperties.keyVaultUri")
        vault = next((v for v in self.estate.of(VAULT) if uri.startswith(f"https://{ids.name(v.id)}.")), None)
        if source != "microsoft.keyvault" or who is None or vault is None:
            return OPEN
        rights = allowed(self.grants.of([who.urn]), ids.plain(vault.id))
        if rights & (Right.WRAP | Right.CONTROL):
            return OPEN
        return self._holds(account, Layer.ENCRYPTION, "key", f"{account.name} may not use its own key")

    @cached_property
    def containers(self) -> Mapping[str, Container]:
        """By lower-case id; a vault is one container."""
        found = {s.id: Container(s.urn, s.id, "secrets", s, ()) for s in self.stores.values() if s.is_vault}
        for resource in self.estate.of(CONTAINER):
            container = self.places.told(resource.urn, None, self._container, resource)
            if container:
                found[container.id] = container
        return found

    def _container(self, resource: Resource) -> Container:
        id_ = ids.own(resource)
        account = self.estate.get(id_.split("/blobservices/")[0])
        if account is None or ids.own(account) not in self.stores:
            raise Unknown("accountName")
        return Container(
            resource.urn, id_, ids.name(id_), self.stores[ids.own(account)], self._anonymous(account, resource)
        )

    def of(self, store: Store) -> Iterator[Container]:
        """The containers of a store."""
        return (c for c in self.containers.values() if c.store is store)

    def _public(self, resource: Resource, prefix: str, rules: str) -> Ways:
        """Two things, and Azure Policy before the first: whether the public network is closed, and whether its rules
        deny. Missing means open."""
        shut = _word(resource, f"{prefix}publicNetworkAccess") in CLOSED
        denies = _word(resource, f"{prefix}{rules}.defaultAction") == "deny"
        kinds = ("ipRules", "virtualNetworkRules", "resourceAccessRules")
        lets_in = [_at(resource, f"{prefix}{rules}.{kind}") for kind in kinds]
        if _only_scanner(resource, lets_in[-1]):
            lets_in.pop()
        strict = denies and all(found is MISSING or found in ([], ()) for found in lets_in)
        closed = self._holds(resource, Layer.PUBLIC, "public", f"{resource.name} is closed to the public network")
        ruled = self._holds(
            resource, Layer.NETWORK_RULES, "rules", f"the network rules of {resource.name} deny by default"
        )
        stays = self.places.rails.of("stores-stay-closed", ids.own(resource))
        return both(both(closed, stays) if shut else OPEN, ruled if strict else OPEN)

    def _keys(self, account: Resource) -> Ways:
        if _at(account, "allowSharedKeyAccess") is not False:
            return OPEN
        stays = self.places.rails.of("stores-stay-closed", ids.own(account))
        return both(self._holds(account, Layer.KEY_ACCESS, "keys", f"{account.name} takes no account key"), stays)

    def _anonymous(self, account: Resource, container: Resource) -> Ways:
        """Anonymous reading must be permitted twice: by the account, which Azure Policy refuses, and the container."""
        stays = self.places.rails.of("stores-stay-closed", ids.own(account))
        first = self._holds(account, Layer.ANONYMOUS, "anonymous", f"{account.name} permits no anonymous access")
        second = self._holds(container, Layer.ANONYMOUS, "anonymous", f"{container.name} permits no anonymous access")
        account_shut = _at(account, "allowBlobPublicAccess") is False
        shut = _word(container, "publicAccess") in ("", "none")
        return both(both(first, stays) if account_shut else OPEN, second if shut else OPEN)

    def _holds(self, resource: Resource, layer: Layer, what: str, says: str) -> Ways:
        id_ = ids.plain(resource.id)
        return self.places.ledger.through(Control(layer, f"{id_}#{what}", f"{resource.stack}: {says}", id_))


def _only_scanner(account: Resource, rules: object) -> bool:
    """Whether rules let in nothing but Defender's malware scanner, which passes on verdicts alone."""
    found = rules if isinstance(rules, list | tuple) else [None]
    return all(isinstance(rule, Mapping) and is_scanner(rule.get("resourceId"), account) for rule in found)


def _at(resource: Resource, path: str) -> object:
    try:
        return resource.at(path)
    except Unknown:
        return None


def _word(resource: Resource, path: str) -> str:
    try:
        return word(resource, path)
    except Unknown:
        return "?"
