"""The ARM id that each resource of a Plan has or will have, and the resources that a value comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID, uuid5

from formats.arm import references
from formats.arm.references import ANY
from formats.arm.routes import RENAMED, Route, id_route, singular
from formats.arm.sdk import PREFIX, sdk_type
from formats.default_providers import is_default_provider
from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource, is_subscription
from formats.urns import name_of

NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
NON_AZURE_PREFIXES = ("pulumi:", "random:")
"""Type prefixes of resources that do not exist in Azure."""
MAY_CHANGE_ID = (Operation.CREATE, Operation.REPLACE)
"""Operations after which a resource may have a different id than before."""
_GROUP = re.compile(r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)", re.I)
_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-fA-F-]{36})(?:/|$)")
_NAME = re.compile(r"[^/\x00-\x1f]{1,260}")
_SCOPE = re.compile(r"/?(subscriptions|providers)(/[^/\x00-\x1f]+)+/?", re.I)
_PROPERTY = re.compile(r"[^.\[]+")
"""The top-level property of a path: engines report dependencies per top-level property."""
_ARGUMENT = re.compile(r"\{(\w+)\}")
NAMESPACE = UUID("5de00000-0000-4000-8000-000000000001")
"""The UUID namespace for placeholder identifiers, made of a URN and a property's name."""


@dataclass(frozen=True)
class ArmId:
    """The ARM id of one Azure resource of a Plan, with its parts."""

    urn: str
    arm_type: str
    id: str
    name: str
    """The name in a template: `parent/child`."""
    scope: str | None = None
    """The scope id of an extension resource."""
    package: str | None = None
    arguments: frozenset[str] = frozenset()
    """The inputs that are arguments of its path, in lower case."""
    uncertain: tuple[tuple[str, str], ...] = ()
    """Pairs of a field of the template's resource that holds a placeholder (`name`, `scope` or `metadata`, where the
    subscription is), and the reason."""

    @property
    def leaf(self) -> str:
        """The last part of the name, without its parents'."""
        return self.name.rpartition("/")[2]

    @property
    def group(self) -> tuple[str, str] | None:
        """The subscription and resource group in its id."""
        match = _GROUP.match(self.id)
        return (match["subscription"], match["group"]) if match else None

    @property
    def subscription(self) -> str | None:
        """The subscription in its id."""
        return _subscription_in(self.id)


