"""The JSON Schema with which a service template limits requests.

A schema uses a part of JSON Schema only, and names keys that requests have. JSON Schema ignores what it does not know,
so a misspelt keyword or key would be a limit that limits nothing. No keyword refers to another document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from formats.input_model import Line, Model
from formats.locations import Location, dotted_path
from formats.validation import InvalidValue

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MAX_REPEATS = 2
_REPEAT = re.compile(r"[*+{]")
_REPEATED_GROUP = re.compile(r"\)[*+{]")


def _quick_pattern(pattern: str) -> str:
    """Require a regular expression that is checked in little time, whatever the text is."""
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        raise ValueError("a regular expression") from None
    if _REPEATED_GROUP.search(pattern) or len(_REPEAT.findall(pattern)) > MAX_REPEATS:
        raise ValueError(f"a regular expression with at most {MAX_REPEATS} repetitions, and none of a group")
    return pattern


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_quick_pattern)]
Size = Annotated[int, Field(ge=0, le=1_000_000)]
Scalar = str | int | bool


class RequestSchema(Model):
    """The keywords that a template can use, with the meaning that JSON Schema gives them."""

    description: Line | None = None
    type: Literal["object", "array", "string", "integer", "boolean", "null"] | None = None
    """`null`: the request does not have the key."""
    const: Scalar | None = None
    enum: tuple[Scalar, ...] | None = Field(default=None, min_length=1, max_length=500)
    pattern: Pattern | None = None
    minimum: int | None = None
    maximum: int | None = None
    min_items: Size | None = Field(default=None, alias="minItems")
    max_items: Size | None = Field(default=None, alias="maxItems")
    items: RequestSchema | None = None
    contains: RequestSchema | None = None
    properties: dict[str, RequestSchema] | None = None
    required: tuple[str, ...] | None = None

    def written(self) -> dict[str, Any]:
        """Return the schema as a document."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def constant(self, name: str) -> Scalar | None:
        """Return the only value that a key may have, if the schema says one."""
        one = (self.properties or {}).get(name)
        return one.const if one else None


def refuse_unknown_keys(schema: RequestSchema, model: type[BaseModel] | None, at: Location = ()) -> None:
    """Raise `InvalidValue` for a key in a schema that requests, whose part the model is, do not have."""
    fields = model.model_fields if model else {}
    for name in (*(schema.properties or {}), *(schema.required or ())):
        if name not in fields:
            raise InvalidValue(", ".join(fields) or "none: the value has no keys", at=(*at, "properties"), found=name,
                               problem="Requests have no such key, so nothing would be limited.")  # fmt: skip
    for name, one in (schema.properties or {}).items():
        refuse_unknown_keys(one, _model_in(fields[name].annotation), (*at, "properties", name))
    for word, each in (("items", schema.items), ("contains", schema.contains)):
        if each:
            refuse_unknown_keys(each, model, (*at, word))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model in an annotation, such as that of an optional value or of a list's items."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_model_in, get_args(annotation)) if found), None)


def explained(error: ValidationError) -> tuple[str, object, str]:
    """Return the key of a value that a schema refuses, the value, and what is allowed."""
    at, word, limit, found = tuple(error.absolute_path), error.validator, error.validator_value, error.instance
    described = error.schema.get("description") if isinstance(error.schema, dict) else None
    if word == "required":
        at, found, allowed = (*at, next(name for name in limit if name not in found)), "nothing", "a value"
    elif (word, limit) == ("type", "null"):
        found, allowed = "a value", "nothing: the template leaves it out"
    elif word == "contains":
        found, allowed = "no such entry", f"an entry with {limit.get('description') or limit}"
    else:
        allowed = described or f"{_LIMITS[word]} {', '.join(map(str, limit)) if word == 'enum' else limit}".strip()
    return dotted_path(at), f"{len(found)} entries" if isinstance(found, list) else found, allowed


_LIMITS: Mapping[str, str] = {
    "const": "", "enum": "", "pattern": "text that matches", "minimum": "at least", "maximum": "at most",
    "minItems": "entries, at least", "maxItems": "entries, at most", "type": "a value of the type",
}  # fmt: skip
