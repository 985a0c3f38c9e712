"""The base class and shared types of all pydantic models of user input."""

from __future__ import annotations

import unicodedata
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints


class Model(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=32)]
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