class ArmIds:
    """The ARM ids of a Plan's Azure resources, by URN."""

    def __init__(self, plan: Plan) -> None:
        self.subscription = plan.subscription or NO_SUBSCRIPTION
        """The subscription of resources without an explicit provider; zeros if unknown."""
        self._resources = {r.urn: r for r in plan.resources if r.operation is not Operation.DELETE}
        self._children: dict[str, list[str]] = {}
        for resource in self._resources.values():
            if resource.parent:
                self._children.setdefault(resource.parent, []).append(resource.urn)
        self._order = {urn: i for i, urn in enumerate(self._resources)}
        self._known: dict[str, ArmId] = {}
        self._in_progress: set[str] = set()

    @cached_property
    def exported(self) -> tuple[PlannedResource, ...]:
        """The Azure resources that the Plan manages. Raises `InputError` for a type that cannot be exported."""
        for resource in self._resources.values():
            known = resource.type.startswith((PREFIX, *NON_AZURE_PREFIXES))
            if resource.custom and not known and resource.operation is not Operation.READ:
                raise InputError(
                    "a resource of a provider that cannot be exported",
                    key=resource.urn,
                    found=resource.type,
                    allowed="azure-native, random and components",
                )
        return self._declared

    @cached_property
    def _declared(self) -> tuple[PlannedResource, ...]:
        return tuple(r for r in self._resources.values() if _is_azure(r) and r.operation is not Operation.READ)

    @cached_property
    def declared(self) -> Mapping[str, ArmId]:
        """The ids of the managed resources, by their text in lower case. Those that cannot be derived are left out."""
        found = (self.find(r.urn) for r in self._declared)
        return {arm_id.id.lower(): arm_id for arm_id in found if arm_id}

    def resource(self, urn: str) -> PlannedResource:
        """Return the resource of a URN."""
        return self._resources[urn]

    def find(self, urn: str) -> ArmId | None:
        """Return the id of one Azure resource; None if it cannot be derived."""
        try:
            return self.of(urn)
        except InputError:
            return None

    def of(self, urn: str) -> ArmId:
        """Return the id of one Azure resource. Raises `InputError` if it cannot be derived."""
        if urn not in self._known:
            if urn in self._in_progress:
                raise InputError("the names of resources depend on each other", key=urn)
            self._in_progress.add(urn)
            try:
                self._known[urn] = self._derive(self._resources[urn])
            finally:
                self._in_progress.discard(urn)
        return self._known[urn]

    def sources(self, resource: PlannedResource, property_: str) -> list[ArmId]:
        """Return the ids of the Azure resources that a property's value comes from, in the Plan's order."""
        urns = resource.property_dependencies.get(property_, ())
        return [self.of(urn) for urn in self.leaf_resources(urns, resource.urn)]

    def referenced(self, resource: PlannedResource, path: str) -> ArmId | None:
        """Return the ARM id that an unknown value will be; None if the Plan leaves more than one possible."""
        key = _PROPERTY.match(path)
        scope = _scope_key(resource)
        kinds = frozenset({ANY}) if scope and path == scope else references.kinds(resource.type, path)
        return self._only_source(resource, key[0], kinds) if key else None

    def named(self, resource: PlannedResource, path: str) -> ArmId | None:
        """Return the id of the parent or resource group whose name an unknown path argument will be."""
        request = _route(resource)
        parents = request.arguments[:-1] if request else ()
        kinds = {_named_type(request, a).lower() for a in parents if request and _key(resource, a) == path}
        return self._only_source(resource, path, frozenset(kinds))

    def _only_source(self, resource: PlannedResource, property_: str, kinds: frozenset[str]) -> ArmId | None:
        """Return the only source of a property among these ARM types.

        None if there are several, or if a source is not a known Azure resource of the Plan.
        """
        sources = [self._source(urn) for urn in resource.property_dependencies.get(property_, ())]
        found = [s for s in sources if s and (ANY in kinds or s.arm_type.lower() in kinds)]
        return found[0] if len(found) == 1 and None not in sources else None

    def _source(self, urn: str) -> ArmId | None:
        resource = self._resources.get(urn)
        return self.find(urn) if resource and _is_azure(resource) else None

    def dependencies(self, resource: PlannedResource) -> list[ArmId]:
        """Return the ids of the Azure resources that a resource depends on."""
        return [self.of(urn) for urn in self.required(resource)]

    def required(self, resource: PlannedResource) -> list[str]:
        """Return the URNs of the Azure resources that a resource depends on, with children for components."""
        direct = {*resource.dependencies, *(u for us in resource.property_dependencies.values() for u in us)}
        parent = self._resources.get(resource.parent or "")
        if parent and parent.custom:
            direct.add(parent.urn)
        return self.leaf_resources(sorted(direct), resource.urn)

    def leaf_resources(self, urns: Sequence[str], user: str) -> list[str]:
        """Return the Azure resources below components, and those that other providers' resources depend on."""
        found: dict[str, None] = {}
        seen = {user}
        waiting = list(reversed(urns))
        while waiting:
            urn = waiting.pop()
            resource = self._resources.get(urn)
            if resource is None or urn in seen or (not resource.custom and self._contains(urn, user)):
                continue
            seen.add(urn)
            if _is_azure(resource):
                found[urn] = None
            else:
                waiting += reversed([*self._children.get(urn, []), *resource.dependencies])
        return sorted(found, key=lambda u: self._order[u])

    def _contains(self, component: str, urn: str) -> bool:
        """Return True if a resource is inside a component. It then cannot depend on the whole component."""
        seen: set[str] = set()
        current: str | None = urn
        while current and current not in seen:
            seen.add(current)
            resource = self._resources.get(current)
            current = resource.parent if resource else None
            if current == component:
                return True
        return False

    def _subscription_of(self, resource: PlannedResource, uncertain: dict[str, str]) -> str:
        """Return the subscription of a resource's provider. A stack may have several providers."""
        provider = self._resources.get(resource.provider or "")
        if provider is None and (resource.provider is None or is_default_provider(resource.provider)):
            return self.subscription
        given = provider.inputs.get("subscriptionId") if provider else None
        if is_subscription(given):
            return given
        existing = None if resource.operation in MAY_CHANGE_ID else _subscription_in(resource.id)
        if existing is None:
            uncertain["metadata"] = "the subscription is not known before the deployment; the stack's is used"
        return existing or self.subscription

    @property
    def subscription_id(self) -> str:
        """The ARM id of the stack's subscription."""
        return f"/subscriptions/{self.subscription}"

    def _derive(self, resource: PlannedResource) -> ArmId:
        if resource.operation is Operation.READ and resource.id and resource.id.startswith("/"):
            return _existing(resource, resource.id)
        request = id_route(resource.type)
        uncertain: dict[str, str] = {}
        given = self._arguments(resource, request, uncertain)
        path = _ARGUMENT.sub(lambda found: given[found[1]].strip("/"), request.path)
        path = path.replace("/resourcegroups/", "/resourceGroups/", 1)
        prefix, providers, rest = path.rpartition("/providers/")
        return ArmId(
            resource.urn,
            request.arm_type,
            path,
            "/".join(rest.split("/")[2::2]) if providers else path.rpartition("/")[2],
            prefix if _is_extension(request) else None,
            request.package or None,
            _inputs_in_path(resource, request),
            tuple(uncertain.items()),
        )

    def _arguments(self, resource: PlannedResource, request: Route, uncertain: dict[str, str]) -> dict[str, str]:
        """Return the values of the path's arguments."""
        found: dict[str, str] = {}
        for argument in request.arguments:
            key = _key(resource, argument)
            if argument == "subscriptionId":
                found[argument] = self._subscription_of(resource, uncertain)
            elif _is_extension(request) and argument == request.arguments[0]:
                found[argument] = self._scope(resource, key, uncertain)
            else:
                found[argument] = self._name(resource, key, argument, request, uncertain)
        return found

    def _scope(self, resource: PlannedResource, key: str, uncertain: dict[str, str]) -> str:
        value = resource.inputs.get(key)
        if value == UNKNOWN:
            found = self.referenced(resource, key)
            if found:
                if found.uncertain:
                    uncertain["scope"] = f"{name_of(found.urn)}: {found.uncertain[0][1]}"
                return found.id
            uncertain["scope"] = "the id of a resource outside the plan, or one of several"
            return f"{self.subscription_id}/resourceGroups/unknown-{_placeholder_guid(resource, key)[:8]}"
        if isinstance(value, str) and _SCOPE.fullmatch(value):
            return "/" + value.strip("/")
        raise _invalid_path_argument(resource, key, value, "the id of its scope")

    def _name(
        self, resource: PlannedResource, key: str, argument: str, request: Route, uncertain: dict[str, str]
    ) -> str:
        own = argument == request.arguments[-1]
        value = resource.inputs.get(key, UNKNOWN if own else None)  # the provider generates a missing name
        if value == UNKNOWN:
            found = None if own else self.named(resource, key)
            if found and not dict(found.uncertain).get("name"):
                return found.leaf
            uncertain["name"] = f"{key} is not known before the deployment"
            if found:
                return found.leaf
            stable = _placeholder_guid(resource, key)
            return stable if _named_type(request, argument).lower().endswith("assignments") else f"unknown-{stable[:8]}"
        if isinstance(value, str) and value != SECRET and _NAME.fullmatch(value):
            return value
        raise _invalid_path_argument(resource, key, value, "a name without slashes")


