"""Permits of actions: destroy or replace data, close a provider or a tenancy, break glass, and take a version.

Several people sign one request of an action, which has a reason and a validity. There is no other document. A permit is
used once, within its validity. `take-version` differs: each signature is made within the validity, and then the permit
holds until it is withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from approvals.canonical import UtcTime, content_of, digest_of, time_text
from approvals.decision import Reason, file_name
from approvals.envelope import Signed, Signer, read_statement, statement
from approvals.permit import Refusals
from approvals.rights import REVOKED, Context, SignedByOne, check_signature, refusal, without_right
from approvals.route import Action
from approvals.versions import Link
from formats.errors import InputError, Refused
from formats.input_model import SLUG, Guid, Model, Slug, one_line
from formats.validation import InvalidValue

PREDICATE_TYPE = "urn:nhs-sde:action:v1"
NAMES_TARGETS = (Action.DESTROY_DATA, Action.REPLACE_DATA, Action.CLOSE_PROVIDER, Action.TAKE_VERSION)
"""The actions whose request names targets: resources or providers of a stack, or links between versions."""
Target = Annotated[str, StringConstraints(pattern=r"^[!-~]+( [!-~]+)*$", max_length=400), AfterValidator(one_line)]
"""The URN of a resource, the code of a provider, or a link between two versions."""
StackName = Annotated[str, StringConstraints(pattern=f"^{SLUG}$", max_length=60)]


class ActionRequest(Model):
    """The action that a permit is asked for."""

    estate: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,7}$")]
    action: Action
    stack: StackName | None = None
    """None for `take-version`, which is an action on the estate."""
    targets: Annotated[tuple[Target, ...], Field(max_length=200)] = ()
    """The resources or providers of the stack, or the links between versions, sorted; empty for the whole stack."""
    reason: Annotated[Reason, StringConstraints(min_length=20)]
    valid_from: UtcTime
    valid_until: UtcTime

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if list(self.targets) != sorted(set(self.targets)) or bool(self.targets) != (self.action in NAMES_TARGETS):
            allowed = "URNs, codes or links in order, each once" if self.action in NAMES_TARGETS else "nothing"
            raise InvalidValue(
                f"{allowed}, for {self.action}", at=("targets",), found=", ".join(self.targets) or "none"
            )
        if (self.stack is None) != (self.action is Action.TAKE_VERSION):
            allowed = "nothing" if self.stack else "the stack that it is on"
            raise InvalidValue(f"{allowed}, for {self.action}", at=("stack",), found=self.stack or "nothing")
        _ = self.links  # raises for a target that is no link
        if self.valid_until <= self.valid_from:
            raise InvalidValue(f"a time after {time_text(self.valid_from)}", at=("valid_until",),
                               found=time_text(self.valid_until))  # fmt: skip
        return self

    @property
    def digest(self) -> str:
        """The digest of the request."""
        return digest_of(content_of(self))

    @property
    def links(self) -> tuple[Link, ...]:
        """The links between versions of `take-version`; none for another action."""
        try:
            return tuple(map(Link.parse, self.targets)) if self.action is Action.TAKE_VERSION else ()
        except ValueError as error:
            raise InvalidValue("catalogue BEFORE AFTER, or template NAME BEFORE AFTER, with two digests",
                               at=("targets",), found=str(error)) from None  # fmt: skip


class Answer(StrEnum):
    """The answer of a person to the request of an action."""

    APPROVE = "approve"
    WITHDRAW = "withdraw"
    """Ends it, whoever has approved."""


class ActionDecision(Model):
    """One person's answer, with the whole request."""

    request: ActionRequest
    answer: Answer
    person: Guid
    role: Slug
    time: UtcTime


SignedAction = SignedByOne[ActionDecision]
"""An answer as it is in a file."""


@dataclass(frozen=True)
class ActionPermit:
    """A permitted action."""

    request: ActionRequest
    people: tuple[UUID, ...]

    @property
    def digest(self) -> str:
        """The digest of the request, which the ledger records when the permit is used."""
        return self.request.digest

    def covers(self, action: Action, stack: str, target: str | None = None) -> bool:
        """Return True for this action on a stack, or on one of the targets in it."""
        same = (self.request.action, self.request.stack) == (action, stack)
        return same and (target in self.request.targets if self.request.targets else target is None)


def _subject(request: ActionRequest) -> str:
    return "/".join((request.estate, *((request.stack,) if request.stack else ()), request.action))


