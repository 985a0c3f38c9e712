"""Validation of input with pydantic models. The first error is raised as an `InputError`, with the number of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from formats.errors import InputError
from formats.json_reader import read_json

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
Location = tuple[str | int, ...]
"""The keys and indexes that lead to a value in a document."""
PATTERN_DESCRIPTIONS = {
    r"^[a-z][a-z0-9]{1,7}$": "2 to 8 lower-case letters and digits, a letter first",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "lower-case letters, digits and single hyphens, a letter first",
    r"^[A-Z0-9]{3,10}$": "3 to 10 capitals and digits",
    r"^[A-Za-z][A-Za-z0-9_.-]{0,127}$": "letters, digits, _ . and -, a letter first",
    r"^https?://[a-z0-9.-]+(/[A-Za-z0-9._~-]+)*/?$": "http:// or https://, a host in lower case, and a path or none",
    r"^sha256:[0-9a-f]{64}$": "sha256: and 64 digits of 0-9 and a-f, as the verdict of sde policy check shows them",
    r"^https://[a-z0-9]{3,24}\.blob\.core\.windows\.net/[a-z0-9-]{3,63}$": "https://<account>.blob.core.windows.net/<container>",
    r"^https://[a-z0-9-]{3,24}\.vault\.azure\.net/secrets/[A-Za-z0-9-]{1,127}$": (
        "https://<vault>.vault.azure.net/secrets/<name>, without a version"
    ),
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": 'a time of day from "00:00" to "23:59"',
    r"^[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$": "an email address",
    r"^Standard_[A-Za-z0-9_]{1,60}$": "a virtual machine size, such as Standard_D4s_v5",
}
"""Descriptions for messages, by the regular expression in the models."""
NOTHING = "nothing"
"""What messages call a value that is missing, null or empty."""
_LIST, _MAP = "a list, such as [one, two]", "a map of keys and values"
_TYPE_DESCRIPTIONS = {
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), _LIST),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), _MAP),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
                    "a date, YYYY-MM-DD"),
    **dict.fromkeys(("uuid_type", "uuid_parsing"), "a GUID, such as 11111111-2222-4333-8444-555555555555"),
    "string_type": "text; quote it if YAML would read it as a number, a date or a boolean",
}  # fmt: skip
"""Descriptions for messages, by the type of pydantic's error, whose own words are those of Python."""


class InvalidValue(ValueError):  # noqa: N818 - it names the value, as pydantic's validators do
    """Raised by a model's validator. The message says what is allowed, `fix` how to correct the value.

    A validator of a whole list or map gives the location (`at`) and the value (`found`) inside it.
    """

    def __init__(
        self,
        allowed: str = "",
        *,
        problem: str = "This value cannot be used.",
        at: Location = (),
        found: object = None,
        fix: str | None = None,
    ) -> None:
        self.problem, self.at, self.found, self.fix = problem, at, found, fix
        super().__init__(allowed)


def refuse_duplicates(names: Iterable[tuple[Location, str]], problem: str) -> None:
    """Raise `InvalidValue` if one of the names, each with its location, is the same as another."""
    seen: set[str] = set()
    for at, name in names:
        if name in seen:
            raise InvalidValue(problem=problem, at=at, found=name, fix="Change one of them.")
        seen.add(name)


def validated(
    model: type[M], value: Any, *, file: str, prefix: str = "", context: Mapping[str, Any] | None = None
) -> M:
    """Return the value as the model. Raise `InputError` with the first error and the number of further ones.

    `context`: what validators of the model need beside the value.
    """
    try:
        return model.model_validate(value, context=context)
    except ValidationError as error:
        raise _bad_input(error, model, file=file, prefix=prefix, context=context) from None


