"""The base class and shared types of all pydantic models of user input."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXACT = frozenset({"int", "bool", "float"})


def _day(value: object) -> object:
    """Require a date in digits as in `2028-09-30`: pydantic also reads seconds since 1970, and times."""
    if type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("a date, YYYY-MM-DD")


def _exact(schema: Any) -> Any:
    """Return a schema whose numbers, booleans and dates are not converted from values of other kinds."""
    if isinstance(schema, list | tuple):
        return type(schema)(map(_exact, schema))
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if not isinstance(kind, str):  # the fields of a model, one of which may be called `type`
        return {key: _exact(value) for key, value in schema.items()}
    if kind in ("definition-ref", "model"):  # another model has its own
        return schema
    found = {key: value if key in ("metadata", "default") else _exact(value) for key, value in schema.items()}
    if kind == "date":
        return core_schema.no_info_before_validator_function(_day, cast(CoreSchema, found))
    return {**found, "strict": True} if kind in _EXACT else found


class Model(BaseModel):
    """A frozen model that refuses unknown keys, and values that are not of a field's own type.

    A whole number is never converted from text, `true` or 1024.0; a date is `YYYY-MM-DD`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of the model with exact numbers, booleans and dates."""
        schema = dict(handler(source))
        if "schema" in schema:
            schema["schema"] = _exact(schema["schema"])
        return cast(CoreSchema, schema)


SLUG = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
"""The pattern of a slug, whatever its length."""
Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG}$", min_length=2, max_length=32)]
"""A name as used in stack and resource names: 2-32 lower-case letters, digits and single hyphens."""


def one_line(text: str) -> str:
    """Refuse control characters and line breaks, which can hide text in logs and terminals."""
    if not text.isprintable() or any(unicodedata.category(c) in ("Cf", "Zl", "Zp") for c in text):
        raise ValueError("one line of printable text")
    return text


def _guid(value: object) -> object:
    """Require the form of GUID that Entra shows: braces or digits without hyphens are often mistakes."""
    if isinstance(value, UUID) or (isinstance(value, str) and len(value) == len(str(UUID(int=0)))):
        return value
    raise ValueError("a GUID such as 11111111-2222-4333-8444-555555555555")


Line = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(one_line)]
Guid = Annotated[UUID, BeforeValidator(_guid)]
