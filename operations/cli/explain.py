"""`sde explain`: the meaning of an error code of Azure, and its fix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field
from rich.text import Text

from formats.errors import InputError
from formats.input_model import Line, Model
from formats.validation import validated
from formats.yaml_reader import parse_mapping
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import Session

FILE = Path(__file__).with_name("error_codes.yaml")
_CODE = re.compile(r"\bCode=\"?(?P<code>[A-Za-z0-9]+)\"?")
_LISTED = 6
"""The most codes that are named."""


class Explanation(Model):
    """One code or more, with what they mean and what to do."""

    codes: tuple[Line, ...] = Field(min_length=1)
    means: str
    do: str
    source: Line
    """The source of the fact: a page of the documentation with its anchor, or a page of Azure's."""


class _Table(Model):
    entries: tuple[Explanation, ...]


@cache
def explanations() -> Mapping[str, Explanation]:
    """Return the explanation of each code."""
    text = "entries:\n" + FILE.read_text(encoding="utf-8")
    table = validated(_Table, parse_mapping(text, FILE.name, is_own=True), file=FILE.name)
    return {code: entry for entry in table.entries for code in entry.codes}


def with_hint(message: str) -> str:
    """Return an error's message, with the command that explains its codes. One that has a fix stays as it is."""
    if "fix:" in message:
        return message
    found = dict.fromkeys(one["code"] for one in _CODE.finditer(message) if one["code"] in explanations())
    if not found:
        return message
    commands = ", ".join(f"scripts/sde explain {code}" for code in list(found)[:_LISTED])
    return f"{message}\n  fix:     {commands}"


@command("json_")
def explain(
    session: Session,
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code in the error, such as ScopeLocked.")],
) -> None:
    """Explain an error code of Azure, the local or the real one: what it means, what to do, and the source.

    Example: sde explain RequestDisallowedByPolicy.
    """
    by_lower = {known.lower(): known for known in explanations()}
    known = by_lower.get(code.strip().lower())
    if known is None:
        similar = [one for lower, one in by_lower.items() if code.lower() in lower][:_LISTED]
        raise InputError("This code has no explanation here.", key="CODE", found=code,
                         allowed=", ".join(similar) or f"one of {len(by_lower)} codes, such as ScopeLocked",
                         fix="search for it in Azure's documentation: Troubleshoot common Azure deployment "
                         "errors")  # fmt: skip
    entry = explanations()[known]
    session.output.emit({"event": "explanation", "code": known, "means": entry.means, "do": entry.do,
                         "source": entry.source})  # fmt: skip
    session.output.say(Text(known, "bold"))
    for label, text in (("means", entry.means), ("do", entry.do), ("source", entry.source)):
        session.output.say(f"  {label + ':':<8} {printable(text)}")
