"""Read an untrusted state in Pulumi's export format as a Plan without changes, for the policies.

The format is that of `pulumi stack export` and `sde export state`. Secrets, encrypted or not, are masked. Anything that
differs from Pulumi's format is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NotRequired

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict

from formats.default_providers import configured_subscription, default_provider_subscription, without_default_providers
from formats.errors import InputError
from formats.plan import Operation, Plan, PlannedResource, Value, planned_outputs
from formats.property_values import mask
from formats.urns import ROOT_TYPE, is_urn, project_of, provider_urn, stack_of
from formats.validation import of_type

NEWEST_VERSION = 4
"""The newest export format. It is accepted if it uses none of the features that format 3 lacks."""


class StateResource(TypedDict):
    """The fields of a resource that a Plan needs. Only the root's outputs are used: those of the stack."""

    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)  # type: ignore[misc]

    urn: str
    type: str
    custom: NotRequired[bool]
    id: NotRequired[str]
    delete: NotRequired[bool]
    external: NotRequired[bool]
    pendingReplacement: NotRequired[bool]
    protect: NotRequired[bool]
    retainOnDelete: NotRequired[bool]
    parent: NotRequired[str]
    provider: NotRequired[str]
    inputs: NotRequired[dict[str, Any] | None]
    outputs: NotRequired[dict[str, Any] | None]
    dependencies: NotRequired[list[str] | None]
    propertyDependencies: NotRequired[dict[str, list[str] | None] | None]
    ignoreChanges: NotRequired[list[str] | None]
    aliases: NotRequired[list[str] | None]


class _Pending(TypedDict):
    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)  # type: ignore[misc]

    resource: StateResource
    type: str


class _Deployment(TypedDict):
    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)  # type: ignore[misc]

    resources: NotRequired[list[StateResource] | None]
    pending_operations: NotRequired[list[_Pending] | None]


_RESOURCES = re.compile(rb'"resources":\s*\[\s*\{')
_PENDING = b'"pending_operations"'
_DEPLOYMENT = TypeAdapter(_Deployment)


def has_resources(content: bytes) -> bool | None:
    """Return True if a stored or exported state certainly has resources, without parsing it; None if that is unknown.

    A pending operation may hold a list of the same name, so a state with pending operations has to be parsed.
    """
    return True if _PENDING not in content and _RESOURCES.search(content) else None


def is_export(content: object) -> bool:
    """Return True if this looks like a state in Pulumi's export format."""
    return isinstance(content, Mapping) and "deployment" in content and "version" in content


def read_export(
    content: Mapping[str, Any], *, cloud: str = "", config: Mapping[str, Any] | None = None, file: str | None = None
) -> Plan | None:
    """Return the deployed resources of an export; None if there are none.

    `config` is the stack's configuration, if known. Raises `InputError` for a damaged or other format.
    """
    _check_version(content, file)
    found = {} if content["deployment"] is None else content["deployment"]
    deployment = of_type(_DEPLOYMENT, found, partial(_broken, file), at=("deployment",))
    resources = deployment.get("resources") or []
    if not resources:
        return None
    project, stack = _owner(resources, file)
    begun = [p["resource"] for p in deployment.get("pending_operations") or [] if p["type"] == "creating"]
    deployed = [*_deployed(resources)]
    outputs = stack_outputs(deployed)
    return deployed_plan(project, stack, cloud, map(planned, [*begun, *deployed]), outputs=outputs, config=config)


def stack_outputs(resources: Iterable[Mapping[str, Any]]) -> dict[str, Value]:
    """Return the stack's outputs, secrets masked: those of the root among a state's resources."""
    return next((mask(r.get("outputs") or {}) for r in resources if r["type"] == ROOT_TYPE), {})


