"""What is not as it should be: open findings of the policies, the flows, access and the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from formats.stack_names import TENANCY
from operations.ledger.entry import Kind, Result
from operations.site.badge import Badge
from operations.site.facts import ChangeFacts, SiteFacts, StackFacts
from operations.site.pages import Page

MOST = 1000
"""The most findings that the page shows. `sde policy check` shows all."""


@dataclass(frozen=True)
class OpenFinding:
    """One of them."""

    badge: Badge
    """Its kind. `bad` is what blocks deployments, or is in force and should not be."""
    where: str
    """The stack, or what else it is on."""
    text: str
    do: str
    path: str = ""
    """The page with more."""


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the page of the findings."""
    found = open_findings(facts)
    counts = Counter(one.badge for one in found)
    values = {"findings": found[:MOST], "counts": counts, "more": max(0, len(found) - MOST)}
    yield Page("findings.html", "findings.html.j2", "Open findings", "findings", values)


def open_findings(facts: SiteFacts) -> Sequence[OpenFinding]:
    """Return the findings, the gravest first."""
    return [
        *_revocations(facts),
        *_left(facts),
        *_ledgers(facts),
        *_policies(facts),
        *_flows(facts),
        *_drift(facts),
        *_stacks(facts),
        *_changes(facts),
        *_unknowns(facts),
    ]


def _revocations(facts: SiteFacts) -> Iterator[OpenFinding]:
    badge = Badge("bad", "failed revocation")
    for one in facts.access.failed_revocations:
        text = f"The role assignment {one.name} should be deleted and is still in force: role {one.role.name}."
        yield OpenFinding(badge, one.stack, text, f"scripts/sde up {one.stack}", "access.html")


def _left(facts: SiteFacts) -> Iterator[OpenFinding]:
    badge = Badge("bad", "not deleted")
    stacks = {one.name for one in facts.stacks}
    for text in facts.open_findings:
        stack = text.partition(",")[0]
        found = stack in stacks
        yield OpenFinding(badge, stack if found else "ledger", text, f"scripts/sde up {stack if found else 'STACK'}")


def _ledgers(facts: SiteFacts) -> Iterator[OpenFinding]:
    badge = Badge("bad", "ledger")
    for ledger in facts.ledgers:
        name = f"ledger of {ledger.cloud}"
        yield from (OpenFinding(badge, name, text, "scripts/sde ledger verify") for text in ledger.problems)
    for one in (change for change in facts.changes if change.unread):
        text = f"What it keeps of the {' and the '.join(one.unread)} of entry {one.record.number} cannot be read."
        yield OpenFinding(badge, "ledger", text, "scripts/sde ledger verify", one.path)


def _policies(facts: SiteFacts) -> Iterator[OpenFinding]:
    report = facts.policies
    for one in sorted(report.blocking, key=lambda finding: finding.verdict) if report else ():
        badge = Badge("bad", "policy" if one.verdict == "fail" else "policy: unknown")
        policy = report.policies.get(one.policy) if report else None
        text = f"{one.policy}, {one.name} ({one.type}): {f'{one.path} ' if one.path else ''}{one.message}"
        yield OpenFinding(badge, one.stack, text, policy.fix if policy else "", f"controls.html#{one.policy}")
    warning = Badge("warn", "exemption")
    for text in report.warnings if report else ():
        yield OpenFinding(warning, "exemptions.yaml", text, "scripts/sde policy check --all", "ends.html#exemptions")


def _flows(facts: SiteFacts) -> Iterator[OpenFinding]:
    if facts.flows is None:
        return
    badge, unread = Badge("bad", "flow"), Badge("bad", "flow: unknown")
    for flow in facts.flows.report.findings:
        if flow not in facts.flows.exempt:
            text = f"Too few controls prevent the flow {flow.kind}: {flow.depth}."
            yield OpenFinding(badge, flow.source, text, "scripts/sde policy flows --all", "flows.html")
    for text in facts.flows.report.unknowns:
        yield OpenFinding(unread, "flows", text, "scripts/sde policy flows --all", "flows.html")


