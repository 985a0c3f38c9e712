"""Stores: what holds data, as storage accounts with their containers and vaults with secrets, and what closes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from policies.facts import ids
from policies.facts.properties import entries, word
from policies.flows.grants import Grants, allowed
from policies.flows.places import Places, Spot
from policies.flows.roles import Right
from policies.flows.ways import OPEN, Control, Layer, Ways, both, through
from policies.model import MISSING, Resource, Unknown

ACCOUNT, CONTAINER = "storage:StorageAccount", "storage:BlobContainer"
VAULT, SECRET = "keyvault:Vault", "keyvault:Secret"
ENDPOINT = "network:PrivateEndpoint"
CLOSED = ("disabled", "securedbyperimeter")


@dataclass(frozen=True, eq=False)
class Store:
    """A storage account, or a vault that keeps secrets."""

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
    doors: tuple[Spot, ...]
    """The subnets in which its private endpoints stand."""

    @property
    def called(self) -> str:
        """How people name it."""
        return f"{self.stack}/{self.name}"


@dataclass(frozen=True, eq=False)
class Container:
    """A container of a store; of a vault, all that it keeps secret."""

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
        return Door(spot, tuple(ids.plain(endpoint.at(path)) for path in connections))

    @cached_property
    def _doors_to(self) -> Mapping[str, list[Spot]]:
        found: dict[str, list[Spot]] = {}
        for door in self.doors:
            for target in door.targets:
                found.setdefault(target, []).append(door.spot)
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
            id=id_,
            name=resource.name,
            host=f"{ids.name(id_)}.{suffix}",
            stack=resource.stack,
            group=ids.resource_group(id_),
            is_vault=vault,
            public=_public(resource, "properties." if vault else "", "networkAcls" if vault else "networkRuleSet"),
            keys=OPEN if vault else _keys(resource),
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
        return through(_control(account, Layer.ENCRYPTION, "key", f"{account.name} may not use its own key"))

    @cached_property
    def containers(self) -> Mapping[str, Container]:
        """By lower-case id; a vault is one container."""
        found = {s.id: Container(s.id, "secrets", s, ()) for s in self.stores.values() if s.is_vault}
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
        return Container(id_, ids.name(id_), self.stores[ids.own(account)], _anonymous(account, resource))

    def of(self, store: Store) -> Iterator[Container]:
        """The containers of a store."""
        return (c for c in self.containers.values() if c.store is store)


def _public(resource: Resource, prefix: str, rules: str) -> Ways:
    """Two things: whether the public network is closed, and whether its rules deny. Missing means open."""
    shut = _word(resource, f"{prefix}publicNetworkAccess") in CLOSED
    denies = _word(resource, f"{prefix}{rules}.defaultAction") == "deny"
    kinds = ("ipRules", "virtualNetworkRules", "resourceAccessRules")
    lets_in = [_at(resource, f"{prefix}{rules}.{kind}") for kind in kinds]
    closed = _control(resource, Layer.PUBLIC, "public", f"{resource.name} is closed to the public network")
    ruled = _control(resource, Layer.NETWORK_RULES, "rules", f"the network rules of {resource.name} deny by default")
    strict = denies and all(found is MISSING or found in ([], ()) for found in lets_in)
    return both(through(closed) if shut else OPEN, through(ruled) if strict else OPEN)


def _keys(account: Resource) -> Ways:
    if _at(account, "allowSharedKeyAccess") is not False:
        return OPEN
    return through(_control(account, Layer.KEY_ACCESS, "keys", f"{account.name} takes no account key"))


def _anonymous(account: Resource, container: Resource) -> Ways:
    """Anonymous reading must be permitted twice: by the account, and by the container."""
    account_shut = _at(account, "allowBlobPublicAccess") is False
    shut = _word(container, "publicAccess") in ("", "none")
    first = _control(account, Layer.ANONYMOUS, "anonymous", f"{account.name} permits no anonymous access")
    second = _control(container, Layer.ANONYMOUS, "anonymous", f"{container.name} permits no anonymous access")
    return both(through(first) if account_shut else OPEN, through(second) if shut else OPEN)


def _control(resource: Resource, layer: Layer, what: str, says: str) -> Control:
    id_ = ids.plain(resource.id)
    return Control(layer, f"{id_}#{what}", f"{resource.stack}: {says}", id_)


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
