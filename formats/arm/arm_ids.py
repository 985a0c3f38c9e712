"""Who is who in a Plan: the ARM id that each resource has or will have, and which resources stand behind a value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID, uuid5

from formats.arm import references
from formats.arm.references import ANY
from formats.arm.routes import RENAMED, Route, route, singular
from formats.arm.sdk import PREFIX, sdk_type
from formats.default_providers import is_default_provider
from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource, is_subscription
from formats.urns import name_of

NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
OTHERS = ("pulumi:", "random:")
"""Resources that the plan may hold and Azure has not."""
MADE_ANEW = (Operation.CREATE, Operation.REPLACE)
"""What these operations make may lie elsewhere than what had the id before."""
_GROUP = re.compile(r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)", re.I)
_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-fA-F-]{36})(?:/|$)")
_NAME = re.compile(r"[^/\x00-\x1f]{1,260}")
_SCOPE = re.compile(r"/?(subscriptions|providers)(/[^/\x00-\x1f]+)+/?", re.I)
_PROPERTY = re.compile(r"[^.\[]+")
"""The top of a path: engines say of a whole property what it came from."""
_ARGUMENT = re.compile(r"\{(\w+)\}")
NAMESPACE = UUID("5de00000-0000-4000-8000-000000000001")
"""Ours, for identifiers made of a URN and a property's name."""


