"""Read an estate's folder and validate it as a whole, before anything is rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from ipaddress import IPv4Address
from pathlib import Path
from uuid import UUID

from approvals.request_files import REQUESTS
from formats.addresses import CellRange, StaffRole, ZoneName
from formats.computers import StaffMachine, StaffMachineSpec
from formats.errors import ErrorCollector, InputError
from formats.local_cloud import SUBSCRIPTION_PREFIX
from formats.people import Roster, context_of, read_roster
from formats.stack_config import Cloud, DataClass, Site
from formats.stack_names import JUNCTION_ZONE, PLATFORM, SAFE_HAVEN, SHARED, TENANCY
from formats.validation import validated
from formats.ways_in import SiteSpec
from formats.yaml_reader import read_mapping, within
from operations.estate.allocation_checks import check_allocations
from operations.estate.allocation_schema import Allocation, stacks_by_block
from operations.estate.allocations import FILE_NAME, Allocations, Allocator
from operations.estate.approvals import ESTATE, ApprovedWay, refuse_endless, ways_of, ways_of_requests
from operations.estate.expiry import APPROVAL, EARLY_WARNING, REQUEST, ROOTS, SECRETS, SHARED_TENANCY, Expiry, expiry
from operations.estate.region_sizes import refuse_missing_size
from operations.estate.request_files import check_requests, missing_orchestrator, read_requests, templates_of
from operations.estate.request_model import RequestFile
from operations.estate.request_people import ends_of_people
from operations.estate.schema import Cell, EstateFile
from operations.estate.shared_tenancies import check_long_tenancies
from operations.estate.templates import ServiceTemplate

MAX_LOG_SETTINGS = 5
"""The diagnostic settings that Azure allows per subscription."""


@dataclass(frozen=True)
class Estate:
    """A validated SDE, with an allocation for every stack."""

    folder: Path
    file: EstateFile
    cells: Mapping[str, tuple[Cell, CellRange]]
    """In the order of the file."""
    requests: Mapping[str, RequestFile]
    """By project, sorted."""
    templates: Mapping[str, ServiceTemplate]
    """The service template of each project."""
    allocations: Allocations
    """Includes the allocations of this load, which `write` saves."""
    today: date
    people: Roster
    ways: tuple[ApprovedWay, ...]
    """Every way out of the estate and into it that has an approval."""

    def stacks(self) -> tuple[str, ...]:
        """Return the names of all stacks in dependency order."""
        shared = (one.stack for one in self.file.shared_tenancies)
        tenancies = (TENANCY + project for project in self.requests)
        return (*map(self.platform_of, self.cells), JUNCTION_ZONE, SAFE_HAVEN, *shared, *tenancies)

    def requires(self, stack: str) -> tuple[str, ...]:
        """Return the stacks that must be deployed before this one."""
        first = self.platform_of(self.first_cell)
        fixed = {JUNCTION_ZONE: (first,), SAFE_HAVEN: (first, JUNCTION_ZONE)}
        if stack in fixed:
            return fixed[stack]
        if stack.startswith((TENANCY, SHARED)):
            platform, network = self.platform_of(self.cell_of(stack)), self.shared_tenancy_of(stack)
            zones = (SAFE_HAVEN,) if stack.startswith(TENANCY) else ()
            return (platform, *zones, *((network,) if network else ()))
        return ()

    def shared_tenancy_of(self, stack: str) -> str | None:
        """Return the stack of the shared tenancy that a project is in; None for any other stack."""
        allocation = self.allocations.stacks[stack]
        block = allocation.block_of_slot
        return None if block is None else self._stacks_by_block[allocation.cell, block]

    def network_readers(self, stack: str) -> str | None:
        """Return why a project's researchers may read the network of its shared tenancy; None: they may not."""
        shared = self.shared_tenancy_of(stack)
        return self.file.shared_tenancy(shared).network_readers if shared else None

    @cached_property
    def _stacks_by_block(self) -> Mapping[tuple[str, int], str]:
        return stacks_by_block(self.allocations.stacks)

    def expiries(self, stack: str, within: int = EARLY_WARNING) -> tuple[Expiry, ...]:
        """Return the dates from which a stack cannot be changed, the earliest first.

        `within`: how many days ahead those of ways and people are.
        """
        if stack.startswith(TENANCY):
            project = stack.removeprefix(TENANCY)
            file, days = self.folder / REQUESTS / f"{project}.yaml", {REQUEST: self.requests[project].expires}
        elif stack.startswith(SHARED):
            file, days = self.folder / ESTATE, {SHARED_TENANCY: self.file.shared_tenancy(stack).expires}
        else:
            file, days = self.folder / ESTATE, {APPROVAL: self.file.approval.expires}
        if stack == SAFE_HAVEN:
            days[SECRETS] = self.file.secrets_expire
        found = [expiry(key, day, today=self.today, file=str(file), stack=stack) for key, day in days.items()]
        if stack.startswith(TENANCY):
            found += ends_of_people(self.requests[stack.removeprefix(TENANCY)].people, str(file), self.today, within)
        if self._root_expiry and stack.startswith((TENANCY, PLATFORM)):
            found.append(self._root_expiry)
        ends = (end for use in self._uses(stack) for end in self._ends_of_ways.get(use, ()))
        found += [end for end in ends if end.days_left <= within]
        return tuple(sorted(found, key=lambda one: one.day))

    @cached_property
    def _root_expiry(self) -> Expiry | None:
        """The day from which computers do not trust a root certificate of the estate any more."""
        if not (restrictions := self.file.tenant_restrictions):
            return None
        from operations.estate.root_certificates import first_expiry  # noqa: PLC0415 - slow, and an option

        day = first_expiry(restrictions.root_certificates)
        return expiry(ROOTS, day, today=self.today, file=str(self.folder / ESTATE), stack=PLATFORM)

    @cached_property
    def _ends_of_ways(self) -> Mapping[str, Sequence[Expiry]]:
        """The days from which ways are not approved any more, by the use of their stacks."""
        ends: dict[str, dict[Expiry, None]] = {}
        for way in self.ways:
            found = dict.fromkeys(way.expiries(self.folder, self.people, self.today))
            for use in way.way.uses:
                ends.setdefault(use, {}).update(found)
        return {use: tuple(found) for use, found in ends.items()}

    def _uses(self, stack: str) -> tuple[str, ...]:
        """Return the names under which ways list a stack: its kind and its own for a tenancy, or one for the hubs."""
        if stack.startswith(TENANCY):
            return str(self.allocations.stacks[stack].kind), stack
        return (PLATFORM,) if stack.startswith(PLATFORM) else (stack,)

    def ways_of(self, stack: str) -> tuple[ApprovedWay, ...]:
        """Return the approved ways that a stack implements."""
        return tuple(way for use in self._uses(stack) for way in self._ways_by_use.get(use, ()))

    @cached_property
    def _ways_by_use(self) -> Mapping[str, tuple[ApprovedWay, ...]]:
        uses = dict.fromkeys(use for way in self.ways for use in way.way.uses)
        return {use: tuple(way for way in self.ways if use in way.way.uses) for use in uses}

    def template_of(self, stack: str) -> ServiceTemplate | None:
        """Return the service template of a tenancy; None for other stacks."""
        return self.templates.get(stack.removeprefix(TENANCY)) if stack.startswith(TENANCY) else None

    def orphaned(self) -> tuple[str, ...]:
        """Return the tenancies that have an allocation, and that the estate's files have no more."""
        tenancies = {stack for stack in self.allocations.stacks if stack.startswith((TENANCY, SHARED))}
        return tuple(sorted(tenancies.difference(self.stacks())))

    @cached_property
    def inboxes(self) -> Mapping[str, IPv4Address]:
        """The address of each provider's inbox, by code."""
        _, plan = self.cells[self.first_cell]
        addresses = plan.zone(ZoneName.JUNCTION).inbox_addresses()
        return {code: addresses[slot] for code, slot in self.allocations.inboxes.items()}

    def staff_of(self, cell: str) -> tuple[StaffMachine, ...]:
        """Return the staff machines in a cell. Only the cell with the zones has their stewards."""
        found = []
        for machine in self.file.staff:
            roles = tuple(r for r in machine.roles if cell == self.first_cell or r is not StaffRole.ZONE_STEWARDS)
            if roles:
                stated = {name: getattr(machine, name) for name in StaffMachineSpec.model_fields}
                found.append(StaffMachine.model_validate({**stated, "roles": roles, **self.file.computer_settings}))
        return tuple(found)

    def sites_of(self, cell: str) -> tuple[Site, ...]:
        """Return the connected sites of a cell's hub: of the first one, which has the zones. A site without a provider,
        such as that of a closed one, is not connected."""
        if cell != self.first_cell:
            return ()
        inboxes: dict[str, list[IPv4Address]] = {site.name: [] for site in self.file.sites}
        for provider in self.file.listed_providers:
            if provider.way_in and provider.way_in.site:
                inboxes[provider.way_in.site].append(self.inboxes[provider.code])
        fields = SiteSpec.model_fields
        return tuple(
            Site.model_validate(
                {**{name: getattr(site, name) for name in fields}, "inboxes": tuple(inboxes[site.name])}
            )
            for site in self.file.sites
            if inboxes[site.name]
        )

    @property
    def first_cell(self) -> str:
        """The cell that holds the zones."""
        return next(iter(self.cells))

    def platform_of(self, cell: str) -> str:
        """Return the platform stack of a cell; that of the first cell has no suffix."""
        return PLATFORM if cell == self.first_cell else f"{PLATFORM}-{cell}"

    def cell_of(self, stack: str) -> str:
        """Return the cell of a stack."""
        return self.allocations.stacks[stack].cell


