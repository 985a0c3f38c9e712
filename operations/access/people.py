"""Names of the holders of rights: the groups that the estate's files name, by their Entra object id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from formats.addresses import ZoneName
from formats.stack_config import JunctionZoneConfig, PlatformConfig, SafeHavenConfig, StackConfig, TenancyConfig
from formats.urns import name_of, stack_of, type_of
from policies.expected.staff import ZONES, machines, members
from policies.reachability.role_grants import UNKNOWN_PRINCIPAL

C = TypeVar("C", bound=StackConfig)
ANYONE = "anyone"
"""The key of who needs no sign-in: anonymous access."""
KINDS = {"VirtualMachine": "computer", "UserAssignedIdentity": "identity"}


@dataclass(frozen=True)
class Holder:
    """Who has a right: a group, an application, a managed identity or a computer."""

    key: str
    """The object id in lower case, or the URN of an identity or computer of the estate."""
    name: str
    is_known: bool = True
    """False for an object id that no file of the estate names."""

    @property
    def id(self) -> str:
        """The object id; empty for a resource of the estate."""
        return "" if self.key.startswith("urn:") or self.key in (ANYONE, UNKNOWN_PRINCIPAL) else self.key

    def to_json(self) -> dict[str, Any]:
        """Return the holder as JSON values."""
        return {"id": self.id or self.key, "name": self.name, "known": self.is_known}


@dataclass(frozen=True)
class People:
    """The groups and applications that the configurations of an estate's stacks name."""

    configs: Mapping[str, StackConfig] = field(default_factory=dict)
    former: Mapping[str, str] = field(default_factory=dict)
    """The names of groups in earlier configurations, by object id in lower case. A present name comes first."""

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The name of each group and application, by its object id in lower case."""
        found: dict[str, dict[str, None]] = {}
        for stack, config in self.configs.items():
            for id_, name in _named(stack, config):
                found.setdefault(str(id_).lower(), {})[name] = None
        return {**self.former, **{id_: ", ".join(names) for id_, names in found.items()}}

    def holder(self, key: str) -> Holder:
        """Return the holder with an object id or URN."""
        if key == ANYONE:
            return Holder(key, "anyone, without a sign-in")
        if key == UNKNOWN_PRINCIPAL:
            return Holder(key, "a principal that is not known before the deployment", is_known=False)
        if key.startswith("urn:"):
            kind = KINDS.get(type_of(key).rsplit(":", 1)[-1], "resource")
            return Holder(key, f"the {kind} {name_of(key)} of {stack_of(key)}")
        name = self.names.get(key)
        return Holder(key, name) if name else Holder(key, f"unknown {key}", is_known=False)

    @cached_property
    def groups_of(self) -> Mapping[str, frozenset[str]]:
        """The groups that each group is a member of, by object id: as the estate states it, for no plan shows it."""
        found: dict[str, set[str]] = {}
        for group, inner in members(self.configs).items():
            for member in inner:
                found.setdefault(member, set()).add(group)
        for platform in self._of_kind(PlatformConfig):
            for tenancy in self._of_kind(TenancyConfig) if platform.desk_users else ():
                for users in (tenancy.researchers, *map(tenancy.users_of, tenancy.desks)):
                    found.setdefault(str(users).lower(), set()).add(str(platform.desk_users).lower())
        return {member: frozenset(groups) for member, groups in found.items()}

    def groups(self, member: str) -> frozenset[str]:
        """Return the groups that a group is a member of; of one that no configuration names, all that it may be in."""
        if member in self.groups_of or self.is_stated(member):
            return self.groups_of.get(member, frozenset())
        return frozenset(group for groups in self.groups_of.values() for group in groups)

    def is_stated(self, key: str) -> bool:
        """True for a holder whose memberships the configurations state: a group that they name, or no group at all."""
        return key in self._named_now or key.startswith("urn:") or key in (ANYONE, UNKNOWN_PRINCIPAL)

    @cached_property
    def _named_now(self) -> frozenset[str]:
        return frozenset(str(id_).lower() for stack, config in self.configs.items() for id_, _ in _named(stack, config))

    def _of_kind(self, kind: type[C]) -> list[C]:
        return [config for config in self.configs.values() if isinstance(config, kind)]


def names_across(before: People, after: People) -> Mapping[str, str]:
    """Return the names of all groups before and after a change, by object id; with the id where two have one name."""
    found = {**before.names, **after.names}
    counts = Counter(found.values())
    return {id_: f"{name} ({id_})" if counts[name] > 1 else name for id_, name in found.items()}


def _named(stack: str, config: StackConfig) -> Iterator[tuple[object, str]]:
    """Yield the object ids in a configuration, with their names."""
    if isinstance(config, PlatformConfig):
        yield config.platform_team, "platform engineers"
        if config.desk_users:
            yield config.desk_users, "researchers of all projects"
        for name, machine in machines(config).items():
            yield machine.users, f"staff who sign in to {name} of {stack}"
    elif isinstance(config, JunctionZoneConfig):
        yield config.zone.stewards, f"stewards of {ZoneName.JUNCTION}"
        for provider in config.providers:
            yield provider.group, f"provider {provider.code} ({provider.name})"
    elif isinstance(config, SafeHavenConfig):
        yield from ((getattr(config, zone).stewards, f"stewards of {zone}") for zone in ZONES)
    elif isinstance(config, TenancyConfig):
        yield config.researchers, f"researchers of {config.project}"
        for desk in config.desks:
            if desk.users and desk.users != config.researchers:
                yield desk.users, f"users of the desk {desk.name} of {config.project}"
        yield config.stewards, f"stewards of {config.project}"
        yield config.checkers, f"checkers of {config.project}"
        if config.recipients:
            yield config.recipients.group, f"recipients of the results of {config.project}"
    orchestrator = getattr(config, "confidential_orchestrator", None)
    if orchestrator:
        yield orchestrator, "Azure's Confidential VM Orchestrator"
