"""Who may approve: people, their roles and their public keys, in versions that change only by a signed change.

The versions are a chain as the root metadata of The Update Framework (https://theupdateframework.github.io/specification/
latest/, 5.3): each is signed by enough keepers of the keys of the version before, and of its own. The digest of the
first is the anchor, which comes from outside the estate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from approvals.canonical import Digest, UtcTime, time_text
from approvals.envelope import Signed, read_statement, statement
from approvals.public_keys import PublicKey
from formats.errors import InputError
from formats.input_model import Guid, Model, Slug
from formats.people import PersonName, refuse_same_people
from formats.validation import InvalidValue, refuse_duplicates

PREDICATE_TYPE = "urn:nhs-sde:approvers:v1"
KEEPERS = "key-keepers"
"""The role whose people sign changes of the approvers."""
MIN_KEEPERS = 2
MAX_PEOPLE, MAX_KEYS = 200, 400
LONGEST = timedelta(days=3 * 366)
"""The longest validity of a key and of a role, which are then renewed by a new entry."""


class _Validity(Model):
    valid_from: UtcTime
    valid_until: UtcTime
    """The first moment at which it is not valid any more."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.valid_from < self.valid_until <= self.valid_from + LONGEST:
            raise InvalidValue(f"a time after {time_text(self.valid_from)}, by at most {LONGEST.days:,} days",
                               at=("valid_until",), found=time_text(self.valid_until))  # fmt: skip
        return self

    def is_valid(self, time: datetime) -> bool:
        """Return True at a time of the validity."""
        return self.valid_from <= time < self.valid_until


class RoleGrant(_Validity):
    """A role that a person has for a time."""

    role: Slug


class Approver(Model):
    """A person who decides."""

    id: Guid
    """The object id of the user in Entra."""
    name: PersonName
    roles: Annotated[tuple[RoleGrant, ...], Field(min_length=1, max_length=20)]

    def has(self, role: str, time: datetime) -> bool:
        """Return True if the person has the role at a time."""
        return any(one.role == role and one.is_valid(time) for one in self.roles)


class ApproverKey(_Validity):
    """A public key of a person."""

    person: Guid
    key: PublicKey
    revoked: UtcTime | None = None
    """From when the key may have been used by others. Decisions by it count only if the ledger had them before."""


class Approvers(Model):
    """One version of the people, roles and keys."""

    estate: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,7}$")]
    version: int = Field(ge=1, le=1_000)
    previous: Digest | None = None
    """The digest of the version before; None in the first."""
    issued: UtcTime
    keepers: int = Field(ge=MIN_KEEPERS, le=20)
    """How many keepers of keys sign a change."""
    route: Digest
    """The digest of the route, which therefore changes only by a signed change."""
    people: Annotated[tuple[Approver, ...], Field(max_length=MAX_PEOPLE)]
    keys: Annotated[tuple[ApproverKey, ...], Field(max_length=MAX_KEYS)]

    @model_validator(mode="after")
    def _one_entry_each(self) -> Self:
        refuse_same_people([(one.id, one.name) for one in self.people], "among the approvers")
        refuse_duplicates(
            ((("keys", i, "key"), one.key.id) for i, one in enumerate(self.keys)), "A key is named twice."
        )
        known = {one.id for one in self.people}
        for i, one in enumerate(self.keys):
            if one.person not in known:
                raise InvalidValue("the id of one of `people`", at=("keys", i, "person"), found=str(one.person))
        if (self.version == 1) != (self.previous is None):
            raise InvalidValue("the digest of the version before, from the second version on", at=("previous",))
        return self

    @model_validator(mode="after")
    def _enough_keepers(self) -> Self:
        able = {one.person for one in self.keys if self.key_of_role(one.key.id, KEEPERS, self.issued)}
        if len(able) < self.keepers:
            raise InvalidValue(f"{self.keepers} people with the role {KEEPERS} and a valid key", at=("keepers",),
                               found=f"{len(able)} of them", problem="Nobody could change the approvers.")  # fmt: skip
        return self

    @cached_property
    def people_by_id(self) -> Mapping[UUID, Approver]:
        """The people by object id."""
        return {one.id: one for one in self.people}

    @cached_property
    def keys_by_id(self) -> Mapping[str, ApproverKey]:
        """The keys by id."""
        return {one.key.id: one for one in self.keys}

    def key_of_role(self, key: str, role: str, time: datetime) -> ApproverKey | None:
        """Return a key that is valid and not revoked, of a person with the role at a time."""
        found = self.keys_by_id.get(key)
        if found is None or found.revoked or not found.is_valid(time):
            return None
        return found if self.people_by_id[found.person].has(role, time) else None

    def signers(self, signed: Signed, time: datetime) -> frozenset[UUID]:
        """Return the keepers of keys who have signed a document at a time."""
        keys = (self.key_of_role(key, KEEPERS, time) for key in signed.signatures)
        return frozenset(one.person for one in keys if one and signed.signed_by(one.key))


@dataclass(frozen=True)
class Anchor:
    """The trust anchor of the approvers, which comes from outside the estate."""

    first: str
    """The digest of the first version."""
    least: int = 1
    """The least number of versions: those that a ledger has, so that none is taken away."""


