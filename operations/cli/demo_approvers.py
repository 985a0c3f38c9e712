"""Made-up approvers with throw-away keys, for estates in the local Azure alone."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from approvals.approvers import KEEPERS, MIN_KEEPERS, Approver, ApproverKey, Approvers, RoleGrant, unsigned
from approvals.deciding import NewDecision, decide
from approvals.decision import Verb
from approvals.public_keys import Algorithm
from approvals.rights import Context
from approvals.route import FILE_NAME, Action, Route, Step
from approvals.signers import KeySigner, read_key_file
from approvals.verification import State, verify
from formats.errors import InputError, Refused
from operations.cli.estate_requests import EstateRequests, add_file
from operations.settings import write_new, write_whole

FIRST_NAMES = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ilex", "Juniper")
DEFAULT_ROUTE = "west-midlands"
VALID = timedelta(days=365)


def approve_with_demo_keys(
    requests: EstateRequests, project: str, step: str | None, reason: str
) -> Iterator[NewDecision]:
    """Yield a decision for each approval that is missing; add each before the next.

    Makes the people and their keys at the first use. `Refused` for an estate in real Azure, or with approvers of its
    own: these decide there.
    """
    require_local(requests)
    submission, context = requests.submission(project), _made_up(requests)
    if step is not None and step not in context.route.by_name:
        raise InputError("The route has no such step.", key="--step", found=step,
                         allowed=", ".join(context.route.by_name))  # fmt: skip
    while True:
        context = requests.context_of(project)
        files = requests.files.decisions(project)
        progress = verify(files, context, submission)
        if progress.ended:
            raise Refused("The request has ended: " + "; ".join(progress.why_incomplete()))
        opened = [one for one in progress.steps if one.state is State.OPEN and step in (None, one.step.name)]
        if not opened:
            return
        decided = {one.decision.person for one in progress.decisions if one.decision.step != opened[0].step.name}
        decided |= {one.person for one in opened[0].approvals} | submission.named
        person = next(one for one in context.approvers.people if one.id not in decided
                      and any(one.has(role, context.now) for role in opened[0].step.roles))  # fmt: skip
        signer = read_key_file(_key_file(requests, person.name), _passphrase(requests))
        yield decide(files, context, submission, step=opened[0].step.name, verb=Verb.APPROVE, signer=signer,
                     reason=reason)  # fmt: skip


def demo_signers(requests: EstateRequests, action: Action) -> list[KeySigner]:
    """Return the keys of as many made-up people as must agree on an action. `Refused` as for the decisions."""
    require_local(requests)
    context = _made_up(requests)
    rule = context.route.actions[action]
    able = [one for one in context.approvers.people if any(one.has(role, context.now) for role in rule.roles)]
    return [read_key_file(_key_file(requests, one.name), _passphrase(requests)) for one in able[: rule.agree]]


def require_local(requests: EstateRequests) -> None:
    """Refuse an estate in real Azure."""
    if not requests.is_local:
        raise Refused("--demo-keys are for estates with `cloud: local` alone.\n"
                      "  fix:     sign with the key of an approver: --key")  # fmt: skip


def _made_up(requests: EstateRequests) -> Context:
    """Make the people at the first use. `Refused` for an estate with approvers of its own."""
    if not requests.files.versions():
        _make(requests)
    elif not _passphrase_file(requests).exists():
        raise Refused("The estate has approvers of its own, who decide.\n  fix:     sign with the key of one: --key")
    return requests.context()


def _make(requests: EstateRequests) -> None:
    """Write a first version of approvers: for each step as many people as must agree, for each action two."""
    route_file = requests.files.folder / FILE_NAME
    if not route_file.exists():
        write_whole(route_file, f"route: {DEFAULT_ROUTE}\n")
    route, now = requests.files.route(), requests.now
    names = _names(route)
    shutil.rmtree(requests.local_folder, ignore_errors=True)  # of approvers that are gone
    write_new(_passphrase_file(requests), f"{secrets.token_urlsafe(24)}\n".encode())
    signers = {name: _new_key(requests, name) for name in names}
    first = Approvers(estate=requests.files.estate, version=1, issued=now, keepers=MIN_KEEPERS, route=route.digest,
                      people=tuple(_person(name, role, now) for name, role in names.items()),
                      keys=tuple(ApproverKey(person=_id(name), key=signers[name].key, valid_from=now,
                                             valid_until=now + VALID) for name in names))  # fmt: skip
    signed = unsigned(first)
    for name, role in names.items():
        if role == KEEPERS:
            signed = signed.with_signature(signers[name])
    add_file(requests.files.approvers_folder / "1.json", signed.to_bytes())
    requests.keep_anchor(signed)
    requests.session.output.say(f"made {len(names)} people with throw-away keys: these approvals are worth nothing "
                            "outside this machine.", style="yellow")  # fmt: skip


def _names(route: Route) -> dict[str, str]:
    """Return a role by the name of each made-up person."""
    needed: dict[str, int] = {KEEPERS: MIN_KEEPERS}
    steps: tuple[Step, ...] = route.steps
    for roles, agree in [*((step.roles, step.agree) for step in steps),
                         *((rule.roles, rule.agree) for rule in route.actions.values())]:  # fmt: skip
        for role in roles:
            needed[role] = max(needed.get(role, 0), agree)
    for step in steps:  # nobody decides two steps
        sharing = sum(other.agree for other in steps if set(other.roles) & set(step.roles))
        needed |= {role: max(needed[role], sharing) for role in step.roles}
    return {f"{role.replace('-', ' ').title().replace(' ', '')} {FIRST_NAMES[number % len(FIRST_NAMES)]}"
            f"{number // len(FIRST_NAMES) or ''}": role
            for role, count in needed.items() for number in range(count)}  # fmt: skip


def _person(name: str, role: str, now: datetime) -> Approver:
    grant = RoleGrant(role=role, valid_from=now, valid_until=now + VALID)
    return Approver(id=_id(name), name=name, roles=(grant,))


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"demo approver {name}")


def _passphrase_file(requests: EstateRequests) -> Path:
    return requests.local_folder / "passphrase"


def _passphrase(requests: EstateRequests) -> str:
    return _passphrase_file(requests).read_text(encoding="utf-8").strip()


def _key_file(requests: EstateRequests, name: str) -> Path:
    return requests.local_folder / f"{name.replace(' ', '-').lower()}.pem"


def _new_key(requests: EstateRequests, name: str) -> KeySigner:
    signer = KeySigner.new(Algorithm.ED25519)
    write_new(_key_file(requests, name), signer.encrypted(_passphrase(requests)))
    return signer
