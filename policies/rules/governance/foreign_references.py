"""Every reference leads to a resource that is judged too (TY3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from formats.arm.references import kinds
from formats.plan import UNKNOWN
from formats.property_paths import ANY, PropertyPath, join
from formats.stack_config import PlatformConfig
from policies.azure_semantics import ids
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.azure_semantics.guardrails import DEFINITION
from policies.azure_semantics.properties import display
from policies.expected.approved_connections import approved_connections
from policies.expected.references import FORMS
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation

ARM_ID = re.compile(r"\s*/?(subscriptions|providers|tenants|sharedgalleries|communitygalleries)/", re.IGNORECASE)
"""The beginning of an ARM id. Some services accept it without the slash."""
DATA_URL = re.compile(
    r"\s*https?://(?P<name>[a-z0-9-]+)(\.z\d+)?\.(vault|managedhsm|blob|queue|table|file|dfs|web)\."
    r"(core\.windows\.net|azure\.net|storage\.azure\.net)(:\d+)?(/.*)?\s*",
    re.IGNORECASE | re.DOTALL,
)
"""The URL of a vault, or of data in one or in a store."""
NAMED_IN_URLS = {"keyvault:Vault": "vaultName", "keyvault:ManagedHsm": "name", "storage:StorageAccount": "accountName"}
TAGS = "tags"


def applies(_: Resource, context: PolicyContext) -> bool:
    """Return True where the whole estate is known: a stack alone does not have what it refers to."""
    return context.is_complete


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Raise `Unknown` for a reference to a resource outside of the estate, and for one that is not known yet."""
    for path, value in _texts(resource.inputs, ()):
        if value == UNKNOWN and kinds(resource.type, _pattern(path)):
            raise Unknown(join(path))
        if ARM_ID.match(value) and not _is_judged(value, context) and not _is_named(resource, value, context):
            raise Unknown(join(path), f"is {display(value)}, which is neither a resource of the estate nor listed")
        url = DATA_URL.fullmatch(value)
        known = url and url["name"].lower() in context.once(("names in URLs",), lambda: _names_in_urls(context))
        if url and not known and not _is_authority(resource, value, context):
            raise Unknown(join(path), f"is {display(value)}, which is of no vault or store of the estate")
    yield from ()


def _is_judged(value: str, context: PolicyContext) -> bool:
    """True for the id of a resource of the estate, of something inside it, of a subscription, or of a listed form."""
    id_ = f"/{ids.plain(value.strip()).lstrip('/')}"
    known = context.once(("ids and subscriptions",), lambda: _known_ids(context))
    if id_ in known:
        return True
    for form in FORMS:
        found = form.fullmatch(id_)
        if found:
            subscription = found["subscription"]
            return subscription is None or f"/subscriptions/{subscription}" in known
    return any(parent in known for parent in _parents(id_))


def _is_named(resource: Resource, value: str, context: PolicyContext) -> bool:
    """True for a private endpoint outside the estate that the estate names, in a guardrail, which GD4 compares."""
    config = context.configs.get(resource.stack)
    if config is None or resource.type != DEFINITION:
        return False
    named = {ids.plain(one.endpoint) for one in approved_connections(config).values()}
    return ids.plain(value) in named


def _is_authority(resource: Resource, value: str, context: PolicyContext) -> bool:
    """True for the secret that the estate names for a firewall policy. FW16 requires it to be the certificate authority
    of that policy."""
    config = context.configs.get(resource.stack)
    restrictions = config.tenant_restrictions if isinstance(config, PlatformConfig) else None
    return resource.type == FIREWALL_POLICY and restrictions is not None and value == restrictions.certificate_authority


def _names_in_urls(context: PolicyContext) -> frozenset[str]:
    """Return the names of the estate's vaults and stores, which are unique in Azure."""
    found = ((resource, key) for type_, key in NAMED_IN_URLS.items() for resource in context.of(type_))
    return frozenset(str(resource.at(key)).lower() for resource, key in found if resource.knows(key))


def _known_ids(context: PolicyContext) -> frozenset[str]:
    own = {ids.plain(resource.id) for resource in context.resources if resource.id}
    return frozenset(own | {ids.subscription(id_) for id_ in own} - {""})


def _parents(id_: str) -> Iterator[str]:
    """Yield the ids of the resources that an id is inside: a subnet is in a network. A resource group and a
    subscription do not count, because anybody's resource may be inside them."""
    steps = id_.split("/")
    least = steps.index("providers") + 4 if "providers" in steps else len(steps)
    yield from ("/".join(steps[:end]) for end in range(len(steps) - 2, least - 1, -2))


def _texts(value: Any, path: PropertyPath) -> Iterator[tuple[PropertyPath, str]]:
    """Yield every text of the inputs with its path, and the keys of maps, which may be ids. Tags are left out."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if path or key != TAGS:
                yield (*path, key), key
                yield from _texts(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))


def _pattern(path: PropertyPath) -> str:
    """Return a path as the table of references has it: `rules[].target.id`."""
    return join(tuple(ANY if isinstance(step, int) else step for step in path)).replace("[*]", "[]")


POLICY = Policy(
    id="TY3",
    title="Every reference leads to a resource that is judged too",
    why="An external resource, such as an identity, a network or a store, may have any settings and rights.",
    resource_types=("*",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.4.04"), ncsc=("3", "5"), caf=("B4.b",), iso27001=("8.9",), five_safes=("settings",)
    ),
    fix="Refer to a resource of the estate. If Azure provides the resource, add the form of its id to "
    "policies/expected/references.py, and write a rule that judges the reference.",
    check=check,
    check_paths=tuple(f"{type_}:{path}" for type_, path in NAMED_IN_URLS.items()),
    applies=applies,
    evaluation_scope="stack",
)
