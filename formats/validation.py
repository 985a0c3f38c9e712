"""Validation of input with pydantic models. All errors are raised as one `InputError`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from formats.errors import InputError, did_you_mean, joined, nearest
from formats.input_model import SLUG
from formats.json_reader import read_json
from formats.locations import Location, dotted_path

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
PATTERN_DESCRIPTIONS = {
    r"^[a-z][a-z0-9]{1,7}$": "2 to 8 lower-case letters and digits, a letter first",
    f"^{SLUG}$": "lower-case letters, digits and single hyphens, a letter first",
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
_MAX_PLACES = 5
"""The most places of a key that a message names."""
_LIST, _MAP = "a list, such as [one, two]", "a map of keys and values"
_TYPE_DESCRIPTIONS = {
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), _LIST),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), _MAP),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
                    "a date that exists, YYYY-MM-DD"),
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
    """Return the value as the model. Raise `InputError` with all errors.

    `context`: what validators of the model need beside the value.
    """
    try:
        return model.model_validate(value, context=context)
    except ValidationError as error:
        raise joined(list(_errors(error, model, file=file, prefix=prefix, context=context))) from None


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


def _errors(
    error: ValidationError, model: type[BaseModel], *, file: str, prefix: str, context: Mapping[str, Any] | None
) -> Iterator[InputError]:
    """Yield one error for each key. A missing key is not reported beside the unknown key that misspells it."""
    found = error.errors(include_url=False)
    missing = [one["loc"] for one in found if one["type"] == "missing"]
    misspelt = {one["loc"]: _missing_for(one["loc"], missing) for one in found if one["type"] == "extra_forbidden"}
    reported: set[str] = {dotted_path(loc) for loc in misspelt.values() if loc}
    for one in found:
        given = one.get("ctx", {}).get("error")
        own = given if isinstance(given, InvalidValue) else InvalidValue()
        key = dotted_path((*one["loc"], *own.at))
        if key in reported:  # also where several forms of one value are allowed, and each refuses it
            continue
        if one["type"] == "too_short" and any(inner.startswith((f"{key}.", f"{key}[")) for inner in reported):
            continue  # without the entries that are refused
        reported.add(key)
        yield _bad_input(one, own, model, misspelt.get(one["loc"]), file=file, key=prefix + key, context=context)


def _missing_for(extra: Location, missing: Sequence[Location]) -> Location | None:
    """Return the missing key of the same map that an unknown key is most like."""
    names = [str(loc[-1]) for loc in missing if loc[:-1] == extra[:-1]]
    near = nearest(extra[-1], names)
    return (*extra[:-1], near) if near else None


def _bad_input(
    error: ErrorDetails, own: InvalidValue, model: type[BaseModel], meant: Location | None,
    *, file: str, key: str, context: Mapping[str, Any] | None,
) -> InputError:  # fmt: skip
    match error["type"]:
        case "missing":
            return InputError("A key is missing.", file=file, key=key, found=NOTHING,
                              allowed=_allowed_at(model, error["loc"], context), fix="Add it.")  # fmt: skip
        case "extra_forbidden":
            known = _known_keys(model, error["loc"])
            guess = did_you_mean(error["loc"][-1], [str(meant[-1])] if meant else known)
            return InputError("This key is not known.", file=file, key=key, found=error["input"],
                              allowed=", ".join(known) or None,
                              fix=guess or _fix_of_unknown(model, str(error["loc"][-1])))  # fmt: skip
        case _:
            found = error["input"] if own.found is None else own.found
            found = NOTHING if found in (None, "") else found
            allowed = _allowed(error)
            names = re.findall("'([^']+)'", allowed) if error["type"] in ("enum", "literal_error") else []
            return InputError(own.problem, file=file, key=key, found=found, allowed=allowed,
                              fix=own.fix or did_you_mean(found, names))  # fmt: skip


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


def _known_keys(model: type[BaseModel], location: Location) -> Sequence[str]:
    """Return the valid keys of the mapping with the unknown key; none if it is not a model."""
    parent: Any = model
    for step in location[:-1]:
        parent = _type_at(parent, step)
    return tuple(parent.model_fields) if isinstance(parent, type) and issubclass(parent, BaseModel) else ()


def _fix_of_unknown(model: type[BaseModel], key: str) -> str:
    """Return what to do about a key that is not known where it is: often it is indented too little or too far."""
    places = sorted({place for place, name in _keys_of(model) if name == key})
    if not places or len(places) > _MAX_PLACES:
        return "Remove it, or correct its name."
    where = " or ".join(place or "the file's first level" for place in places)
    return f"It is a key of {where}: move or indent it there, or remove it."


def _keys_of(kind: Any, place: str = "", above: tuple[Any, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield each key that a type has at any depth, after the place of its map, such as `desks[]`."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        origin = get_origin(kind) if isinstance(get_origin(kind), type) else object
        inner = "[]" if issubclass(origin, Sequence) else ".*" if issubclass(origin, Mapping) else ""
        for argument in get_args(kind):
            yield from _keys_of(argument, place + inner, above)
    elif kind not in above:
        for name, field in kind.model_fields.items():
            yield place, name
            if not any(isinstance(one, BeforeValidator) for one in field.metadata):  # its value is another type's
                yield from _keys_of(field.annotation, f"{place}.{name}".lstrip("."), (*above, kind))


def _type_at(parent: Any, step: str | int) -> Any:
    if isinstance(parent, type) and issubclass(parent, BaseModel) and step in parent.model_fields:
        return parent.model_fields[str(step)].annotation
    arguments = getattr(parent, "__args__", ())
    return next((a for a in reversed(arguments) if a is not Ellipsis and a is not type(None)), None)
