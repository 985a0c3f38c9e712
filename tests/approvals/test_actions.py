"""Permits of actions: two people, a reason and an end, for exactly what they name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from approvals.actions import ActionPermit, ActionRequest, Answer, SignedAction, sign_action, verify_action
from approvals.envelope import Signed
from approvals.permit import Refusals
from approvals.rights import History
from approvals.route import Action
from formats.errors import InputError, Refused
from formats.validation import validated
from tests.approvals.site import CODE, NOW, Site, algorithm_of, changed, person_id, signer

URN = "urn:pulumi:tre-x::sde::azure-native:storage:StorageAccount::data"
WANTED = {"estate": CODE, "action": "destroy-data", "stack": "tre-x", "targets": [URN], "valid_from": NOW,
          "valid_until": NOW + timedelta(days=2), "reason": "The committee decided: the study ended."}  # fmt: skip


def wanted(**other: Any) -> ActionRequest:
    return validated(ActionRequest, {**WANTED, **other}, file="the action")


def signed(site: Site, name: str, request: ActionRequest, answer: Answer = Answer.APPROVE) -> SignedAction:
    return sign_action(request, site.context, signer(name, algorithm_of(name)), answer)


def files(*answers: SignedAction) -> dict[str, bytes]:
    return {one.file: one.signed.to_bytes() for one in answers}


SITE = Site.of()
(OFFICER,) = SITE.names("governance")[:1]
MEMBER, OTHER_MEMBER = SITE.names("committee")[:2]
BOTH = files(signed(SITE, OFFICER, wanted()), signed(SITE, MEMBER, wanted()))


def test_two_people_permit_exactly_what_they_name() -> None:
    found = verify_action(BOTH, SITE.context, CODE)
    assert isinstance(found, ActionPermit)
    assert found.people == tuple(sorted(map(person_id, (OFFICER, MEMBER))))
    assert found.covers(Action.DESTROY_DATA, "tre-x", URN)
    assert not found.covers(Action.DESTROY_DATA, "tre-x", URN + "2")
    assert not found.covers(Action.DESTROY_DATA, "tre-x")
    assert not found.covers(Action.REPLACE_DATA, "tre-x", URN)
    assert not found.covers(Action.DESTROY_DATA, "tre-y", URN)
    whole = wanted(action="close-tenancy", targets=[])
    names = SITE.names("programme-review")
    closing = verify_action(files(*(signed(SITE, name, whole) for name in names)), SITE.context, CODE)
    assert isinstance(closing, ActionPermit)
    assert closing.covers(Action.CLOSE_TENANCY, "tre-x")
    assert not closing.covers(Action.CLOSE_TENANCY, "tre-x", URN)


def reasons(found: dict[str, bytes], site: Site = SITE, estate: str = CODE) -> str:
    refused = verify_action(found, site.context, estate)
    assert isinstance(refused, Refusals)
    return "; ".join(refused.reasons)


def test_one_person_is_not_enough_and_neither_is_one_with_two_answers() -> None:
    assert "nobody has signed it" in reasons({})
    assert "1 of 2 people" in reasons(files(signed(SITE, OFFICER, wanted())))
    later = Site.of()
    later.now += timedelta(minutes=1)
    twice = files(signed(SITE, OFFICER, wanted()), signed(later, OFFICER, wanted()))
    assert len(twice) == 2
    assert "1 of 2 people" in reasons(twice, later)
    with pytest.raises(Refused, match="does not permit destroy-data"):
        signed(SITE, SITE.names("contract")[0], wanted())


def test_signatures_on_different_requests_do_not_add_up() -> None:
    other = signed(SITE, MEMBER, wanted(targets=[URN + "2"]))
    assert "another request" in reasons(files(signed(SITE, OFFICER, wanted()), other))
    assert "another request" in reasons(BOTH, estate="other")


def test_a_permit_is_used_once_within_its_time_and_ends_when_withdrawn() -> None:
    site = Site.of()
    site.now += timedelta(days=2)
    assert "valid from" in reasons(BOTH, site)
    site.now = NOW
    site.history = History(used=frozenset([wanted().digest]))
    assert reasons(BOTH, site) == "it was used already"
    withdrawn = files(signed(SITE, OTHER_MEMBER, wanted(), Answer.WITHDRAW))
    assert reasons({**BOTH, **withdrawn}) == "it was withdrawn"
    with pytest.raises(Refused, match="longer than 14 days"):
        signed(SITE, OFFICER, wanted(valid_until=NOW + timedelta(days=15)))


def test_a_revoked_key_and_a_changed_byte_permit_nothing() -> None:
    site = Site.of()
    keys = [changed(one, revoked=NOW) if one.person == person_id(MEMBER) else one for one in site.approvers.keys]
    site.approvers = changed(site.approvers, keys=keys)
    assert "the key was revoked" in reasons(BOTH, site)
    name, content = sorted(BOTH.items())[0]
    for at in range(0, len(content) - 1, 97):
        assert reasons({**BOTH, name: content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]})
    swapped = Signed.read(content, file=name)
    other = signer(OTHER_MEMBER, algorithm_of(OTHER_MEMBER))
    assert "not one of this person's" in reasons({name: Signed(swapped.payload, {}).with_signature(other).to_bytes()})


@pytest.mark.parametrize(
    "other",
    [{"targets": []}, {"targets": [URN, URN]}, {"targets": ["ürn"]}, {"reason": "Because"}, {"valid_until": NOW},
     {"action": "close-tenancy"}, {"action": "delete"}, {"stack": "tre-x/../y"}],
)  # fmt: skip
def test_a_request_that_does_not_say_what_why_and_until_when_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        wanted(**other)
