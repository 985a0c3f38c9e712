"""The approvals of the report: who permitted each tenancy and each change, from the signed documents in the estate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from approvals.actions import ActionPermit, SignedAction, read_action, verify_action
from approvals.approvers import Approvers
from approvals.canonical import time_text
from approvals.decision import SignedDecision, Verb, read_bundle
from approvals.permit import Permit
from approvals.rights import Context
from formats.errors import SdeError
from formats.stack_names import TENANCY
from operations.cli.estate_requests import EstateRequests
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.history.kept import KeptPermit
from operations.site.facts import ActionPermitFact, Approval, TenancyPermit


@dataclass
class ReportApprovals:
    """The approvals of one estate, read once."""

    session: Session
    requests: EstateRequests = field(init=False)
    notes: list[str] = field(default_factory=list)
    """A sentence for each document that could not be read."""

    def __post_init__(self) -> None:
        self.requests = EstateRequests(self.session)

    def of_tenancy(self, stack: Stack) -> TenancyPermit | None:
        """Return the permit of a tenancy, as it is today; None for a stack that needs none."""
        if not stack.name.startswith(TENANCY) or stack.is_orphaned:
            return None
        try:
            found = self.session.permits.of_request(stack)
        except SdeError as error:
            return TenancyPermit(is_valid=False, why_not=(self._on_a_line(str(error)),))
        if not isinstance(found, Permit):
            reasons = tuple(self._on_a_line(one) for one in found.reasons) if found else ()
            return None if found is None else TenancyPermit(is_valid=False, why_not=reasons)
        return TenancyPermit(is_valid=True, expires=found.expires, approvals=self._named(found.decisions))

    def of_change(self, permit: KeptPermit | None) -> tuple[Approval, ...]:
        """Return the approvals that the permits of a change follow from, as far as the estate's folder has them."""
        if permit is None:
            return ()
        of_actions = [one.digest for digest in permit.actions for one in self._answers.get(digest, ())]
        return self._named([*permit.documents, *of_actions])

    def of_actions(self) -> tuple[ActionPermitFact, ...]:
        """Return the permits of actions that are valid now, and those that were used."""
        try:
            context = self.requests.context_of_actions() if self._answers else None
        except SdeError as error:
            self._note("The permits of actions cannot be verified", error)
            return ()
        return tuple(self._of_actions(context)) if context else ()

    def _of_actions(self, context: Context) -> Iterator[ActionPermitFact]:
        files = self.requests.files.actions()
        for digest, answers in self._answers.items():
            is_used = digest in context.history.used
            is_valid = isinstance(verify_action(files[digest], context, self.requests.files.estate), ActionPermit)
            if is_used or is_valid:
                wanted = answers[0].decision.request
                yield ActionPermitFact(str(wanted.action), wanted.stack or "", wanted.reason,
                                       time_text(wanted.valid_until), is_used,
                                       self._named(one.digest for one in answers))  # fmt: skip

    def _named(self, digests: Iterable[str]) -> tuple[Approval, ...]:
        """Return the approvals with these digests, the earliest first."""
        found = [self._approvals[digest] for digest in digests if digest in self._approvals]
        return tuple(sorted(found, key=lambda one: (one.time, one.step, one.person)))

    @cached_property
    def _answers(self) -> Mapping[str, list[SignedAction]]:
        """The answers to each request of an action."""
        try:
            files = self.requests.files.actions()
            return {digest: [read_action(content, file=name) for name, content in sorted(one.items())]
                    for digest, one in files.items() if one}  # fmt: skip
        except SdeError as error:
            self._note("The permits of actions cannot be read", error)
            return {}

    @cached_property
    def _approvals(self) -> Mapping[str, Approval]:
        """Every approval of the estate, by the digest of its document."""
        found = [_of_decision(one, self._names) for one in self._decisions if one.decision.verb is Verb.APPROVE]
        found += [_of_answer(one, self._names) for answers in self._answers.values() for one in answers]
        return {one.digest: one for one in found}

    @cached_property
    def _decisions(self) -> Sequence[SignedDecision]:
        """The decisions on every request of which the estate has any, withdrawn ones too."""
        found: list[SignedDecision] = []
        folder = self.requests.files.decisions_folder("")
        for project in sorted(one.name for one in folder.iterdir()) if folder.is_dir() else ():
            try:
                found += read_bundle(self.requests.files.decisions(project))
            except SdeError as error:
                self._note(f"The decisions on {project} cannot be read", error)
        return found

    @cached_property
    def approvers(self) -> Approvers | None:
        """The newest approvers; None where they cannot be verified, or there are none."""
        if not self._decisions and not self._answers:
            return None
        try:
            return self.requests.context().approvers
        except SdeError as error:
            self._note("The names of approvers are not known", error)
            return None

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """The names of the approvers by object id."""
        people = self.approvers.people_by_id if self.approvers else {}
        return {str(id_): person.name for id_, person in people.items()}

    def _note(self, what: str, error: SdeError) -> None:
        self.notes.append(f"{what}: {self._on_a_line(str(error))}")

    def _on_a_line(self, text: str) -> str:
        """Return an error as one line, with the files as the estate names them."""
        return " ".join(text.split()).replace(f"{self.session.estate_folder}/", "")


def _of_decision(one: SignedDecision, names: Mapping[str, str]) -> Approval:
    decision = one.decision
    person = str(decision.person)
    return Approval(one.digest, names.get(person, person), decision.role, decision.step, time_text(decision.time),
                    decision.reason)  # fmt: skip


def _of_answer(one: SignedAction, names: Mapping[str, str]) -> Approval:
    decision = one.decision
    person, request = str(decision.person), decision.request
    return Approval(one.digest, names.get(person, person), decision.role, f"{decision.answer} {request.action}",
                    time_text(decision.time), request.reason)  # fmt: skip
