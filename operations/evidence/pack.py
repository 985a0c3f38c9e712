"""The pack: all documents with their digests, a signature over these, and how to verify both."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict

from approvals.canonical import UtcTime, canonical, content_of, time_text
from approvals.envelope import Signer, statement
from operations.evidence import documents, oscal, page, satre_sheet
from operations.evidence.claims import Claim, Claims, Outcome
from operations.evidence.documents import CERTIFICATE, FLOWS, LEDGER_CHECKPOINT, LEDGER_ENTRIES, to_text
from operations.evidence.facts import Facts
from operations.evidence.standards import Control
from operations.evidence.zip_files import zip_of
from policies.reachability.certificate import digest_of

FORMAT = "sde-evidence-1"
PREDICATE_TYPE = "urn:nhs-sde:evidence:v1"
MANIFEST, SUMS, SIGNATURE, SIGNER = "manifest.json", "SHA256SUMS", "manifest.dsse.json", "signer.json"
README, PAGE, SHEET, EXEMPTIONS = "README.txt", "index.html", "satre-evaluation.xlsx", "exemptions.json"
UNSIGNED = "This pack is not signed: anyone may have written it. sde evidence --key signs one."


class Summary(BaseModel):
    """What is signed, beside the digest of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organisation: str
    made: UtcTime
    outcomes: dict[str, int]


@dataclass(frozen=True)
class Pack:
    """The claims on some controls, with all that they rest on."""

    facts: Facts
    controls: Sequence[Control]
    signer: Signer | None = None

    @cached_property
    def claims(self) -> Sequence[Claim]:
        """The claims."""
        return Claims(self.facts).of(self.controls)

    @cached_property
    def outcomes(self) -> Mapping[str, int]:
        """The number of claims of each outcome."""
        counted = Counter(one.outcome for one in self.claims)
        return {outcome.value: counted[outcome] for outcome in Outcome}

    @cached_property
    def documents(self) -> Mapping[str, bytes]:
        """The files of the pack without the manifest and what follows from it."""
        facts = self.facts
        found: dict[str, Any] = {one.control.path: documents.claim_json(one, facts) for one in self.claims}
        for evidence in {one.policy.id: one for claim in self.claims for one in claim.evidence}.values():
            found[documents.policy_path(evidence.policy.id)] = documents.policy_json(evidence, facts.report)
        found[EXEMPTIONS] = [one.to_json() for one in {e.id: e for c in self.claims for e in c.exemptions}.values()]
        found[oscal.FILE] = oscal.assessment_results(self.claims, facts)
        files = {name: to_text(content).encode() for name, content in found.items()}
        files |= {**self._flows, **self._ledger}
        files[SHEET] = satre_sheet.workbook(self.claims, facts)
        files[PAGE] = page.html(self.claims, facts, self.outcomes, is_signed=self.signer is not None).encode()
        files[README] = page.readme(facts, is_signed=self.signer is not None).encode()
        if self.signer:
            files[SIGNER] = canonical(content_of(self.signer.key)) + b"\n"
        return files

    @property
    def _flows(self) -> Mapping[str, bytes]:
        kinds, flows = documents.kinds_of(self.claims), self.facts.flows
        if not kinds or flows is None:
            return {}
        content = documents.flows_json(flows, kinds, digest_of(flows.certificate))
        return {FLOWS: to_text(content).encode(), CERTIFICATE: flows.certificate.encode()}

    @property
    def _ledger(self) -> Mapping[str, bytes]:
        ledger = self.facts.ledger
        if ledger is None:
            return {}
        return {LEDGER_ENTRIES: to_text(ledger.entries_json()).encode(), LEDGER_CHECKPOINT: ledger.checkpoint.encode()}

    @cached_property
    def manifest(self) -> bytes:
        """The manifest: what the pack is about, and the digest of each of its documents."""
        facts = self.facts
        head = facts.ledger.head if facts.ledger else None
        catalogue = facts.report.catalogue
        content = {
            "format": FORMAT,
            "organisation": facts.organisation,
            "made": time_text(facts.made),
            "tool": {"name": "sde", "version": facts.version},
            "controls": [one.name for one in self.controls],
            "outcomes": self.outcomes,
            "catalogue": catalogue.to_json() if catalogue else None,
            "stacks": [
                {"name": one.name, "deployed": one.is_deployed, "due": one.is_due, "in_estate": one.config is not None,
                 "plan": facts.report.plans.get(one.name), "problem": facts.state_problems.get(one.name)}
                for one in facts.stacks
            ],
            "ledger": head and facts.ledger and {
                "origin": head.origin, "size": head.size, "root": head.root.hex(), "key": facts.ledger.key
            },
            "signed_with": self.signer.key.id if self.signer else None,
            "notes": [*facts.notes, *([] if self.signer else [UNSIGNED])],
            "files": {name: sha256(self.documents[name]) for name in sorted(self.documents)},
        }  # fmt: skip
        return to_text(content).encode()

    def to_zip(self) -> bytes:
        """Return the zip file. `Failed` if the key cannot sign."""
        files = dict(self.documents)
        files[MANIFEST], files[SUMS] = self.manifest, sums_of({**self.documents, MANIFEST: self.manifest})
        if self.signer:
            summary = Summary(organisation=self.facts.organisation, made=self.facts.made, outcomes=dict(self.outcomes))
            signed = statement(MANIFEST, sha256(self.manifest), PREDICATE_TYPE, summary).with_signature(self.signer)
            files[SIGNATURE] = signed.to_bytes()
        return zip_of(files, self.facts.made)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(content).hexdigest()


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """Return the checksums of files in the form of `sha256sum`."""
    return "".join(f"{sha256(files[name])}  {name}\n" for name in sorted(files)).encode()
