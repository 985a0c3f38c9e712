"""The public register: the approved projects of an SDE as it publishes them, from the estate and its ledger."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from formats.stack_names import TENANCY
from formats.validation import validated
from operations.estate.public_facts import OBJECT, PublicFacts
from operations.ledger.entry import Kind, Result
from operations.ledger.ledger import Ledger
from operations.text_templates import templates_in

NOT_STATED = "not stated"


class Status(StrEnum):
    """Where a project is."""

    APPROVED = "approved"
    """Its tenancy is not deployed yet."""
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True)
class Project:
    """A row of the register."""

    title: str
    organisation: str
    purpose: str
    data_sets: tuple[str, ...]
    approved: date
    ends: date
    status: Status

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {"title": self.title, "lead_organisation": self.organisation, "purpose": self.purpose,
                "data_sets": list(self.data_sets), "approved": str(self.approved), "ends": str(self.ends),
                "status": str(self.status)}  # fmt: skip


@dataclass(frozen=True)
class _Deployed:
    """A tenancy that the ledger has as deployed at some time."""

    facts: str | None
    """The digest of the last facts that are kept of it."""
    is_up: bool


def register_of(
    requests: Mapping[str, PublicFacts], permitted: Collection[str], ledger: Ledger, today: date
) -> list[Project]:
    """Return the projects, the latest approval first.

    `requests`: the facts of the estate's requests, by project. `permitted`: those that may be deployed. Listed are
    these and every project that the ledger has deployed, also if the estate has its request no more. `Failed` if the
    ledger cannot be read, `InputError` if facts that it kept are missing or damaged.
    """
    deployed = _deployed(ledger)
    found = list[Project]()
    for project in sorted({*requests, *deployed}):
        there, facts = deployed.get(project), requests.get(project)
        if facts is None and there and there.facts:
            facts = validated(PublicFacts, ledger.kept(there.facts), file=there.facts)
        if facts is None or (there is None and project not in permitted):
            continue
        found.append(_project(facts, _status(facts, there, today)))
    return sorted(found, key=lambda one: (one.approved, one.title), reverse=True)


def _status(facts: PublicFacts, there: _Deployed | None, today: date) -> Status:
    if facts.expires <= today or (there is not None and not there.is_up):
        return Status.ENDED
    return Status.ACTIVE if there else Status.APPROVED


def _project(facts: PublicFacts, status: Status) -> Project:
    return Project(facts.title, facts.organisation or NOT_STATED, facts.purpose or NOT_STATED, facts.data_sets,
                   facts.approved_on, facts.expires, status)  # fmt: skip


def _deployed(ledger: Ledger) -> dict[str, _Deployed]:
    """Return the projects that a change has deployed."""
    found, intents = dict[str, _Deployed](), dict[int, tuple[str, str | None]]()
    for number, entry in ledger.changes():
        tenancies = [one for one in entry.stacks if one.startswith(TENANCY)]
        if entry.kind is Kind.INTENT and tenancies:
            intents[number] = tenancies[0].removeprefix(TENANCY), entry.objects.get(OBJECT)
        elif entry.of in intents and entry.result is not Result.FAILED:
            project, facts = intents[entry.of]
            before = found.get(project)
            if entry.state or before:
                found[project] = _Deployed(facts or (before.facts if before else None), is_up=bool(entry.state))
    return found


def as_json(organisation: str, today: date, projects: Collection[Project]) -> str:
    """Return the register as JSON."""
    content = {"organisation": organisation, "date": str(today), "projects": [one.to_json() for one in projects]}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def as_html(organisation: str, today: date, projects: Collection[Project]) -> str:
    """Return the register as one HTML page without other files or scripts."""
    page = templates_in(Path(__file__).parent / "templates", html=True).get_template("projects.html.j2")
    return page.render(organisation=organisation, today=today, projects=projects)