@dataclass(frozen=True)
class Identity:
    """One Azure resource of the plan, as ARM will know it."""

    urn: str
    arm_type: str
    id: str
    name: str
    """As templates have it: `parent/child`."""
    scope: str | None = None
    """The id of what an extension resource stands on."""
    package: str | None = None
    arguments: frozenset[str] = frozenset()
    """The inputs that its path has used, in lower case."""
    unsure: tuple[tuple[str, str], ...] = ()
    """Which of `name`, `scope` and `metadata` holds a placeholder, and why."""

    @property
    def leaf(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def noun(self) -> str:
        """`subnet` for `Microsoft.Network/virtualNetworks/subnets`."""
        return singular(self.arm_type.rpartition("/")[2].lower())

    @property
    def group(self) -> tuple[str, str] | None:
        """The subscription and resource group that its id names."""
        match = _GROUP.match(self.id)
        return (match["subscription"], match["group"]) if match else None

    @property
    def subscription(self) -> str | None:
        """The subscription that its id names."""
        return _subscription_in(self.id)


class Identities:
    """The identities of a Plan's Azure resources. Raises InputError for a type that cannot be exported."""

    def __init__(self, plan: Plan) -> None:
        self.subscription = plan.subscription or NO_SUBSCRIPTION
        """The subscription of what has no explicit provider; zeros where it is not known."""
        self._resources = {r.urn: r for r in plan.resources if r.operation is not Operation.DELETE}
        self._children: dict[str, list[str]] = {}
        for resource in self._resources.values():
            if resource.parent:
                self._children.setdefault(resource.parent, []).append(resource.urn)
        self._order = {urn: i for i, urn in enumerate(self._resources)}
        self._known: dict[str, Identity] = {}
        self._under_way: set[str] = set()

    @cached_property
    def exported(self) -> tuple[PlannedResource, ...]:
        """What the template declares: neither what is read only, nor what is not Azure's."""
        for resource in self._resources.values():
            known = resource.type.startswith((PREFIX, *OTHERS))
            if resource.custom and not known and resource.operation is not Operation.READ:
                raise InputError(
                    "a resource of a provider that cannot be exported",
                    key=resource.urn,
                    found=resource.type,
                    allowed="azure-native, with random and components beside it",
                )
        return self._declared

    @cached_property
    def _declared(self) -> tuple[PlannedResource, ...]:
        return tuple(r for r in self._resources.values() if _azure(r) and r.operation is not Operation.READ)

    @cached_property
    def here(self) -> Mapping[str, Identity]:
        """What the plan declares and can be told, by id in lower case."""
        found = (self.told(r.urn) for r in self._declared)
        return {identity.id.lower(): identity for identity in found if identity}

    def find(self, urn: str) -> PlannedResource | None:
        """The resource of that URN, if it is in the plan and stays."""
        return self._resources.get(urn)

    def resource(self, urn: str) -> PlannedResource:
        """The resource that an identity is of."""
        return self._resources[urn]

    def told(self, urn: str) -> Identity | None:
        """The identity of one Azure resource of the plan; None where the plan does not let it be told."""
        try:
            return self.of(urn)
        except InputError:
            return None

    def of(self, urn: str) -> Identity:
        """The identity of one Azure resource of the plan."""
        if urn not in self._known:
            if urn in self._under_way:
                raise InputError("resources of the plan need each other's names", key=urn)
            self._under_way.add(urn)
            try:
                self._known[urn] = self._identify(self._resources[urn])
            finally:
                self._under_way.discard(urn)
        return self._known[urn]

    def behind(self, resource: PlannedResource, property_: str) -> list[Identity]:
        """The Azure resources that a property's value comes from, in the order of the plan."""
        urns = resource.property_dependencies.get(property_, ())
        return [self.of(urn) for urn in self.real(urns, resource.urn)]

    def referred(self, resource: PlannedResource, path: str) -> Identity | None:
        """The resource whose ARM id an unknown value is; None where the plan does not say for certain."""
        key = _PROPERTY.match(path)
        scope = _scope_key(resource)
        kinds = frozenset({ANY}) if scope and path == scope else references.kinds(resource.type, path)
        return self._only(resource, key[0], kinds) if key else None

    def named(self, resource: PlannedResource, path: str) -> Identity | None:
        """The resource whose name an unknown value is: that of a parent or group, which the own path takes up."""
        way = _way(resource)
        parents = way.arguments[:-1] if way else ()
        kinds = {_type_named(way, a).lower() for a in parents if way and _key(resource, a) == path}
        return self._only(resource, path, frozenset(kinds))

    def _only(self, resource: PlannedResource, property_: str, kinds: frozenset[str]) -> Identity | None:
        """The one resource of some kinds that a property came from; None where there are more, or where the value may
        have come from elsewhere: another stack, another provider's resource, one whose own type is not known."""
        sources = [self._source(urn) for urn in resource.property_dependencies.get(property_, ())]
        found = [s for s in sources if s and (ANY in kinds or s.arm_type.lower() in kinds)]
        return found[0] if len(found) == 1 and None not in sources else None

    def _source(self, urn: str) -> Identity | None:
        resource = self._resources.get(urn)
        return self.told(urn) if resource and _azure(resource) else None

    def dependencies(self, resource: PlannedResource) -> list[Identity]:
        """Every Azure resource that must be there first."""
        return [self.of(urn) for urn in self.needs(resource)]

    def needs(self, resource: PlannedResource) -> list[str]:
        """The URNs of the Azure resources that must be there first, components followed to what they hold."""
        direct = {*resource.dependencies, *(u for us in resource.property_dependencies.values() for u in us)}
        parent = self._resources.get(resource.parent or "")
        if parent and parent.custom:
            direct.add(parent.urn)
        return self.real(sorted(direct), resource.urn)

    def real(self, urns: Sequence[str], user: str) -> list[str]:
        """The Azure resources behind some URNs: what a component holds, what another provider's resource came from."""
        found: dict[str, None] = {}
        seen = {user}
        waiting = list(reversed(urns))
        while waiting:
            urn = waiting.pop()
            resource = self._resources.get(urn)
            if resource is None or urn in seen or (not resource.custom and self._holds(urn, user)):
                continue
            seen.add(urn)
            if _azure(resource):
                found[urn] = None
            else:
                waiting += reversed([*self._children.get(urn, []), *resource.dependencies])
        return sorted(found, key=lambda u: self._order[u])

    def _holds(self, component: str, urn: str) -> bool:
        """Whether a resource stands inside a component: it cannot wait for the whole of it."""
        seen: set[str] = set()
        at: str | None = urn
        while at and at not in seen:
            seen.add(at)
            resource = self._resources.get(at)
            at = resource.parent if resource else None
            if at == component:
                return True
        return False

    def _subscription_of(self, resource: PlannedResource, unsure: dict[str, str]) -> str:
        """The subscription that a resource is made in: its own provider's, which a stack may have several of."""
        provider = self._resources.get(resource.provider or "")
        if provider is None and (resource.provider is None or is_default_provider(resource.provider)):
            return self.subscription
        told = provider.inputs.get("subscriptionId") if provider else None
        if is_subscription(told):
            return told
        there = None if resource.operation in MADE_ANEW else _subscription_in(resource.id)
        if there is None:
            unsure["metadata"] = "the subscription is not known before the deployment; the stack's stands for it"
        return there or self.subscription

    @property
    def subscription_id(self) -> str:
        return f"/subscriptions/{self.subscription}"

    def _identify(self, resource: PlannedResource) -> Identity:
        if resource.operation is Operation.READ and resource.id and resource.id.startswith("/"):
            return _existing(resource, resource.id)
        way = route(resource.type)
        unsure: dict[str, str] = {}
        given = self._arguments(resource, way, unsure)
        path = _ARGUMENT.sub(lambda found: given[found[1]].strip("/"), way.path)
        path = path.replace("/resourcegroups/", "/resourceGroups/", 1)
        prefix, providers, rest = path.rpartition("/providers/")
        return Identity(
            resource.urn,
            way.arm_type,
            path,
            "/".join(rest.split("/")[2::2]) if providers else path.rpartition("/")[2],
            prefix if _extends(way) else None,
            way.package,
            _used(resource, way),
            tuple(unsure.items()),
        )

    def _arguments(self, resource: PlannedResource, way: Route, unsure: dict[str, str]) -> dict[str, str]:
        """The values of the path's arguments."""
        found: dict[str, str] = {}
        for argument in way.arguments:
            key = _key(resource, argument)
            if argument == "subscriptionId":
                found[argument] = self._subscription_of(resource, unsure)
            elif _extends(way) and argument == way.arguments[0]:
                found[argument] = self._scope(resource, key, unsure)
            else:
                found[argument] = self._name(resource, key, argument, way, unsure)
        return found

    def _scope(self, resource: PlannedResource, key: str, unsure: dict[str, str]) -> str:
        value = resource.inputs.get(key)
        if value == UNKNOWN:
            found = self.referred(resource, key)
            if found:
                if found.unsure:
                    unsure["scope"] = f"{name_of(found.urn)}: {found.unsure[0][1]}"
                return found.id
            unsure["scope"] = "the id of a resource outside the plan, or one of several"
            return f"{self.subscription_id}/resourceGroups/unknown-{_stable(resource, key)[:8]}"
        if isinstance(value, str) and _SCOPE.fullmatch(value):
            return "/" + value.strip("/")
        raise _nameless(resource, key, value, "the id of what it stands on")

    def _name(self, resource: PlannedResource, key: str, argument: str, way: Route, unsure: dict[str, str]) -> str:
        own = argument == way.arguments[-1]
        value = resource.inputs.get(key, UNKNOWN if own else None)  # without a name of its own, the provider gives one
        if value == UNKNOWN:
            found = None if own else self.named(resource, key)
            if found and not dict(found.unsure).get("name"):
                return found.leaf
            unsure["name"] = f"{key} is not known before the deployment"
            if found:
                return found.leaf
            stable = _stable(resource, key)
            return stable if _type_named(way, argument).lower().endswith("assignments") else f"unknown-{stable[:8]}"
        if isinstance(value, str) and value != SECRET and _NAME.fullmatch(value):
            return value
        raise _nameless(resource, key, value, "a name without slashes")


def _subscription_in(id_: str | None) -> str | None:
    match = _SUBSCRIPTION.match(id_ or "")
    return match[1] if match else None


def _azure(resource: PlannedResource) -> bool:
    return resource.custom and resource.type.startswith(PREFIX)


def _extends(way: Route) -> bool:
    """Whether the type stands on any resource, group or subscription: its path begins with an argument."""
    return way.path.startswith("/{")


def _way(resource: PlannedResource) -> Route | None:
    try:
        return route(resource.type)
    except InputError:
        return None


def _scope_key(resource: PlannedResource) -> str | None:
    """The input that says what a resource stands on, which may be anything."""
    way = _way(resource)
    return _key(resource, way.arguments[0]) if way and _extends(way) else None


def _key(resource: PlannedResource, argument: str) -> str:
    """The input that is an argument of the path; the argument's own name where the plan has none."""
    renamed = RENAMED.get(sdk_type(resource.type).module, {})
    wanted = (argument.lower(), renamed.get(argument.lower()))
    return next((key for key in resource.inputs if key.lower() in wanted), argument)


def _stable(resource: PlannedResource, key: str) -> str:
    return str(uuid5(NAMESPACE, f"{resource.urn}#{key}"))


def _nameless(resource: PlannedResource, key: str, value: object, allowed: str) -> InputError:
    return InputError("the plan does not say what a resource is called", file=resource.urn, key=key, found=value,
                      allowed=allowed)  # fmt: skip


def _existing(resource: PlannedResource, id_: str) -> Identity:
    _, _, rest = id_.rpartition("/providers/")
    parts = rest.split("/")
    return Identity(resource.urn, "/".join((parts[0], *parts[1::2])), id_, "/".join(parts[2::2]))


def _type_named(way: Route, argument: str) -> str:
    """The ARM type whose name an argument of the path is."""
    if argument.lower() == "resourcegroupname":
        return "Microsoft.Resources/resourceGroups"
    segments = way.segments
    end = segments.index("{" + argument + "}") if "{" + argument + "}" in segments else 2
    return "/".join((segments[0], *segments[1:end:2]))


def _used(resource: PlannedResource, way: Route) -> frozenset[str]:
    """The inputs that the path has taken up, also those for a name that Azure has fixed, as the blob service's is."""
    used = {_key(resource, argument).lower() for argument in way.arguments}
    segments = way.segments
    for type_, name in zip(segments[1::2], segments[2::2], strict=False):
        wanted = (f"{type_}name".lower(), f"{singular(type_.lower())}name")
        for key in [key for key in resource.inputs if key.lower() in wanted and not name.startswith("{")]:
            if resource.inputs[key] != name:
                raise InputError(
                    "a name that Azure has fixed", file=resource.urn, key=key, found=resource.inputs[key], allowed=name
                )
            used.add(key.lower())
    return frozenset(used)
