"""The claims as OSCAL assessment results. compliance-trestle validates them: `scripts/trestle`.

Source: https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/assessment-results/json-reference/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from approvals.canonical import time_text
from operations.evidence.claims import Claim, Outcome
from operations.evidence.documents import policy_path
from operations.evidence.facts import Facts
from operations.evidence.standards import standards
from operations.reports.matrix import Evidence
from policies.wording import plain

VERSION = "1.2.1"
FILE = "oscal/assessment-results.json"
_NAMESPACE = UUID("6f0c0d7e-6a0b-5d0e-9a53-1c1f0e2a7b64")
"""The identifiers are of it and of what they name: the same facts have the same."""
_STATES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.MET: ("satisfied", "pass"),
    Outcome.WITH_EXEMPTIONS: ("not-satisfied", "other"),
    Outcome.NOT_MET: ("not-satisfied", "fail"),
}
"""The state and its reason. OSCAL has no state for a control that is met but for accepted exemptions."""


def assessment_results(claims: Sequence[Claim], facts: Facts) -> dict[str, Any]:
    """Return the document. Claims on controls that are not judged are named in its remarks, and are no finding."""
    ids = _Ids(facts)
    return {
        "assessment-results": {
            "uuid": ids.of("document"),
            "metadata": {
                "title": _line(f"Evidence on the deployed Secure Data Environment of {facts.organisation}"),
                "last-modified": time_text(facts.made),
                "version": facts.version,
                "oscal-version": VERSION,
                "parties": [
                    {"uuid": ids.of("party"), "type": "organization", "name": _line(facts.organisation)},
                ],
            },
            "import-ap": {"href": f"#{ids.of('plan')}"},
            "results": [_result(claims, facts, ids)],
            "back-matter": {
                "resources": [
                    {"uuid": ids.of("plan"), "title": "How the controls are assessed",
                     "description": "Every policy of the catalogue is evaluated on every deployed resource that it is "
                     f"about. {facts.report.catalogue or 'The catalogue is not known'}."},
                ],
            },
        }
    }  # fmt: skip


class _Ids:
    """Identifiers that follow from the estate, the time and a name."""

    def __init__(self, facts: Facts) -> None:
        self._pack = f"{facts.organisation}\n{time_text(facts.made)}\n"

    def of(self, name: str) -> str:
        """Return the identifier of a name."""
        return str(uuid5(_NAMESPACE, self._pack + name))


def _result(claims: Sequence[Claim], facts: Facts, ids: _Ids) -> dict[str, Any]:
    judged = [one for one in claims if one.outcome is not Outcome.NOT_JUDGED]
    evidence = {one.policy.id: one for claim in judged for one in claim.evidence if one.resources}
    found: dict[str, Any] = {
        "uuid": ids.of("result"),
        "title": "Policies on what is deployed",
        "description": "For each control, whether the policies that are evidence for it hold for what is deployed.",
        "start": time_text(facts.made),
        "end": time_text(facts.made),
        "reviewed-controls": {"control-selections": list(_selections(claims))},
        "remarks": _remarks(claims),
    }
    stacks = [one.name for one in facts.stacks if one.is_deployed]
    if stacks:
        found["local-definitions"] = {"components": [_component(name, ids) for name in stacks]}
    if evidence:
        found["observations"] = [_observation(one, facts, ids) for one in evidence.values()]
    if judged:
        found["findings"] = [_finding(one, ids) for one in judged]
    return found


def _selections(claims: Sequence[Claim]) -> Iterator[dict[str, Any]]:
    """Yield the chosen controls of each standard, also those that are not judged."""
    for key, standard in standards().items():
        chosen = [{"control-id": _control_id(one)} for one in claims if one.control.standard == key]
        if chosen:
            yield {"description": f"{standard.title}. {standard.note}", "include-controls": chosen}


def _component(stack: str, ids: _Ids) -> dict[str, Any]:
    return {"uuid": ids.of(f"stack {stack}"), "type": "system", "title": _line(stack),
            "description": "A deployed stack of the estate.", "status": {"state": "operational"}}  # fmt: skip


def _observation(evidence: Evidence, facts: Facts, ids: _Ids) -> dict[str, Any]:
    policy = evidence.policy
    counts = ", ".join(f"{count:,} {verdict.value}" for verdict, count in sorted(evidence.counts.items()) if count)
    stacks = dict.fromkeys(one.stack for one in facts.report.of(policy.id))
    known = {one.name for one in facts.stacks if one.is_deployed}
    subjects = [{"subject-uuid": ids.of(f"stack {one}"), "type": "component", "title": _line(one)}
                for one in stacks if one in known]  # fmt: skip
    return {
        "uuid": ids.of(f"policy {policy.id}"),
        "title": _line(f"{policy.id}: {policy.title}"),
        "description": f"{policy.why} Resources by their worst verdict: {counts}.",
        "methods": ["TEST"],
        "types": ["control-objective"],
        **({"subjects": subjects} if subjects else {}),
        "relevant-evidence": [
            {"href": f"../{policy_path(policy.id)}", "description": "Every resource that the policy judged."},
        ],
        "collected": time_text(facts.made),
    }


def _finding(claim: Claim, ids: _Ids) -> dict[str, Any]:
    state, reason = _STATES[claim.outcome]
    seen = [{"observation-uuid": ids.of(f"policy {one.policy.id}")} for one in claim.evidence if one.resources]
    remarks = [*claim.reasons, *(f"exemption {one.id} until {one.expires}" for one in claim.exemptions)]
    status = {
        "state": state,
        "reason": reason,
        "remarks": f"{claim.outcome}{': ' if remarks else ''}{'; '.join(remarks)}",
    }
    return {
        "uuid": ids.of(f"claim {claim.control.name}"),
        "title": _line(f"{claim.control.name} {claim.control.title}"),
        "description": f"{claim.outcome.value.capitalize()}, by {claim.judged:,} verdicts on resources.",
        "target": {"type": "objective-id", "target-id": _control_id(claim), "status": status},
        **({"related-observations": seen} if seen else {}),
    }  # fmt: skip


def _remarks(claims: Sequence[Claim]) -> str:
    named = [one.control.name for one in claims if one.outcome is Outcome.NOT_JUDGED]
    return f"Not judged, for no policy is evidence for them: {', '.join(named)}." if named else "All were judged."


def _control_id(claim: Claim) -> str:
    """Return the name of a control as OSCAL's token, from this project's own tables."""
    return f"{claim.control.standard.replace('_', '-')}-{claim.control.number}"


def _line(text: str) -> str:
    """Return text as the one line that OSCAL requires of titles and names."""
    return " ".join(plain(text).split()) or "not named"
