"""The public register: approved projects, from the estate and its ledger, and nothing else of them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from operations.estate.public_facts import OBJECT, PublicFacts
from operations.ledger.entry import Entry, Kind, Result
from operations.ledger.ledger import Ledger
from operations.reports.public_register import Status, as_html, as_json, register_of
from tests.operations.ledger.logs import WHO, memory_ledger

TODAY = date(2026, 11, 30)
STATE = "sha256:" + "5" * 64


def facts(title: str, **other: Any) -> PublicFacts:
    values = {"title": title, "organisation": "Aldergate University", "purpose": "Earlier treatment of heart disease.",
              "data_sets": ("Tables",), "approved_on": date(2026, 1, 5), "expires": date(2027, 1, 5)}  # fmt: skip
    return PublicFacts.model_validate({**values, **other})


def record(ledger: Ledger, project: str, result: Result, found: PublicFacts | None, state: str | None) -> None:
    """Record a change of a tenancy, after which it has a state, or none."""
    about: dict[str, Any] = {"time": "2026-11-01T00:00:00Z", "run": "r", "command": "up", "version": "1", "who": WHO,
                             "stacks": (f"tre-{project}",)}  # fmt: skip
    objects = {OBJECT: ledger.keep(found.model_dump(mode="json"))} if found else {}
    number = ledger.record(Entry(kind=Kind.INTENT, objects=objects, **about))
    ledger.record(Entry(kind=Kind.RESULT, of=number, result=result, state=state, **about))


def statuses(requests: dict[str, PublicFacts], permitted: set[str], ledger: Ledger) -> dict[str, Status]:
    return {one.title: one.status for one in register_of(requests, permitted, ledger, TODAY)}


def test_a_project_is_listed_from_its_approval_to_long_after_its_end() -> None:
    ledger, heart = memory_ledger(), facts("Heart")
    assert statuses({"heart": heart}, set(), ledger) == {}
    assert statuses({"heart": heart}, {"heart"}, ledger) == {"Heart": Status.APPROVED}
    record(ledger, "heart", Result.FAILED, heart, None)
    assert statuses({"heart": heart}, set(), ledger) == {}, "nothing of it was deployed"
    record(ledger, "heart", Result.PARTIAL, heart, STATE)
    assert statuses({"heart": heart}, set(), ledger) == {"Heart": Status.ACTIVE}
    amended = facts("Heart and lung")
    assert statuses({"heart": amended}, set(), ledger) == {"Heart and lung": Status.ACTIVE}
    assert statuses({"heart": facts("Heart", expires=TODAY)}, {"heart"}, ledger) == {"Heart": Status.ENDED}
    record(ledger, "heart", Result.SUCCEEDED, None, None)  # destroyed, and its request removed
    assert statuses({}, set(), ledger) == {"Heart": Status.ENDED}
    record(ledger, "lung", Result.SUCCEEDED, None, STATE)  # of an older version, which kept no facts
    assert statuses({}, set(), ledger) == {"Heart": Status.ENDED}


def test_it_has_what_is_published_and_nothing_else() -> None:
    projects = register_of({"heart": facts("Heart", organisation=None)}, {"heart"}, memory_ledger(), TODAY)
    found = json.loads(as_json("An SDE", TODAY, projects))
    assert found.keys() == {"organisation", "date", "projects"}
    assert found["projects"] == [{
        "title": "Heart", "lead_organisation": "not stated", "purpose": "Earlier treatment of heart disease.",
        "data_sets": ["Tables"], "approved": "2026-01-05", "ends": "2027-01-05", "status": "approved",
    }]  # fmt: skip


def test_a_hostile_title_is_text_on_the_page() -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }}"
    projects = register_of({"x": facts(hostile)}, {"x"}, memory_ledger(), TODAY)
    page = as_html("<b>An SDE</b>", TODAY, projects)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>An" not in page
    assert "{{ 7*7 }}" in page
    assert "default-src 'none'" in page
    assert "No project is approved" in as_html("An SDE", TODAY, [])
