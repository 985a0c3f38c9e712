"""Keys that services encrypt with: whether they are the estate's own, and whether services follow their rotation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from formats.property_paths import parse
from policies.azure_semantics.properties import filled, shown
from policies.model import MISSING, PolicyContext, Resource, Unknown, Violation

ADDRESS = re.compile(
    r"https://(?P<vault>[a-z0-9-]+)\.(?P<kind>vault|managedhsm)\.(azure\.net|usgovcloudapi\.net|azure\.cn)(:443)?"
    r"(/keys/(?P<key>[a-z0-9-]+)(/(?P<version>[^/?#]+))?)?/?",
    re.IGNORECASE,
)
"""A vault's address, or that of a key in it, or of a version of the key."""
KEY, VAULT, HSM = "keyvault:Key", "keyvault:Vault", "keyvault:ManagedHsm"
PLATFORM = "a key of Microsoft's"
EXPORTABLE, RELEASE = "properties.attributes.exportable", "properties.releasePolicy.data"


def named_key(resource: Resource, context: PolicyContext, path: str) -> Iterator[Violation]:
    """A key that is judged here is named by its address. An address that only the deployment tells counts where it
    comes from such a key or its vault."""
    try:
        yield from filled(resource, path, default=PLATFORM)
        found = resource.at(path)
    except Unknown:
        if not any(_feeds(keeper, resource, path) for keeper in context.same_stack(resource, KEY, VAULT, HSM)):
            raise
        return
    if found is not MISSING and not _is_kept(context, found, MISSING):
        yield Violation(path, f"is {shown(found)}, which is no key that is judged here; it must be the estate's own")


def own_key(resource: Resource, context: PolicyContext, path: str) -> Iterator[Violation]:
    """As `named_key`, and without a version: with one, the service stays on it after the key has rotated. `Unknown`
    while the address is not known, for it may have one."""
    found = resource.at(path)
    yield from named_key(resource, context, path)
    address = ADDRESS.fullmatch(found) if isinstance(found, str) else None
    if address and address["version"]:
        yield Violation(
            path, "names one version of the key, and stays on it when the key rotates; leave the version out"
        )


def key_in_vault(resource: Resource, context: PolicyContext, vault: str, key: str) -> Iterator[Violation]:
    """As `named_key`, where the vault's address and the key's name are said apart."""
    yield from filled(resource, key, default=PLATFORM)
    try:
        yield from filled(resource, vault, default=PLATFORM)
        found = resource.at(vault)
    except Unknown:
        if not any(_is_here(found, resource, key, vault) for found in context.same_stack(resource, KEY)):
            raise
        return
    if MISSING not in (found, resource.at(key)) and not _is_kept(context, found, resource.at(key)):
        yield Violation(key, f"is {shown(resource.at(key))} of {shown(found)}, which is no key that is judged here; it "
                      "must be the estate's own")  # fmt: skip


def _feeds(keeper: Resource, resource: Resource, path: str) -> bool:
    return keeper.urn in resource.property_dependencies.get(str(parse(path)[0]), ())


def _is_here(key: Resource, resource: Resource, name: str, path: str) -> bool:
    """Whether a key is the one that is named, and its value may come from it."""
    return _feeds(key, resource, path) and str(key.at("keyName")).lower() == str(resource.at(name)).lower()


@dataclass
class _Kept:
    """The vaults and keys that are judged."""

    names: set[str] = field(default_factory=set)
    """`vault` and `vault/key`, in lower case."""
    unclear: bool = False
    """Whether there is one whose name only the deployment tells."""


@lru_cache(maxsize=4)
def _kept(context: PolicyContext) -> _Kept:
    """Looked up once for all that is judged together."""
    kept = _Kept()
    for keeper in context.of(KEY, VAULT, HSM):
        try:
            vault = keeper.at("name" if keeper.type == HSM else "vaultName")
            name = f"{vault}/{keeper.at('keyName')}" if keeper.type == KEY else str(vault)
        except Unknown:
            kept.unclear = True
        else:
            kept.names.add(name.lower())
    return kept


def _is_kept(context: PolicyContext, address: object, name: object) -> bool:
    """Whether the vault is judged here, and the key in it. Keys of a hardware module are no resources of their own."""
    found = ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if found is None:
        return False
    key = found["key"] or (None if name is MISSING else str(name))
    hsm = found["kind"].lower() == "managedhsm"
    wanted = found["vault"] if hsm else f"{found['vault']}/{key}"
    kept = _kept(context)
    if wanted.lower() not in kept.names and kept.unclear:
        raise Unknown("vaultName")
    return wanted.lower() in kept.names


def is_released(key: Resource) -> bool:
    """Return True if a key may leave its vault for attested machines."""
    return key.at(EXPORTABLE) is True and key.at(RELEASE) is not MISSING