def load(folder: Path, *, today: date | None = None) -> Estate:
    """Load the estate in a folder without writing anything. Raise `InputError` with every error.

    An expired approval is no error: `Estate.expiries` returns it, and commands that change its stacks refuse them.
    """
    if not folder.is_dir():
        raise InputError(
            "There is no estate in this folder.", file=str(folder), fix=f"Name a folder that contains {ESTATE}."
        )
    today = today or datetime.now(UTC).date()
    path = str(folder / ESTATE)
    errors = ErrorCollector()
    people = errors.result(lambda: read_roster(folder))
    file = errors.result(lambda: _estate_file(folder, path, people))
    found = read_requests(folder, people, errors)
    allocations = errors.result(lambda: Allocations.load(folder))
    if people is None or file is None or allocations is None:
        errors.raise_any()
    assert people is not None and file is not None and allocations is not None  # noqa: S101 - otherwise raised
    _check_estate(file, people, path, today, errors)
    ways = errors.result(lambda: ways_of(file, people, path, today))
    check_requests(folder, file, found, today, errors)
    errors.raise_any()
    requests = {request.project: request for request in sorted(found.values(), key=lambda one: one.project)}
    templates = templates_of(folder, file, requests, errors)
    more = errors.result(lambda: ways_of_requests(folder, file, requests, today))
    errors.raise_any()
    allocations = _allocated(folder, file, requests, templates, allocations)
    return Estate(
        folder, file, _cells(file), requests, templates, allocations, today, people, (*(ways or ()), *(more or ()))
    )


