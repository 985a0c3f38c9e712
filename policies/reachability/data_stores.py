"""Data stores: storage accounts with their containers, vaults with secrets, and container registries with their images,
and the controls on access to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.assigned_identities import assigned_identities
from policies.azure_semantics.malware_scanning import is_scanner
from policies.azure_semantics.perimeters import SECURED, is_closed_by_perimeter
from policies.azure_semantics.private_link import CONNECTION_TYPES
from policies.azure_semantics.properties import entries, lower_text
from policies.azure_semantics.public_addresses import narrow_range, overlap
from policies.azure_semantics.roles import Right
from policies.model import MISSING, Resource, Unknown
from policies.reachability.control_sets import ALWAYS, ControlKind, ControlSets, all_of
from policies.reachability.free_addresses import fixed_addresses
from policies.reachability.role_grants import RoleGrants, rights_on
from policies.reachability.topology import Subnet, Topology

ACCOUNT, CONTAINER = "storage:StorageAccount", "storage:BlobContainer"
VAULT, SECRET = "keyvault:Vault", "keyvault:Secret"
REGISTRY = "containerregistry:Registry"
ENDPOINT = "network:PrivateEndpoint"


class StoreKind(Enum):
    """The kinds of data store: the domain of its name, and the guardrails on public access and on connections."""

    ACCOUNT = ("blob.core.windows.net", "stores-stay-closed", "connections-stay")
    VAULT = ("vault.azure.net", "stores-stay-closed", "connections-stay")
    REGISTRY = ("azurecr.io", "registries-stay-closed", "registries-stay-closed")

    @property
    def domain(self) -> str:
        """The domain of its name."""
        return self.value[0]

    @property
    def guardrail(self) -> str:
        """The key of the guardrail on public access."""
        return self.value[1]

    @property
    def connections(self) -> str:
        """The key of the guardrail on connections of private endpoints."""
        return self.value[2]


KINDS: Mapping[str, StoreKind] = {
    ACCOUNT: StoreKind.ACCOUNT, VAULT: StoreKind.VAULT, REGISTRY: StoreKind.REGISTRY,
}  # fmt: skip
"""By type."""


@dataclass(frozen=True)
class PublicAccess:
    """The controls that must fail before the public network can reach a store."""

    off: ControlSets
    """Public network access is off."""
    rules: ControlSets
    """The network rules deny all addresses except `admitted`."""
    guardrail: ControlSets
    """Azure Policy denies public network access, except from the addresses in `pinned`."""
    admitted: tuple[IPv4Network, ...] = ()
    pinned: tuple[IPv4Network, ...] = ()

    def controls(self, addresses: Sequence[IPv4Network] = ()) -> ControlSets:
        """Return the controls for someone at one of these public addresses; without any, for all others."""
        return all_of(
            self.off,
            ALWAYS if overlap(addresses, self.admitted) else self.rules,
            ALWAYS if overlap(addresses, self.pinned) else self.guardrail,
        )


@dataclass(frozen=True, eq=False)
class DataStore:
    """A storage account, a vault with secrets, or a container registry."""

    urn: str
    id: str
    name: str
    """The logical name in the program."""
    host: str
    """Its domain name."""
    stack: str
    group: str
    """The id of its resource group."""
    kind: StoreKind
    public: PublicAccess
    """Its public network access."""
    keys: ControlSets
    """The controls that must fail before it accepts account keys, or the password of a registry's admin user. Listing
    them is a separate right."""
    encryption: ControlSets
    """The controls that must fail before its identity can use its encryption key."""
    endpoints: tuple[PrivateEndpoint, ...]
    """Its private endpoints."""
    connected: bool
    """True if Azure Policy permits a named private endpoint outside the estate."""
    foreign: ControlSets
    """The controls that must fail before any other private endpoint outside the estate reaches it."""

    @property
    def is_vault(self) -> bool:
        """True for a vault, of which secrets are read and nothing is written."""
        return self.kind is StoreKind.VAULT

    @property
    def label(self) -> str:
        """Its name in reports."""
        return f"{self.stack}/{self.name}"


@dataclass(frozen=True, eq=False)
class DataContainer:
    """A container of a store; a vault is one container with all its secrets, and a registry one with all its images."""

    urn: str
    id: str
    name: str
    store: DataStore
    anonymous: ControlSets
    """The controls that must fail before it can be read anonymously."""

    @property
    def label(self) -> str:
        """Its name in reports."""
        return f"{self.store.label}/{self.name}"


@dataclass(frozen=True, eq=False)
class PrivateEndpoint:
    """A private endpoint: its subnet, and its target resources."""

    subnet: Subnet
    targets: tuple[str, ...]
    addresses: tuple[IPv4Network, ...]
    """Its fixed address, or each address that it may get."""


class DataStores:
    """Every store of an estate with its containers."""

    def __init__(self, topology: Topology, grants: RoleGrants) -> None:
        self.topology, self.grants, self.estate = topology, grants, topology.estate

    @cached_property
    def endpoints(self) -> tuple[PrivateEndpoint, ...]:
        """Every private endpoint."""
        found = self.estate.of(ENDPOINT)
        return tuple(d for r in found if (d := self.topology.read_or_open(r.urn, None, self._endpoint, r)))

    def _endpoint(self, endpoint: Resource) -> PrivateEndpoint:
        connections = [
            f"{path}.privateLinkServiceId"
            for kind in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
            for path in entries(endpoint, kind)
        ]
        subnet = self.topology.subnets.get(ids.plain(endpoint.at("subnet.id")))
        if subnet is None:
            raise Unknown("subnet.id")
        fixed = [IPv4Network(address) for _, addresses in fixed_addresses(endpoint) for address in sorted(addresses)]
        targets = tuple(ids.plain(endpoint.at(path)) for path in connections)
        return PrivateEndpoint(subnet, targets, tuple(fixed) or self.topology.free_addresses(subnet))

    @cached_property
    def _endpoints_of(self) -> Mapping[str, list[PrivateEndpoint]]:
        found: dict[str, list[PrivateEndpoint]] = {}
        for endpoint in self.endpoints:
            for destination in endpoint.targets:
                found.setdefault(destination, []).append(endpoint)
        return found

    @cached_property
    def stores(self) -> Mapping[str, DataStore]:
        """Every store, by lower-case id."""
        vault_ids = {ids.parent(secret.id) for secret in self.estate.of(SECRET)}
        vaults = [v for v in self.estate.of(VAULT) if ids.plain(v.id) in vault_ids]
        others = self.estate.of(ACCOUNT, REGISTRY)
        found = (self.topology.read_or_open(r.urn, None, self._store, r) for r in [*others, *vaults])
        return {store.id: store for store in found if store}

    def _store(self, resource: Resource) -> DataStore:
        id_, kind = ids.own(resource), KINDS[resource.type]
        vault = kind is StoreKind.VAULT
        connected = kind is StoreKind.ACCOUNT and self.topology.guardrails.has_permitted_connection(resource)
        return DataStore(
            urn=resource.urn,
            id=id_,
            name=resource.name,
            host=host_of(id_, kind),
            stack=resource.stack,
            group=ids.resource_group(id_),
            kind=kind,
            public=self._public(resource, "properties." if vault else "", "networkAcls" if vault else "networkRuleSet"),
            keys=ALWAYS if vault else self._keys(resource),
            encryption=self._encryption(resource),
            endpoints=tuple(self._endpoints_of.get(id_, ())),
            connected=connected,
            foreign=self._foreign(resource, connected=connected),
        )

    def _encryption(self, store: Resource) -> ControlSets:
        """Return the control that the store's identity has no right to its encryption key, without which nothing can be
        read. `ALWAYS` if the vault of the key is not certain, and for a vault, whose secrets have no such key."""
        if store.type == VAULT:
            return ALWAYS
        return self._encryption_of_registry(store) if store.type == REGISTRY else self._encryption_of_account(store)

    def _encryption_of_account(self, account: Resource) -> ControlSets:
        source = _lower_text_or_unknown(account, "encryption.keySource")
        identity = self.estate.get(
            _value_or_none(account, "encryption.encryptionIdentity.encryptionUserAssignedIdentity")
        )
        uri = _lower_text_or_unknown(account, "encryption.keyVaultProperties.keyVaultUri")
        return self._cannot_decrypt(account, identity, uri) if source == "microsoft.keyvault" else ALWAYS

    def _encryption_of_registry(self, registry: Resource) -> ControlSets:
        """`ALWAYS` for several identities, since the key's is named by its client id."""
        found = _known_identities(registry)
        identity = self.estate.get(found[0]) if len(found) == 1 else None
        uri = _lower_text_or_unknown(registry, "encryption.keyVaultProperties.keyIdentifier")
        is_on = _lower_text_or_unknown(registry, "encryption.status") == "enabled"
        return self._cannot_decrypt(registry, identity, uri) if is_on else ALWAYS

    def _cannot_decrypt(self, store: Resource, identity: Resource | None, uri: str) -> ControlSets:
        vaults = [v for v in self.estate.of(VAULT) if uri.startswith(f"https://{ids.name(v.id)}.")]
        if identity is None or len(vaults) != 1:
            return ALWAYS
        rights = rights_on(self.grants.of([identity.urn]), ids.plain(vaults[0].id))
        if rights & (Right.WRAP | Right.CONTROL):
            return ALWAYS
        return self._control(store, ControlKind.ENCRYPTION, "key", f"{store.name} may not use its own key")

    @cached_property
    def containers(self) -> Mapping[str, DataContainer]:
        """Every container, by lower-case id; a vault is one container, and so is a registry."""
        found = {s.id: DataContainer(s.urn, s.id, "secrets", s, ()) for s in self.stores.values() if s.is_vault}
        for registry in self.estate.of(REGISTRY):
            store = self.stores.get(ids.plain(registry.id))
            if store:
                found[store.id] = DataContainer(store.urn, store.id, "images", store, self._anonymous_pull(registry))
        for resource in self.estate.of(CONTAINER):
            container = self.topology.read_or_open(resource.urn, None, self._container, resource)
            if container:
                found[container.id] = container
        return found

    def _container(self, resource: Resource) -> DataContainer:
        id_ = ids.own(resource)
        account = self.estate.get(id_.split("/blobservices/")[0])
        if account is None or ids.own(account) not in self.stores:
            raise Unknown("accountName")
        return DataContainer(
            resource.urn, id_, ids.name(id_), self.stores[ids.own(account)], self._anonymous(account, resource)
        )

    @cached_property
    def hosts(self) -> Mapping[str, frozenset[str]]:
        """The domain names of the stores with a private endpoint in each network."""
        found: dict[str, set[str]] = {}
        for store in self.stores.values():
            for endpoint in store.endpoints:
                found.setdefault(endpoint.subnet.network, set()).add(store.host)
        return {network: frozenset(hosts) for network, hosts in found.items()}

    def of(self, store: DataStore) -> Iterator[DataContainer]:
        """Return the containers of a store."""
        return (c for c in self.containers.values() if c.store is store)

    def _public(self, resource: Resource, prefix: str, rules: str) -> PublicAccess:
        """Return the controls on public access: disabled public network access, network rules that deny by default, and
        Azure Policy, which enforces both. A missing property means open."""
        is_off = self._is_off(resource, f"{prefix}publicNetworkAccess")
        denies = _lower_text_or_unknown(resource, f"{prefix}{rules}.defaultAction") == "deny"
        admitted = None if resource.type != ACCOUNT else _addresses(_value_or_none(resource, f"{rules}.ipRules"))
        kinds = ("ipRules", "virtualNetworkRules", "resourceAccessRules")
        exceptions = [_value_or_none(resource, f"{prefix}{rules}.{kind}") for kind in kinds]
        if _only_scanner(resource, exceptions[-1]):
            exceptions.pop()
        if admitted is not None:
            exceptions.pop(0)
        has_no_exceptions = denies and all(found is MISSING or found in ([], ()) for found in exceptions)
        off_control = self._control(
            resource, ControlKind.PUBLIC, "public", f"{resource.name} is closed to the public network"
        )
        other = "all other addresses" if admitted else "by default"
        rules_control = self._control(
            resource, ControlKind.NETWORK_RULES, "rules", f"the network rules of {resource.name} deny {other}"
        )
        guardrail = KINDS[resource.type].guardrail
        pinned = self.topology.guardrails.addresses_permitted_to(resource) if resource.type == ACCOUNT else ()
        holds = is_off or (bool(pinned) and has_no_exceptions and set(admitted or ()) <= set(pinned))
        return PublicAccess(
            off=off_control if is_off else ALWAYS,
            rules=rules_control if has_no_exceptions else ALWAYS,
            guardrail=self.topology.guardrails.of(guardrail, ids.own(resource)) if holds else ALWAYS,
            admitted=admitted or (),
            pinned=pinned,
        )

    def _foreign(self, resource: Resource, *, connected: bool) -> ControlSets:
        """Return the controls on a private endpoint outside the estate: an owner must approve its connection, which
        Azure Policy denies. `connected`: the approved connection is one that Azure Policy permits."""
        id_ = ids.own(resource)
        guardrail = self.topology.guardrails.of(KINDS[resource.type].connections, id_)
        if id_ in self._approved and not connected:
            return guardrail
        description = f"{resource.name} has no approved connection of another private endpoint"
        return all_of(self._control(resource, ControlKind.ENDPOINT, "connection", description), guardrail)

    @cached_property
    def _approved(self) -> frozenset[str]:
        """The ids of the stores with a declared connection that may be approved."""
        found = (r for r in self.estate.of(*CONNECTION_TYPES) if r.id)
        return frozenset(
            ids.parent(r.id)
            for r in found
            if _lower_text_or_unknown(r, "privateLinkServiceConnectionState.status") not in ("pending", "rejected")
        )

    def _is_off(self, resource: Resource, path: str) -> bool:
        """True if public network access is off, or a perimeter without access rules decides on it."""
        found = _lower_text_or_unknown(resource, path)
        return found == "disabled" or (found == SECURED.lower() and is_closed_by_perimeter(resource, self.estate))

    def _keys(self, store: Resource) -> ControlSets:
        is_registry = store.type == REGISTRY
        path, what = ("adminUserEnabled", "admin user") if is_registry else ("allowSharedKeyAccess", "account key")
        if _value_or_none(store, path) is not False:
            return ALWAYS
        guardrail = self.topology.guardrails.of(KINDS[store.type].guardrail, ids.own(store))
        control = self._control(store, ControlKind.KEY_ACCESS, "keys", f"{store.name} takes no {what}")
        return all_of(control, guardrail)

    def _anonymous_pull(self, registry: Resource) -> ControlSets:
        """Return the controls on pulls without a sign-in, which Azure Policy denies too."""
        if _value_or_none(registry, "anonymousPullEnabled") is not False:
            return ALWAYS
        return all_of(
            self._control(registry, ControlKind.ANONYMOUS, "anonymous", f"{registry.name} permits no anonymous pulls"),
            self.topology.guardrails.of(StoreKind.REGISTRY.guardrail, ids.own(registry)),
        )

    def _anonymous(self, account: Resource, container: Resource) -> ControlSets:
        """Return the controls on anonymous access, which both the account (enforced by Azure Policy) and the container
        must allow."""
        guardrail = self.topology.guardrails.of("stores-stay-closed", ids.own(account))
        first = self._control(
            account, ControlKind.ANONYMOUS, "anonymous", f"{account.name} permits no anonymous access"
        )
        second = self._control(
            container, ControlKind.ANONYMOUS, "anonymous", f"{container.name} permits no anonymous access"
        )
        account_is_off = _value_or_none(account, "allowBlobPublicAccess") is False
        is_off = _lower_text_or_unknown(container, "publicAccess") in ("", "none")
        return all_of(all_of(first, guardrail) if account_is_off else ALWAYS, second if is_off else ALWAYS)

    def _control(self, resource: Resource, kind: ControlKind, what: str, description: str) -> ControlSets:
        id_ = ids.plain(resource.id)
        return self.topology.registry.requiring_property(kind, id_, what, f"{resource.stack}: {description}")


