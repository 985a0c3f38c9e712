"""The route of a data access request: steps, who decides each, how many must agree, and what each sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from approvals.approvers import KEEPERS
from approvals.canonical import content_of, digest_of
from formats.errors import InputError
from formats.input_model import Line, Model, Slug
from formats.signed_notes import LOG, WITNESS, VerifierKey
from formats.validation import InvalidValue, refuse_duplicates, validated
from formats.yaml_reader import read_mapping, within

FILE_NAME = "route.yaml"
TEST_ESTATE = "test_estate"
SHIPPED = Path(__file__).resolve().parent / "routes"
LEAST_PEOPLE = 2


class Part(StrEnum):
    """A part of a request, or of its assessment, that a step sees."""

    PROJECT = "project"
    DATES = "dates"
    DATA = "data"
    PEOPLE = "people"
    ENVIRONMENT = "environment"
    TEMPLATE = "template"
    PLAN = "plan"
    NETWORK = "network"
    COST = "cost"
    VERDICT = "verdict"
    SUMMARY = "summary"


class Action(StrEnum):
    """What needs a permit of its own."""

    DESTROY_DATA = "destroy-data"
    REPLACE_DATA = "replace-data"
    CLOSE_PROVIDER = "close-provider"
    CLOSE_TENANCY = "close-tenancy"
    BREAK_GLASS = "break-glass"
    TAKE_VERSION = "take-version"
    """Let permits that bind a version of the catalogue or of a template hold under a later one."""


Roles = Annotated[tuple[Slug, ...], Field(min_length=1, max_length=10)]


def _refuse_keepers(roles: Iterable[str]) -> None:
    if KEEPERS in roles:
        raise InvalidValue("roles that do not change who decides", at=("roles",), found=KEEPERS)


class Step(Model):
    """One decision, which several people may have to agree on."""

    name: Slug
    title: Line
    roles: Roles
    """Any of these roles decides."""
    agree: int = Field(default=1, ge=1, le=10)
    """How many people must approve."""
    after: tuple[Slug, ...] = ()
    """The steps that must have been approved before. Steps that do not wait for each other are side by side."""
    sees: Annotated[tuple[Part, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        _refuse_keepers(self.roles)
        for name in ("roles", "after", "sees"):
            refuse_duplicates((((name, i), one) for i, one in enumerate(getattr(self, name))), "This is named twice.")
        return self


class ActionRule(Model):
    """Who permits an action."""

    roles: Roles
    agree: int = Field(default=LEAST_PEOPLE, ge=LEAST_PEOPLE, le=10)
    longest_days: int = Field(ge=1, le=90)
    """The longest validity of such a permit."""

    @model_validator(mode="after")
    def _not_keepers(self) -> Self:
        _refuse_keepers(self.roles)
        return self


def _verifier_key(text: str, type_: int) -> str:
    try:
        right = VerifierKey.parse(text, where="").type == type_
    except InputError:
        right = False
    if not right:
        raise InvalidValue(f"the public key of a {'ledger' if type_ == LOG else 'witness'}: <name>+<8 digits>+<base64>")
    return text


class EstateForTests(Model):
    """The test estate, in which a version is applied before this estate takes it. Its ledger proves that."""

    ledger: Annotated[Line, AfterValidator(lambda text: _verifier_key(text, LOG))]
    """The public key of its ledger, as `sde ledger show` prints it."""
    witness: Annotated[Line, AfterValidator(lambda text: _verifier_key(text, WITNESS))] | None = None
    """The public key of a witness who must have signed what is proved."""

    @property
    def ledger_key(self) -> VerifierKey:
        """The ledger's key."""
        return VerifierKey.parse(self.ledger, where="test_estate.ledger")

    @property
    def witness_key(self) -> VerifierKey | None:
        """The witness's key."""
        return VerifierKey.parse(self.witness, where="test_estate.witness") if self.witness else None


class Route(Model):
    """`route.yaml`."""

    title: Line
    test_estate: EstateForTests | None = None
    """None: a version needs no test elsewhere."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)]
    actions: dict[Action, ActionRule]
    cost_margin_percent: int = Field(default=0, ge=0, le=25)
    """By how much the monthly cost may rise above the approved one, such as when Azure raises a price."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        seen: list[str] = []
        for i, step in enumerate(self.steps):
            if step.name in seen:
                raise InvalidValue("a name for each step", at=("steps", i, "name"), found=step.name)
            for j, name in enumerate(step.after):
                if name not in seen:
                    raise InvalidValue(", ".join(seen) or "none: this is the first step", at=("steps", i, "after", j),
                                       found=name, problem="No earlier step has this name.")  # fmt: skip
            seen.append(step.name)
        return self

    @model_validator(mode="after")
    def _all_is_seen(self) -> Self:
        seen = {part for step in self.steps for part in step.sees}
        if unseen := [part for part in Part if part not in seen]:
            raise InvalidValue("each part in `sees` of a step: " + ", ".join(Part), at=("steps",),
                               found=", ".join(unseen), problem="No step sees a part of the request.")  # fmt: skip
        if missing := [one for one in Action if one not in self.actions]:
            raise InvalidValue("a rule for each of " + ", ".join(Action), at=("actions",), found="nothing for "
                               + ", ".join(missing))  # fmt: skip
        if sum(step.agree for step in self.steps) < LEAST_PEOPLE:
            raise InvalidValue(f"{LEAST_PEOPLE} people or more", at=("steps",), found="one person",
                               problem="One person alone would approve a request.")  # fmt: skip
        return self

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        """The steps by name."""
        return {step.name: step for step in self.steps}

    @cached_property
    def digest(self) -> str:
        """The digest of the whole route."""
        return digest_of(content_of(self))


def shipped_routes() -> tuple[str, ...]:
    """Return the names of the routes that come with the project."""
    return tuple(sorted(file.stem for file in SHIPPED.glob("*.yaml")))


def read_route(estate: Path) -> Route:
    """Return the route of an estate's folder: its own, or a shipped one that it names. `InputError` otherwise."""
    file, path = estate / FILE_NAME, str(estate / FILE_NAME)
    content = read_mapping(within(estate, file, path), path)
    if "route" not in content or set(content) - {"route", TEST_ESTATE}:
        return validated(Route, content, file=path)
    name = content["route"]
    if name not in shipped_routes():
        raise InputError("There is no such route.", file=path, key="route", found=name,
                         allowed=", ".join(shipped_routes()) + "; or the keys of a route of your own")  # fmt: skip
    shipped = content_of(read_shipped(str(name)))
    return validated(Route, {**shipped, TEST_ESTATE: content.get(TEST_ESTATE)}, file=path)


def read_shipped(name: str) -> Route:
    """Return a shipped route."""
    path = f"approvals/routes/{name}.yaml"
    return validated(Route, read_mapping(SHIPPED / f"{name}.yaml", path), file=path)