def _estate_file(folder: Path, path: str, people: Roster | None) -> EstateFile:
    content = read_mapping(within(folder, folder / ESTATE, path), path)
    return validated(EstateFile, content, file=path, context=context_of(people))


def _check_estate(file: EstateFile, people: Roster, path: str, today: date, errors: ErrorCollector) -> None:
    """Collect what is wrong in an estate's file that is valid as a model."""
    for check in (_check_clouds, _check_activity_logs, _check_staff):
        with errors.collecting():
            check(file, path)
    with errors.collecting():
        refuse_endless(file, people, path, today)
    with errors.collecting():
        check_long_tenancies(file, path, today)


def _check_clouds(file: EstateFile, path: str) -> None:
    """Require that every subscription belongs to the estate's cloud."""
    for key, subscription in _subscriptions(file):
        local = str(subscription).startswith(SUBSCRIPTION_PREFIX)
        if local is not (file.cloud is Cloud.LOCAL):
            verb = "begins" if file.cloud is Cloud.LOCAL else "does not begin"
            raise InputError(f"The subscription does not belong to the cloud `{file.cloud}`.", file=path, key=key,
                             found=str(subscription), allowed=f"a GUID that {verb} with {SUBSCRIPTION_PREFIX}",
                             fix="Correct the subscription, or `cloud`.")  # fmt: skip


