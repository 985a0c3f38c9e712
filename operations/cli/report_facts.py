"""Gather the facts of the report: states, verdict, access, flows, prices, approvals, and the ledgers' changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, TypeVar

from formats.errors import SdeError
from formats.plan import Plan
from operations.access.flow_depths import graph_of
from operations.access.model import AccessModel
from operations.access.people import People
from operations.access.view import AccessView, access_view
from operations.cli.access_report import clouds_of, origins_of
from operations.cli.estate_state import deployed_states
from operations.cli.failed_revocations import with_failed_revocations
from operations.cli.gate import Gate
from operations.cli.ledger import verified
from operations.cli.report_approvals import ReportApprovals
from operations.cli.report_people import ends_of_people, names_of_people
from operations.cli.session import ReadRecord, Session
from operations.cli.stack_catalog import Stack
from operations.history.changes import ChangeRecord, changes_of
from operations.history.kept import Kept
from operations.ledger.entry import PERMIT, Entry
from operations.prices import book
from operations.prices.estimate import price_of
from operations.site.facts import ChangeFacts, Flows, LedgerFacts, SiteFacts, StackFacts
from policies.model import PolicyContext
from policies.plan_resources import resources_of
from policies.reachability.allowed_flows import allowed_flows
from policies.reachability.forbidden_flows import FlowReport
from policies.rule_helpers.flow_findings import finding_of

if TYPE_CHECKING:
    from formats.stack_config import StackConfig
    from operations.estate.expiry import Expiry
    from operations.ledger.ledger import Ledger

T = TypeVar("T")
EVER = 100 * 366
"""The days in which what ends is listed: more than any file can say."""


@dataclass
class EstateFacts:
    """The deployed stacks of an estate, each read once."""

    session: Session

    @cached_property
    def stacks(self) -> Sequence[Stack]:
        """The estate's stacks in the command's cloud, then the orphaned ones."""
        return [one for one in self.session.known if self.session.cloud in (None, one.cloud)]

    @cached_property
    def plans(self) -> Mapping[str, Plan]:
        """The state of each deployed stack, with the revocations that failed."""
        found = deployed_states(self.session, self.stacks)
        return {one.stack: one for one in with_failed_revocations(self.session, list(found.values()), are_states=True)}

    @cached_property
    def configs(self) -> Mapping[str, StackConfig]:
        """The configurations of the estate's stacks, deployed or not."""
        return self.session.configs([one.name for one in self.stacks])

    @cached_property
    def context(self) -> PolicyContext:
        """The deployed estate, as policies read it."""
        resources = [resource for plan in self.plans.values() for resource in resources_of(plan)]
        return PolicyContext(resources, is_complete=True, configs=self.configs)

    @cached_property
    def prices(self) -> book.PriceBook:
        """The list prices."""
        return book.load()

    @cached_property
    def gate(self) -> Gate:
        """The gate with the estate's exemptions."""
        return self.session.gate()

    @cached_property
    def record(self) -> ReadRecord:
        """Return what a ledger records of a stack's state, read once."""
        return cache(self.session.state_record)

    @property
    def holds_data(self) -> bool:
        """True if there is a container for data, without which no flow can be analysed."""
        return any(one.type == "storage:BlobContainer" for one in self.context.resources)

    def analyse_flows(self) -> FlowReport | None:
        """Return the analysis of the flows of data; None where nothing holds data."""
        return self.gate.stacks.flows.analyse(self.context) if self.holds_data else None


def gather(session: Session, version: str) -> SiteFacts:
    """Return the facts of the report. Errors are those of the states, the ledgers and the exemptions."""
    estate, approvals = EstateFacts(session), ReportApprovals(session)
    with session.output.err.status("Analysing the flows and access"):
        found = estate.analyse_flows()
        access, unread = _access(estate, found)
    with session.output.err.status("Evaluating the policies"):
        policies = estate.gate.evaluate(list(estate.plans.values()), is_complete=True) if estate.plans else None
        if policies:
            policies = replace(policies, warnings=_as_in_the_estate(session, policies.warnings))
    with session.output.err.status("Reading the ledger"):
        ledgers = {cloud: session.ledger(cloud) for cloud in clouds_of(session)}
        changes = [
            replace(one, cloud=cloud if len(ledgers) > 1 else "")
            for cloud, ledger in ledgers.items()
            for one in _changes(ledger, approvals)
        ]
        checked = tuple(_ledger(estate, cloud, ledger) for cloud, ledger in ledgers.items())
    return SiteFacts(
        organisation=approvals.requests.estate.file.organisation,
        made=datetime.now(UTC).replace(microsecond=0),
        version=version,
        stacks=tuple(_stack(one, estate, approvals) for one in estate.stacks),
        policies=policies,
        access=access,
        flows=_flows(estate, found) if found else None,
        changes=tuple(sorted(changes, key=lambda one: (one.record.entry.time, one.record.number), reverse=True)),
        ledgers=checked,
        exemptions=tuple(sorted(estate.gate.exemptions.valid, key=lambda one: one.expires)),
        action_permits=approvals.of_actions(),
        people=tuple(ends_of_people(approvals.requests.estate, approvals.approvers)),
        names=names_of_people(approvals.requests.estate, approvals.approvers),
        open_findings=tuple(_open_findings(session, estate.stacks)),
        notes=(
            *_as_in_the_estate(session, estate.gate.exemptions.warnings),
            *_not_deployed(estate),
            *unread,
            *approvals.notes,
        ),
        price_book=estate.prices,
    )