def of_type(adapter: TypeAdapter[T], value: Any, refuse: Callable[[str, str], InputError], at: Location = ()) -> T:
    """Return the value, which is at a location, as the adapter's type.

    Otherwise raise `refuse(key, message)` for the first error.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise refuse(dotted_path((*at, *first["loc"])), first["msg"]) from None


def read_record(model: type[M], file: Path, *, damaged: str, fix: str) -> M | None:
    """Return the record in a JSON file that `sde` wrote, or None without a file.

    `InputError` for a damaged one, with this problem and fix.
    """
    if not file.exists():
        return None
    try:
        return validated(model, read_json(file), file=str(file))
    except InputError as error:
        raise InputError(f"{damaged}: {error.problem}", file=str(file), fix=fix) from None


def _bad_input(
    error: ValidationError, model: type[BaseModel], *, file: str, prefix: str, context: Mapping[str, Any] | None
) -> InputError:
    errors = error.errors(include_url=False)
    first = errors[0]
    given = first.get("ctx", {}).get("error")
    own = given if isinstance(given, InvalidValue) else InvalidValue()
    key = prefix + dotted_path((*first["loc"], *own.at))
    others = len(errors) - 1
    more = f" ({others} more error{'s' if others > 1 else ''}.)" if others else ""
    match first["type"]:
        case "missing":
            allowed = _allowed_at(model, first["loc"], context)
            return InputError(f"A key is missing.{more}", file=file, key=key, found=NOTHING, allowed=allowed,
                              fix="Add it.")  # fmt: skip
        case "extra_forbidden":
            known = _known_keys(model, first["loc"])
            return InputError(f"This key is not known.{more}", file=file, key=key, found=first["input"], allowed=known,
                              fix="Remove it, or correct its name.")  # fmt: skip
        case _:
            found = first["input"] if own.found is None else own.found
            found = NOTHING if found in (None, "") else found
            return InputError(f"{own.problem}{more}", file=file, key=key, found=found, allowed=_allowed(first),
                              fix=own.fix)  # fmt: skip


def dotted_path(location: Location) -> str:
    """Return a location in a document in the form `cells[1].addresses`."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text


def _allowed(error: ErrorDetails) -> str:
    """Return what the error says is allowed, without pydantic's introductory words."""
    context: Mapping[str, Any] = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        return PATTERN_DESCRIPTIONS.get(context["pattern"], f"text that matches {context['pattern']}")
    if error["type"] == "value_error":
        return str(context.get("error", error["msg"]))
    if error["type"] in _TYPE_DESCRIPTIONS:
        return _TYPE_DESCRIPTIONS[error["type"]]
    return error["msg"].removeprefix("Input should be ").replace("String should have", "text of")


def _allowed_at(model: type[BaseModel], location: Location, context: Mapping[str, Any] | None) -> str | None:
    """Return what a missing key may have, or None if that is not known: the field says it of a null."""
    *path, key = location
    parent: Any = model
    for step in path:
        parent = _type_at(parent, step)
    field = parent.model_fields.get(str(key)) if isinstance(parent, type) and issubclass(parent, BaseModel) else None
    if field is None:
        return None
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, *(field.metadata or [None])])  # type: ignore[arg-type]
    try:
        adapter.validate_python(None, context=context)
    except ValidationError as error:
        return _allowed(error.errors(include_url=False)[0])
    return None


def _known_keys(model: type[BaseModel], location: Location) -> str | None:
    """Return the valid keys of the mapping with the unknown key, or None if it is not a model."""
    parent: Any = model
    for step in location[:-1]:
        parent = _type_at(parent, step)
    return ", ".join(parent.model_fields) if isinstance(parent, type) and issubclass(parent, BaseModel) else None


def _type_at(parent: Any, step: str | int) -> Any:
    if isinstance(parent, type) and issubclass(parent, BaseModel) and step in parent.model_fields:
        return parent.model_fields[str(step)].annotation
    arguments = getattr(parent, "__args__", ())
    return next((a for a in reversed(arguments) if a is not Ellipsis and a is not type(None)), None)
