"""A decision: one statement of one person on one step of one request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from approvals.canonical import MAX_BYTES, Ascii, Digest, UtcTime
from approvals.envelope import Signed, read_statement, statement
from approvals.rights import SignedByOne
from formats.errors import InputError
from formats.input_model import Guid, Model, Slug, one_line
from formats.validation import InvalidValue

PREDICATE_TYPE = "urn:nhs-sde:decision:v1"
MAX_FILES = 500
MAX_FOLLOWED = 50
SUFFIX = ".json"
Reason = Annotated[str, StringConstraints(min_length=3, max_length=500), AfterValidator(one_line)]


class Verb(StrEnum):
    """The kind of a decision."""

    APPROVE = "approve"
    REJECT = "reject"
    RETURN = "return"
    WITHDRAW = "withdraw"

    @property
    def ends(self) -> bool:
        """True if nothing is decided after it."""
        return self in (Verb.REJECT, Verb.WITHDRAW)


class Decision(Model):
    """The predicate of a decision's statement. The statement's subject is the request at that time."""

    estate: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,7}$")]
    project: Slug
    number: Ascii
    """The number of the request."""
    step: Slug
    verb: Verb
    view: Digest
    """The digest of the view that was shown."""
    person: Guid
    role: Slug
    time: UtcTime
    reason: Reason
    follows: Annotated[tuple[Digest, ...], Field(max_length=MAX_FOLLOWED)] = ()
    """The latest decisions on the project before this one, sorted."""

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        if list(self.follows) != sorted(set(self.follows)):
            raise InvalidValue("digests in order, each once", at=("follows",))
        return self


@dataclass(frozen=True)
class SignedDecision(SignedByOne[Decision]):
    """A decision as it is in a file."""

    request: str
    """The digest of the request that it was made on."""


def _subject(decision: Decision) -> str:
    return f"{decision.estate}/{decision.project}/{decision.number}/{decision.step}"


def unsigned(decision: Decision, request: str) -> Signed:
    """Return the document of a decision on a request with this digest, to be signed."""
    return statement(_subject(decision), request, PREDICATE_TYPE, decision)


def read_decision(content: bytes, *, file: str) -> SignedDecision:
    """Read the envelope of a decision, without its signature. `InputError` for any other document."""
    signed = Signed.read(content, file=file)
    if len(signed.signatures) != 1:
        raise InputError("A decision has one signature.", file=file, found=len(signed.signatures), allowed="1")
    subject, decision = read_statement(signed, PREDICATE_TYPE, Decision, file=file)
    if subject.name != _subject(decision):
        raise InputError("The statement is about something else.", file=file, key="subject", found=subject.name,
                         allowed=_subject(decision))  # fmt: skip
    return SignedDecision(decision, signed, file, subject.content)


def file_name(digest: str) -> str:
    """Return the name of the file of a signed document."""
    return digest.removeprefix("sha256:") + SUFFIX


def read_bundle(files: Mapping[str, bytes]) -> tuple[SignedDecision, ...]:
    """Read decisions by the name of their file. `InputError` for a file that is not named after its statement."""
    found = []
    for name in sorted(files):
        one = read_decision(files[name], file=name)
        if Path(name).name != file_name(one.digest):
            raise InputError("The file is not named after its content.", file=name, found=Path(name).name,
                             allowed=file_name(one.digest))  # fmt: skip
        found.append(one)
    return tuple(found)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by path, none without it. `InputError` for links, other files, and too much."""
    found: dict[str, bytes] = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        path = str(file)
        if file.name.startswith(".") or file.name == "README.md":
            continue
        if file.is_symlink() or not file.is_file() or file.suffix != SUFFIX:
            raise InputError("This is not a signed document.", file=path, allowed=f"files called <digest>{SUFFIX}")
        if len(found) == MAX_FILES:
            raise InputError("The folder has too many files.", file=str(folder), allowed=f"at most {MAX_FILES}")
        with file.open("rb") as stream:
            found[path] = stream.read(MAX_BYTES + 1)
    return found
