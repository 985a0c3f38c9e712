"""Verify the decisions on a request, and say how far it is on its route.

What no honest person brings about, such as a signature that does not fit or a decision that was taken away, refuses
the whole bundle with an `InputError`. What a later change of keys, roles, route or request may do to an honest decision
makes that decision void: it counts for nothing, and the others stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from approvals.canonical import time_text
from approvals.decision import SignedDecision, Verb, read_bundle
from approvals.rights import REVOKED, Context, check_signature, refusal, without_right
from approvals.route import Route, Step
from approvals.submission import Submission
from formats.errors import InputError

NAMED = "the request names this person"


class State(StrEnum):
    """How far a step is."""

    WAITING = "waiting"
    """For steps before it."""
    OPEN = "open"
    RETURNED = "returned"
    """For an amendment."""
    APPROVED = "approved"


@dataclass(frozen=True)
class StepProgress:
    """One step of a request."""

    step: Step
    state: State
    view: str
    """The digest of what it sees at present."""
    approvals: tuple[SignedDecision, ...] = ()
    """Those of the present view that count, at most one of each person."""
    outdated: tuple[SignedDecision, ...] = ()
    """Approvals of what was shown before an amendment."""
    returns: tuple[SignedDecision, ...] = ()

    @property
    def missing(self) -> int:
        """How many people have still to approve."""
        return max(0, self.step.agree - len(self.approvals))


@dataclass(frozen=True)
class Progress:
    """How far a request is on its route."""

    steps: tuple[StepProgress, ...]
    heads: tuple[str, ...]
    """The decisions that the next one follows."""
    ended: SignedDecision | None = None
    """The rejection or the withdrawal that ended it."""
    decisions: tuple[SignedDecision, ...] = ()
    """All on this request, each after those that it follows."""
    void: Mapping[str, str] = field(default_factory=dict)
    """Why a decision does not count, by its digest."""

    @property
    def is_complete(self) -> bool:
        """True if every step is approved, and nothing has ended the request."""
        return self.ended is None and all(one.state is State.APPROVED for one in self.steps)

    def of(self, step: str) -> StepProgress:
        """Return one step's progress."""
        return next(one for one in self.steps if one.step.name == step)

    def why_incomplete(self) -> tuple[str, ...]:
        """Return what is missing, in a sentence for each step."""
        if self.ended:
            one = self.ended.decision
            return (f"{one.step}: {one.verb} by {one.person} at {time_text(one.time)}: {one.reason}",)
        return tuple(
            f"{one.step.name}: {one.state}, {len(one.approvals)} of {one.step.agree} people have approved what it sees"
            for one in self.steps if one.state is not State.APPROVED
        )  # fmt: skip


@dataclass
class _Graph:
    """The decisions on one request, with all that each follows."""

    decisions: dict[str, SignedDecision] = field(default_factory=dict)
    before: dict[str, frozenset[str]] = field(default_factory=dict)

    def add(self, one: SignedDecision) -> None:
        """Add a decision after all that it follows. `InputError` if it is earlier than one of these."""
        followed = one.decision.follows
        self.before[one.digest] = frozenset(followed).union(*(self.before[digest] for digest in followed))
        self.decisions[one.digest] = one
        if late := next((self.decisions[d] for d in followed if self.decisions[d].time > one.time), None):
            raise refusal(one, "The decision is earlier than one that it follows.", key="time",
                          found=time_text(one.time), allowed=f"from {time_text(late.time)}")  # fmt: skip

    @property
    def heads(self) -> tuple[str, ...]:
        followed = {digest for one in self.decisions.values() for digest in one.decision.follows}
        return tuple(sorted(set(self.decisions) - followed))


def verify(files: Mapping[str, bytes], context: Context, submission: Submission) -> Progress:
    """Return how far a request is. `InputError` for the first decision that cannot be.

    `files`: every file of the project's decisions, by its path.
    """
    bundle = read_bundle(files)
    if missing := context.history.recorded - {one.digest for one in bundle}:
        raise InputError("A recorded decision is missing.", found=sorted(missing)[0],
                         fix="restore approvals/requests/ from version control")  # fmt: skip
    for one in bundle:
        _check_place(one, submission)
        check_signature(one, context)
    graph = _graph(bundle)
    present = [one for one in graph.decisions.values() if one.decision.number == submission.number]
    _check_people(present, graph)
    void: dict[str, str] = {}
    for one in present:  # each after those that it follows
        if reason := _void(one, graph, void, context, submission):
            void[one.digest] = reason
    return _progress(present, graph, void, context, submission)


