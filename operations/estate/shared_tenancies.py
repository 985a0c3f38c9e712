"""Shared tenancies: what a request for a project in one must state, and what two of its projects must not share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from uuid import UUID

from approvals.request_files import REQUESTS
from formats.addresses import TenancyKind
from formats.errors import InputError
from operations.estate.approvals import ESTATE, refuse_long
from operations.estate.request_model import RequestFile
from operations.estate.schema import EstateFile
from operations.estate.shared_tenancy_schema import SharedTenancy

KEY = "tenancy"
GROUPS = ("researchers", "stewards", "checkers")
"""The keys of a request that name groups of people."""


def check_tenancy_of_request(request: RequestFile, kind: TenancyKind, estate: EstateFile, path: str) -> None:
    """Refuse a request of the kind `shared` that does not fit its shared tenancy, and others that name one."""
    if kind is not TenancyKind.SHARED:
        if request.tenancy is not None:
            raise InputError("Only a project with a template of the kind `shared` is in a shared tenancy.", file=path,
                             key=KEY, found=request.tenancy, allowed=f"nothing with the template {request.template}",
                             fix=f"Remove `{KEY}`, or name a template of the kind `shared`.")  # fmt: skip
        return
    names = ", ".join(one.name for one in estate.shared_tenancies)
    if request.tenancy is None:
        raise InputError("The request names no shared tenancy.", file=path, key=KEY, found="nothing",
                         allowed=names or "the name of a shared tenancy, and the estate has none",
                         fix=f"Name one of `shared_tenancies` in {ESTATE}.")  # fmt: skip
    tenancy = next((one for one in estate.shared_tenancies if one.name == request.tenancy), None)
    if tenancy is None:
        raise InputError("There is no such shared tenancy.", file=path, key=KEY, found=request.tenancy,
                         allowed=names or "none: the estate has no `shared_tenancies`",
                         fix=f"Name another one, or add it to `shared_tenancies` in {ESTATE}.")  # fmt: skip
    _check_limits(request, tenancy, path)


def _check_limits(request: RequestFile, tenancy: SharedTenancy, path: str) -> None:
    """Refuse a project for longer, or with more sensitive data, than its shared tenancy is approved for."""
    if request.data_class.exceeds(tenancy.data_class):
        raise InputError("The request is for more sensitive data than its shared tenancy allows.", file=path,
                         key="data_class", found=str(request.data_class), allowed=f"up to {tenancy.data_class}",
                         fix="Give the project a bespoke tenancy, or a shared one for such data.")  # fmt: skip
    if request.expires > tenancy.expires:
        raise InputError("The request outlives its shared tenancy.", file=path, key="expires",
                         found=str(request.expires), allowed=f"a day up to {tenancy.expires}",
                         fix=f"Set an earlier day; or, after a new approval, a later one for {tenancy.name} in "
                         f"{ESTATE}.")  # fmt: skip


def check_long_tenancies(file: EstateFile, path: str, today: date) -> None:
    """Refuse an end of a shared tenancy that is further away than the estate permits."""
    for index, one in enumerate(file.shared_tenancies):
        key = f"shared_tenancies[{index}].expires"
        refuse_long(f"The shared tenancy {one.name}", one.expires, file, file=path, key=key, today=today)


def refuse_common_groups(folder: Path, requests: Mapping[str, RequestFile]) -> None:
    """Refuse two projects of one shared tenancy with a common group: its members would have both projects' rights."""
    seen: dict[tuple[str, UUID], tuple[str, str]] = {}
    for project, request in requests.items():
        for key, group in _groups(request) if request.tenancy else ():
            other, its_key = seen.setdefault((str(request.tenancy), group), (project, key))
            if other != project:
                raise InputError("Two projects of one shared tenancy have a common group.",
                                 file=str(folder / REQUESTS / f"{project}.yaml"), key=key, found=str(group),
                                 allowed=f"a group that no other project of {request.tenancy} names; {other} has it "
                                 f"as {its_key}", fix="Make a group for each project in Entra.")  # fmt: skip


def _groups(request: RequestFile) -> Iterator[tuple[str, UUID]]:
    yield from ((key, getattr(request, key)) for key in GROUPS)
    yield from ((f"desks[{i}].users", desk.users) for i, desk in enumerate(request.desks) if desk.users)
    if request.recipients:
        yield "recipients.group", request.recipients.group
