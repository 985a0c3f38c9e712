"""The approvals in the report: who permitted a tenancy and a change, from the signed documents in the estate."""

from __future__ import annotations

from pathlib import Path

import pytest

from approvals.estate_files import EstateFiles
from operations.cli.report_approvals import ReportApprovals
from operations.cli.report_people import ends_of_people, names_of_people
from operations.history.kept import KeptPermit
from operations.site.facts import Approval
from tests.operations.cli.approved_estate import PROJECT, STACK, ApprovedEstate
from tests.operations.cli.fakes import stack
from tests.operations.estates import change, copy_estate
from tests.policies import shipped


@pytest.fixture
def approved(tmp_path: Path) -> ApprovedEstate:
    site = ApprovedEstate(copy_estate(tmp_path / "estate"), tmp_path / "home")
    site.assess()
    site.approve()
    return site


def approvals(site: ApprovedEstate) -> ReportApprovals:
    return ReportApprovals(site.session)


def people(found: tuple[Approval, ...]) -> list[tuple[str, str]]:
    return [(one.step, one.role) for one in found]


def test_a_change_names_the_people_whose_decisions_permitted_it(approved: ApprovedEstate) -> None:
    recorded = KeptPermit.model_validate(approved.require())
    found = approvals(approved).of_change(recorded)
    assert len(found) == 6
    assert {step for step, _ in people(found)} >= {"programme-review", "committee"}
    assert all(" " in one.person and one.reason == "Approved in a test" and one.time for one in found)


def test_a_change_before_permits_were_required_was_allowed_by_nobody(approved: ApprovedEstate) -> None:
    assert approvals(approved).of_change(None) == ()


def test_a_tenancy_without_a_complete_set_of_decisions_says_why_it_has_no_permit(approved: ApprovedEstate) -> None:
    decisions = EstateFiles(approved.estate, "wmsde").decisions_folder(PROJECT)
    next(decisions.iterdir()).unlink()
    found = approvals(approved).of_tenancy(stack(STACK, config=shipped.configs()[STACK]))
    assert found is not None
    assert not found.is_valid
    assert found.why_not


def test_why_a_tenancy_has_no_permit_is_one_line_and_names_no_folder_of_the_machine(approved: ApprovedEstate) -> None:
    EstateFiles(approved.estate, "wmsde").assessment_file(PROJECT).unlink()
    found = approvals(approved).of_tenancy(stack(STACK, config=shipped.configs()[STACK]))
    assert found is not None
    assert f"file: requests/{PROJECT}.yaml" in found.why_not[0]
    assert not any("\n" in one or str(approved.estate) in one for one in found.why_not)


def test_hubs_zones_and_orphaned_stacks_have_no_permit(approved: ApprovedEstate) -> None:
    found = approvals(approved)
    assert found.of_tenancy(stack("platform")) is None
    assert found.of_tenancy(stack("tre-gone", is_orphaned=True)) is None


def test_permits_of_actions_are_listed_until_they_end_and_say_who_signed(approved: ApprovedEstate) -> None:
    approved.permit_action("close-tenancy", STACK)
    (found,) = approvals(approved).of_actions()
    assert (found.action, found.stack, found.is_used) == ("close-tenancy", STACK, False)
    assert found.reason == "The study has ended; see the minutes"
    assert len(found.approvals) >= 2


def test_a_decision_that_cannot_be_read_is_a_note_and_hides_no_other(approved: ApprovedEstate) -> None:
    other = EstateFiles(approved.estate, "wmsde").decisions_folder("other")
    other.mkdir()
    (other / "x.json").write_text("{}")
    found = approvals(approved)
    assert len(found.of_change(KeptPermit.model_validate(approved.require()))) == 6
    assert found.notes[0].startswith("The decisions on other cannot be read: ")


def test_people_end_with_training_accreditation_roster_and_roles(approved: ApprovedEstate) -> None:
    person = {"id": "0f0e0d0c-1111-4222-8333-000000000077", "name": "Ida Marsh", "role": "statistician",
              "accreditation_expires": "2029-01-31", "training_expires": "2028-06-30"}  # fmt: skip
    change(approved.request, lambda request: request.update(people=[person]))
    facts = approvals(approved)
    found = ends_of_people(facts.requests.estate, facts.approvers)
    assert [one.day for one in found] == sorted(one.day for one in found)
    of_person = [(one.what, str(one.day), one.stack) for one in found if one.person == "Ida Marsh"]
    assert of_person == [("training", "2028-06-30", STACK), ("accreditation", "2029-01-31", STACK)]
    assert any(one.what.startswith("the role ") for one in found)
    assert any(one.file == "people.yaml" for one in found)
    names = names_of_people(facts.requests.estate, facts.approvers)
    assert names[person["id"].lower()] == "Ida Marsh"
    assert {one.person for one in found} <= set(names.values())