def _check_place(one: SignedDecision, submission: Submission) -> None:
    for key, allowed in (("estate", submission.estate), ("project", submission.project)):
        if (found := getattr(one.decision, key)) != allowed:
            raise refusal(one, "The decision is on another request.", key=key, found=found, allowed=allowed)


def _graph(bundle: Sequence[SignedDecision]) -> _Graph:
    """Return the decisions in an order in which each comes after all that it follows."""
    waiting, graph = {one.digest: one for one in bundle}, _Graph()
    while waiting:
        ready = [one for one in waiting.values() if all(digest in graph.decisions for digest in one.decision.follows)]
        if not ready:
            one = next(iter(waiting.values()))
            raise refusal(one, "The decision follows one that is missing.", key="follows",
                          found=next(digest for digest in one.decision.follows if digest not in graph.decisions),
                          fix="restore approvals/requests/ from version control")  # fmt: skip
        for one in ready:
            graph.add(waiting.pop(one.digest))
    return graph


def _check_people(present: Sequence[SignedDecision], graph: _Graph) -> None:
    """Refuse one person on two steps, and two decisions of one person of which neither follows the other."""
    by_person: dict[UUID, list[SignedDecision]] = {}
    for one in present:
        before = by_person.setdefault(one.decision.person, [])
        for other in before:
            if other.decision.step != one.decision.step:
                raise refusal(one, "One person decides two steps of a request.", key="person",
                              found=f"{one.decision.person}, who decided {other.decision.step}",
                              allowed="another person")  # fmt: skip
            if other.digest not in graph.before[one.digest]:
                raise refusal(one, "Two decisions of one person do not follow each other.", key="follows",
                              found=f"not {other.digest}")  # fmt: skip
        before.append(one)


def _void(
    one: SignedDecision, graph: _Graph, void: Mapping[str, str], context: Context, submission: Submission
) -> str | None:
    """Return why a decision does not count; None if it does."""
    step = context.route.by_name.get(one.decision.step)
    if step is None:
        return "the route has no such step"
    if one.decision.person in submission.named:
        return NAMED
    earlier = [graph.decisions[digest] for digest in graph.before[one.digest]]
    same = [other for other in earlier if other.decision.number == one.decision.number]
    return _out_of_turn(step, same, void, context.route) or without_right(one, step.roles, context)


def _out_of_turn(step: Step, earlier: Sequence[SignedDecision], void: Mapping[str, str], route: Route) -> str | None:
    """Return why it was not a step's turn after some decisions; None if it was."""
    if any(other.digest not in void and other.decision.verb.ends for other in earlier):
        return "the request had ended before"
    counted = [one for one in earlier if void.get(one.digest) in (None, NAMED, REVOKED)]  # it counted at that time
    missing = [name for name in step.after if not _was_approved(route.by_name[name], counted)]
    return f"the step {missing[0]} was not approved before" if missing else None


def _was_approved(step: Step, decisions: Sequence[SignedDecision]) -> bool:
    """Return True if enough people have approved one view of a step, whatever the present view is."""
    people: dict[str, set[UUID]] = {}
    for one in decisions:
        if one.decision.step == step.name and one.decision.verb is Verb.APPROVE:
            people.setdefault(one.decision.view, set()).add(one.decision.person)
    return any(len(found) >= step.agree for found in people.values())


def _progress(present: Sequence[SignedDecision], graph: _Graph, void: Mapping[str, str], context: Context,
              submission: Submission) -> Progress:  # fmt: skip
    found: dict[str, StepProgress] = {}
    for step in context.route.steps:
        view = submission.view_digest(step)
        latest = {one.decision.person: one for one in present if one.decision.step == step.name}
        valid = [one for one in latest.values() if one.digest not in void]
        approved = [one for one in valid if one.decision.verb is Verb.APPROVE]
        counted = tuple(one for one in approved if one.decision.view == view)
        outdated = tuple(one for one in approved if one.decision.view != view)
        returns = tuple(one for one in valid if one.decision.verb is Verb.RETURN and one.decision.view == view)
        waits = any(found[name].state is not State.APPROVED for name in step.after)
        if returns:
            state = State.RETURNED
        elif len(counted) >= step.agree:
            state = State.APPROVED
        else:
            state = State.WAITING if waits else State.OPEN
        found[step.name] = StepProgress(step, state, view, counted, outdated, returns)
    # Whoever stole a key may have ended the request with it; but so may its holder, and a new request costs less.
    ends = [one for one in present if one.decision.verb.ends and void.get(one.digest, REVOKED) == REVOKED]
    return Progress(tuple(found.values()), graph.heads, ends[0] if ends else None, tuple(present), void)
