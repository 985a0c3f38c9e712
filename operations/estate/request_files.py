"""The requests of an estate, each checked by itself, beside the others, and by its service template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from approvals.request_files import REQUESTS
from formats.computers import MAIN, OperatingSystem
from formats.errors import ErrorCollector, InputError, did_you_mean
from formats.input_model import SLUG
from formats.people import Roster, context_of
from formats.stack_config import ORCHESTRATOR_COMMAND, DataClass, Region
from formats.validation import validated
from formats.yaml_reader import read_mapping, within
from operations.estate.approvals import ESTATE, refuse_long
from operations.estate.group_roles import refuse_groups_in_two_roles
from operations.estate.region_sizes import refuse_missing_size
from operations.estate.request_model import RequestFile
from operations.estate.schema import EstateFile
from operations.estate.shared_tenancies import check_tenancy_of_request, refuse_common_groups
from operations.estate.templates import ServiceTemplate, names, service_template


def read_requests(folder: Path, people: Roster | None, errors: ErrorCollector) -> dict[Path, RequestFile]:
    """Return each request that can be read, by file. The errors of the others are collected.

    `people`: None if the roster cannot be read, so that the people of approvals are not known.
    """
    requests: dict[Path, RequestFile] = {}
    for file in sorted((folder / REQUESTS).glob("*")):
        if file.name.startswith(".") or file.name == "README.md":
            continue
        with errors.collecting():
            requests[file] = _read(file, folder, people)
    return requests


def _read(file: Path, folder: Path, people: Roster | None) -> RequestFile:
    path = str(file)
    if file.suffix != ".yaml":
        rename = f"Rename it to {file.stem}.yaml." if file.suffix.lower() == ".yml" else "Move it out of the folder."
        raise InputError("This is not a request.", file=path, found=file.name, allowed="files called <project>.yaml",
                         fix=rename)  # fmt: skip
    content = read_mapping(within(folder, file, path), path)
    _refuse_former_keys(content, path)
    request = validated(RequestFile, content, file=path, context=context_of(people))
    _refuse_other_name(request, file)
    return request


def check_requests(
    folder: Path, estate: EstateFile, requests: Mapping[Path, RequestFile], today: date, errors: ErrorCollector
) -> None:
    """Collect the errors of requests that are valid alone, and not beside the estate and each other."""
    numbers: dict[str, Path] = {}
    for file, request in requests.items():
        with errors.collecting():
            _check_request(request, estate, file, today)
            _check_confidential(request, estate, str(folder / ESTATE))
        other = numbers.setdefault(request.request, file)
        if other != file:
            allowed = f"a number of its own; {other.name} has this one"
            errors.add(InputError("Two projects have the same request.", file=str(file), key="request",
                                  found=request.request, allowed=allowed,
                                  fix="Correct the number in the newer of the two files."))  # fmt: skip
    by_project = {request.project: request for request in requests.values()}
    with errors.collecting():
        refuse_common_groups(folder, by_project)
    refuse_groups_in_two_roles(folder, estate, by_project, errors)


def _refuse_other_name(request: RequestFile, file: Path) -> None:
    """Require that a file is called as its project. The fix never renames it to a file that exists."""
    if file.stem == request.project:
        return
    can_be_named_so = re.fullmatch(SLUG, file.stem) is not None
    is_copy = file.with_name(f"{request.project}.yaml").exists()
    if can_be_named_so:
        fix = (
            f"project: {file.stem}"
            if is_copy
            else f"project: {file.stem}; or rename the file to {request.project}.yaml"
        )
    elif is_copy:
        fix = f"Give this copy of {request.project}.yaml another name, and write the same name as its project."
    else:
        fix = f"Rename the file to {request.project}.yaml."
    allowed = file.stem if can_be_named_so else "the file's name: lower-case letters, digits and single hyphens"
    raise InputError("The file is not named after its project.", file=str(file), key="project", found=request.project,
                     allowed=allowed, fix=fix)  # fmt: skip


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


def templates_of(
    folder: Path, file: EstateFile, requests: Mapping[str, RequestFile], errors: ErrorCollector
) -> dict[str, ServiceTemplate]:
    """Return the service template of each request. Requests that their templates do not allow are collected."""
    found: dict[str, ServiceTemplate] = {}
    for project, request in requests.items():
        path = str(folder / REQUESTS / f"{project}.yaml")
        with errors.collecting():
            template = found[project] = _template_of(request, path)
            template.check(request, path)
            check_tenancy_of_request(request, template.kind, file, path)
    return found


def _template_of(request: RequestFile, path: str) -> ServiceTemplate:
    known = names()
    if request.template not in known:
        raise InputError("There is no such template.", file=path, key="template", found=request.template,
                         allowed=", ".join(known), fix=did_you_mean(request.template, known))  # fmt: skip
    return service_template(request.template)


def _check_request(request: RequestFile, estate: EstateFile, file: Path, today: date) -> None:
    path = str(file)
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
