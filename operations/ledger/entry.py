"""An entry of the ledger: canonical JSON of at most 64 KiB. It has digests and words, no secrets and no plans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError

from formats.input_model import Model
from formats.plan import canonical

MAX_ENTRY = 0xFFFF
"""Bytes of the longest entry, whose length has two bytes in a bundle."""
MAX_REASON = 4000
"""Characters of a reason that are kept."""
PERMIT = "permit"
"""The name of the object that has the permits of a change, or of a use of break-glass."""
UNPERMITTED = "WITHOUT A PERMIT: "
"""The beginning of the reason of a use of break-glass that needed a permit and had none."""
_TIME = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Word = Annotated[str, StringConstraints(max_length=500)]


class Kind(StrEnum):
    """What an entry records."""

    ASKED = "asked"
    """A plan was shown, and a person was asked whether to apply it."""
    INTENT = "intent"
    """A run is about to change a stack. Its number is the number of the change."""
    RESULT = "result"
    """What became of an intent."""
    REFUSAL = "refusal"
    """A change was asked for and not begun: a policy, a precondition or a person said no."""
    FAILED = "failed"
    """A change was asked for and could not be begun, such as for an error of the program."""
    EXEMPTIONS = "exemptions-in-use"
    """A change passes the policies with exemptions."""
    OPEN_FINDING = "open-finding"
    """A run has ended, and something that it should have deleted still exists."""
    DRIFT = "refresh-drift"
    """The cloud differed from the state."""
    BREAK_GLASS = "break-glass"
    """A person says that emergency access was used."""


class Result(StrEnum):
    """What became of an intent."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The run ended with an error, and the state is as before."""
    PARTIAL = "partial"
    """The run ended with an error, and the state has changed."""
    UNKNOWN = "unknown"
    """The run ended without recording its result: a later run found it so."""


class Who(Model):
    """Who ran the command."""

    kind: Literal["entra-object-id", "operating-system-user"]
    id: Word
    host: Word | None = None
    """The machine, for a user of the operating system."""
    tenant: Word | None = None
    application: Word | None = None
    """The application (client) id that the token is for, if a workload signed in."""


class Pipeline(Model):
    """The run of a pipeline, as its environment variables say."""

    system: Literal["github-actions", "azure-devops", "gitlab"]
    run: Word
    url: Word | None = None
    actor: Word | None = None
    """The account that started the run, as the pipeline names it."""


class Revision(Model):
    """The commit of the files, and whether they were as in it."""

    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40,64}$")] | None = None
    clean: bool = False


class Digests(Model):
    """The digests of what a decision rests on."""

    configuration: Digest | None = None
    plan: Digest | None = None
    """The digest of the Plan, the same for both engines."""
    catalogue: Digest | None = None
    template: Digest | None = None
    """The version of the service template that a whole tenancy is made from."""
    verdict: Digest | None = None
    """The digest of the report of the policies."""


class Entry(Model):
    """One entry."""

    format: Literal[1] = 1
    kind: Kind
    time: Annotated[str, StringConstraints(pattern=_TIME)]
    """UTC, by the clock of the machine that ran the command."""
    run: Word
    """The same for all entries of one command."""
    command: Word
    version: Word
    engine: Word | None = None
    cloud: Word | None = None
    stacks: tuple[Word, ...] = ()
    who: Who
    pipeline: Pipeline | None = None
    revision: Revision = Revision()
    digests: Digests = Digests()
    objects: Mapping[Word, Digest] = Field(default_factory=dict)
    """What is kept beside the entry, by the digest of the stored object: `plan`, `configuration`, `verdict`, `diff`,
    `access`, `permit`, `project`."""
    of: Annotated[int, Field(ge=0)] | None = None
    """For a result: the number of its intent."""
    result: Result | None = None
    counts: Mapping[Word, int] = Field(default_factory=dict)
    """Resources by operation."""
    reason: Annotated[str, StringConstraints(max_length=MAX_REASON)] | None = None
    state_before: Digest | None = None
    """On an intent: the digest of the stack's state. None without resources."""
    state: Digest | None = None
    """On a result: the digest of the stack's state then. None without resources."""
    details: tuple[Word, ...] = ()
    """Exemptions in use, or resources that still exist."""

    def to_bytes(self) -> bytes:
        """Return the entry as it is logged."""
        content = self.model_dump(mode="json", exclude_defaults=True) | {"format": self.format}
        return canonical(content).encode()


def read_entry(content: bytes) -> Entry:
    """Return an entry. `ValueError` if it is not one, or not in canonical form."""
    if len(content) > MAX_ENTRY:
        raise ValueError("is too long")
    try:
        found: Any = json.loads(content)
        entry = Entry.model_validate(found)
    except (ValidationError, ValueError, RecursionError):
        raise ValueError("is not an entry of this format") from None
    if canonical(found).encode() != content:
        raise ValueError("is not canonical JSON")
    return entry


def shortened(text: str) -> str:
    """Return a reason, at most as long as an entry takes."""
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 4] + " ..."
