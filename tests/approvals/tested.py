"""A test estate's ledger with one change of a tenancy, and a site whose route names it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta

from approvals.actions import ActionRequest, Answer, sign_action
from approvals.canonical import digest_of
from approvals.promotion import evidence_name, verify_versions
from approvals.route import Action, EstateForTests, read_shipped
from approvals.versions import CATALOGUE as SUBJECT
from approvals.versions import Link, Versions, template_subject
from formats.plan import digest_of as digest_of_ledger
from formats.validation import validated
from operations.cli.promotions import ExportedLedger
from operations.ledger.entry import Digests, Kind, Result
from operations.ledger.ledger import Ledger
from tests.approvals.site import CATALOGUE, CODE, NOW, TEMPLATE, Site, algorithm_of, changed, signer
from tests.operations.ledger.logs import KEY, entry, memory_ledger

NEW_CATALOGUE, NEW_TEMPLATE = digest_of("a later catalogue"), digest_of("a later template")
TESTED_IN = EstateForTests(ledger=str(KEY.verifier()))
LINKS = (
    Link(SUBJECT, CATALOGUE, NEW_CATALOGUE),
    Link(template_subject("bespoke-imaging"), TEMPLATE, NEW_TEMPLATE),
)


def applied(
    ledger: Ledger | None = None, stack: str = "tre-rehearsal", result: Result = Result.SUCCEEDED, **verdict: object
) -> Ledger:
    """Record that a tenancy was changed with the later versions, between other entries."""
    ledger = ledger or memory_ledger()
    found = {"passed": True, "blocking": [], "catalogue": {"digest": NEW_CATALOGUE}, **verdict}
    digests = Digests(catalogue=NEW_CATALOGUE, template=NEW_TEMPLATE, verdict=digest_of_ledger(found))
    ledger.record(entry())
    begun = entry(Kind.INTENT, stacks=[stack], digests=digests, objects={"verdict": ledger.keep(found)})
    number = ledger.record(begun)
    ledger.record(entry(), entry(Kind.RESULT, stacks=[stack], of=number, result=result), entry())
    return ledger


def evidence_of(ledger: Ledger, tested_in: EstateForTests = TESTED_IN) -> bytes:
    """Return the evidence of the last change of a ledger."""
    found = ExportedLedger(ledger.log.storage, tested_in)
    found.verify()
    return found.evidence(list(found.applied.values())[-1])


EVIDENCE = evidence_of(applied())


@dataclass
class TestedSite:
    """A site whose route names a test estate, and the answers to one request to take the later versions."""

    __test__ = False
    site: Site
    answers: dict[str, bytes] = field(default_factory=dict)
    evidence: dict[str, bytes] = field(default_factory=lambda: {evidence_name(EVIDENCE): EVIDENCE})

    @classmethod
    def of(cls, links: tuple[Link, ...] = LINKS, *, agree: int = 2, tested: bool = True) -> TestedSite:
        route = read_shipped("west-midlands")
        found = cls(Site.of(changed(route, test_estate=TESTED_IN) if tested else route))
        for name in found.names[:agree]:
            found.answer(name, links)
        return found

    def copied(self) -> TestedSite:
        """Return a site whose answers and evidence can be changed apart from this one's."""
        return TestedSite(copy(self.site), dict(self.answers), dict(self.evidence))

    @property
    def names(self) -> list[str]:
        """The people who may let a version be taken."""
        return [*self.site.names("feasibility"), *self.site.names("governance")]

    def answer(self, name: str, links: tuple[Link, ...] = LINKS, answer: Answer = Answer.APPROVE) -> None:
        request = wanted(links)
        found = sign_action(request, self.site.context, signer(name, algorithm_of(name)), answer)
        self.answers[found.file] = found.signed.to_bytes()

    @property
    def versions(self) -> Versions:
        """The versions that permits hold under. `InputError` for false evidence."""
        return verify_versions([self.answers], self.evidence, self.site.context, CODE)


def wanted(links: tuple[Link, ...] = LINKS, **other: object) -> ActionRequest:
    """Return the request to take versions."""
    stated = {"estate": CODE, "action": Action.TAKE_VERSION, "targets": sorted(map(str, links)), "valid_from": NOW,
              "valid_until": NOW + timedelta(days=2), "reason": "Release 0.2, reviewed by both"}  # fmt: skip
    return validated(ActionRequest, {**stated, **other}, file="the action")
