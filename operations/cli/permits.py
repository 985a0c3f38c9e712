"""`up` changes a tenancy only within the permit of its request, in an estate that has a route.

An estate has a route from when its ledger has a permit, or its folder a route or a signed document: what makes permits
required cannot be taken away with a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from approvals.assessment import Template, UnknownSize, summary_of
from approvals.canonical import digest_of, time_text
from approvals.decision import read_bundle
from approvals.estate_files import FOLDER
from approvals.permit import Proposed, Refusals, verify_permit, within
from approvals.request_files import template_digest
from approvals.rights import MAX_SKEW, Context, History, key_id
from approvals.route import FILE_NAME
from formats.errors import InputError, Refused
from formats.plan import Plan
from formats.stack_names import TENANCY
from operations.cli.estate_requests import EstateRequests
from operations.cli.request_assessment import cost_of_plan
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack

if TYPE_CHECKING:
    from operations.ledger.ledger import Ledger
    from policies.runner import Report

OBJECT = "permit"
"""The name of what an entry of the ledger has of a permit."""


@dataclass
class Permits:
    """The permits of one command."""

    session: Session

    def require(self, stack: Stack, plan: Plan, report: Report) -> Mapping[str, Any] | None:
        """Return what the ledger records of the permit of a plan; None if it needs none. `Refused` if there is none.

        A plan without a change needs none, and neither does a stack that belongs to no project.
        """
        if not plan.changes or not stack.name.startswith(TENANCY) or not self._are_required(stack):
            return None
        project = stack.name.removeprefix(TENANCY)
        try:
            return self._record(stack, project, plan, report)
        except InputError as error:
            raise _refused(stack, project, (str(error),)) from None

    def _record(self, stack: Stack, project: str, plan: Plan, report: Report) -> Mapping[str, Any]:
        """Verify the permit of a plan, and return what the ledger records of it."""
        requests = self._requests
        documents = requests.files.decisions(project)
        context = self._context(stack, requests, documents)
        permit = verify_permit(documents, context, requests.submission(project))
        if isinstance(permit, Refusals):
            raise _refused(stack, project, permit.reasons)
        if outside := within(permit, self._proposed(requests, project, plan, report), context.now):
            raise _refused(stack, project, outside)
        return {
            "permit": permit.digest,
            "request": permit.request,
            "documents": sorted(one.digest for one in read_bundle(documents)),
            "approvers": context.approvers.version,
        }

    def _are_required(self, stack: Stack) -> bool:
        """Return True if the estate has a route. `Refused` if it had one."""
        folder = self.session.estate_folder
        has_route = (folder / FILE_NAME).exists()
        if not has_route and (_is_filled(folder / FOLDER) or self._ledger(stack).last_with(OBJECT)):
            raise Refused(f"{stack.name} was not changed: the estate's route is gone, which says who permits it.\n"
                          f"  file:    {folder / FILE_NAME}\n  fix:     restore it from version control")  # fmt: skip
        return has_route

    @cached_property
    def _requests(self) -> EstateRequests:
        return EstateRequests(self.session)

    def _ledger(self, stack: Stack) -> Ledger:
        return self.session.ledger(stack.cloud)

    def _context(self, stack: Stack, requests: EstateRequests, documents: Mapping[str, bytes]) -> Context:
        """Return what the decisions are verified with: the ledger says which there were. `Refused` for a clock that
        is behind it, by which a permit that has ended would be valid."""
        now, ledger = datetime.now(UTC).replace(microsecond=0), self._ledger(stack)
        last = ledger.last()
        if last and now < datetime.fromisoformat(last.time) - MAX_SKEW:
            raise Refused(f"{stack.name} was not changed: the clock of this machine is behind the ledger.\n"
                          f"  found:   {time_text(now)}\n  allowed: from {last.time}, the time of its last entry\n"
                          "  fix:     set the clock")  # fmt: skip
        first_seen: dict[str, datetime] = {}
        for entry in ledger.all_with(OBJECT, stack.name):  # the last one first
            kept = ledger.kept(entry.objects[OBJECT])
            first_seen |= dict.fromkeys(kept["documents"], datetime.fromisoformat(entry.time))
        context = requests.context()
        keys = context.approvers.keys_by_id
        before = {
            one.digest
            for one in read_bundle(documents)
            if (key := keys.get(key_id(one))) and key.revoked and one.digest in first_seen
            and first_seen[one.digest] < key.revoked
        }  # fmt: skip
        return Context(context.approvers, context.route, now, History(frozenset(first_seen), frozenset(before)))

    def _proposed(self, requests: EstateRequests, project: str, plan: Plan, report: Report) -> Proposed:
        template = requests.estate.requests[project].template
        try:
            summary = summary_of(plan)
        except UnknownSize as unknown:
            raise Refused(f"A size follows only from the deployment, so that no permit has it: {unknown}.") from None
        return Proposed(
            request=digest_of(requests.request(project)),
            template=Template(name=template, digest=template_digest(template)),
            catalogue=report.catalogue.digest if report.catalogue else "",
            plan=summary,
            cost=cost_of_plan(plan),
        )


def _is_filled(folder: Any) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _refused(stack: Stack, project: str, reasons: tuple[str, ...]) -> Refused:
    lines = "".join(f"\n  {line}" for reason in reasons for line in reason.splitlines())
    return Refused(
        f"{stack.name} has no permit for this change:{lines}\n  fix:     scripts/sde request status {project}"
    )
