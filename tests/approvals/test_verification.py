"""What a request needs to be approved, and what an amendment, a return and a lost key do to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from approvals.decision import Decision, Verb, file_name, unsigned
from approvals.rights import History
from formats.errors import InputError, Refused
from tests.approvals.site import NOW, Site, algorithm_of, changed, person_id, signer


def test_a_request_is_complete_when_each_step_is_approved_by_enough_people() -> None:
    site = Site.of()
    assert site.states() == {"programme-review": "open", "feasibility": "waiting", "governance": "waiting",
                             "contract": "waiting", "committee": "waiting"}  # fmt: skip
    site.approve("programme-review", "governance", "feasibility")
    assert (site.states()["contract"], site.states()["committee"]) == ("open", "open")
    one, other, _ = site.names("committee")
    site.decide(one, "committee")
    assert site.progress().of("committee").missing == 1
    site.decide(other, "committee")
    assert not site.progress().is_complete
    site.approve("contract")
    assert site.progress().is_complete


def test_nobody_decides_out_of_turn_twice_or_without_the_role() -> None:
    site = Site.of()
    with pytest.raises(Refused, match="it waits for programme-review"):
        site.made(site.names("feasibility")[0], "feasibility")
    with pytest.raises(Refused, match="does not decide programme-review"):
        site.made(site.names("contract")[0], "programme-review")
    site.approve()
    with pytest.raises(Refused, match="no key of an approver"):
        site.approvers = changed(site.approvers, keys=site.approvers.keys[:-1])
        site.made(list(site.roles)[-1], "committee")


def test_nobody_decides_on_a_request_that_names_them() -> None:
    site = Site.of()
    first, other = site.names("programme-review")
    site.amend(recipients={"approval": {"owner": str(person_id(first)).upper()}})
    with pytest.raises(Refused, match="the request names this person"):
        site.made(first, "programme-review")
    site.decide(other, "programme-review")
    site.amend(recipients={"approval": {"owner": str(person_id(other))}})
    assert site.states()["programme-review"] == "open"
    assert list(site.progress().void.values()) == ["the request names this person"]


def test_an_amendment_reopens_the_steps_that_see_what_it_changes_and_no_other() -> None:
    site = Site.of().approve()
    site.amend(desks=[{"name": "main", "size": "Standard_D4s_v5", "data_disk_gib": 64}])
    assert {name for name, state in site.states().items() if state != "approved"} == {"feasibility"}
    site.amend(title="Another title")
    reopened = {name for name, state in site.states().items() if state != "approved"}
    assert reopened == {"feasibility", "programme-review", "governance", "contract", "committee"}
    assert site.states()["committee"] == "waiting"
    site.approve()
    assert site.progress().is_complete


def test_a_return_asks_for_an_amendment_and_a_rejection_ends_the_request() -> None:
    site = Site.of().approve("programme-review")
    name, other = site.names("governance")
    site.decide(name, "governance", Verb.RETURN)
    site.decide(other, "governance")
    assert site.states()["governance"] == "returned"
    site.amend(title="As governance asked")
    assert site.states()["governance"] == "waiting"
    site.approve("programme-review")
    site.decide(name, "governance")
    site.decide(site.names("contract")[0], "contract", Verb.REJECT)
    progress = site.progress()
    assert not progress.is_complete
    assert progress.why_incomplete()[0].startswith("contract: reject by ")
    with pytest.raises(Refused, match="has ended"):
        site.made(site.names("feasibility")[0], "feasibility")
    site.amend(request="DAR-2026-0099")
    assert site.states()["programme-review"] == "open"


@pytest.mark.parametrize("recorded", [False, True])
def test_decisions_by_a_revoked_key_count_only_if_the_ledger_had_them_before(recorded: bool) -> None:
    site = Site.of().approve()
    name = site.names("governance")[0]
    revoked = site.now + timedelta(days=1)
    keys = [changed(one, revoked=revoked) if one.person == person_id(name) else one for one in site.approvers.keys]
    site.approvers = changed(site.approvers, keys=keys)
    if recorded:
        digests = frozenset(one.digest for one in site.progress().decisions)
        site.history = History(digests, digests, site.now)
    assert site.progress().is_complete is recorded
    if not recorded:
        site.decide(site.names("governance")[1], "governance")
        assert site.progress().is_complete


def test_a_recorded_decision_cannot_be_taken_away_and_a_new_one_is_not_earlier_than_the_last_entry() -> None:
    site = Site.of().approve("programme-review")
    (digest,) = (one.digest for one in site.progress().decisions)
    site.history = History(frozenset([digest]), last=site.now + timedelta(hours=1))
    kept = dict(site.files)
    site.files.clear()
    with pytest.raises(InputError, match="A recorded decision is missing"):
        site.progress()
    site.files |= kept
    with pytest.raises(Refused, match="earlier than what is recorded already"):
        site.made(site.names("governance")[0], "governance")


def test_a_route_that_the_approvers_did_not_sign_is_refused() -> None:
    site = Site.of()
    weaker = changed(site.route, steps=[changed(step, agree=1) for step in site.route.steps])
    with pytest.raises(InputError, match="not the one that the approvers signed"):
        replace(site.context, route=weaker)


def test_two_decisions_of_one_person_follow_each_other() -> None:
    """Otherwise it would be open which of them counts."""
    site = Site.of()
    name = site.names("programme-review")[0]
    site.decide(name, "programme-review", Verb.RETURN)
    (first,) = site.progress().decisions
    decision = Decision.model_validate({**first.decision.model_dump(), "verb": Verb.APPROVE, "time": NOW})
    signed = unsigned(decision, first.request).with_signature(signer(name, algorithm_of(name)))
    with pytest.raises(InputError, match="do not follow each other"):
        site.files[file_name(signed.digest)] = signed.to_bytes()
        site.progress()
