"""What Pulumi's engine sends a policy pack, as a Plan: read from the messages themselves, secrets masked on the way in.

The pack's own SDK hands rules their secrets in plain text, raises what makes a mandatory policy an advisory one where a
value is not known, and says a stack's resources by their outputs; none of that is met here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]

from operations.default_providers import listed, stated_subscription
from operations.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource, whole_numbers

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key that marks a dict as something other than a dict."""
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark of the protocol, not a password
RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"
PLAIN_SIGNATURES = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
"""Assets and archives: what they hold is no property."""
UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # a text
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # an array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)
GROUP = "azure-native:resources:ResourceGroup"
CUSTOM = ("azure-native:", "random:", "pulumi:providers:")


class Told:
    """What the engine has told so far: the inputs of each resource come one by one, their links when all are there."""

    def __init__(self) -> None:
        self._inputs: dict[str, PlannedResource] = {}
        self._groups: dict[str, PlannedResource] = {}
        self._last: set[str] = set()

    def one(self, request: Any) -> PlannedResource:
        """A resource that is about to be made or left as it is: its inputs as the provider has checked them."""
        planned = _planned(request)
        self._inputs[planned.urn] = planned
        if planned.type == GROUP:
            self._groups[planned.urn] = planned
        return planned

    def before(self, planned: PlannedResource) -> Plan:
        """A resource with its provider, and the resource groups that came before it, which say how sensitive it is."""
        others = [group for group in self._groups.values() if group.urn != planned.urn]
        return _plan([*self._providers([planned, *others]), *others, planned])

    def all(self, request: Any) -> Plan:
        """Every resource of the stack. One whose inputs were never told is known by its outputs."""
        linked = [self._linked(resource) for resource in request.resources]
        here = self._last = {resource.urn for resource in linked}
        return _plan([*(p for p in self._providers(linked) if p.urn not in here), *linked])

    def knows(self, urn: str) -> bool:
        """Whether a resource is the stack's that is judged."""
        return urn in self._inputs or urn in self._last

    def provider(self, request: Any) -> None:
        """The provider of a resource, which may not be told of otherwise."""
        if request.HasField("provider"):
            found = _planned(request.provider)
            self._inputs.setdefault(found.urn, found)

    def _providers(self, resources: Iterable[PlannedResource]) -> list[PlannedResource]:
        urns = dict.fromkeys(r.provider for r in resources if r.provider)
        return [self._inputs[urn] for urn in urns if urn in self._inputs]

    def _linked(self, request: Any) -> PlannedResource:
        planned = self._inputs.get(request.urn) or _planned(request)
        links = {key: tuple(sorted(found.urns)) for key, found in request.propertyDependencies.items()}
        return replace(
            planned,
            parent=request.parent or None,
            dependencies=tuple(sorted(request.dependencies)),
            property_dependencies=links,
        )


def _plan(resources: list[PlannedResource]) -> Plan:
    """All of one stack: the URN says which."""
    _, _, rest = resources[-1].urn.partition("urn:pulumi:") if resources else ("", "", "")
    stack, _, after = rest.partition("::")
    return Plan(after.partition("::")[0], stack, "", listed(resources), stated_subscription(resources))


def _planned(message: Any) -> PlannedResource:
    options = getattr(message, "options", None)
    provider = getattr(message, "provider", None)
    own = provider.urn if provider is not None and message.HasField("provider") else None
    return PlannedResource(
        urn=message.urn,
        type=message.type,
        operation=Operation.CREATE,
        custom=message.type.startswith(CUSTOM) or own is not None,
        provider=own,
        inputs=masked(json_format.MessageToDict(message.properties)),
        protect=options.protect if options else False,
        ignore_changes=tuple(options.ignoreChanges) if options else (),
    )


def masked(value: Any) -> Any:
    """A value of the protocol as a Plan has it: secrets and unknowns are named, not shown."""
    if isinstance(value, Mapping):
        return _marked(value) if SIGNATURE in value else {key: masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return UNKNOWN if isinstance(value, str) and value in UNKNOWNS else whole_numbers(value)


def _marked(value: Mapping[str, Any]) -> Any:
    """What a signature stands for. One that nobody knows hides its value: it is not known."""
    signature = value[SIGNATURE]
    if signature == SECRET_SIGNATURE:
        return SECRET
    if signature == RESOURCE_SIGNATURE:
        return value.get("urn", UNKNOWN)
    if signature in PLAIN_SIGNATURES:
        return {key: masked(item) for key, item in value.items() if key != SIGNATURE}
    return UNKNOWN
