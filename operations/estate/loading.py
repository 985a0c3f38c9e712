"""An estate's folder, read and validated as a whole: what a stack is told is right before anything is rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from ipaddress import IPv4Network
from pathlib import Path
from uuid import UUID

from formats.addresses import CellRange, TenancyKind, parse_cell, parse_space, refuse_overlaps
from formats.errors import InputError
from formats.stack_config import LOCAL_SUBSCRIPTIONS, ORCHESTRATOR_COMMAND, Cloud, DataClass, Region
from formats.validation import validated
from formats.yaml_reader import read_mapping, within
from operations.estate.ledger import NAME, Allocator, Ledger
from operations.estate.schema import Cell, EstateFile, Place, RequestFile

ESTATE = "estate.yaml"
REQUESTS = "requests"
MOST_LOG_SETTINGS = 5
"""Diagnostic settings that Azure lets one subscription have."""
SUPPORTED = frozenset({TenancyKind.BESPOKE})
PLATFORM, JUNCTION_ZONE, SAFE_HAVEN, TENANCY = "platform", "junction-zone", "safe-haven", "tre-"
STRICTNESS = list(DataClass)
"""From the least sensitive to the most."""


@dataclass(frozen=True)
class Estate:
    """A whole SDE as data, valid, with a place for every stack."""

    folder: Path
    file: EstateFile
    cells: Mapping[str, tuple[Cell, CellRange]]
    """In the order of the file."""
    requests: Mapping[str, RequestFile]
    """By project, sorted."""
    ledger: Ledger
    """With the places that this load gave; `write` keeps it."""

    def stacks(self) -> tuple[str, ...]:
        """Every stack's name, in dependency order."""
        return (*map(self.platform_of, self.cells), JUNCTION_ZONE, SAFE_HAVEN, *(TENANCY + p for p in self.requests))

    def requires(self, stack: str) -> tuple[str, ...]:
        """The stacks that must be up before this one."""
        first = self.platform_of(self.first_cell)
        fixed = {JUNCTION_ZONE: (first,), SAFE_HAVEN: (first, JUNCTION_ZONE)}
        if stack in fixed:
            return fixed[stack]
        if stack.startswith(TENANCY):
            return tuple(dict.fromkeys((self.platform_of(self.ledger.places[stack].cell), SAFE_HAVEN)))
        return ()

    @property
    def first_cell(self) -> str:
        """The cell that holds the zones."""
        return next(iter(self.cells))

    def platform_of(self, cell: str) -> str:
        """The platform stack of a cell: the first has the plain name."""
        return PLATFORM if cell == self.first_cell else f"{PLATFORM}-{cell}"

    def cell_of(self, stack: str) -> str:
        """The cell that a stack lives in."""
        return self.ledger.places[stack].cell


def load(folder: Path, *, today: date | None = None, including_expired: bool = False) -> Estate:
    """The estate in a folder. `InputError` for the first thing that is wrong; nothing is written.

    What has expired is refused, unless the caller only looks or destroys and says `including_expired`.
    """
    if not folder.is_dir():
        raise InputError("There is no estate here.", file=str(folder), fix=f"Name a folder that holds {ESTATE}.")
    today = today or datetime.now(UTC).date()
    shown = str(folder / ESTATE)
    file = validated(EstateFile, read_mapping(within(folder, folder / ESTATE, shown), shown), file=shown)
    cells = _cells(file, shown)
    _check_clouds(file, shown)
    _check_activity_logs(file, shown)
    _check_names(file, shown)
    requests = _requests(folder, file, today, including_expired)
    if not including_expired:
        _refuse_past(file.approval.expires, today, shown, "approval.expires")
        _refuse_past(file.secrets_expire, today, shown, "secrets_expire")
    ledger = _settled(folder, file, cells, requests)
    return Estate(folder, file, cells, requests, ledger)


def _cells(file: EstateFile, shown: str) -> dict[str, tuple[Cell, CellRange]]:
    space = parse_space(file.addresses, file=shown, key="addresses")
    cells: dict[str, tuple[Cell, CellRange]] = {}
    ranges: list[tuple[str, IPv4Network]] = []
    for index, cell in enumerate(file.cells):
        _refuse_double(cell.name, cells, shown, f"cells[{index}].name", "Two cells have one name.")
        key = f"cells[{index}].addresses"
        plan = parse_cell(cell.addresses, space, file=shown, key=key)
        cells[cell.name] = (cell, plan)
        ranges.append((key, plan.network))
    refuse_overlaps(ranges, file=shown)
    _check_egress(file, space, shown)
    return cells