def _drift(facts: SiteFacts) -> Iterator[OpenFinding]:
    badge = Badge("warn", "drift")
    for row in facts.history.open_drift:
        stack = " ".join(row.found.record.entry.stacks)
        text = f"Changed outside the tool, and not undone since: {row.change.sentence}"
        text += f" ({row.change.path})" if row.change.path else ""
        yield OpenFinding(badge, stack, text, f"scripts/sde up {stack}", row.found.path)


def _stacks(facts: SiteFacts) -> Iterator[OpenFinding]:
    for stack in facts.stacks:
        page = f"stacks/{stack.name}.html"
        if stack.is_orphaned:
            text = "It is deployed, and the estate's files do not have it any more."
            do = f"scripts/sde destroy {stack.name}; or put its file back"
            yield OpenFinding(Badge("bad", "orphaned"), stack.name, text, do, page)
        elif stack.plan is None:
            text, do = why_not_deployed(facts, stack)
            yield OpenFinding(Badge("warn", "not deployed"), stack.name, text, do, page)
        if stack.permit and not stack.permit.is_valid:
            text = f"It has no permit: {' '.join(stack.permit.why_not)}"
            status = f"scripts/sde request status {stack.name.partition('-')[2]}"
            yield OpenFinding(Badge("warn", "no permit"), stack.name, text, status, page)
        for end in (one for one in stack.expiries if one.is_past):
            text = f"It cannot be changed: {end.key} ended on {end.day}."
            yield OpenFinding(Badge("warn", "ended"), stack.name, text, end.fix, "ends.html")


def why_not_deployed(facts: SiteFacts, stack: StackFacts) -> tuple[str, str]:
    """Return what is known of a stack that is not deployed, and what to do."""
    has_permit = stack.permit is None or stack.permit.is_valid
    up = f"scripts/sde up {stack.name}" if has_permit else "have its permit approved"
    last = next((one for one in facts.changes if _is_change_of(one, stack.name)), None)
    ended = last.record.result.result if last and last.record.result else None
    if last is None or last.record.entry.command != "destroy" or ended is not Result.SUCCEEDED:
        return "The estate's files have it, and it is not deployed.", up
    day = last.record.entry.time[:10]
    text = f"Change {last.record.number} of {day} destroyed it, and the estate's files still have it."
    if not stack.name.startswith(TENANCY):
        return text, f"To deploy it again: {up}."
    project = stack.name.removeprefix(TENANCY)
    return text, f"If the project has ended, remove requests/{project}.yaml. To deploy it again: {up}."


def _is_change_of(one: ChangeFacts, stack: str) -> bool:
    return one.record.entry.kind is Kind.INTENT and stack in one.record.entry.stacks


def _changes(facts: SiteFacts) -> Iterator[OpenFinding]:
    """Yield the last change of each stack if it is not known how it ended, or it ended in part."""
    seen: set[str] = set()
    for one in facts.changes:
        entry, result = one.record.entry, one.record.result
        new = [stack for stack in entry.stacks if stack not in seen]
        if entry.kind is not Kind.INTENT or not new:
            continue
        seen.update(new)
        ended = result.result if result else None
        if ended is not Result.SUCCEEDED:
            words = f"The last change ended as {ended}." if ended else "The last change has no result yet."
            reason = f" {result.reason}" if result and result.reason else ""
            badge = Badge("warn", "unfinished change")
            yield OpenFinding(badge, " ".join(new), words + reason, f"scripts/sde up {new[0]}", one.path)


def _unknowns(facts: SiteFacts) -> Iterator[OpenFinding]:
    badge = Badge("warn", "access: unknown")
    for text in facts.access.unknowns:
        yield OpenFinding(badge, "access", text, "It counts as open. scripts/sde access", "access.html")
