"""Forged ways to a later version: each function takes honest links with their evidence, and breaks them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from approvals.actions import Answer
from approvals.approvers import ApproverKey
from approvals.canonical import canonical, digest_of, digest_of_bytes, time_text
from approvals.decision import file_name
from approvals.envelope import Signed
from approvals.promotion import evidence_name
from approvals.route import EstateForTests
from approvals.signers import KeySigner
from operations.ledger.ledger import Ledger
from operations.ledger.log import Log
from tests.approvals.forgeries import LOOK_ALIKE
from tests.approvals.site import NAMES, algorithm_of, changed, person_id, signer
from tests.approvals.tested import EVIDENCE, TestedSite, applied, evidence_of
from tests.operations.ledger.logs import OTHER, WHO, MemoryStorage

Forgery = Callable[[TestedSite, random.Random], None]


@dataclass(frozen=True)
class One:
    """An honest answer: its file, its statement, and who signed it."""

    file: str
    content: dict[str, Any]
    signed: Signed
    name: str


def chosen(site: TestedSite, rng: random.Random) -> One:
    file = rng.choice(sorted(site.answers))
    signed = Signed.read(site.answers[file], file=file)
    content = json.loads(signed.payload)
    person = content["predicate"]["person"]
    return One(file, content, signed, next(name for name in NAMES if str(person_id(name)) == person))


def sign_again(site: TestedSite, one: One, by: KeySigner | None = None) -> None:
    """Put the edited statement in its place, with a subject that follows, signed by the same person."""
    request = one.content["predicate"]["request"]
    digest = digest_of(request).removeprefix("sha256:")
    one.content["subject"] = [{"name": f"{request['estate']}/{request['action']}", "digest": {"sha256": digest}}]
    signed = Signed(canonical(one.content), {}).with_signature(by or signer(one.name, algorithm_of(one.name)))
    del site.answers[one.file]
    site.answers[file_name(signed.digest)] = signed.to_bytes()


def one_person_alone(site: TestedSite, rng: random.Random) -> None:
    del site.answers[chosen(site, rng).file]


def one_person_twice(site: TestedSite, rng: random.Random) -> None:
    one, approvers = chosen(site, rng), site.site.approvers
    other = next(name for name in site.names[:2] if name != one.name)
    second = signer(f"{other}, second")
    entry = ApproverKey(person=person_id(other), key=second.key, valid_from=approvers.issued,
                        valid_until=approvers.keys[0].valid_until)  # fmt: skip
    site.site.approvers = changed(approvers, keys=(*approvers.keys, entry))
    one.content["predicate"]["person"] = str(person_id(other))
    sign_again(site, one, second)


def other_versions_of_one(site: TestedSite, rng: random.Random) -> None:
    one = chosen(site, rng)
    targets = one.content["predicate"]["request"]["targets"]
    at = rng.randrange(len(targets))
    subject, before, _ = targets[at].rsplit(" ", 2)
    targets[at] = f"{subject} {before} {digest_of(rng.random())}"
    sign_again(site, one)


def a_longer_time_of_one(site: TestedSite, rng: random.Random) -> None:
    one = chosen(site, rng)
    later = site.site.now + timedelta(days=rng.randrange(3, 400))
    one.content["predicate"]["request"]["valid_until"] = time_text(later)
    sign_again(site, one)


def signed_outside_its_time(site: TestedSite, rng: random.Random) -> None:
    one, days = chosen(site, rng), rng.randrange(3, 100)
    site.site.now += timedelta(days=101)
    time = site.site.now - timedelta(days=101 + days) if rng.random() < 0.5 else site.site.now
    one.content["predicate"]["time"] = time_text(time)
    sign_again(site, one)


def a_byte_is_changed(site: TestedSite, rng: random.Random) -> None:
    file = chosen(site, rng).file
    content = bytearray(site.answers[file])
    content[rng.randrange(len(content) - 1)] ^= 1 << rng.randrange(8)
    site.answers[file] = bytes(content)


def an_answer_has_a_look_alike(site: TestedSite, rng: random.Random) -> None:
    one = chosen(site, rng)
    found = one.content["predicate"]["request"]
    where = rng.choice(["estate", "reason"])
    letter = next(each for each in found[where] if each in LOOK_ALIKE)
    found[where] = found[where].replace(letter, LOOK_ALIKE[letter], 1)
    sign_again(site, one)


def signed_by_another(site: TestedSite, rng: random.Random) -> None:
    one = chosen(site, rng)
    other = rng.choice([name for name in site.site.roles if name != one.name])
    sign_again(site, one, signer(other, algorithm_of(other)))


def the_role_is_not_theirs(site: TestedSite, rng: random.Random) -> None:
    one, name = chosen(site, rng), rng.choice(site.site.names("contract"))
    one.content["predicate"].update(person=str(person_id(name)), role=rng.choice(["contracts", "technical-lead"]))
    sign_again(site, one, signer(name, algorithm_of(name)))


def the_key_was_revoked_or_ended(site: TestedSite, rng: random.Random) -> None:
    one, approvers = chosen(site, rng), site.site.approvers
    end = {"revoked": site.site.now + timedelta(days=1)} if rng.random() < 0.5 else {"valid_until": site.site.now}
    keys = [changed(key, **end) if key.person == person_id(one.name) else key for key in approvers.keys]
    site.site.approvers = changed(approvers, keys=keys)


def the_role_has_ended(site: TestedSite, rng: random.Random) -> None:
    one, approvers = chosen(site, rng), site.site.approvers
    people = [changed(each, roles=[changed(role, valid_until=site.site.now) for role in each.roles])
              if each.id == person_id(one.name) else each for each in approvers.people]  # fmt: skip
    site.site.approvers = changed(approvers, people=people)


def of_another_estate(site: TestedSite, rng: random.Random) -> None:
    one = chosen(site, rng)
    one.content["predicate"]["request"]["estate"] = rng.choice(["wmtest", "other"])
    sign_again(site, one)


def a_withdrawal_is_kept(site: TestedSite, rng: random.Random) -> None:
    site.answer(rng.choice(site.names), answer=Answer.WITHDRAW)


def the_evidence_is_gone(site: TestedSite, _: random.Random) -> None:
    site.evidence.clear()


def the_evidence_is_changed(site: TestedSite, rng: random.Random) -> None:
    content = bytearray(EVIDENCE)
    content[rng.randrange(len(content) - 1)] ^= 1 << rng.randrange(8)
    site.evidence = {evidence_name(bytes(content)): bytes(content)}


def the_evidence_is_of_another_ledger(site: TestedSite, rng: random.Random) -> None:
    ledger = Ledger(Log(MemoryStorage(), OTHER.verifier(), OTHER), WHO)
    content = evidence_of(applied(ledger, stack=f"tre-x{rng.randrange(9)}"),
                          EstateForTests(ledger=str(OTHER.verifier())))  # fmt: skip
    site.evidence = {evidence_name(content): content}


def the_evidence_has_another_entry(site: TestedSite, rng: random.Random) -> None:
    found = json.loads(EVIDENCE)
    key = rng.choice(["intent", "result"])
    said = json.loads(found[key]["entry"])
    said["command"] = f"up {rng.random()}"
    found[key]["entry"] = canonical(said).decode()
    content = canonical(found) + b"\n"
    assert digest_of_bytes(content) != digest_of_bytes(EVIDENCE)
    site.evidence = {evidence_name(content): content}


LINK_KINDS: Mapping[str, Forgery] = {
    one.__name__: one
    for one in (
        one_person_alone, one_person_twice, other_versions_of_one, a_longer_time_of_one, signed_outside_its_time,
        a_byte_is_changed, an_answer_has_a_look_alike, signed_by_another, the_role_is_not_theirs,
        the_key_was_revoked_or_ended, the_role_has_ended, of_another_estate, a_withdrawal_is_kept,
        the_evidence_is_gone, the_evidence_is_changed, the_evidence_is_of_another_ledger,
        the_evidence_has_another_entry,
    )
}  # fmt: skip
