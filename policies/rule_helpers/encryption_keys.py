"""Customer-managed keys: require keys of the estate, and that services follow their rotation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from formats.property_paths import parse
from policies.azure_semantics.properties import display, require_text
from policies.model import MISSING, PolicyContext, Resource, Unknown, Violation

KEY_URI = re.compile(
    r"https://(?P<vault>[a-z0-9-]+)\.(?P<kind>vault|managedhsm)\.(azure\.net|usgovcloudapi\.net|azure\.cn)(:443)?"
    r"(/keys/(?P<key>[a-z0-9-]+)(/(?P<version>[^/?#]+))?)?/?",
    re.IGNORECASE,
)
"""The URI of a vault, of a key in it, or of a version of the key."""
KEY, VAULT, HSM = "keyvault:Key", "keyvault:Vault", "keyvault:ManagedHsm"
PLATFORM_KEY = "a Microsoft-managed key"
KEY_READS = (f"{KEY}:keyName", f"{KEY}:vaultName", f"{VAULT}:vaultName", f"{HSM}:name")
"""The paths that the checks read of keys and vaults."""
EXPORTABLE, RELEASE = "properties.attributes.exportable", "properties.releasePolicy.data"


def require_estate_key(resource: Resource, context: PolicyContext, path: str) -> Iterator[Violation]:
    """Require the URI of a key of the estate. An unknown URI passes if it depends on such a key or vault."""
    try:
        yield from require_text(resource, path, default=PLATFORM_KEY)
        found = resource.at(path)
    except Unknown:
        if not any(_may_depend_on(source, resource, path) for source in context.same_stack(resource, KEY, VAULT, HSM)):
            raise
        return
    if found is not MISSING and not _is_in_check(context, found, MISSING):
        yield Violation(path, f"is {display(found)}, which is not a key of the estate")


def require_rotating_key(resource: Resource, context: PolicyContext, path: str) -> Iterator[Violation]:
    """Require the URI of a key of the estate without a version, so that the service follows the key's rotation. Raises
    `Unknown` if the URI is unknown, because it may have a version."""
    found = resource.at(path)
    yield from require_estate_key(resource, context, path)
    uri = KEY_URI.fullmatch(found) if isinstance(found, str) else None
    if uri and uri["version"]:
        yield Violation(
            path, "names one version, so the service does not follow the key's rotation; leave the version out"
        )


def require_estate_key_by_name(resource: Resource, context: PolicyContext, vault: str, key: str) -> Iterator[Violation]:
    """Require a key of the estate, for separate properties of the vault's URI and the key's name."""
    yield from require_text(resource, key, default=PLATFORM_KEY)
    try:
        yield from require_text(resource, vault, default=PLATFORM_KEY)
        found = resource.at(vault)
    except Unknown:
        if not any(_may_be_from(candidate, resource, key, vault) for candidate in context.same_stack(resource, KEY)):
            raise
        return
    if MISSING not in (found, resource.at(key)) and not _is_in_check(context, found, resource.at(key)):
        yield Violation(key, f"is {display(resource.at(key))} of {display(found)}, which is not a key "
                      "of the estate")  # fmt: skip


def _may_depend_on(source: Resource, resource: Resource, path: str) -> bool:
    return source.urn in resource.property_dependencies.get(str(parse(path)[0]), ())


def _may_be_from(key: Resource, resource: Resource, name: str, path: str) -> bool:
    """Return True if a key has the name, and the value may come from it."""
    return _may_depend_on(key, resource, path) and str(key.at("keyName")).lower() == str(resource.at(name)).lower()


@dataclass
class _KnownKeys:
    """The vaults and keys in this check."""

    names: set[str] = field(default_factory=set)
    """`vault` and `vault/key`, in lower case."""
    has_unknown: bool = False
    """True if the name of one is not known before deployment."""


@lru_cache(maxsize=4)
def _known_keys(context: PolicyContext) -> _KnownKeys:
    """Return the vaults and keys of a context, collected once."""
    known = _KnownKeys()
    for source in context.of(KEY, VAULT, HSM):
        try:
            vault = source.at("name" if source.type == HSM else "vaultName")
            name = f"{vault}/{source.at('keyName')}" if source.type == KEY else str(vault)
        except Unknown:
            known.has_unknown = True
        else:
            known.names.add(name.lower())
    return known


def _is_in_check(context: PolicyContext, uri: object, name: object) -> bool:
    """Return True if the vault and the key are in this check. The keys of a managed HSM are not separate resources."""
    match = KEY_URI.fullmatch(uri) if isinstance(uri, str) else None
    if match is None:
        return False
    key = match["key"] or (None if name is MISSING else str(name))
    is_hsm = match["kind"].lower() == "managedhsm"
    full_name = (match["vault"] if is_hsm else f"{match['vault']}/{key}").lower()
    known = _known_keys(context)
    if full_name not in known.names and known.has_unknown:
        raise Unknown("vaultName")
    return full_name in known.names


def is_released(key: Resource) -> bool:
    """Return True if a key may leave its vault for attested machines."""
    return key.at(EXPORTABLE) is True and key.at(RELEASE) is not MISSING
