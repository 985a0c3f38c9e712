"""Make a decision: refused unless it would count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from approvals.canonical import time_text
from approvals.decision import Decision, Verb, file_name, unsigned
from approvals.envelope import Signer
from approvals.rights import Context
from approvals.submission import Submission
from approvals.verification import Progress, State, verify
from formats.errors import InputError, Refused

NEW = "the new decision"


@dataclass(frozen=True)
class NewDecision:
    """A signed decision, with how far the request is with it."""

    file_name: str
    content: bytes
    decision: Decision
    progress: Progress


def decide(files: Mapping[str, bytes], context: Context, submission: Submission, *, step: str, verb: Verb,
           signer: Signer, reason: str) -> NewDecision:  # fmt: skip
    """Return a decision that is signed now. `Refused` if it would not count, `InputError` for bad decisions before it.

    The person is the holder of the key, and the role is one of theirs that decides the step.
    """
    before = verify(files, context, submission)
    if before.ended:
        raise Refused("The request has ended: " + "; ".join(before.why_incomplete()))
    if step not in context.route.by_name:
        raise InputError("The route has no such step.", key="--step", found=step,
                         allowed=", ".join(context.route.by_name))  # fmt: skip
    present = before.of(step)
    if present.state is State.WAITING:
        waits = [name for name in present.step.after if before.of(name).state is not State.APPROVED]
        raise Refused(f"It is not the turn of {step}: it waits for {', '.join(waits)}.")
    entry = context.approvers.keys_by_id.get(signer.key.id)
    if entry is None:
        raise Refused(f"The key {signer.key.id} is no key of an approver.\n"
                      "  fix:     sde request approvers change, signed by the keepers of keys")  # fmt: skip
    person = context.approvers.people_by_id[entry.person]
    time = max([context.now, *(one.time for one in before.decisions if one.digest in before.heads)])
    role = next((role for role in present.step.roles if person.has(role, time)), None)
    if role is None:
        raise Refused(f"{person.name} does not decide {step} at {time_text(time)}: that is for the role "
                      f"{' or '.join(present.step.roles)}.")  # fmt: skip
    decision = Decision(
        estate=submission.estate, project=submission.project, number=submission.number, step=step, verb=verb,
        view=present.view, person=person.id, role=role, time=time, reason=reason, follows=before.heads,
    )  # fmt: skip
    signed = unsigned(decision, submission.digest).with_signature(signer)
    content, name = signed.to_bytes(), file_name(signed.digest)
    try:
        progress = verify({**files, name: content}, context, submission)
    except InputError as error:
        raise Refused(f"{person.name} cannot decide this: {error.problem} {error.found or ''}".rstrip()) from None
    if why := progress.void.get(signed.digest):
        raise Refused(f"The decision of {person.name} would not count: {why}.")
    return NewDecision(name, content, decision, progress)
