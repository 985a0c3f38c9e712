"""What is decided on: a request with its assessment, and the view that each step has of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from approvals.assessment import Assessment
from approvals.canonical import Ascii, content_of, digest_of
from approvals.route import Part, Step
from formats.errors import InputError
from formats.input_model import Slug

REQUEST_KEYS: Mapping[Part, tuple[str, ...]] = {
    Part.PROJECT: (
        "project",
        "title",
        "request",
        "controller",
        "cost_centre",
        "organisation",
        "public_benefit",
        "funding",
    ),
    Part.DATES: ("approved_on", "expires"),
    Part.DATA: ("data_class", "data_sets", "redundancy", "tiers"),
    Part.PEOPLE: ("researchers", "stewards", "checkers", "recipients", "people", "lead"),
    Part.ENVIRONMENT: ("template", "tenancy", "cell", "desks", "services", "budget"),
}
"""The keys of a request by the part that has them. A key in no part could change without a decision."""
ASSESSMENT_KEYS: Mapping[Part, str] = {
    Part.TEMPLATE: "template", Part.PLAN: "plan", Part.NETWORK: "network", Part.COST: "cost",
    Part.VERDICT: "verdict", Part.SUMMARY: "summary",
}  # fmt: skip
_PART_OF = {key: part for part, keys in REQUEST_KEYS.items() for key in keys}
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PROJECT: TypeAdapter[str] = TypeAdapter(Slug)
_NUMBER: TypeAdapter[str] = TypeAdapter(Ascii)


@dataclass(frozen=True)
class Submission:
    """A request as JSON, with its assessment. `estate`: the code of the estate."""

    estate: str
    request: Mapping[str, Any]
    assessment: Assessment
    file: str = "the request"
    """The request's file, for messages."""

    def __post_init__(self) -> None:
        for key, adapter, allowed in (("project", _PROJECT, "lower-case ASCII letters, digits and single hyphens"),
                                      ("request", _NUMBER, "ASCII letters, digits, and . _ / -")):  # fmt: skip
            try:
                adapter.validate_python(self.request.get(key))
            except ValidationError:
                raise InputError("This cannot be decided on.", file=self.file, key=key, found=self.request.get(key),
                                 allowed=allowed) from None  # fmt: skip
        if unknown := sorted(set(self.request) - set(_PART_OF)):
            raise InputError("No step sees this key.", file=self.file, key=unknown[0],
                             allowed=", ".join(_PART_OF), fix="name its part in approvals/submission.py")  # fmt: skip
        if self.assessment.request != self.digest:
            raise InputError("The assessment is of another version of the request.", file=self.file,
                             found=self.assessment.request, allowed=self.digest,
                             fix=f"sde request assess {self.project}")  # fmt: skip

    @property
    def project(self) -> str:
        """The name of the project."""
        return str(self.request["project"])

    @property
    def number(self) -> str:
        """The number of the request."""
        return str(self.request["request"])

    @cached_property
    def digest(self) -> str:
        """The digest of the request."""
        return digest_of(self.request)

    @cached_property
    def named(self) -> frozenset[UUID]:
        """Every GUID in the request: nobody decides on a request that names them, in whatever key."""
        return frozenset(UUID(found) for text in _texts(self.request) for found in _GUID.findall(text))

    @cached_property
    def parts(self) -> Mapping[Part, Mapping[str, Any]]:
        """Each part's content."""
        assessed = content_of(self.assessment)
        found: dict[Part, Mapping[str, Any]] = {
            part: {key: self.request[key] for key in keys if self.request.get(key) is not None}
            for part, keys in REQUEST_KEYS.items()
        }
        return found | {part: {key: assessed[key]} for part, key in ASSESSMENT_KEYS.items()}

    def view(self, step: Step) -> dict[str, Any]:
        """Return what a step sees: its parts, and of which request and step they are."""
        about = {"estate": self.estate, "project": self.project, "request": self.number, "step": step.name}
        return {**about, "parts": {str(part): self.parts[part] for part in step.sees}}

    def view_digest(self, step: Step) -> str:
        """Return the digest of what a step sees."""
        return digest_of(self.view(step))


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for one in value.items() for inner in one for text in _texts(inner)]
    if isinstance(value, list | tuple):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []
