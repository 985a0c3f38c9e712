"""The needs of an estate in each subscription, read from the resources that its stacks declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from formats.arm.actions import action_on, delete_action, linked_actions, scanning_actions, type_of
from formats.arm.policy_aliases import aliases_in, modified_aliases
from formats.plan import Operation, Plan, PlannedResource

DEFENDER = "microsoft.security/defenderforstoragesettings"
MACHINE = "microsoft.compute/virtualmachines"
DEFINITION = "microsoft.authorization/policydefinitions"
ROLE, ROLE_WRITE = "microsoft.authorization/roledefinitions", "Microsoft.Authorization/roleDefinitions/write"
FIREWALL_POLICY = "microsoft.network/firewallpolicies"
FLOW_LOG = "microsoft.network/networkwatchers/flowlogs"


@dataclass(frozen=True)
class Declared:
    """A resource that a stack declares."""

    stack: str
    type_token: str
    name: str
    """Its logical name."""
    id: str
    inputs: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The ARM type in lower case; empty for a resource group."""
        return type_of(self.id).lower()

    @property
    def short_name(self) -> str:
        """The last segment of its id."""
        return self.id.rpartition("/")[2]

    @property
    def location(self) -> str:
        """Its region as Azure writes it in paths; empty for a type without one."""
        return str(self.inputs.get("location") or "").replace(" ", "").lower()

    def at(self, path: str) -> Any:
        """Return the input at a path of names, or None."""
        found: Any = self.inputs
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


@dataclass
class Needs:
    """The resources in one subscription, and the actions that their writes need there, by scope."""

    subscription: str
    resources: list[Declared] = field(default_factory=list)
    actions: dict[str, set[str]] = field(default_factory=dict)
    """By the id of a resource group or of the subscription, in the order of the writes."""
    deletes: dict[str, set[str]] = field(default_factory=dict)
    """The actions that replacing and destroying the resources need, by scope as well."""

    def of_type(self, type_: str) -> list[Declared]:
        """Return the resources of an ARM type in lower case."""
        return [one for one in self.resources if one.type == type_]

    @property
    def namespaces(self) -> list[str]:
        """The resource providers of all types, sorted. Malware scanning is notified of uploads by Event Grid."""
        found = {type_of(one.id).partition("/")[0] or "Microsoft.Resources" for one in self.resources}
        if any(map(_scans, self.of_type(DEFENDER))):
            found.add("Microsoft.EventGrid")
        by_lower = {name.lower(): name for name in sorted(found)}
        return [by_lower[name] for name in sorted(by_lower)]

    @property
    def features(self) -> list[tuple[str, str]]:
        """The features that must be registered, each with its resource provider."""
        at_host = any(one.at("securityProfile.encryptionAtHost") is True for one in self.of_type(MACHINE))
        return [("Microsoft.Compute", "EncryptionAtHost")] if at_host else []

    @property
    def sizes(self) -> set[str]:
        """The sizes of virtual machines."""
        return {str(one.at("hardwareProfile.vmSize")) for one in self.of_type(MACHINE)}

    @property
    def aliases(self) -> dict[str, set[str]]:
        """The aliases of Azure Policy that guardrails use, by resource provider."""
        found: dict[str, set[str]] = {}
        for definition in self.of_type(DEFINITION):
            for alias in aliases_in(definition.inputs.get("policyRule")):
                found.setdefault(alias.partition("/")[0], set()).add(alias)
        return found

    @property
    def modified_aliases(self) -> set[str]:
        """The aliases that guardrails write, in lower case."""
        rules = (definition.inputs.get("policyRule") for definition in self.of_type(DEFINITION))
        return {alias.lower() for rule in rules for alias in modified_aliases(rule)}


def needs_of(plans: Iterable[Plan]) -> list[Needs]:
    """Return the needs by subscription, in the order of the plans."""
    found: dict[str, Needs] = {}
    for plan in plans:
        for resource in _declared(plan):
            one = found.setdefault(_subscription(resource.id), Needs(_subscription(resource.id)))
            one.resources.append(resource)
            wanted = [(resource.id, action_on(resource.id, "write")), *linked_actions(resource.id, resource.inputs)]
            wanted += scanning_actions(resource.id) if _scans(resource) else ()
            if type_of(resource.id).lower() == ROLE:  # Azure requires the right on each of them
                wanted += [(scope, ROLE_WRITE) for scope in resource.inputs.get("assignableScopes") or ()]
            if delete := delete_action(resource.id):
                one.deletes.setdefault(_scope(resource.id), set()).add(delete)
            for target, action in wanted:
                subscription = _subscription(target)
                there = found.setdefault(subscription, Needs(subscription))
                there.actions.setdefault(_scope(target), set()).add(action)
    return list(found.values())


def _scans(resource: Declared) -> bool:
    """Return True for a setting that turns malware scanning on."""
    return resource.type == DEFENDER and resource.at("properties.malwareScanning.onUpload.isEnabled") is True


def _declared(plan: Plan) -> Iterator[Declared]:
    for one in plan.resources:
        if _is_written(one) and one.id:
            yield Declared(plan.stack, one.type, one.name, one.id, one.inputs)


def _is_written(resource: PlannedResource) -> bool:
    not_written = (Operation.DELETE, Operation.READ)
    return resource.type.startswith("azure-native:") and resource.custom and resource.operation not in not_written


def _subscription(id_: str) -> str:
    return id_.strip("/").split("/")[1].lower()


def _scope(id_: str) -> str:
    """Return the resource group of an id, or its subscription. A resource group is written at its subscription."""
    parts = id_.strip("/").split("/")
    in_group = len(parts) > 4 and parts[2].lower() == "resourcegroups"
    return "/" + "/".join(parts[: 4 if in_group else 2])
