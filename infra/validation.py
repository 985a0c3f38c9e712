"""From pydantic's findings to one clear message: the place, what was found, what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from infra.errors import BadInput

M = TypeVar("M", bound=BaseModel)
IN_WORDS = {
    r"^[a-z][a-z0-9]{1,7}$": "2 to 8 lower-case letters and digits, a letter first",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "lower-case letters, digits and single hyphens, a letter first",
    r"^[A-Z0-9]{3,10}$": "3 to 10 capitals and digits",
    r"^[A-Za-z][A-Za-z0-9_.-]{0,127}$": "letters, digits, _ . and -, a letter first",
    r"^https?://[a-z0-9.-]+(/[A-Za-z0-9._~-]+)*/?$": "https://, a host in lower case and a path, and nothing else",
    r"^Standard_[A-Za-z0-9_]{1,60}$": "an Azure size, such as Standard_D4s_v5",
}
"""What a person may write where our models ask for these patterns."""


class Unusable(ValueError):  # noqa: N818 - it names what was found, as people say it
    """A value that a model cannot use: what is allowed in its place, and what to do. For validators of models."""

    def __init__(self, allowed: str, *, fix: str | None = None) -> None:
        self.fix = fix
        super().__init__(allowed)


def checked(model: type[M], value: Any, *, file: str, prefix: str = "") -> M:
    """The value as the model, or `BadInput` with the first thing that is wrong and how many more there are."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise explained(error, model, file=file, prefix=prefix) from None


def explained(error: ValidationError, model: type[BaseModel], *, file: str, prefix: str = "") -> BadInput:
    """The first finding as `BadInput`."""
    findings = error.errors(include_url=False)
    first = findings[0]
    key = prefix + dotted(first["loc"])
    more = f" ({len(findings) - 1} more after this one.)" if len(findings) > 1 else ""
    match first["type"]:
        case "missing":
            return BadInput(f"A key is missing.{more}", file=file, key=key, fix="Add it.")
        case "extra_forbidden":
            return BadInput(f"This key is not known.{more}", file=file, key=key, found=first["input"],
                            allowed=_siblings(model, first["loc"]), fix="Remove it, or correct its name.")  # fmt: skip
        case _:
            return BadInput(f"This value cannot be used.{more}", file=file, key=key, found=first["input"],
                            allowed=_allowed(first), fix=_fix(first))  # fmt: skip


def dotted(place: tuple[str | int, ...]) -> str:
    """A place in a document, as `cells[1].addresses`."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text


def _allowed(finding: ErrorDetails) -> str:
    """What the finding says should have been, without pydantic's own way to begin."""
    context: Mapping[str, Any] = finding.get("ctx", {})
    if finding["type"] == "string_pattern_mismatch":
        return IN_WORDS.get(context["pattern"], f"text like {context['pattern']}")
    if finding["type"] == "value_error":
        return str(context.get("error", finding["msg"]))
    if finding["type"] == "string_type":
        return "text; in quotes where YAML reads it as a number, a date, yes or no"
    return finding["msg"].removeprefix("Input should be ").replace("String should have", "text of")


def _fix(finding: ErrorDetails) -> str | None:
    """What the validator says to do, where it does."""
    return getattr(finding.get("ctx", {}).get("error"), "fix", None)


def _siblings(model: type[BaseModel], place: tuple[str | int, ...]) -> str | None:
    """The keys known where the unknown one stands; nothing where that is no model."""
    here: Any = model
    for step in place[:-1]:
        here = _within(here, step)
    return ", ".join(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else None


def _within(here: Any, step: str | int) -> Any:
    if isinstance(here, type) and issubclass(here, BaseModel) and step in here.model_fields:
        return here.model_fields[str(step)].annotation
    arguments = getattr(here, "__args__", ())
    return next((a for a in reversed(arguments) if a is not Ellipsis and a is not type(None)), None)
