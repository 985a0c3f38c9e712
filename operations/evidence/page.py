"""The readable page of a pack, and its README. Names are from files and Azure: no markup of theirs counts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from approvals.canonical import time_text
from operations.evidence.claims import Claim, Outcome
from operations.evidence.documents import CERTIFICATE, kinds_of
from operations.evidence.facts import Facts
from operations.evidence.standards import standards
from operations.text_templates import templates_in
from policies.model import Verdict
from policies.reachability.certificate import digest_of
from policies.reachability.control_sets import MIN_CONTROLS
from policies.wording import plain

FOLDER = Path(__file__).parent / "templates"
VERDICTS = (Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.EXEMPT)
MARKS: Mapping[Outcome, str] = {
    Outcome.MET: "✓",
    Outcome.WITH_EXEMPTIONS: "~",
    Outcome.NOT_MET: "✗",
    Outcome.NOT_JUDGED: "–",
}


def html(claims: Sequence[Claim], facts: Facts, outcomes: Mapping[str, int], *, is_signed: bool) -> str:
    """Return the page: one file, without scripts. Its policy allows its own style alone, by digest."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    chapters = [(one, found) for key, one in standards().items()
                if (found := [claim for claim in claims if claim.control.standard == key])]  # fmt: skip
    kinds = kinds_of(claims)
    flows = [one for one in facts.flows.report.flows if one.kind in kinds] if facts.flows else []
    environment = templates_in(FOLDER, html=True)
    environment.finalize = lambda value: plain(value) if type(value) is str else value
    return environment.get_template("page.html.j2").render(
        chapters=chapters, facts=facts, outcomes=outcomes, is_signed=is_signed, style=style, style_digest=digest,
        flows=flows, enough=MIN_CONTROLS, marks=MARKS, made=time_text(facts.made), verdicts=VERDICTS,
    )  # fmt: skip


def readme(facts: Facts, *, is_signed: bool) -> str:
    """Return the README: what is in the pack, and how to verify it."""
    certificate = digest_of(facts.flows.certificate) if facts.flows else None
    return templates_in(FOLDER, html=False, keep_trailing_newline=True).get_template("readme.txt.j2").render(
        facts=facts, is_signed=is_signed, made=time_text(facts.made), certificate=certificate,
        certificate_file=CERTIFICATE,
    )  # fmt: skip
