"""The versions that permits hold under, and what a ledger has of permits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from approvals.actions import SignedAction, read_action
from approvals.assessment import Template
from approvals.permit import Permit, other_versions
from approvals.rights import Context, History, SignedByOne, key_id
from approvals.route import Action
from approvals.versions import CATALOGUE, Versions, template_subject
from formats.errors import InputError
from operations.ledger.entry import PERMIT

if TYPE_CHECKING:
    from operations.cli.estate_requests import EstateRequests
    from operations.ledger.ledger import Ledger


@dataclass
class RecordedPermits:
    """What a ledger has of permits, from all changes that they permitted."""

    first_seen: dict[str, dict[str, datetime]] = field(default_factory=dict)
    """The time of the first entry with each signed document on a stack, by stack and the document's digest."""
    links: dict[str, datetime] = field(default_factory=dict)
    """The time of the first entry with each answer to `take-version`, by the answer's digest."""
    applied: dict[str, str] = field(default_factory=dict)
    """The last version of the catalogue and of each template that a change began with, by the subject of its links."""

    @classmethod
    def of(cls, ledger: Ledger) -> RecordedPermits:
        """Read a ledger."""
        found = cls()
        for entry in ledger.intents_with(PERMIT):  # the last one first
            permit, time = ledger.kept(entry.objects[PERMIT]), datetime.fromisoformat(entry.time)
            for name in entry.stacks:
                found.first_seen.setdefault(name, {}).update(dict.fromkeys(permit.get("documents", ()), time))
            found.links.update(dict.fromkeys(permit.get("links", ()), time))
            found.applied = {**permit.get("versions", {}), **found.applied}
        return found


@dataclass(frozen=True)
class TakenVersions:
    """The versions that the permits of an estate hold under, as one ledger knows them."""

    requests: EstateRequests
    recorded: RecordedPermits
    now: datetime

    def outside(self, permit: Permit, template: Template, catalogue: str) -> tuple[str, ...]:
        """Return which of the present versions a permit does not hold under, in a sentence each."""
        return (*other_versions(permit, template, catalogue, self.held), *self.older(template, catalogue))

    def older(self, template: Template, catalogue: str) -> tuple[str, ...]:
        """Return which of the present versions are older than one that a change began with already."""
        applied = self.recorded.applied
        return tuple(f"the {subject} {one} is older than {applied[subject]}, with which a change began already"
                     for subject, one in present_versions(template, catalogue).items()
                     if subject in applied and self.held.is_older(subject, one, applied[subject]))  # fmt: skip

    @cached_property
    def held(self) -> Versions:
        """The versions that enough people signed. `InputError` if an answer is missing that the ledger has."""
        if missing := sorted(self.recorded.links.keys() - self.answers.keys()):
            raise InputError("A signed answer to take a version is missing, which the ledger has.", found=missing[0],
                             fix="restore approvals/actions/ from version control")  # fmt: skip
        found = self.requests.context()
        history = History(before_revocation=before_revocation(self.answers.values(), found, self.recorded.links))
        return self.requests.files.taken(Context(found.approvers, found.route, self.now, history))

    @cached_property
    def answers(self) -> Mapping[str, SignedAction]:
        """All answers to take a version, by digest."""
        files = {name: content for one in self.requests.files.actions().values() for name, content in one.items()}
        found = (read_action(content, file=name) for name, content in files.items())
        return {one.digest: one for one in found if one.decision.request.action is Action.TAKE_VERSION}


def present_versions(template: Template, catalogue: str) -> dict[str, str]:
    """Return the versions that a plan is made and judged with, by the subject of their links."""
    return {CATALOGUE: catalogue, template_subject(template.name): template.digest}


def before_revocation(
    documents: Iterable[SignedByOne[Any]], context: Context, seen: Mapping[str, datetime]
) -> frozenset[str]:
    """Return the documents that a ledger had before their key was revoked. `seen`: the time of its first entry."""
    keys = context.approvers.keys_by_id
    return frozenset(
        one.digest
        for one in documents
        if (key := keys.get(key_id(one))) and key.revoked and one.digest in seen and seen[one.digest] < key.revoked
    )
