"""The right of a person to sign something: their key and their role at that time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from approvals.approvers import Approvers
from approvals.canonical import time_text
from approvals.envelope import Signed
from approvals.route import Route
from formats.errors import InputError

REVOKED = "the key was revoked"
MAX_SKEW = timedelta(minutes=2)
"""How far the clock of a person's machine may be ahead."""


@dataclass(frozen=True)
class History:
    """What a ledger has recorded of signed documents. Without a ledger, nothing."""

    recorded: frozenset[str] = frozenset()
    """The digests of the documents on one project that it has: none of them may be missing."""
    before_revocation: frozenset[str] = frozenset()
    """The digests of all documents that it had before their key was revoked."""
    used: frozenset[str] = frozenset()
    """The digests of the permits of actions that were used."""
    last: datetime | None = None
    """The time of its last entry: what it does not have yet is not earlier."""


@dataclass(frozen=True)
class Context:
    """What signed documents are verified with."""

    approvers: Approvers
    route: Route
    now: datetime
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        if self.approvers.route != self.route.digest:
            raise InputError("The route is not the one that the approvers signed.", file="route.yaml",
                             found=self.route.digest, allowed=self.approvers.route,
                             fix="restore the route, or sde request approvers change")  # fmt: skip


class Statement(Protocol):
    """The content of a document that one person signs."""

    @property
    def person(self) -> UUID:
        """Who says to have signed it."""

    @property
    def role(self) -> str:
        """In which role."""

    @property
    def time(self) -> datetime:
        """When, as that person says."""


S_co = TypeVar("S_co", bound=Statement, covariant=True)


@dataclass(frozen=True)
class SignedByOne(Generic[S_co]):
    """A document that one person has signed, as it is in a file."""

    decision: S_co
    signed: Signed
    """The envelope, with one signature."""
    file: str
    """Its file, for messages."""

    @property
    def digest(self) -> str:
        """The digest of the statement."""
        return self.signed.digest

    @property
    def person(self) -> UUID:
        """Who says to have signed it."""
        return self.decision.person

    @property
    def role(self) -> str:
        """In which role."""
        return self.decision.role

    @property
    def time(self) -> datetime:
        """When, as that person says."""
        return self.decision.time


def key_id(one: SignedByOne[Statement]) -> str:
    """Return the id of the key of the signature."""
    return next(iter(one.signed.signatures))


def check_signature(one: SignedByOne[Statement], context: Context) -> None:
    """Raise `InputError` if the person has not signed the document, or not at the time that it says."""
    history, key = context.history, key_id(one)
    entry = context.approvers.keys_by_id.get(key)
    if entry is None or entry.person != one.person:
        raise refusal(one, "The key is not one of this person's.", key="keyid", found=key,
                      allowed="a key of the approvers, of the person in the document")  # fmt: skip
    if not one.signed.signed_by(entry.key):
        raise refusal(one, "The signature does not fit the document.", key="signatures", found=key)
    if one.time > context.now + MAX_SKEW:
        raise refusal(one, "The document is from the future.", key="time", found=time_text(one.time),
                      allowed=f"up to {time_text(context.now)}")  # fmt: skip
    if history.last and one.signed.digest not in history.recorded and one.time < history.last:
        raise refusal(one, "The document is earlier than what is recorded already.", key="time",
                      found=time_text(one.time),
                      allowed=f"from {time_text(history.last)}, the ledger's last entry")  # fmt: skip


def without_right(one: SignedByOne[Statement], roles: Collection[str], context: Context) -> str | None:
    """Return why a person could not sign at that time in one of some roles; None if they could."""
    entry = context.approvers.keys_by_id[key_id(one)]
    if one.role not in roles:
        return f"the role {one.role} does not decide this"
    if not context.approvers.people_by_id[one.person].has(one.role, one.time):
        return f"the person did not have the role {one.role} at that time"
    if not entry.is_valid(one.time):
        return "the key was not valid at that time"
    if entry.revoked and not (one.signed.digest in context.history.before_revocation and one.time < entry.revoked):
        return REVOKED
    return None


def refusal(one: SignedByOne[Statement], problem: str, **facts: object) -> InputError:
    """Return the error of a document that cannot be."""
    return InputError(problem, file=one.file, **facts)  # type: ignore[arg-type]
