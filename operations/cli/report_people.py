"""The people in the report: their names, and the days on which their part in the estate ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from approvals.estate_files import FOLDER
from approvals.request_files import REQUESTS
from formats.people import FILE_NAME as PEOPLE
from formats.stack_names import TENANCY
from operations.site.facts import PersonEnd

if TYPE_CHECKING:
    from approvals.approvers import Approvers
    from operations.estate import Estate


def ends_of_people(estate: Estate, approvers: Approvers | None) -> list[PersonEnd]:
    """Return the day from which each person lacks something for their part, the first to end first."""
    found = [*_of_roster(estate), *_of_projects(estate), *(_of_approvers(approvers) if approvers else ())]
    return sorted(found, key=lambda one: (one.day, one.person, one.what))


def names_of_people(estate: Estate, approvers: Approvers | None) -> Mapping[str, str]:
    """Return the names of the people of the SDE, and of those in requests, by their object ids in lower case."""
    in_requests = (one for request in estate.requests.values() for one in request.people)
    of_sde = (*estate.people.people, *(approvers.people_by_id.values() if approvers else ()))
    return {str(one.id).lower(): one.name for one in (*in_requests, *of_sde)}


def _of_roster(estate: Estate) -> Iterator[PersonEnd]:
    for one in estate.people.people:
        yield PersonEnd(one.name, f"the entry in the roster, as {' and '.join(one.roles)}", one.expires, PEOPLE)


def _of_projects(estate: Estate) -> Iterator[PersonEnd]:
    for project, request in estate.requests.items():
        file, stack = f"{REQUESTS}/{project}.yaml", TENANCY + project
        for one in request.people:
            yield PersonEnd(one.name, "accreditation", one.accreditation_expires, file, stack)
            yield PersonEnd(one.name, "training", one.training_expires, file, stack)


def _of_approvers(approvers: Approvers) -> Iterator[PersonEnd]:
    for one in approvers.people_by_id.values():
        for grant in one.roles:
            yield PersonEnd(one.name, f"the role {grant.role}", grant.valid_until.date(), f"{FOLDER}/approvers")
