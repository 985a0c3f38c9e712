"""What stands of a stack, out of its state: a Plan in which nothing changes, so that policies look at both alike.

A state is read as Pulumi exports it (`pulumi stack export`, `sde export state`); secrets, encrypted or not, are mask.
It may come out of a file that anybody wrote: what is not in the form that Pulumi writes is refused, never guessed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NotRequired

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from formats.default_providers import configured_subscription, listed, stated_subscription
from formats.errors import InputError
from formats.plan import Operation, Plan, PlannedResource
from formats.property_values import mask
from formats.urns import is_urn, project_of, provider_urn, stack_of
from formats.validation import dotted_path

NEWEST = 4
"""Pulumi's export format; the fourth is read where it uses none of the features that set it apart from the third."""


class Stated(TypedDict):
    """What is read of a resource of a state or a step; the rest, its outputs above all, is no part of a Plan."""

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
    dependencies: NotRequired[list[str] | None]
    propertyDependencies: NotRequired[dict[str, list[str] | None] | None]
    ignoreChanges: NotRequired[list[str] | None]


class _Pending(TypedDict):
    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)  # type: ignore[misc]

    resource: Stated
    type: str


class _Deployment(TypedDict):
    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)  # type: ignore[misc]

    resources: NotRequired[list[Stated] | None]
    pending_operations: NotRequired[list[_Pending] | None]


_DEPLOYMENT = TypeAdapter(_Deployment)


def is_export(content: object) -> bool:
    """Whether this is meant as a state in Pulumi's export form."""
    return isinstance(content, Mapping) and "deployment" in content and "version" in content


def read_export(
    content: Mapping[str, Any], *, cloud: str = "", config: Mapping[str, Any] | None = None, file: str | None = None
) -> Plan | None:
    """What stands, by an export; None where nothing does. `InputError` for what is damaged or of another format.

    `config`: the stack's configuration, where it is known.
    """
    _check_version(content, file)
    try:
        deployment = _DEPLOYMENT.validate_python({} if content["deployment"] is None else content["deployment"])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _broken(file, dotted_path(("deployment", *first["loc"])), first["msg"]) from None
    resources = deployment.get("resources") or []
    if not resources:
        return None
    project, stack = _whose(resources, file)
    begun = [p["resource"] for p in deployment.get("pending_operations") or [] if p["type"] == "creating"]
    return standing(project, stack, cloud, map(planned, [*begun, *_there(resources)]), config)


def standing(
    project: str, stack: str, cloud: str, resources: Iterable[PlannedResource], config: Mapping[str, Any] | None = None
) -> Plan:
    """What stands. Of two with one URN the last counts: what a run that was killed may have made comes before the rest.

    The subscription is the one that the state's default providers work in; the configuration's where they do not tell.
    """
    there = {r.urn: r for r in resources}.values()
    subscription = stated_subscription(there) or configured_subscription(config or {})
    return Plan(project, stack, cloud, listed(there), subscription)


def _check_version(content: Mapping[str, Any], file: str | None) -> None:
    version, features = content.get("version"), content.get("features")
    if not isinstance(version, int) or isinstance(version, bool) or version < 3:
        raise InputError("This state is of a format that is not read.", file=file, key="version", found=str(version),
                         allowed="3", fix="Export it with a present version of the Pulumi command line.")  # fmt: skip
    if version > NEWEST or (version == NEWEST and features):
        raise InputError("This state is of a newer format than this version reads.", file=file, key="version",
                         found=str(version), allowed="3", fix="Bring this project up to date.")  # fmt: skip


def _whose(resources: Iterable[Stated], file: str | None) -> tuple[str, str]:
    """The project and stack that every resource is of."""
    owners: set[tuple[str, str]] = set()
    seen: set[str] = set()
    for resource in resources:
        urn = resource["urn"]
        if not is_urn(urn):
            raise _broken(file, "urn", "no URN")
        if not resource.get("delete") and urn in seen:
            raise _broken(file, urn[:200], "there twice")
        seen |= set() if resource.get("delete") else {urn}
        owners.add((project_of(urn), stack_of(urn)))
    if len(owners) != 1:
        raise _broken(file, "resources", "resources of several stacks")
    return owners.pop()


def _there(resources: Iterable[Stated]) -> Iterator[Stated]:
    """Without what only waits to be deleted, and what was deleted to be made again."""
    return (r for r in resources if not r.get("delete") and not r.get("pendingReplacement"))


def planned(resource: Mapping[str, Any]) -> PlannedResource:
    """A resource of a state as one in which nothing changes."""
    links = resource.get("propertyDependencies") or {}
    return PlannedResource(
        urn=resource["urn"],
        type=resource["type"],
        operation=Operation.READ if resource.get("external") else Operation.SAME,
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
    )


def _broken(file: str | None, key: str, found: str) -> InputError:
    return InputError("This state is damaged.", file=file, key=key, found=found,
                      fix="Export it anew; repair it with `pulumi state repair`.")  # fmt: skip
