"""Forged bundles: each function takes a complete honest bundle, and makes what nobody may accept of it.

A forger holds at most the keys of honest people who have gone mad one at a time: each signs only what is in their name.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from copy import copy
from datetime import timedelta
from typing import Any

from approvals.approvers import ApproverKey
from approvals.canonical import canonical, digest_of, digest_of_bytes, time_text
from approvals.decision import Decision, SignedDecision, Verb, file_name, read_bundle, unsigned
from approvals.envelope import Signed
from approvals.public_keys import ORDER_P256, Algorithm, decode_dss_signature, encode_dss_signature
from approvals.rights import History, key_id
from approvals.signers import KeySigner
from approvals.verification import StepProgress
from tests.approvals.site import NAMES, NOW, Site, algorithm_of, changed, person_id, request, signer, submission

Forgery = Callable[[Site, random.Random], None]
LOOK_ALIKE = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "i": "і", "0": "０", "2": "２", "-": "‐"}


def copied(site: Site) -> Site:
    """Return a site whose bundle can be changed apart from the first one's."""
    found = copy(site)
    found.files = dict(site.files)
    return found


def decisions(site: Site) -> tuple[SignedDecision, ...]:
    return read_bundle(site.files)


def holder(one: SignedDecision) -> str:
    """Return the name of who signed a decision."""
    return next(name for name in NAMES if person_id(name) == one.decision.person)


def key(name: str) -> KeySigner:
    return signer(name, algorithm_of(name))


def latest(site: Site, rng: random.Random) -> SignedDecision:
    """Return an approval that the bundle needs, and that no other decision follows."""
    heads = site.progress().heads
    return rng.choice([one for one in decisions(site) if one.digest in heads])


def swap(site: Site, one: SignedDecision, content: bytes, name: str | None = None) -> None:
    """Put a file in the place of a decision."""
    del site.files[one.file]
    site.files[name or file_name(digest_of_bytes(b"?" + content))] = content


def sign_again(site: Site, one: SignedDecision, payload: bytes, by: KeySigner | None = None) -> None:
    """Put another statement in the place of a decision, signed by the same person unless another key is given."""
    signed = Signed(payload, {}).with_signature(by or key(holder(one)))
    swap(site, one, signed.to_bytes(), file_name(signed.digest))