def _check_egress(file: EstateFile, space: IPv4Network, shown: str) -> None:
    """Egress leads out of the estate: inside, one project could be let into another."""
    for kind, rules in file.egress.items():
        for i, rule in enumerate(rules):
            for j, address in enumerate(rule.addresses):
                if address.overlaps(space):
                    raise InputError(
                        "The egress rule names an address of the estate's own.",
                        file=shown,
                        key=f"egress.{kind}[{i}].addresses[{j}]",
                        found=str(address),
                        allowed=f"addresses outside {space}",
                        fix="Name where the host outside is; what is inside has private endpoints.",
                    )


def _check_clouds(file: EstateFile, shown: str) -> None:
    """Every subscription belongs to the cloud that the estate is for."""
    for key, subscription in _subscriptions(file):
        local = str(subscription).startswith(LOCAL_SUBSCRIPTIONS)
        if local is not (file.cloud is Cloud.LOCAL):
            begin = "begins" if file.cloud is Cloud.LOCAL else "does not begin"
            raise InputError(f"The subscription does not belong to the cloud `{file.cloud}`.", file=shown, key=key,
                             found=str(subscription), allowed=f"a GUID that {begin} with {LOCAL_SUBSCRIPTIONS}",
                             fix="Correct the subscription, or `cloud`.")  # fmt: skip


def _check_activity_logs(file: EstateFile, shown: str) -> None:
    """Each cell sends the activity log of its subscriptions to its own log sink, and Azure lets a subscription have so
    many settings that do (learn.microsoft.com, "Diagnostic settings in Azure Monitor")."""
    users = Counter(subscription for cell in file.cells for subscription in cell.subscriptions.every)
    for key, subscription in _subscriptions(file):
        if users[subscription] > MOST_LOG_SETTINGS:
            raise InputError("More cells share a subscription than can have its activity log.", file=shown, key=key,
                             found=f"{subscription}, in {users[subscription]} cells",
                             allowed=f"a subscription in at most {MOST_LOG_SETTINGS} cells",
                             fix="Give the last cells subscriptions of their own.")  # fmt: skip


def _subscriptions(file: EstateFile) -> Iterator[tuple[str, UUID]]:
    for index, cell in enumerate(file.cells):
        at = f"cells[{index}].subscriptions"
        yield f"{at}.platform", cell.subscriptions.platform
        yield f"{at}.zones", cell.subscriptions.zones
        yield from ((f"{at}.tenancies[{i}]", s) for i, s in enumerate(cell.subscriptions.tenancies))


def _check_names(file: EstateFile, shown: str) -> None:
    """What must be there once is there once."""
    codes: set[str] = set()
    for i, system in enumerate(file.integrated_care_systems):
        for j, provider in enumerate(system.providers):
            key = f"integrated_care_systems[{i}].providers[{j}].code"
            _refuse_double(provider.code, codes, shown, key, "Two providers have one code.")
            codes.add(provider.code)
    for kind, rules in file.egress.items():
        names: set[str] = set()
        for i, rule in enumerate(rules):
            _refuse_double(rule.name, names, shown, f"egress.{kind}[{i}].name", "Two egress rules have one name.")
            names.add(rule.name)
    reserved = {"project", "request", "controller", "data-class", "expiry", "organisation", "cost-centre"}
    for name in file.tags:
        if name.lower() in reserved:
            raise InputError("This tag is given by the estate and its requests.", file=shown, key=f"tags.{name}",
                             found=name, fix="Remove it.")  # fmt: skip


def _refuse_double(name: str, seen: object, shown: str, key: str, problem: str) -> None:
    if name in seen:  # type: ignore[operator]
        raise InputError(problem, file=shown, key=key, found=name, fix="Give one of them another.")


def _requests(folder: Path, estate: EstateFile, today: date, including_expired: bool) -> dict[str, RequestFile]:
    """The approved requests, by project."""
    requests: dict[str, RequestFile] = {}
    numbers: dict[str, str] = {}
    for file in sorted((folder / REQUESTS).glob("*")):
        if file.name.startswith(".") or file.name == "README.md":
            continue
        shown = str(file)
        if file.suffix != ".yaml":
            raise InputError("This is not a request.", file=shown, allowed="files called <project>.yaml")
        request = validated(RequestFile, read_mapping(within(folder, file, shown), shown), file=shown)
        _refuse_double(request.project, requests, shown, "project", "Two requests are for one project.")
        _refuse_double(request.request, numbers, shown, "request", "Two projects have one request.")
        _check_request(request, estate, file, today)
        _check_confidential(request, estate, str(folder / ESTATE))
        if not including_expired:
            _refuse_past(request.expires, today, shown, "expires")
        requests[request.project] = request
        numbers[request.request] = shown
    return dict(sorted(requests.items()))