def sign_action(
    request: ActionRequest, context: Context, signer: Signer, answer: Answer = Answer.APPROVE
) -> SignedAction:
    """Return the answer of a key's holder, signed now. `Refused` if it would not count."""
    entry = context.approvers.keys_by_id.get(signer.key.id)
    if entry is None:
        raise Refused(f"The key {signer.key.id} is no key of an approver.")
    person, roles = context.approvers.people_by_id[entry.person], context.route.actions[request.action].roles
    role = next((one for one in roles if person.has(one, context.now)), None)
    if role is None:
        raise Refused(f"{person.name} does not permit {request.action}: that is for the role {' or '.join(roles)}.")
    decision = ActionDecision(request=request, answer=answer, person=person.id, role=role, time=context.now)
    signed = statement(_subject(request), request.digest, PREDICATE_TYPE, decision).with_signature(signer)
    found = SignedAction(decision, signed, file_name(signed.digest))
    if why := _void(found, context) or _too_long(request, context):
        raise Refused(f"The signature of {person.name} would not count: {why}.")
    return found


def read_action(content: bytes, *, file: str) -> SignedAction:
    """Read an answer, without its signature. `InputError` for any other document."""
    signed = Signed.read(content, file=file)
    subject, decision = read_statement(signed, PREDICATE_TYPE, ActionDecision, file=file)
    if (subject.name, subject.content) != (_subject(decision.request), decision.request.digest):
        raise InputError("The statement is about something else.", file=file, key="subject", found=subject.name,
                         allowed=_subject(decision.request))  # fmt: skip
    if len(signed.signatures) != 1 or Path(file).name != file_name(signed.digest):
        raise InputError("The file is not named after its content, or has several signatures.", file=file,
                         allowed=file_name(signed.digest))  # fmt: skip
    return SignedAction(decision, signed, file)


def verify_action(files: Mapping[str, bytes], context: Context, estate: str) -> ActionPermit | Refusals:
    """Return the permit of an action, or why there is none. `files`: every answer to one request, by path."""
    try:
        answers = [read_action(files[name], file=name) for name in sorted(files)]
        for one in answers:
            if one.decision.request != answers[0].decision.request or one.decision.request.estate != estate:
                raise refusal(one, "The answer is to another request.", key="request",
                              found=one.decision.request.digest)  # fmt: skip
            check_signature(one, context)
    except InputError as error:
        return Refusals((str(error),))
    return _permit(answers, context) if answers else Refusals(("nobody has signed it",))


def _permit(answers: list[SignedAction], context: Context) -> ActionPermit | Refusals:
    request = answers[0].decision.request
    rule = context.route.actions[request.action]
    void = [(one, _void(one, context)) for one in answers]
    people = {one.person for one, why in void if why is None and one.decision.answer is Answer.APPROVE}
    reasons = [f"{one.person}: {why}" for one, why in void if why]
    if any(one.decision.answer is Answer.WITHDRAW and why in (None, REVOKED) for one, why in void):
        reasons = ["it was withdrawn"]
    elif len(people) < rule.agree:
        reasons.insert(0, f"{len(people)} of {rule.agree} people have signed it")
    elif request.digest in context.history.used:
        reasons = ["it was used already"]
    elif why := _too_long(request, context) or _not_now(request, context):
        reasons = [why]
    else:
        return ActionPermit(request, tuple(sorted(people)))
    return Refusals(tuple(reasons))


def _void(one: SignedAction, context: Context) -> str | None:
    """Return why an answer does not count; None if it does."""
    request = one.decision.request
    if why := without_right(one, context.route.actions[request.action].roles, context):
        return why
    is_timed = request.action is Action.TAKE_VERSION and one.decision.answer is Answer.APPROVE
    return _outside(request, one.time) if is_timed else None


def _too_long(request: ActionRequest, context: Context) -> str | None:
    longest = context.route.actions[request.action].longest_days
    if request.valid_until - request.valid_from > timedelta(days=longest):
        return f"it is valid for longer than {longest} days"
    return None


def _not_now(request: ActionRequest, context: Context) -> str | None:
    """Return why a permit cannot be used now. For `take-version` the validity limits its signatures instead."""
    return None if request.action is Action.TAKE_VERSION else _outside(request, context.now)


def _outside(request: ActionRequest, time: datetime) -> str | None:
    if request.valid_from <= time < request.valid_until:
        return None
    return f"it is valid from {time_text(request.valid_from)} until {time_text(request.valid_until)}"