def edited(one: SignedDecision, edit: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the statement of a decision after an edit of its predicate; its subject follows."""
    content = json.loads(one.signed.payload)
    edit(content["predicate"])
    said = content["predicate"]
    content["subject"][0]["name"] = "/".join(str(said[name]) for name in ("estate", "project", "number", "step"))
    return canonical(content)


def a_byte_is_changed(site: Site, rng: random.Random) -> None:
    name = rng.choice(sorted(site.files))
    content = bytearray(site.files[name])
    at = rng.randrange(len(content) - 1)
    match rng.randrange(3):
        case 0:
            content[at] ^= 1 << rng.randrange(8)
        case 1:
            content.insert(at, rng.randrange(256))
        case _:
            del content[at]
    site.files[name] = bytes(content)


def it_is_replayed_on_another_project(site: Site, rng: random.Random) -> None:
    site.submission = submission(request(project=f"project-{rng.randrange(1000)}"))


def it_is_replayed_on_another_number(site: Site, rng: random.Random) -> None:
    site.amend(request=f"DAR-2027-{rng.randrange(1000)}")


def its_project_is_renamed_without_a_signature(site: Site, rng: random.Random) -> None:
    it_is_replayed_on_another_project(site, rng)
    for one in decisions(site):
        payload = edited(one, lambda said: said.update(project=site.submission.project))
        signed = Signed(payload, one.signed.signatures)
        swap(site, one, signed.to_bytes(), file_name(signed.digest))


def a_decision_is_dropped(site: Site, rng: random.Random) -> None:
    del site.files[rng.choice(sorted(site.files))]


def one_agrees_too_few(site: Site, rng: random.Random) -> None:
    del site.files[latest(site, rng).file]


def a_person_agrees_twice(site: Site, rng: random.Random) -> None:
    """Of two who must agree, one signs for both, with a second key of their own."""
    one, other = next(each.approvals for each in site.progress().steps if each.step.agree == len(each.approvals) > 1)[
        :2
    ]
    second = signer(f"{holder(one)}, second", rng.choice(list(Algorithm)))
    entry = ApproverKey(person=one.decision.person, key=second.key, valid_from=site.approvers.issued,
                        valid_until=site.approvers.keys[0].valid_until)  # fmt: skip
    site.approvers = changed(site.approvers, keys=(*site.approvers.keys, entry))
    sign_again(site, other, edited(other, lambda said: said.update(person=str(one.decision.person))), second)


def the_order_is_changed(site: Site, rng: random.Random) -> None:
    """A step that waits is decided before the others are, by people who sign that order."""
    one = latest(site, rng)
    waits = [one for one in decisions(site) if site.route.by_name[one.decision.step].after]
    one = rng.choice([one for one in waits if one.digest in site.progress().heads] or [one])
    sign_again(site, one, edited(one, lambda said: said.update(follows=[])))


def the_step_before_has_a_void_approval(site: Site, rng: random.Random) -> None:
    """Somebody without its role approves a step, and the people of the next take that for its approval."""
    one = next(each for each in decisions(site) if not each.decision.follows)
    able = site.names(one.decision.step)
    other = next(name for name in site.roles if name not in able)
    site.files.clear()
    site.now += timedelta(minutes=1)
    said = {"person": str(person_id(other)), "time": time_text(site.now), "verb": "approve"}
    said["view"] = site.submission.view_digest(site.route.by_name[one.decision.step])
    first = Signed(edited(one, lambda each: each.update(said)), {}).with_signature(key(other))
    site.files[file_name(first.digest)] = first.to_bytes()
    first_step, *others = site.progress().steps
    for step in (*others, first_step):
        for name in site.names(step.step.name)[: step.step.agree]:
            signed_by(site, name, step, Verb.APPROVE, rng)


def the_key_has_expired(site: Site, rng: random.Random) -> None:
    one = latest(site, rng)
    end = one.time - timedelta(days=rng.randrange(100))
    keys = [changed(each, valid_until=end) if each.key.id == key_id(one) else each for each in site.approvers.keys]
    site.approvers = changed(site.approvers, keys=keys)


def the_key_was_revoked(site: Site, rng: random.Random) -> None:
    one = latest(site, rng)
    revoked = one.time + timedelta(days=rng.randrange(-50, 50))
    keys = [changed(each, revoked=revoked) if each.key.id == key_id(one) else each for each in site.approvers.keys]
    site.approvers = changed(site.approvers, keys=keys)


def one_person_has_two_roles(site: Site, rng: random.Random) -> None:
    """Who decided one step gets the role of another and decides that too."""
    one = latest(site, rng)
    other = next(two for two in decisions(site) if two.decision.step != one.decision.step)
    owner = holder(other)
    role = next(each for each in site.approvers.people_by_id[one.decision.person].roles)
    people = [changed(each, roles=(*each.roles, role)) if each.id == person_id(owner) else each
              for each in site.approvers.people]  # fmt: skip
    site.approvers = changed(site.approvers, people=people)
    sign_again(site, one, edited(one, lambda said: said.update(person=str(person_id(owner)))), key(owner))


def it_is_a_self_approval(site: Site, rng: random.Random) -> None:
    """The request comes to name somebody who approved it, who approves again, and so does everybody else."""
    one = latest(site, rng)
    named = str(one.decision.person)
    site.amend(recipients={"approval": {"owner": rng.choice([named, named.upper()])}})
    for _ in range(20):
        steps = [each for each in site.progress().steps if each.state == "open" and each.step.name != one.decision.step]
        if not steps:
            break
        approved = {each.decision.person for each in steps[0].approvals}
        names = [name for name in site.names(steps[0].step.name) if person_id(name) not in approved]
        signed_by(site, rng.choice(names), steps[0], Verb.APPROVE, rng)
    signed_by(site, holder(one), site.progress().of(one.decision.step), Verb.APPROVE, rng)


def the_template_is_another_version(site: Site, rng: random.Random) -> None:
    template = {"name": "bespoke-imaging", "digest": digest_of(rng.random())}
    site.submission = submission(site.submission.request, template=template)


def the_plan_has_grown(site: Site, rng: random.Random) -> None:
    plan = site.submission.assessment.plan
    resources, disk_gib = {**plan.resources, "x:y:Z": 1}, plan.disk_gib + rng.randrange(1, 10_000)
    more = rng.choice([{"disk_gib": disk_gib}, {"nodes": 1}, {"machines": {"X": 1}}, {"resources": resources}])
    site.submission = submission(site.submission.request, plan=changed(plan, **more))


def a_json_key_is_named_twice(site: Site, rng: random.Random) -> None:
    """Parsers differ in which of two they take: here one is the honest value, and one is not."""
    one = latest(site, rng)
    first, second = rng.choice([('"verb":"approve"', '"verb":"reject"'), ('"step":"', '"step":"x","step":"'),
                                ('"predicate":{', '"predicate":{},"predicate":{')])  # fmt: skip
    text = one.signed.payload.decode()
    doubled = text.replace(first, f"{second},{first}" if second.startswith('"verb') else second, 1)
    if rng.random() < 0.5:
        sign_again(site, one, doubled.encode())
    else:
        swap(site, one, one.signed.to_bytes().replace(b'{"payload":', b'{"payload":"","payload":', 1), one.file)


def an_id_has_a_look_alike(site: Site, rng: random.Random) -> None:
    one = latest(site, rng)
    name = rng.choice(["project", "step", "role", "number", "person", "estate"])

    def edit(said: dict[str, Any]) -> None:
        places = [i for i, c in enumerate(said[name]) if c in LOOK_ALIKE]
        at = rng.choice(places) if places else 0
        said[name] = said[name][:at] + LOOK_ALIKE.get(said[name][at], "\u200b") + said[name][at + bool(places) :]

    sign_again(site, one, edited(one, edit))


def it_is_signed_by_another_person(site: Site, rng: random.Random) -> None:
    one = latest(site, rng)
    sign_again(site, one, one.signed.payload, key(rng.choice([name for name in site.roles if name != holder(one)])))


def it_is_signed_by_a_strange_key(site: Site, rng: random.Random) -> None:
    one = latest(site, rng)
    strange = signer(f"stranger {rng.random()}", rng.choice(list(Algorithm)))
    signed = Signed(one.signed.payload, {}).with_signature(strange)
    claimed = Signed(signed.payload, {rng.choice([key_id(one), strange.key.id]): signed.signatures[strange.key.id]})
    swap(site, one, claimed.to_bytes(), one.file)


def its_signature_is_of_another_form(site: Site, rng: random.Random) -> None:
    """The twin of an ECDSA signature, or an Ed25519 signature whose s is larger than the order."""
    one = latest(site, rng)
    found = one.signed.signatures[key_id(one)]
    if algorithm_of(holder(one)) is Algorithm.ES256:
        r, s = decode_dss_signature(found)
        twin = encode_dss_signature(r, ORDER_P256 - s)
    else:
        order = 2**252 + 27742317777372353535851937790883648493
        twin = found[:32] + (int.from_bytes(found[32:], "little") + order).to_bytes(32, "little")
    swap(site, one, Signed(one.signed.payload, {key_id(one): twin}).to_bytes(), one.file)


def it_has_several_signatures(site: Site, rng: random.Random) -> None:
    one = latest(site, rng)
    more = one.signed.with_signature(key(rng.choice([name for name in site.roles if name != holder(one)])))
    swap(site, one, more.to_bytes(), one.file)


def it_is_not_canonical(site: Site, rng: random.Random) -> None:
    one = latest(site, rng)
    content = json.loads(one.signed.payload)
    text = rng.choice([json.dumps(content), json.dumps(content, indent=1), json.dumps(content)[:-1] + ', "x": null}',
                       json.dumps(dict(reversed(content.items())), separators=(",", ":")),
                       one.signed.payload.decode().replace("approve", "\\u0061pprove"),
                       one.signed.payload.decode().replace(str(one.decision.person), str(one.decision.person).upper()),
                       ])  # fmt: skip
    sign_again(site, one, text.encode())


def it_is_a_statement_of_another_kind(site: Site, rng: random.Random) -> None:
    one = latest(site, rng)
    content = json.loads(one.signed.payload)
    where, value = rng.choice(
        [("predicateType", "urn:nhs-sde:decision:v2"), ("_type", "https://in-toto.io/Statement/v0.1")]
    )
    sign_again(site, one, canonical({**content, where: value}))


def it_is_from_another_time(site: Site, rng: random.Random) -> None:
    """From before what it follows, from before the ledger's last entry, or from the future."""
    one = latest(site, rng)
    past, future = NOW - timedelta(days=rng.randrange(1, 100)), site.now + timedelta(days=rng.randrange(1, 100))
    kind = rng.randrange(3)
    if kind == 0:
        site.history = History(last=site.now + timedelta(seconds=1))
    time = future if kind == 1 else past
    sign_again(site, one, edited(one, lambda said: said.update(time=time_text(time))))


def the_role_is_not_theirs(site: Site, rng: random.Random) -> None:
    one = latest(site, rng)
    step = next(step for step in site.route.steps if step.name != one.decision.step)
    which = rng.choice([{"role": step.roles[0]}, {"step": step.name, "role": step.roles[0]}])
    sign_again(site, one, edited(one, lambda said: said.update(which)))


def a_rejection_is_left_out(site: Site, rng: random.Random) -> None:
    """The request was rejected or withdrawn, and somebody approves it again all the same."""
    one = latest(site, rng)
    verb = rng.choice([Verb.REJECT, Verb.WITHDRAW])
    content = edited(one, lambda said: said.update(verb=str(verb)))
    sign_again(site, one, content)


def the_route_is_weaker(site: Site, rng: random.Random) -> None:
    one = latest(site, rng)
    step = site.route.by_name[one.decision.step]
    others = [each for each in site.route.steps if each.name != step.name]
    kept = [changed(each, after=[name for name in each.after if name != step.name]) for each in others]
    if step.agree > 1:
        kept.append(changed(step, agree=step.agree - 1))
    else:
        kept[0] = changed(kept[0], sees=sorted({*kept[0].sees, *step.sees}), agree=2)
    site.route = changed(site.route, steps=kept)
    del site.files[one.file]


KINDS: Mapping[str, Forgery] = {
    one.__name__: one
    for one in (
        a_byte_is_changed, it_is_replayed_on_another_project, it_is_replayed_on_another_number,
        its_project_is_renamed_without_a_signature, a_decision_is_dropped, one_agrees_too_few, a_person_agrees_twice,
        the_order_is_changed, the_step_before_has_a_void_approval, the_key_has_expired, the_key_was_revoked,
        one_person_has_two_roles,
        it_is_a_self_approval, the_template_is_another_version, the_plan_has_grown, a_json_key_is_named_twice,
        an_id_has_a_look_alike, it_is_signed_by_another_person, it_is_signed_by_a_strange_key,
        its_signature_is_of_another_form, it_has_several_signatures, it_is_not_canonical,
        it_is_a_statement_of_another_kind, it_is_from_another_time, the_role_is_not_theirs,
        a_rejection_is_left_out, the_route_is_weaker,
    )
}  # fmt: skip


def signed_by(site: Site, name: str, one: StepProgress, verb: Verb, rng: random.Random) -> None:
    """Add a decision of a person on a step, signed without asking whether it counts."""
    site.now += timedelta(seconds=rng.randrange(100))
    decision = Decision(estate=site.submission.estate, project=site.submission.project, view=one.view, verb=verb,
                        number=site.submission.number, step=one.step.name, person=person_id(name), time=site.now,
                        role=one.step.roles[0], reason="As agreed", follows=site.progress().heads)  # fmt: skip
    signed = unsigned(decision, site.submission.digest).with_signature(key(name))
    site.files[file_name(signed.digest)] = signed.to_bytes()


def honest(seed: int) -> Site:
    """Return a complete request: by a random route, in a random order, with amendments and returns on the way."""
    rng = random.Random(seed)  # noqa: S311 - the same bundles in each run
    site = Site.of(rng.choice(["west-midlands", "trust-committee"]))
    site.submission = submission(request(project=f"project-{rng.randrange(10**6)}", title=f"Title {seed}"))
    left = 2
    while not (progress := site.progress()).is_complete:
        one = rng.choice([one for one in progress.steps if one.state in ("open", "returned")])
        names = [name for name in site.names(one.step.name)
                 if person_id(name) not in {each.decision.person for each in one.approvals}]  # fmt: skip
        name, verb = holder(one.returns[0]) if one.returns else rng.choice(names), Verb.APPROVE
        if left and rng.random() < 0.2:
            left, verb = left - 1, Verb.RETURN
        signed_by(site, name, one, verb, rng)
        if verb is Verb.RETURN:
            site.amend(**rng.choice([{"title": f"Title {rng.random()}"}, {"tiers": {"cool_after_days": 30 + left}}]))
    return site