_NONE_BEFORE = "sha256:" + "0" * 64


def unsigned(approvers: Approvers) -> Signed:
    """Return the document of a version, to be signed. Its subject is the version before."""
    return statement(_subject(approvers), approvers.previous or _NONE_BEFORE, PREDICATE_TYPE, approvers)


def _subject(approvers: Approvers) -> str:
    return f"{approvers.estate}/approvers/{approvers.version}"


def read_version(content: bytes, *, file: str) -> tuple[Signed, Approvers]:
    """Read the document of a version, without its signatures. `InputError` for any other document."""
    signed = Signed.read(content, file=file)
    subject, found = read_statement(signed, PREDICATE_TYPE, Approvers, file=file)
    if (subject.name, subject.content) != (_subject(found), found.previous or _NONE_BEFORE):
        raise InputError("The statement is about something else.", file=file, key="subject", found=subject.name,
                         allowed=_subject(found))  # fmt: skip
    return signed, found


def verify_approvers(versions: Sequence[tuple[str, bytes]], anchor: Anchor, *, estate: str, now: datetime) -> Approvers:
    """Return the newest version of a chain. `InputError` if it does not lead from the anchor to there.

    `versions`: the name of each file for messages, and its content, the first version first.
    """
    if len(versions) < max(anchor.least, 1):
        raise InputError("Versions of the approvers are missing.", found=len(versions),
                         allowed=f"at least {max(anchor.least, 1)}, as recorded",
                         fix="restore approvals/approvers/ from version control")  # fmt: skip
    before: tuple[Signed, Approvers] | None = None
    for number, (file, content) in enumerate(versions, start=1):
        signed, found = read_version(content, file=file)
        expected = {"estate": estate, "version": number, "previous": before[0].digest if before else None}
        for key, allowed in expected.items():
            if getattr(found, key) != allowed:
                raise InputError("The version does not continue the chain.", file=file, key=key,
                                 found=getattr(found, key), allowed=str(allowed))  # fmt: skip
        if before is None and signed.digest != anchor.first:
            raise InputError("The first version is not the anchor.", file=file, found=signed.digest,
                             allowed=anchor.first, fix="take the anchor from your own records")  # fmt: skip
        if before is not None:
            _check_succession(before[1], found, file)
        if found.issued > now:
            raise InputError("The version is from the future.", file=file, key="issued", found=time_text(found.issued),
                             allowed=f"up to {time_text(now)}")  # fmt: skip
        for judge in (found, *((before[1],) if before else ())):
            _check_signatures(judge, signed, found.issued, file)
        before = signed, found
    assert before  # noqa: S101 - there is at least one version
    return before[1]


def _check_signatures(judge: Approvers, signed: Signed, issued: datetime, file: str) -> None:
    found = judge.signers(signed, issued)
    if len(found) < judge.keepers:
        raise InputError(f"Too few {KEEPERS} of version {judge.version} have signed.", file=file, key="signatures",
                         found=len(found), allowed=f"{judge.keepers} people, each with a valid key",
                         fix="sde request approvers sign")  # fmt: skip


def _check_succession(before: Approvers, after: Approvers, file: str) -> None:
    """Refuse a change of the past: entries stay, validity is only cut short, and what is new begins now."""
    if after.issued <= before.issued:
        raise InputError("The version is not later than the one before.", file=file, key="issued",
                         found=time_text(after.issued), allowed=f"after {time_text(before.issued)}")  # fmt: skip
    for at, old, new in (*_keys(before, after), *_grants(before, after)):
        if new is None:
            problem, found, allowed = "An entry was removed.", "nothing", "the entry, with an earlier valid_until"
        elif old is None and new.valid_from < after.issued:
            problem, found = "A new entry is valid before it was signed.", time_text(new.valid_from)
            allowed = f"from {time_text(after.issued)}"
        elif old is not None and new.valid_until > old.valid_until:
            problem, found = "The validity of an entry was extended.", time_text(new.valid_until)
            allowed = f"up to {time_text(old.valid_until)}, and a new entry after it"
        else:
            continue
        raise InputError(problem, file=file, key=at, found=found, allowed=allowed)


def _keys(before: Approvers, after: Approvers) -> Iterable[tuple[str, _Validity | None, _Validity | None]]:
    for id_ in {**before.keys_by_id, **after.keys_by_id}:
        old, new = before.keys_by_id.get(id_), after.keys_by_id.get(id_)
        same = old and new and (old.person, old.key, old.valid_from) == (new.person, new.key, new.valid_from)
        kept = same and (old.revoked is None or (new.revoked is not None and new.revoked <= old.revoked))  # type: ignore[union-attr]
        yield f"keys: {id_}", old, new if old is None or kept else None


def _grants(before: Approvers, after: Approvers) -> Iterable[tuple[str, _Validity | None, _Validity | None]]:
    def grants(approvers: Approvers) -> dict[Any, RoleGrant]:
        return {(one.id, grant.role, grant.valid_from): grant for one in approvers.people for grant in one.roles}

    old, new = grants(before), grants(after)
    for key in {**old, **new}:
        yield f"people: {key[0]}, {key[1]}", old.get(key), new.get(key)