def _as_in_the_estate(session: Session, texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts with the files as the estate names them, without the folder of this machine."""
    return tuple(text.replace(f"{session.estate_folder}/", "") for text in texts)


def _stack(stack: Stack, estate: EstateFacts, approvals: ReportApprovals) -> StackFacts:
    plan = estate.plans.get(stack.name)
    return StackFacts(
        name=stack.name,
        kind=stack.kind,
        cloud=stack.cloud,
        cell=stack.cell,
        requires=stack.requires,
        config=stack.config,
        plan=plan,
        is_orphaned=stack.is_orphaned,
        template=stack.template,
        public=stack.public_facts,
        expiries=tuple(_expiries(stack, estate.session)),
        ways=stack.ways,
        price=price_of(plan, estate.prices) if plan else None,
        permit=approvals.of_tenancy(stack),
    )


def _expiries(stack: Stack, session: Session) -> Iterator[Expiry]:
    """Yield the ends of a stack, with the files as the estate names them. It has none of an orphaned stack."""
    if stack.is_orphaned:
        return
    folder = f"{session.estate_folder}/"
    for end in session.catalog.ends_within(stack, EVER):
        yield replace(end, file=end.file.removeprefix(folder), fix=end.fix.replace(folder, ""))


def _access(estate: EstateFacts, flows: FlowReport | None) -> tuple[AccessView, Sequence[str]]:
    graph = graph_of(flows) if flows else None
    model = AccessModel(estate.context, People(estate.configs), graph)
    origins, unread = origins_of(estate.session, model, read=estate.record)
    return access_view(model, origins=origins), unread


def _flows(estate: EstateFacts, report: FlowReport) -> Flows:
    granted = ((flow, estate.gate.exemptions.of(finding_of(flow, estate.context))) for flow in report.findings)
    exempt = {flow: exemption for flow, exemption in granted if exemption}
    return Flows(report, exempt, allowed_flows(report, estate.context))


def _changes(ledger: Ledger, approvals: ReportApprovals) -> Iterator[ChangeFacts]:
    kept = Kept(ledger)
    for record in changes_of(list(ledger.entries())):
        yield _change(record, kept, approvals)


def _change(record: ChangeRecord, kept: Kept, approvals: ReportApprovals) -> ChangeFacts:
    unread: list[str] = []

    def read(name: str, of: Callable[[int, Entry], T | None]) -> T | None:
        try:
            return of(record.number, record.entry)
        except SdeError:
            unread.append(name)
            return None

    diff, access = read("diff", kept.diff), read("access", kept.access)
    verdict, permit = read("verdict", kept.verdict), read(PERMIT, kept.permit)
    return ChangeFacts(record, diff, access, verdict, permit, approvals.of_change(permit), tuple(unread))


def _ledger(estate: EstateFacts, cloud: str, ledger: Ledger) -> LedgerFacts:
    found = verified(estate.session, cloud, estate.record)
    head = found.checkpoint
    return LedgerFacts(cloud, ledger.log.key.name, head.size, head.root.hex(), tuple(map(str, found.problems)),
                       tuple(found.notes))  # fmt: skip


def _open_findings(session: Session, stacks: Sequence[Stack]) -> Iterator[str]:
    for stack in stacks:
        found = session.ledger(stack.cloud).open_finding(stack.name)
        if found:
            number, entry = found
            yield f"{stack.name}, entry {number} of {entry.time[:10]}: {entry.reason}"


def _not_deployed(estate: EstateFacts) -> Iterator[str]:
    missing = [one.name for one in estate.stacks if one.name not in estate.plans]
    if missing:
        yield f"Not deployed: {', '.join(missing)}."
