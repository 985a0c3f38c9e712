"""Require that each Entra group has one role in the whole estate, so that duties stay separated.

Role assignments do not have the members of a group, and policies name resources. Here the estate and all requests are
known, so one error names both roles of a group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from approvals.request_files import REQUESTS
from formats.addresses import ZoneName
from formats.errors import ErrorCollector, InputError
from operations.estate.approvals import ESTATE
from operations.estate.request_model import RequestFile
from operations.estate.schema import EstateFile


class Kind(StrEnum):
    """A role of a group."""

    ENGINEERS = "the platform engineers"
    ALL_RESEARCHERS = "the researchers of all projects"
    STAFF = "the users of the staff machine"
    ZONE = "the stewards of the zone"
    PROVIDER = "the provider"
    RESEARCHERS = "the researchers of"
    DESK = "the users of a desk of"
    STEWARDS = "the stewards of"
    CHECKERS = "the checkers of"
    RECIPIENTS = "the recipients of"


SHARED = frozenset({Kind.ZONE, Kind.RESEARCHERS, Kind.STEWARDS, Kind.CHECKERS, Kind.RECIPIENTS})
"""The roles that one group may have several times: for zones, and for projects."""
OF_RESEARCHERS = frozenset({Kind.RESEARCHERS, Kind.DESK})
IN_ONE_PROJECT = (OF_RESEARCHERS, frozenset({Kind.STEWARDS, Kind.RECIPIENTS}))
"""The roles that one group may have together in one project."""


@dataclass(frozen=True)
class GroupRole:
    """A role that a file gives to a group."""

    group: UUID
    kind: Kind
    file: Path
    key: str
    of: str
    """The project, the zone, the provider or the machine."""

    def __str__(self) -> str:
        return f"{self.kind} {self.of}".strip() + f" in {self.file.name}"

    def fits(self, other: GroupRole) -> bool:
        """True if one group may have both roles. `formats.computers` compares the staff machines."""
        kinds = {self.kind, other.kind}
        if len(kinds) == 1 and self.kind in SHARED:
            return True
        if Kind.STAFF in kinds:  # they have the groups of other roles as members, and may be one of them
            return not kinds & OF_RESEARCHERS
        return self.of == other.of and self.file == other.file and any(kinds <= pair for pair in IN_ONE_PROJECT)


def refuse_groups_in_two_roles(
    folder: Path, estate: EstateFile, requests: Mapping[str, RequestFile], errors: ErrorCollector
) -> None:
    """Collect an error for each group with two roles that one group may not have together."""
    reported = {(one.file, one.key) for one in errors.each}
    seen: dict[UUID, list[GroupRole]] = {}
    for role in (*_of_estate(folder / ESTATE, estate), *_of_requests(folder, requests)):
        others = seen.setdefault(role.group, [])
        other = next((one for one in others if not role.fits(one)), None)
        if other and (str(role.file), role.key) not in reported:
            errors.add(InputError("One group has two roles.", file=str(role.file), key=role.key,
                                  found=f"{role.group}, also {other}", allowed="a group for each role",
                                  fix="Make a group for this role in Entra. Its members may be groups."))  # fmt: skip
        others.append(role)


def _of_estate(file: Path, estate: EstateFile) -> Iterator[GroupRole]:
    yield GroupRole(estate.platform_team, Kind.ENGINEERS, file, "platform_team", "")
    if estate.desk_users:
        yield GroupRole(estate.desk_users, Kind.ALL_RESEARCHERS, file, "desk_users", "")
    for name in ZoneName:
        zone = getattr(estate.zones, name)
        yield GroupRole(zone.stewards, Kind.ZONE, file, f"zones.{name}.stewards", name)
    for i, machine in enumerate(estate.staff):
        yield GroupRole(machine.users, Kind.STAFF, file, f"staff[{i}].users", machine.name)
    for i, system in enumerate(estate.integrated_care_systems):
        for j, provider in enumerate(system.providers):
            key = f"integrated_care_systems[{i}].providers[{j}].group"
            yield GroupRole(provider.group, Kind.PROVIDER, file, key, provider.code)


def _of_requests(folder: Path, requests: Mapping[str, RequestFile]) -> Iterator[GroupRole]:
    for project, request in requests.items():
        file = folder / REQUESTS / f"{project}.yaml"
        yield GroupRole(request.researchers, Kind.RESEARCHERS, file, "researchers", project)
        yield GroupRole(request.stewards, Kind.STEWARDS, file, "stewards", project)
        yield GroupRole(request.checkers, Kind.CHECKERS, file, "checkers", project)
        for i, desk in enumerate(request.desks):
            if desk.users:
                yield GroupRole(desk.users, Kind.DESK, file, f"desks[{i}].users", project)
        if request.recipients:
            yield GroupRole(request.recipients.group, Kind.RECIPIENTS, file, "recipients.group", project)