def host_of(id_: str, kind: StoreKind) -> str:
    """Return the domain name of a store."""
    return f"{ids.name(id_)}.{kind.domain}"


def _only_scanner(account: Resource, rules: object) -> bool:
    """True if the rules allow only Defender's malware scanner, which returns verdicts and no data."""
    found = rules if isinstance(rules, list | tuple) else [None]
    return all(isinstance(rule, Mapping) and is_scanner(rule.get("resourceId"), account) for rule in found)


def _addresses(rules: object) -> tuple[IPv4Network, ...] | None:
    """Return the addresses that `ipRules` admit; None where these are networks, or are not known."""
    if rules is MISSING:
        return ()
    entries_ = rules if isinstance(rules, list | tuple) else [None]
    found = [narrow_range(one.get("iPAddressOrRange")) if isinstance(one, Mapping) else None for one in entries_]
    known = tuple(range_ for range_ in found if range_)
    return known if len(known) == len(found) else None


def _known_identities(resource: Resource) -> Sequence[object]:
    """Return the user-assigned identities of a resource; none if one of them is unknown."""
    try:
        return assigned_identities(resource)
    except Unknown:
        return ()


def _value_or_none(resource: Resource, path: str) -> object:
    try:
        return resource.at(path)
    except Unknown:
        return None


def _lower_text_or_unknown(resource: Resource, path: str) -> str:
    try:
        return lower_text(resource, path)
    except Unknown:
        return "?"
