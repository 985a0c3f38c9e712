"""The messages of the queue: tasks and answers. Neither is trusted: every client of the server can write them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from formats.errors import Exit, InputError
from formats.input_model import SLUG, Model
from formats.plan import canonical, digest_of
from formats.stack_names import SHARED, TENANCY
from formats.validation import validated
from formats.yaml_reader import read_mapping

MAX_REASON = 300
_READ = (".yaml", ".json")
"""The kinds of files that an estate is made of."""


class ProvisionTask(Model):
    """A tenancy to bring up. It carries no right: the worker asks its own estate for the permit."""

    format: Literal[1] = 1
    stack: Annotated[str, StringConstraints(pattern=f"^{TENANCY}{SLUG}$", max_length=40)]
    shared: Annotated[str, StringConstraints(pattern=f"^{SHARED}{SLUG}$", max_length=45)] | None = None
    """The shared tenancy that it joins, in whose network one project is changed at a time."""
    estate: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    """The digest of the estate's files, which the worker's must have."""


class Answer(Model):
    """The outcome of a task: an exit code of `sde`, and why it is not 0."""

    code: Annotated[int, Field(ge=0, le=255)]
    reason: Annotated[str, StringConstraints(max_length=MAX_REASON)] = ""

    @property
    def is_final(self) -> bool:
        """True if another attempt would only repeat it."""
        return self.code in (Exit.DONE, Exit.WRONG_USE, Exit.REFUSED)


def read_task(positional: Sequence[Any], named: Mapping[str, Any]) -> ProvisionTask:
    """Return the task of a message. `InputError` if it is none."""
    if positional:
        raise InputError("The task has values without a name.", file="a message of the queue")
    return validated(ProvisionTask, dict(named), file="a message of the queue")


def read_answer(value: Any) -> Answer:
    """Return the answer to a task. `InputError` if it is none."""
    found = validated(Answer, value, file="an answer in the queue")
    return Answer(code=found.code, reason=one_line(found.reason))


def one_line(text: str) -> str:
    """Return the first line of a text, printable and shortened."""
    line = next(iter(text.splitlines()), "")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)[:MAX_REASON]


def estate_digest(folder: Path) -> str:
    """Return the digest of the files that an estate is made of, with their names."""
    found = {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.suffix in _READ and not file.name.startswith(".") and file.is_file()
    }
    return digest_of(found)


def queue_name(folder: Path) -> str:
    """Return the name of an estate's queue, with which one server serves several estates."""
    content = read_mapping(folder / "estate.yaml")
    named = canonical({key: str(content.get(key)) for key in ("code", "cloud")})
    return f"sde-{hashlib.sha256(named.encode()).hexdigest()[:16]}"