def _check_activity_logs(file: EstateFile, path: str) -> None:
    """Refuse subscriptions shared by too many cells: each cell exports the activity log to its own workspace, and Azure
    limits these settings per subscription (learn.microsoft.com, "Diagnostic settings in Azure Monitor")."""
    users = Counter(subscription for cell in file.cells for subscription in cell.subscriptions.every)
    for key, subscription in _subscriptions(file):
        if users[subscription] > MAX_LOG_SETTINGS:
            raise InputError("More cells share a subscription than can export its activity log.", file=path, key=key,
                             found=f"{subscription}, in {users[subscription]} cells",
                             allowed=f"a subscription in at most {MAX_LOG_SETTINGS} cells",
                             fix="Give the last cells separate subscriptions.")  # fmt: skip


def _subscriptions(file: EstateFile) -> Iterator[tuple[str, UUID]]:
    for index, cell in enumerate(file.cells):
        path = f"cells[{index}].subscriptions"
        yield f"{path}.platform", cell.subscriptions.platform
        yield f"{path}.zones", cell.subscriptions.zones
        yield from ((f"{path}.tenancies[{i}]", s) for i, s in enumerate(cell.subscriptions.tenancies))


def _check_staff(file: EstateFile, path: str) -> None:
    """Refuse sizes that the region lacks, and staff in an estate with identifiable data if it has no orchestrator for
    the keys of confidential disks."""
    for i, machine in enumerate(file.staff):
        refuse_missing_size(machine.size, file.region, file=path, key=f"staff[{i}].size")
    if file.staff and file.data_class is DataClass.IDENTIFIABLE and file.confidential_orchestrator is None:
        raise missing_orchestrator("The staff network", path)


def _cells(file: EstateFile) -> dict[str, tuple[Cell, CellRange]]:
    return {cell.name: (cell, CellRange(cell.addresses)) for cell in file.cells}


def _allocated(folder: Path, file: EstateFile, requests: Mapping[str, RequestFile],
               templates: Mapping[str, ServiceTemplate], allocations: Allocations) -> Allocations:  # fmt: skip
    """Return the allocations of an estate's file with an allocation for every stack."""
    path, cells = str(folder / FILE_NAME), _cells(file)
    first = file.cells[0].name
    check_allocations(allocations, cells, first, path)
    allocations = _with_inboxes(allocations, file, cells[first][1], path)
    allocator = Allocator(allocations, cells.values())
    fixed = {JUNCTION_ZONE: first, SAFE_HAVEN: first}
    fixed |= {PLATFORM if name == first else f"{PLATFORM}-{name}": name for name in cells}
    for stack, cell in fixed.items():
        allocator.allocations.setdefault(stack, Allocation(cell=cell))
    for index, tenancy in enumerate(file.shared_tenancies):
        allocator.allocate_shared(tenancy, file=str(folder / ESTATE), key=f"shared_tenancies[{index}].cell")
    for project, request in sorted(requests.items(), key=lambda item: (item[1].approved_on, item[0])):
        where = str(folder / REQUESTS / f"{project}.yaml")
        if request.cell is not None and request.cell not in cells:
            raise InputError(
                "There is no such cell.", file=where, key="cell", found=request.cell, allowed=", ".join(cells)
            )
        allocator.allocate(TENANCY + project, request, templates[project].kind, file=where)
    return allocator.allocated()


def _with_inboxes(allocations: Allocations, file: EstateFile, plan: CellRange, path: str) -> Allocations:
    """Return the allocations with an inbox for each provider with a way in. One that had it before keeps the inbox."""
    found = allocations.with_inboxes(p.code for p in file.listed_providers if p.way_in)
    slots = len(plan.zone(ZoneName.JUNCTION).inbox_addresses())
    for code, slot in found.inboxes.items():
        if slot >= slots:
            raise InputError("The junction zone has no room for another inbox.", file=path, key=f"inboxes.{code}",
                             found=slot, allowed=f"below {slots}: one inbox for each address of its subnet",
                             fix=f"Remove `way_in` of the provider {code} from {ESTATE}.")  # fmt: skip
    return found
