"""The requests of an estate, each checked by itself, beside the others, and by its service template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from approvals.request_files import REQUESTS
from formats.addresses import ZoneName
from formats.computers import MAIN, OperatingSystem
from formats.errors import InputError
from formats.people import Roster, context_of
from formats.stack_config import ORCHESTRATOR_COMMAND, DataClass, Region
from formats.validation import validated
from formats.yaml_reader import read_mapping, within
from operations.estate.approvals import ESTATE, refuse_long
from operations.estate.region_sizes import refuse_missing_size
from operations.estate.request_model import RequestFile
from operations.estate.schema import EstateFile
from operations.estate.shared_tenancies import GROUPS, RESEARCHERS, check_tenancy_of_request, refuse_common_groups
from operations.estate.templates import ServiceTemplate, names, service_template


def read_requests(folder: Path, estate: EstateFile, people: Roster, today: date) -> dict[str, RequestFile]:
    """Return the requests by project."""
    requests: dict[str, RequestFile] = {}
    numbers: dict[str, str] = {}
    for file in sorted((folder / REQUESTS).glob("*")):
        if file.name.startswith(".") or file.name == "README.md":
            continue
        path = str(file)
        if file.suffix != ".yaml":
            raise InputError("This is not a request.", file=path, allowed="files called <project>.yaml")
        content = read_mapping(within(folder, file, path), path)
        _refuse_former_keys(content, path)
        request = validated(RequestFile, content, file=path, context=context_of(people))
        _refuse_duplicate(request.project, requests, path, "project", "Two requests are for the same project.")
        _refuse_duplicate(request.request, numbers, path, "request", "Two projects have the same request.")
        _check_request(request, estate, file, today)
        _check_confidential(request, estate, str(folder / ESTATE))
        requests[request.project] = request
        numbers[request.request] = path
    refuse_common_groups(folder, requests)
    _refuse_groups_of_all(requests, estate, folder)
    _refuse_foreign_users(requests, estate, folder)
    return dict(sorted(requests.items()))


def _refuse_former_keys(content: Mapping[str, Any], path: str) -> None:
    """Refuse the keys that `template` and `desks` replaced, with their present form."""
    if "kind" in content and "template" not in content:
        raise InputError("A request names a template, which says the kind of its tenancy.", file=path, key="kind",
                         found=content["kind"], allowed="template: " + " | ".join(names()),
                         fix="Replace the line by `template: <name>`; scripts/sde catalogue lists them.")  # fmt: skip
    if "desk" in content:
        former = content["desk"] if isinstance(content["desk"], dict) else {}
        inner = ", ".join(f"{key}: {value}" for key, value in {"name": MAIN, **former}.items())
        raise InputError("A request has a list of desks.", file=path, key="desk", found=str(content["desk"]),
                         allowed="desks", fix=f"desks: [{{{inner}}}]")  # fmt: skip


def templates_of(folder: Path, file: EstateFile, requests: Mapping[str, RequestFile]) -> dict[str, ServiceTemplate]:
    """Return the service template of each request. `InputError` for a request that its template does not allow."""
    found: dict[str, ServiceTemplate] = {}
    known = names()
    for project, request in requests.items():
        path = str(folder / REQUESTS / f"{project}.yaml")
        if request.template not in known:
            raise InputError("There is no such template.", file=path, key="template", found=request.template,
                             allowed=", ".join(known))  # fmt: skip
        template = service_template(request.template)
        template.check(request, path)
        check_tenancy_of_request(request, template.kind, file, path)
        found[project] = template
    return found


def _refuse_groups_of_all(requests: Mapping[str, RequestFile], estate: EstateFile, folder: Path) -> None:
    """Refuse a role of a project for a group whose members are people of all projects, or deploy them.

    No policy could find it: role assignments do not say who is in a group. Groups of zones and providers are left to
    the flow analysis (FL1), which follows from their rights on data.
    """
    everybody = {estate.platform_team: "the platform engineers", estate.desk_users: "the researchers of all projects"}
    staff = {machine.users: f"all users of the staff machine {machine.name}" for machine in estate.staff}
    for project, request in requests.items():
        roles = {role: getattr(request, role) for role in GROUPS}
        if request.recipients:
            roles["recipients.group"] = request.recipients.group
        for role, group in roles.items():
            if who := everybody.get(group) or (staff.get(group) if role == RESEARCHERS else None):
                raise InputError("A group of the whole estate would have a role in the project.",
                                 file=str(folder / REQUESTS / f"{project}.yaml"), key=role,
                                 found=f"{group}, {who}", allowed="a group of this project alone",
                                 fix="Make a group for the project in Entra. It can be a member of the "
                                 "estate's.")  # fmt: skip


def _refuse_foreign_users(requests: Mapping[str, RequestFile], estate: EstateFile, folder: Path) -> None:
    """Refuse users of a desk who are a group of another project or of the estate: no desk is shared."""
    owners: dict[UUID, dict[str, None]] = {group: {name: None} for group, name in _groups_of(estate)}
    for project, request in requests.items():
        for group in request.groups:
            owners.setdefault(group, {})[f"the project {project}"] = None
    for project, request in requests.items():
        for i, desk in enumerate(request.desks):
            owned = owners.get(desk.users, {}) if desk.users else {}
            if others := [name for name in owned if name != f"the project {project}"]:
                raise InputError("Another group of the estate would sign in to the desk.",
                                 file=str(folder / REQUESTS / f"{project}.yaml"), key=f"desks[{i}].users",
                                 found=f"{desk.users}, a group of {others[0]}",
                                 allowed="a group of this project alone",
                                 fix="Name a group of this project's researchers.")  # fmt: skip


def _groups_of(estate: EstateFile) -> Iterator[tuple[UUID, str]]:
    """Yield the groups that `estate.yaml` names for people other than those of a project."""
    yield estate.platform_team, "platform engineers"
    if estate.desk_users:
        yield estate.desk_users, "all researchers"
    yield from ((machine.users, "staff") for machine in estate.staff)
    yield from ((getattr(estate.zones, name).stewards, "stewards of a zone") for name in ZoneName)
    yield from ((provider.group, f"the provider {provider.code}") for provider in estate.listed_providers)


def _refuse_duplicate(name: str, seen: Mapping[str, object], path: str, key: str, problem: str) -> None:
    if name in seen:
        raise InputError(problem, file=path, key=key, found=name, fix="Change one of them.")


def _check_request(request: RequestFile, estate: EstateFile, file: Path, today: date) -> None:
    path = str(file)
    if file.stem != request.project:
        raise InputError("The file is not named after its project.", file=path, key="project", found=request.project,
                         allowed=file.stem, fix=f"Rename the file to {request.project}.yaml.")  # fmt: skip
    if request.approved_on > today:
        raise InputError("The request is not approved yet.", file=path, key="approved_on",
                         found=str(request.approved_on), allowed=f"a date up to {today}")  # fmt: skip
    if request.expires <= request.approved_on:
        raise InputError("The request expires before approval.", file=path, key="expires", found=str(request.expires),
                         allowed=f"a date after its approval, {request.approved_on}")  # fmt: skip
    refuse_long("The request", request.expires, estate, file=path, key="expires", today=today)
    if request.data_class.exceeds(estate.data_class):
        raise InputError("The request is for more sensitive data than the estate allows.", file=path,
                         key="data_class", found=str(request.data_class),
                         allowed=f"up to {estate.data_class}")  # fmt: skip
    for i, desk in enumerate(request.desks):
        if estate.region is Region.UKWEST and desk.zone is not None:
            raise InputError("UK West has no availability zones.", file=path, key=f"desks[{i}].zone", found=desk.zone,
                             fix="Remove `zone`.")  # fmt: skip
        refuse_missing_size(desk.size, estate.region, file=path, key=f"desks[{i}].size")
        if desk.os is OperatingSystem.WINDOWS and estate.windows_desks is None:
            raise InputError("The estate has no Windows desks.", file=path, key=f"desks[{i}].os", found=desk.os.value,
                             allowed=OperatingSystem.LINUX.value,
                             fix="Add to estate.yaml, after its approval: windows_desks: {approval: {…}} "
                             "(docs/estate.md#windows-desks).")  # fmt: skip


def _check_confidential(request: RequestFile, estate: EstateFile, estate_file: str) -> None:
    """Refuse identifiable data if the estate has no orchestrator for the keys of confidential disks."""
    if request.data_class is DataClass.IDENTIFIABLE and estate.confidential_orchestrator is None:
        raise missing_orchestrator(request.project, estate_file)


def missing_orchestrator(what: str, path: str) -> InputError:
    """Return the error of an estate with identifiable data and without an orchestrator."""
    return InputError(f"{what} has identifiable data, which needs Confidential VM Orchestrator.", file=path,
                      key="confidential_orchestrator", found="nothing",
                      allowed="the object id of Azure's enterprise application Confidential VM Orchestrator",
                      fix=f"{ORCHESTRATOR_COMMAND}; in the local Azure any GUID is accepted")  # fmt: skip
