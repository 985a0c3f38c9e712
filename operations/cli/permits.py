"""The permits of an estate that has a route: `up` changes a tenancy only within the permit of its request, and what
holds data is destroyed only with one of its own.

Every estate in real Azure has a route, and a local one may be without. An estate has a route from when its ledger has a
permit, or its folder a route or a signed document: what makes permits required cannot be taken away with a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from approvals.assessment import UnknownSize, summary_of
from approvals.canonical import digest_of
from approvals.decision import read_bundle
from approvals.estate_files import ACTIONS, FOLDER
from approvals.permit import Permit, Proposed, Refusals, verify_permit, within
from approvals.rights import Context
from approvals.route import FILE_NAME, Action
from formats.errors import InputError, Refused
from formats.plan import Plan
from formats.stack_config import Cloud
from formats.stack_names import TENANCY
from operations.cli.action_permits import (
    ActionPermits,
    Wanted,
    lost_data,
    wanted_to_change,
    wanted_to_destroy,
    without_permit,
)
from operations.cli.data_changes import refuse_impossible
from operations.cli.estate_requests import EstateRequests
from operations.cli.recorded_decisions import time_after, with_record, with_used
from operations.cli.request_assessment import cost_of_plan
from operations.cli.request_versions import present_template
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.taken_versions import RecordedPermits, TakenVersions, present_versions
from operations.ledger.entry import PERMIT
from policies.catalogue import catalogue_digest

if TYPE_CHECKING:
    from operations.ledger.ledger import Ledger
    from policies.runner import Report

DESTROYED = "destroyed"
_NO_ROUTE = "write route.yaml, such as `route: west-midlands`: docs/approvals.md"


@dataclass
class Permits:
    """The permits of one command, which reads the route and the ledger once."""

    session: Session
    _has_route: dict[str, bool] = field(default_factory=dict)
    """By cloud, each of which has a ledger."""
    _recorded: dict[str, RecordedPermits] = field(default_factory=dict)
    """What the ledger of a cloud has of permits."""
    _released: dict[str, frozenset[str]] = field(default_factory=dict)
    """The protected resources that permits name, by stack."""
    _taken: dict[str, TakenVersions] = field(default_factory=dict)
    """The versions that permits hold under, by cloud."""

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

    def allows(self, stack: Stack) -> bool:
        """Return True if a tenancy may be deployed, whatever its plan is: it has a permit, or needs none."""
        return not self._are_required(stack) or not self.why_not(stack)

    def why_not(self, stack: Stack) -> tuple[str, ...]:
        """Return why the request of a tenancy has no permit, whatever its plan is; nothing if it has one.

        `Refused` for an estate without a route, and for a clock that is behind the ledger.
        """
        if not self._are_required(stack):
            raise Refused("The estate has no route, so that no request has a permit.\n"
                          f"  file:    {self.session.estate_folder / FILE_NAME}\n"
                          f"  fix:     {_NO_ROUTE}; or scripts/sde up --all, which needs none here")  # fmt: skip
        found = self.of_request(stack)
        return found.reasons if isinstance(found, Refusals) else ()

    def of_request(self, stack: Stack) -> Permit | Refusals | None:
        """Return the permit of a tenancy's request, whatever its plan is, or why there is none; None if it needs none.

        `Refused` for an estate whose route is gone, and for a clock that is behind the ledger.
        """
        if not self._are_required(stack):
            return None
        project = stack.name.removeprefix(TENANCY)
        try:
            documents = self._requests.files.decisions(project)
            found = verify_permit(documents, self._context(stack, documents), self._requests.submission(project))
            if isinstance(found, Refusals):
                return found
            template = present_template(self._requests, project)
            outside = self._versions(stack).outside(found, template, catalogue_digest())
            return Refusals(outside) if outside else found
        except InputError as error:
            return Refusals((str(error),))

    def _record(self, stack: Stack, project: str, plan: Plan, report: Report) -> Mapping[str, Any]:
        """Verify the permit of a plan, and return what the ledger records of it."""
        documents = self._requests.files.decisions(project)
        context = self._context(stack, documents)
        permit = verify_permit(documents, context, self._requests.submission(project))
        if isinstance(permit, Refusals):
            raise _refused(stack, project, permit.reasons)
        proposed, versions = self._proposed(project, plan, report), self._versions(stack)
        older = versions.older(proposed.template, proposed.catalogue)
        if outside := (*within(permit, proposed, context.now, versions.held), *older):
            raise _refused(stack, project, outside)
        return {
            "permit": permit.digest,
            "request": permit.request,
            "documents": sorted(one.digest for one in read_bundle(documents)),
            "approvers": context.approvers.version,
            "versions": present_versions(proposed.template, proposed.catalogue),
            "links": sorted(versions.answers),
        }

    def require_to_destroy(self, stack: Stack, plan: Plan) -> Mapping[str, Any] | None:
        """Return what the ledger records of the permits to destroy a whole stack; None if it needs none.

        A tenancy is closed, and protected data of another stack is destroyed. `Refused` if a permit is missing.
        """
        return self._require(stack, DESTROYED, self.wanted_to_destroy(stack, plan))

    def wanted_to_destroy(self, stack: Stack, plan: Plan) -> list[Wanted]:
        """Return the actions, with the URNs, that the destruction of a whole stack needs permits of."""
        return wanted_to_destroy(plan) if self._are_required(stack) else []

    def require_to_change(self, stack: Stack, plan: Plan) -> Mapping[str, Any] | None:
        """Return what the ledger records of the permits of a change that loses data or closes a provider.

        None if it needs none, or the estate has no route: then protection alone refuses it. `Refused` without one.
        """
        wanted = wanted_to_change(plan, self.released(stack))
        if wanted and self._are_required(stack):
            refuse_impossible(stack.name, lost_data(plan, self.released(stack)))
        return self._require(stack, "changed", wanted)

    def break_glass(self, stack: Stack) -> tuple[Mapping[str, Any] | None, str]:
        """Return what the ledger records of the permit to break glass, or why there is none.

        Neither in an estate without a route. A use that nobody permitted is recorded all the same.
        """
        try:
            return self._require(stack, "entered", [(Action.BREAK_GLASS, None)]), ""
        except Refused as refusal:
            return None, str(refusal)

    def released(self, stack: Stack) -> frozenset[str]:
        """Return the protected resources of a stack that a permit lets a change delete or replace, as at first use."""
        if stack.name not in self._released:
            self._released[stack.name] = self._find_released(stack)
        return self._released[stack.name]

    def _find_released(self, stack: Stack) -> frozenset[str]:
        if not _is_filled(self.session.estate_folder / FOLDER / ACTIONS):
            return frozenset()
        try:
            return self._actions(stack).released if self._are_required(stack) else frozenset()
        except (InputError, Refused):  # protection refuses the plan, and what needs a permit says why there is none
            return frozenset()

    def _require(self, stack: Stack, what: str, wanted: Sequence[Wanted]) -> Mapping[str, Any] | None:
        if not wanted or not self._are_required(stack):
            return None
        hint = "; in a local estate, destroy --demo-keys" if what == DESTROYED and stack.cloud == Cloud.LOCAL else ""
        try:
            permits = self._actions(stack)
        except InputError as error:
            raise without_permit(stack.name, what, wanted, str(error), hint) from None
        if missing := permits.missing(wanted):
            why = "none that is valid now and not used; scripts/sde request actions show lists all"
            raise without_permit(stack.name, what, missing, why, hint)
        return permits.used_for(wanted)

    def _actions(self, stack: Stack) -> ActionPermits:
        context = with_used(self._requests.context(), self._now(stack), self._ledger(stack))
        return ActionPermits.of(stack.name, self._requests.files, context)

    def _are_required(self, stack: Stack) -> bool:
        """Return True if the estate has a route. `Refused` if it had one."""
        folder = self.session.estate_folder
        if stack.cloud in self._has_route:
            return self._has_route[stack.cloud]
        has_route = (folder / FILE_NAME).exists()
        if not has_route and (_is_filled(folder / FOLDER) or any(self._ledger(stack).intents_with(PERMIT))):
            raise Refused(f"{stack.name} was not changed: the estate's route is gone, which says who permits it.\n"
                          f"  file:    {folder / FILE_NAME}\n  fix:     restore it from version control")  # fmt: skip
        if not has_route and stack.cloud != Cloud.LOCAL:
            raise Refused(f"{stack.name} was not changed: the estate has no route, which says who permits a tenancy.\n"
                          f"  file:    {folder / FILE_NAME}\n  found:   nothing\n  fix:     {_NO_ROUTE}")  # fmt: skip
        self._has_route[stack.cloud] = has_route
        return has_route

    @cached_property
    def _requests(self) -> EstateRequests:
        return EstateRequests(self.session)

    def _ledger(self, stack: Stack) -> Ledger:
        return self.session.ledger(stack.cloud)

    def _now(self, stack: Stack) -> datetime:
        return time_after(self._ledger(stack), f"{stack.name} was not changed")

    def _context(self, stack: Stack, documents: Mapping[str, bytes]) -> Context:
        project = stack.name.removeprefix(TENANCY)
        return with_record(self._requests.context(), self._now(stack), self._of_ledger(stack), project, documents)

    def _of_ledger(self, stack: Stack) -> RecordedPermits:
        if stack.cloud not in self._recorded:
            self._recorded[stack.cloud] = RecordedPermits.of(self._ledger(stack))
        return self._recorded[stack.cloud]

    def _versions(self, stack: Stack) -> TakenVersions:
        if stack.cloud not in self._taken:
            self._taken[stack.cloud] = TakenVersions(self._requests, self._of_ledger(stack), self._now(stack))
        return self._taken[stack.cloud]

    def _proposed(self, project: str, plan: Plan, report: Report) -> Proposed:
        try:
            summary = summary_of(plan)
        except UnknownSize as unknown:
            raise Refused(f"A size follows only from the deployment, so that no permit has it: {unknown}.") from None
        return Proposed(
            request=digest_of(self._requests.request(project)),
            template=present_template(self._requests, project),
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