def _check_request(request: RequestFile, estate: EstateFile, file: Path, today: date) -> None:
    shown = str(file)
    if file.stem != request.project:
        raise InputError("The file is not called as its project is.", file=shown, key="project", found=request.project,
                         allowed=file.stem, fix=f"Rename the file to {request.project}.yaml.")  # fmt: skip
    if request.kind not in SUPPORTED:
        raise InputError("Tenancies of this kind are not made yet.", file=shown, key="kind", found=str(request.kind),
                         allowed=", ".join(sorted(SUPPORTED)))  # fmt: skip
    if request.approved_on > today:
        raise InputError("The request is not approved yet.", file=shown, key="approved_on",
                         found=str(request.approved_on), allowed=f"a day up to {today}")  # fmt: skip
    if request.expires <= request.approved_on:
        raise InputError("The request ends before it begins.", file=shown, key="expires", found=str(request.expires),
                         allowed=f"a day after it was approved, {request.approved_on}")  # fmt: skip
    if STRICTNESS.index(request.data_class) > STRICTNESS.index(estate.data_class):
        raise InputError("The request is for data more sensitive than the estate is made for.", file=shown,
                         key="data_class", found=str(request.data_class),
                         allowed=f"up to {estate.data_class}")  # fmt: skip
    if estate.region is Region.UKWEST and request.desk.zone is not None:
        raise InputError("UK West has no availability zones.", file=shown, key="desk.zone", found=request.desk.zone,
                         fix="Remove `zone`.")  # fmt: skip


def _check_confidential(request: RequestFile, estate: EstateFile, estate_shown: str) -> None:
    """Refuse identifiable data if the estate has no orchestrator for the keys of confidential disks."""
    if request.data_class is DataClass.IDENTIFIABLE and estate.confidential_orchestrator is None:
        raise InputError(f"{request.project} has identifiable data, which needs Confidential VM Orchestrator.",
                         file=estate_shown, key="confidential_orchestrator", found="nothing",
                         allowed="the object id of Azure's enterprise application Confidential VM Orchestrator",
                         fix=f"{ORCHESTRATOR_COMMAND}; in the local Azure any GUID is accepted")  # fmt: skip


def _refuse_past(day: date, today: date, shown: str, key: str) -> None:
    if day <= today:
        raise InputError("This has expired.", file=shown, key=key, found=str(day), allowed=f"a day after {today}",
                         fix="Extend it with a new approval, or destroy the stack and remove the file.")  # fmt: skip


def _settled(folder: Path, file: EstateFile, cells: Mapping[str, tuple[Cell, CellRange]],
             requests: Mapping[str, RequestFile]) -> Ledger:  # fmt: skip
    """The ledger with a place for every stack."""
    shown, ledger = str(folder / NAME), Ledger.load(folder)
    first = file.cells[0].name
    _check_places(ledger, cells, first, shown)
    allocator = Allocator(ledger, cells.values())
    fixed = {JUNCTION_ZONE: first, SAFE_HAVEN: first}
    fixed |= {PLATFORM if name == first else f"{PLATFORM}-{name}": name for name in cells}
    for stack, cell in fixed.items():
        allocator.places.setdefault(stack, Place(cell=cell))
    for project, request in sorted(requests.items(), key=lambda item: (item[1].approved_on, item[0])):
        where = str(folder / REQUESTS / f"{project}.yaml")
        if request.cell is not None and request.cell not in cells:
            raise InputError(
                "There is no such cell.", file=where, key="cell", found=request.cell, allowed=", ".join(cells)
            )
        allocator.settle(TENANCY + project, request, file=where)
    return allocator.ledger()


def _check_places(ledger: Ledger, cells: Mapping[str, tuple[Cell, CellRange]], first: str, shown: str) -> None:
    """What the ledger promised still exists."""
    fix = "Restore it in estate.yaml; or, if nothing was ever deployed from this estate, remove the ledger."
    for stack, place in ledger.places.items():
        key = f"stacks.{stack}"
        if place.cell not in cells:
            raise InputError("The stack's cell is no longer in the estate.", file=shown, key=f"{key}.cell",
                             found=place.cell, allowed=", ".join(cells), fix=fix)  # fmt: skip
        if stack in (PLATFORM, JUNCTION_ZONE, SAFE_HAVEN) and place.cell != first:
            raise InputError("The first cell, which holds the zones, has changed.", file=shown,
                             key=f"{key}.cell", found=first, allowed=place.cell,
                             fix="List it first again.")  # fmt: skip
        cell, plan = cells[place.cell]
        if place.subscription is not None and place.subscription >= len(cell.subscriptions.tenancies):
            raise InputError("The tenancy's subscription is no longer in the estate.", file=shown,
                             key=f"{key}.subscription", found=place.subscription, fix=fix)  # fmt: skip
        if place.kind is not None and place.slot is not None and place.slot >= plan.slots(place.kind):
            raise InputError("The tenancy's address range lies beyond its cell's.", file=shown, key=f"{key}.slot",
                             found=place.slot, allowed=f"below {plan.slots(place.kind)}", fix=fix)  # fmt: skip
