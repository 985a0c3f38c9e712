"""A site with a route, approvers whose keys are the same in each run, and requests to decide on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from uuid import NAMESPACE_DNS, UUID, uuid5

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel

from approvals.approvers import KEEPERS, Anchor, Approver, ApproverKey, Approvers, RoleGrant, unsigned, verify_approvers
from approvals.assessment import Assessment
from approvals.canonical import digest_of
from approvals.deciding import NewDecision, decide
from approvals.decision import Verb
from approvals.envelope import Signed
from approvals.permit import Proposed
from approvals.public_keys import ORDER_P256, Algorithm
from approvals.rights import Context, History
from approvals.route import Route, read_shipped
from approvals.signers import KeySigner
from approvals.submission import Submission
from approvals.verification import Progress, verify

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 30, 9, 0, 0, tzinfo=UTC)
END = datetime(2027, 12, 31, tzinfo=UTC)
M = TypeVar("M", bound=BaseModel)
CODE = "wmsde"
CATALOGUE = "sha256:" + "ca" * 32
TEMPLATE = "sha256:" + "7e" * 32
NAMES = ("Ada Alder", "Ben Birch", "Cara Cedar", "Dev Dogwood", "Eve Elm", "Finn Fir", "Gwen Gorse", "Hal Hazel",
         "Ivy Ilex", "Jon Juniper", "Kit Kauri", "Liz Larch", "Max Maple", "Nia Nutmeg", "Oz Oak", "Pia Pine",
         "Quin Quince", "Rae Rowan")  # fmt: skip


@cache
def signer(name: str, algorithm: Algorithm = Algorithm.ED25519) -> KeySigner:
    """Return the key of a name, the same in each run."""
    seed = hashlib.sha256(f"{algorithm} {name}".encode()).digest()
    if algorithm is Algorithm.ED25519:
        return KeySigner(Ed25519PrivateKey.from_private_bytes(seed))
    return KeySigner(derive_private_key(int.from_bytes(seed) % (ORDER_P256 - 1) + 1, SECP256R1()))


def person_id(name: str) -> UUID:
    """Return the object id of a person."""
    return uuid5(NAMESPACE_DNS, name)


def algorithm_of(name: str) -> Algorithm:
    """Return the algorithm of a person's key: every other one has ES256."""
    return Algorithm.ES256 if NAMES.index(name) % 2 else Algorithm.ED25519


def grant(role: str, since: datetime = BEGIN, until: datetime = END) -> RoleGrant:
    return RoleGrant(role=role, valid_from=since, valid_until=until)


def key_of(name: str, since: datetime = BEGIN, until: datetime = END, **other: Any) -> ApproverKey:
    key = signer(name, algorithm_of(name)).key
    return ApproverKey(person=person_id(name), key=key, valid_from=since, valid_until=until, **other)


def changed(model: M, **other: Any) -> M:
    """Return a model with other values, validated: a copy would keep what was computed from the former ones."""
    return type(model).model_validate({**{name: getattr(model, name) for name in type(model).model_fields}, **other})


def approvers_of(route: Route, roles: Mapping[str, str], **other: Any) -> Approvers:
    """Return the first version, with one role for each name."""
    people = tuple(Approver(id=person_id(name), name=name, roles=(grant(role),)) for name, role in roles.items())
    keys = tuple(key_of(name) for name in roles)
    fields = {"estate": CODE, "version": 1, "issued": BEGIN, "keepers": 2, "route": route.digest}
    return Approvers.model_validate({**fields, "people": people, "keys": keys, **other})


def sign_version(approvers: Approvers, *names: str) -> Signed:
    """Return a version that people have signed."""
    found = unsigned(approvers)
    for name in names:
        found = found.with_signature(signer(name, algorithm_of(name)))
    return found


def people_for(route: Route, spare: int = 1) -> dict[str, str]:
    """Return a role for each name: two keepers of keys, and enough people with one more for each step."""
    roles = [KEEPERS, KEEPERS]
    for step in route.steps:
        roles += [step.roles[0]] * (step.agree + spare)
    return dict(zip(NAMES, roles, strict=False))


def request(**other: Any) -> dict[str, Any]:
    """Return a request as JSON."""
    found = {
        "project": "hcm-progression", "title": "Progression of a disease of the heart", "request": "DAR-2026-0017",
        "approved_on": "2026-09-14", "expires": "2028-09-30", "controller": "Aldergate University Hospitals",
        "data_class": "de-identified", "cost_centre": "RES-2217", "template": "bespoke-imaging",
        "researchers": "db7a0118-c48f-5463-aec7-50d383efab17", "stewards": "187bd0fc-1ebd-5a71-9c61-2df03104f43d",
        "checkers": "071dd6ac-566d-5e75-a517-c5d424eb8b15", "redundancy": "Standard_LRS",
        "desks": [{"name": "main", "size": "Standard_NC24ads_A100_v4", "data_disk_gib": 1024}],
        "tiers": {"cool_after_days": 90},
    }  # fmt: skip
    return {**found, **other}


