"""A permit holds under a later version by signed links alone, and by tested ones where the route asks it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from approvals.actions import Answer
from approvals.assessment import Template
from approvals.canonical import digest_of
from approvals.permit import Permit, verify_permit, within
from approvals.versions import CATALOGUE, Link, Versions
from formats.errors import InputError, Refused
from tests.approvals.site import NOW, Site, proposed
from tests.approvals.tested import LINKS, NEW_CATALOGUE, NEW_TEMPLATE, TestedSite, wanted

COMPLETE = Site.of().approve()
LATER = {"template": Template(name="bespoke-imaging", digest=NEW_TEMPLATE), "catalogue": NEW_CATALOGUE}


def outside(versions: Versions | None, **other: Any) -> str:
    found = verify_permit(COMPLETE.files, COMPLETE.context, COMPLETE.submission)
    assert isinstance(found, Permit)
    return "; ".join(within(found, proposed(COMPLETE, **{**LATER, **other}), COMPLETE.now, versions))


def test_a_permit_holds_under_versions_that_two_people_linked_and_within_its_limits() -> None:
    versions = TestedSite.of(tested=False).versions
    assert versions.links == frozenset(LINKS)
    assert outside(versions) == ""
    assert "the catalogue of policies is not the approved one" in outside(None)
    assert "the catalogue of policies" in outside(versions, catalogue=digest_of("another"))
    other = Template(name="synthetic", digest=NEW_TEMPLATE)
    assert "the template is not the approved one" in outside(versions, template=other)
    larger = proposed(COMPLETE).plan.model_copy(update={"disk_gib": 10_000})
    assert outside(versions, plan=larger) == "10,000 GiB of disks, approved 1,152"


def test_one_signature_one_link_and_a_withdrawn_one_are_not_enough() -> None:
    assert TestedSite.of(agree=1, tested=False).versions.links == frozenset()
    assert "version of the template" in outside(TestedSite.of(LINKS[:1], tested=False).versions)
    site = TestedSite.of(tested=False)
    site.answer(site.names[2], answer=Answer.WITHDRAW)
    assert site.versions.links == frozenset()
    with pytest.raises(Refused, match="does not permit take-version"):
        site.answer(site.site.names("contract")[0])


def test_a_link_is_signed_within_its_time_and_holds_after_it() -> None:
    site = TestedSite.of(tested=False)
    site.site.now = NOW + timedelta(days=300)
    assert outside(site.versions) == ""
    with pytest.raises(Refused, match="valid from"):
        site.answer(site.names[2])


def test_links_are_followed_in_their_direction_and_of_one_subject() -> None:
    one, two, three = (digest_of(each) for each in "abc")
    versions = Versions(frozenset({Link(CATALOGUE, one, two), Link(CATALOGUE, two, three)}))
    assert versions.holds(CATALOGUE, one, three)
    assert not versions.holds(CATALOGUE, three, one)
    assert not versions.holds("template synthetic", one, two)
    assert versions.is_older(CATALOGUE, one, three)
    assert not versions.is_older(CATALOGUE, three, one)
    back = Versions(versions.links | {Link(CATALOGUE, three, one)})
    assert not back.is_older(CATALOGUE, one, three), "a signed way back is no rollback"


@pytest.mark.parametrize(
    "targets",
    [["catalogue"], ["catalogue sha256:a sha256:b"], [f"catalogue {NEW_CATALOGUE} {NEW_CATALOGUE}"],
     [f"template {NEW_TEMPLATE} {NEW_CATALOGUE}"], [], [str(LINKS[0]) + " "]],
)  # fmt: skip
def test_a_target_that_is_no_link_is_refused(targets: list[str]) -> None:
    with pytest.raises(InputError):
        wanted(targets=targets)
    with pytest.raises(InputError, match="stack"):
        wanted(stack="tre-x")


def test_with_a_test_estate_only_what_was_applied_there_is_taken() -> None:
    site = TestedSite.of()
    assert outside(site.versions) == ""
    assert "was not applied in the test estate" in outside(site.versions, template=proposed(COMPLETE).template)
    site.evidence = {}
    assert site.versions.links == frozenset()
    assert "was not applied in the test estate" in outside(site.versions)
