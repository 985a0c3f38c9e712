"""Immutable containers in a plan: those that Azure deletes only when they are empty, and policies that no plan changes.

Whether a container is empty is known to Azure alone: neither plan nor state lists blobs. So the first is a warning
before a destruction. The second is refused. Facts: docs/azure-facts.md#deletion-of-immutable-data and
#etag-of-an-immutability-policy.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.errors import Refused
from formats.plan import Operation, Plan, PlannedResource
from operations.cli.locked_deletes import destroy_command, locks_on
from operations.cli.output import Output, printable

_TYPE = re.compile(r"azure-native:storage(?:/v\w+)?:(?P<name>\w+)")
_NAMES = re.compile(r".*/storageAccounts/(?P<account>[^/]+)/blobServices/[^/]+/containers/(?P<container>[^/]+)", re.I)
_POLICY = "BlobContainerImmutabilityPolicy"
_HOLDING = {_POLICY: "immutability policy", "BlobContainerLegalHold": "legal hold"}
_DAYS = "immutabilityPeriodSinceCreationInDays"
_COMMAND = "az storage container immutability-policy"
_UNLOCK = """
    locks:        {}
                  (while one exists, Azure deletes no policy; `up` creates it again)"""


@dataclass(frozen=True)
class ImmutableContainer:
    """A container that a plan deletes, and what makes its blobs immutable."""

    stack: str
    account: str
    name: str
    reason: str
    locks: tuple[str, ...]
    """The URNs of the locks on it, which also forbid the deletion of its policy."""

    def __str__(self) -> str:
        return f"- blob container {printable(self.name)} of {printable(self.account)}: {printable(self.reason)}"


def immutable_containers(plan: Plan) -> tuple[ImmutableContainer, ...]:
    """Return the containers that a plan deletes and that must be empty for it, in the order of the plan."""
    by_type: dict[str, list[PlannedResource]] = {}
    for resource in plan.resources:
        found = _TYPE.fullmatch(resource.type)
        if found and resource.id:
            by_type.setdefault(found["name"], []).append(resource)
    reasons = dict(_reasons(by_type))
    deleted = [r for r in by_type.get("BlobContainer", ()) if r.operation.destroys and not r.retain_on_delete]
    return tuple(
        ImmutableContainer(plan.stack, names["account"], names["container"], reasons[scope], locks_on(plan, names[0]))
        for names in (_NAMES.fullmatch(str(container.id)) for container in deleted) if names
        for scope in (names[0].lower(), _account(names)) if scope in reasons
    )  # fmt: skip


def _reasons(by_type: Mapping[str, Sequence[PlannedResource]]) -> Iterator[tuple[str, str]]:
    """Yield the id of each immutable container or account in lower case, with the reason."""
    for type_ in ("StorageAccount", "BlobContainer"):
        for resource in by_type.get(type_, ()):
            versions: Any = resource.inputs.get("immutableStorageWithVersioning")
            if isinstance(versions, Mapping) and versions.get("enabled") is True:
                yield str(resource.id).lower(), "version-level immutability"
    for type_, words in _HOLDING.items():
        for resource in by_type.get(type_, ()):
            inside = _NAMES.match(str(resource.id))
            days = resource.inputs.get(_DAYS)
            if inside:
                yield inside[0].lower(), f"{words} of {days:g} days" if isinstance(days, int | float) else words


def _account(names: re.Match[str]) -> str:
    return names[0].lower().partition("/blobservices/")[0]


def warn_of_immutable(found: Sequence[ImmutableContainer], output: Output) -> None:
    """Say which containers must be empty before Azure deletes them, and the commands for it."""
    if not found:
        return
    stack = found[0].stack
    options = _options(found[0].account, found[0].name)
    urns = dict.fromkeys(urn for one in found for urn in one.locks)
    unlock = _UNLOCK.format(destroy_command(stack, urns)) if urns else ""
    output.warn(
        f"{stack}: Azure deletes these containers only when they hold no blob and no version:\n"
        + "\n".join(f"  {one}" for one in found)
        + f"""
  Otherwise the run stops there, when the locks are already gone. Before you destroy:{unlock}
    state, ETag:  {_COMMAND} show {options}
    Unlocked:     {_COMMAND} delete {options} --if-match ETAG
                  then delete the blobs and their versions
    Locked:       nobody can end it; blobs can be deleted when their days are over
    legal holds:  az storage container legal-hold show {options}""",
        kind="immutable-data",
        stack=stack,
        containers=[{"account": one.account, "container": one.name, "reason": one.reason} for one in found],
    )


def _options(account: str, container: str) -> str:
    return f"--account-name {shlex.quote(account)} --container-name {shlex.quote(container)}"


def changed_policies(plan: Plan) -> tuple[PlannedResource, ...]:
    """Return the immutability policies of containers that a plan changes."""
    types = ((resource, _TYPE.fullmatch(resource.type)) for resource in plan.resources)
    changed = (Operation.UPDATE, Operation.REPLACE)
    return tuple(r for r, type_ in types if type_ and type_["name"] == _POLICY and r.operation in changed and r.changed)


def refuse_changed_policies(stack: str, found: Sequence[PlannedResource]) -> None:
    """Raise `Refused` with the policies and the commands that change them: Azure wants their ETag for each change, and
    azure-native sends none."""
    if not found:
        return
    lines, commands = [], []
    for resource in found:
        names = _NAMES.match(str(resource.id))
        account, container = (names["account"], names["container"]) if names else ("ACCOUNT", "CONTAINER")
        options, days = _options(account, container), resource.inputs.get(_DAYS)
        lines.append(f"  - immutability policy of container {printable(container)} of {printable(account)}: "
                     + ", ".join(map(printable, resource.changed)))  # fmt: skip
        commands += [
            f"{_COMMAND} show {options}   # state, ETag",
            f"{_COMMAND} create {options} --period {printable(days)} --if-match ETAG   # Unlocked",
            f"{_COMMAND} extend {options} --period {printable(days)} --if-match ETAG   # Locked: longer only",
        ]
    indent = "\n           "
    raise Refused(
        f"{stack}: Azure changes these only with their ETag, which the provider does not send. Nothing was changed:\n"
        + "\n".join(lines)
        + "\n  fix:     keep the old value, or change it in Azure and read it:"
        + "".join(indent + command for command in (*commands, f"scripts/sde refresh {stack}"))
    )