def _subscription_in(id_: str | None) -> str | None:
    match = _SUBSCRIPTION.match(id_ or "")
    return match[1] if match else None


def _is_azure(resource: PlannedResource) -> bool:
    return resource.custom and resource.type.startswith(PREFIX)


def _is_extension(request: Route) -> bool:
    """Return True for an extension type, whose scope is an argument of its path."""
    return request.path.startswith("/{")


def _route(resource: PlannedResource) -> Route | None:
    try:
        return id_route(resource.type)
    except InputError:
        return None


def _scope_key(resource: PlannedResource) -> str | None:
    """Return the input that holds an extension resource's scope."""
    request = _route(resource)
    return _key(resource, request.arguments[0]) if request and _is_extension(request) else None


def _key(resource: PlannedResource, argument: str) -> str:
    """Return the input for an argument of the path; the argument's own name if there is none."""
    renamed = RENAMED.get(sdk_type(resource.type).module, {})
    wanted = (argument.lower(), renamed.get(argument.lower()))
    return next((key for key in resource.inputs if key.lower() in wanted), argument)


def _placeholder_guid(resource: PlannedResource, key: str) -> str:
    return str(uuid5(NAMESPACE, f"{resource.urn}#{key}"))


def _invalid_path_argument(resource: PlannedResource, key: str, value: object, allowed: str) -> InputError:
    return InputError("the plan has no name for a resource", file=resource.urn, key=key, found=value,
                      allowed=allowed)  # fmt: skip


def _existing(resource: PlannedResource, id_: str) -> ArmId:
    _, _, rest = id_.rpartition("/providers/")
    parts = rest.split("/")
    return ArmId(resource.urn, "/".join((parts[0], *parts[1::2])), id_, "/".join(parts[2::2]))


def _named_type(request: Route, argument: str) -> str:
    """Return the ARM type whose name an argument holds."""
    if argument.lower() == "resourcegroupname":
        return "Microsoft.Resources/resourceGroups"
    segments = request.segments
    end = segments.index("{" + argument + "}") if "{" + argument + "}" in segments else 2
    return "/".join((segments[0], *segments[1:end:2]))


def _inputs_in_path(resource: PlannedResource, request: Route) -> frozenset[str]:
    """Return the inputs used by the path, including those of a fixed name such as the blob service's."""
    used = {_key(resource, argument).lower() for argument in request.arguments}
    segments = request.segments
    for type_, name in zip(segments[1::2], segments[2::2], strict=False):
        wanted = (f"{type_}name".lower(), f"{singular(type_.lower())}name")
        for key in [key for key in resource.inputs if key.lower() in wanted and not name.startswith("{")]:
            if resource.inputs[key] != name:
                raise InputError(
                    "a name that Azure has fixed", file=resource.urn, key=key, found=resource.inputs[key], allowed=name
                )
            used.add(key.lower())
    return frozenset(used)