def deployed_plan(
    project: str,
    stack: str,
    cloud: str,
    resources: Iterable[PlannedResource],
    *,
    outputs: Mapping[str, Value],
    config: Mapping[str, Any] | None = None,
) -> Plan:
    """Return the Plan of deployed resources and masked outputs.

    Of two resources with one URN the last counts, so pending creates come first. All that wait for deletion
    are kept.

    The subscription is that of the state's default providers, or else the configuration's.
    """
    found = list(resources)
    there = {r.urn: r for r in found if not r.pending_delete}.values()
    waiting = tuple(r for r in found if r.pending_delete)
    subscription = default_provider_subscription(there) or configured_subscription(config or {})
    return Plan(
        project,
        stack,
        cloud,
        (*without_default_providers(there), *without_default_providers(waiting)),
        subscription,
        planned_outputs(outputs, outputs),
    )


def _check_version(content: Mapping[str, Any], file: str | None) -> None:
    version, features = content.get("version"), content.get("features")
    if not isinstance(version, int) or isinstance(version, bool) or version < 3:
        raise InputError("The format of this state is not supported.", file=file, key="version", found=str(version),
                         allowed="3", fix="Export it with a current version of the Pulumi CLI.")  # fmt: skip
    if version > NEWEST_VERSION or (version == NEWEST_VERSION and features):
        raise InputError("The format of this state is newer than this version supports.", file=file, key="version",
                         found=str(version), allowed="3", fix="Update this project.")  # fmt: skip


def _owner(resources: Iterable[StateResource], file: str | None) -> tuple[str, str]:
    """Return the project and stack of all resources."""
    owners: set[tuple[str, str]] = set()
    seen: set[str] = set()
    for resource in resources:
        urn = resource["urn"]
        if not is_urn(urn):
            raise _broken(file, "urn", "not a URN")
        if not resource.get("delete") and urn in seen:
            raise _broken(file, urn[:200], "duplicate")
        seen |= set() if resource.get("delete") else {urn}
        owners.add((project_of(urn), stack_of(urn)))
    if len(owners) != 1:
        raise _broken(file, "resources", "resources of several stacks")
    return owners.pop()


def _deployed(resources: Iterable[StateResource]) -> Iterator[StateResource]:
    """Leave out resources that do not exist any more, and reads that leave the state."""
    return (r for r in resources if not r.get("pendingReplacement") and not (r.get("delete") and r.get("external")))


def planned(resource: Mapping[str, Any]) -> PlannedResource:
    """Return a resource of a state as an unchanged one, or with its delete if it waits for deletion."""
    links = resource.get("propertyDependencies") or {}
    existing = Operation.DELETE if resource.get("delete") else Operation.SAME
    return PlannedResource(
        urn=resource["urn"],
        type=resource["type"],
        operation=Operation.READ if resource.get("external") else existing,
        custom=resource.get("custom", False),
        id=resource.get("id") or None,
        parent=resource.get("parent") or None,
        provider=provider_urn(resource.get("provider", "")) or None,
        inputs=mask(resource.get("inputs") or {}),
        dependencies=tuple(sorted(resource.get("dependencies") or ())),
        property_dependencies={key: tuple(sorted(urns)) for key, urns in sorted(links.items()) if urns},
        protect=resource.get("protect", False),
        retain_on_delete=resource.get("retainOnDelete", False),
        ignore_changes=tuple(resource.get("ignoreChanges") or ()),
        foreign_aliases=foreign_aliases(resource["urn"], resource.get("aliases") or ()),
        pending_delete=resource.get("delete", False),
    )


def foreign_aliases(urn: str, aliases: Iterable[str]) -> tuple[str, ...]:
    """Return the aliases that are URNs of another stack or project than the resource's."""
    own = stack_of(urn), project_of(urn)
    return tuple(sorted({alias for alias in aliases if (stack_of(alias), project_of(alias)) != own}))


def _broken(file: str | None, key: str, found: str) -> InputError:
    return InputError("This state is damaged.", file=file, key=key, found=found,
                      fix="Export it again; repair it with `pulumi state repair`.")  # fmt: skip