def assessment(of: Mapping[str, Any], **other: Any) -> Assessment:
    """Return the assessment of a request."""
    fields: dict[str, Any] = {
        "request": digest_of(of),
        "template": {"name": "bespoke-imaging", "digest": TEMPLATE},
        "plan": {"resources": {"azure-native:compute:VirtualMachine": 1, "azure-native:storage:StorageAccount": 2},
                 "machines": {"Standard_NC24ads_A100_v4": 1}, "disk_gib": 1152},
        "network": {"addresses": ("10.64.64.0/22",), "quotas": {"Standard NCADS A100 v4 Family vCPUs": 24}},
        "cost": {"currency": "GBP", "monthly_pence": 123_456},
        "verdict": {"passed": True, "catalogue": CATALOGUE},
        "summary": ("A project on a disease of the heart, with one desk.",),
    }  # fmt: skip
    return Assessment.model_validate({**fields, **other})


def submission(of: Mapping[str, Any] | None = None, **assessed: Any) -> Submission:
    """Return a request with its assessment."""
    of = of or request()
    return Submission(CODE, of, assessment(of, **assessed))


@dataclass
class Site:
    """A route with its approvers, and the decisions on one project so far."""

    route: Route
    roles: Mapping[str, str]
    approvers: Approvers
    submission: Submission = field(default_factory=submission)
    files: dict[str, bytes] = field(default_factory=dict)
    now: datetime = NOW
    history: History = field(default_factory=History)

    @classmethod
    def of(cls, route: str | Route = "west-midlands", spare: int = 1) -> Site:
        found = read_shipped(route) if isinstance(route, str) else route
        roles = people_for(found, spare)
        return cls(found, roles, approvers_of(found, roles))

    @property
    def context(self) -> Context:
        return Context(self.approvers, self.route, self.now, self.history)

    def names(self, step: str) -> list[str]:
        """Return the people who decide a step."""
        return [name for name, role in self.roles.items() if role in self.route.by_name[step].roles]

    def made(self, name: str, step: str, verb: Verb = Verb.APPROVE) -> NewDecision:
        """Return the decision of a person, without keeping it."""
        return decide(self.files, self.context, self.submission, step=step, verb=verb, reason="As the minutes say",
                      signer=signer(name, algorithm_of(name)))  # fmt: skip

    def decide(self, name: str, step: str, verb: Verb = Verb.APPROVE) -> NewDecision:
        """Make a decision, a minute after the last."""
        self.now += timedelta(minutes=1)
        found = self.made(name, step, verb)
        self.files[found.file_name] = found.content
        return found

    def approve(self, *steps: str) -> Site:
        """Have as many people approve each step as must agree; all steps unless some are named."""
        for step in steps or tuple(self.route.by_name):
            for name in self.names(step)[: self.route.by_name[step].agree]:
                self.decide(name, step)
        return self

    def amend(self, **other: Any) -> None:
        """Change the request. What is assessed stays as it was."""
        amended = {**self.submission.request, **other}
        kept = changed(self.submission.assessment, request=digest_of(amended))
        self.submission = replace(self.submission, request=amended, assessment=kept)

    def progress(self) -> Progress:
        return verify(self.files, self.context, self.submission)

    def states(self) -> dict[str, str]:
        return {one.step.name: str(one.state) for one in self.progress().steps}


def proposed(site: Site, **other: Any) -> Proposed:
    """Return the deployment of exactly what was assessed, with other values."""
    found = site.submission.assessment
    fields = {"template": found.template, "catalogue": found.verdict.catalogue, "plan": found.plan, "cost": found.cost}
    return Proposed(**{"request": site.submission.digest, **fields, **other})


def chain(*versions: Signed) -> list[tuple[str, bytes]]:
    return [(f"{number}.json", one.to_bytes()) for number, one in enumerate(versions, start=1)]


def verified(*versions: Signed, now: datetime = NOW, anchor: Anchor | None = None) -> Approvers:
    """Return the newest of some versions, verified with the digest of the first."""
    return verify_approvers(chain(*versions), anchor or Anchor(versions[0].digest), estate=CODE, now=now)
