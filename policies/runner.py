"""Judges what will be: every policy on every resource that it is said of, one finding or more for each pair.

Nothing passes by accident: what a rule could not see is unknown, and so is a resource whose rule broke or whose type no
policy knows. Only the type of an exception is told, for its message may hold what the rule had looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from formats.errors import InputError
from policies.exemptions import Exemption, Exemptions
from policies.model import Finding, Policy, PolicyContext, Resource, Unknown, Verdict, Violation
from policies.violations import violations_of
from policies.wording import Scrubber, plain

ALL = "*"
BROKE = "the rule broke: "
NO_EXEMPTIONS = Exemptions()


@dataclass(frozen=True)
class Report:
    """What was said of everything that was judged, in the order of the catalogue and then of the resources."""

    findings: tuple[Finding, ...]
    policies: Mapping[str, Policy]
    stacks: tuple[str, ...]
    resources: int
    """How many were judged; those of other stacks that were only looked at are left out."""
    today: date
    whole: bool = False
    """Whether every stack of the estate was there."""
    exemptions: tuple[Exemption, ...] = ()
    """Those that were used."""
    warnings: tuple[str, ...] = ()
    plans: Mapping[str, str] = field(default_factory=dict)
    """The digest of each stack's plan."""
    inherited: tuple[Finding, ...] = ()
    """What stands against other stacks' resources, and would without the change that was judged: it does not block."""
    remarks: tuple[str, ...] = ()
    """What could not be judged, and why; no reason to act."""

    @cached_property
    def counts(self) -> Mapping[Verdict, int]:
        """How many findings of each verdict; none is left out."""
        counted = Counter(f.verdict for f in self.findings)
        return {verdict: counted[verdict] for verdict in Verdict}

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What stands in the way of a deployment."""
        return tuple(f for f in self.findings if f.verdict.blocks)

    @property
    def blocks(self) -> bool:
        """Whether nothing may be applied."""
        return bool(self.counts[Verdict.FAIL] or self.counts[Verdict.UNKNOWN])

    def of(self, policy: str) -> tuple[Finding, ...]:
        """What was said of one policy."""
        return self._by_policy.get(policy, ())

    @cached_property
    def _by_policy(self) -> Mapping[str, tuple[Finding, ...]]:
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(finding.policy, []).append(finding)
        return {policy: tuple(findings) for policy, findings in found.items()}


def judge(
    estate: PolicyContext,
    policies: Mapping[str, Policy],
    *,
    today: date | None = None,
    judged: Collection[str] | None = None,
    exemptions: Exemptions = NO_EXEMPTIONS,
    plans: Mapping[str, str] | None = None,
    before: Callable[[], PolicyContext] | None = None,
) -> Report:
    """Every policy on every resource of the judged stacks (None: all that are there). `InputError` where none is there.

    The resources of other stacks are companions only, but for policies of the whole estate where `before` is said:
    the estate without the change that is judged. What these policies hold against a companion counts as well, unless
    they did before. `today`: another day than the estate's. `plans`: the digest of each stack's plan, for the report.
    """
    estate.today = today or estate.today
    here = [r for r in estate.resources if judged is None or r.stack in judged]
    _refuse_nothing(here, policies, judged)
    _refuse_doubles(here)
    by_type: dict[str, list[Resource]] = {}
    for resource in here:
        by_type.setdefault(resource.type, []).append(resource)
    findings: list[Finding] = []
    used: dict[str, Exemption] = {}
    for policy in policies.values():
        concerned = (
            here if ALL in policy.on else [r for type_ in dict.fromkeys(policy.on) for r in by_type.get(type_, ())]
        )
        for resource in concerned:
            findings += _exempted(findings_of(policy, resource, estate), exemptions, used)
    there = _elsewhere(estate, policies, set(judged or ()), exemptions, used) if before and estate.whole else []
    old = _already(there, before(), policies) if before and there else frozenset()
    findings += [f for f in there if f not in old]
    stacks = tuple(dict.fromkeys(plain(r.stack) for r in here))
    asked = [p.id for p in policies.values() if estate.whole or p.scope != "estate"]
    warnings = exemptions.warnings + exemptions.idle(used, stacks, asked)
    return Report(
        tuple(findings),
        policies,
        stacks,
        len(here),
        estate.today,
        estate.whole,
        tuple(used.values()),
        warnings,
        {plain(stack): digest for stack, digest in (plans or {}).items()},
        tuple(f for f in there if f in old),
    )


def _elsewhere(
    estate: PolicyContext,
    policies: Mapping[str, Policy],
    judged: Collection[str],
    exemptions: Exemptions,
    used: dict[str, Exemption],
) -> list[Finding]:
    """What policies of the whole estate hold against the resources of stacks that are only companions."""
    found: list[Finding] = []
    for policy in policies.values():
        types = dict.fromkeys(policy.on) if policy.scope == "estate" else {}
        asked = estate.resources if ALL in types else estate.of(*types)
        for resource in asked:
            if resource.stack not in judged:
                said = _exempted(findings_of(policy, resource, estate), exemptions, used)
                found += [finding for finding in said if finding.verdict.blocks]
    return found


def _already(found: Sequence[Finding], before: PolicyContext, policies: Mapping[str, Policy]) -> frozenset[Finding]:
    """Those of some findings that are there without the change too. What a broken rule says, nobody can compare."""
    resources = {plain(r.urn): r for r in before.resources}
    asked = {(f.policy, f.urn) for f in found if f.urn in resources and not f.message.startswith(BROKE)}
    return frozenset(f for policy, urn in asked for f in findings_of(policies[policy], resources[urn], before))


def _refuse_nothing(here: Collection[Resource], policies: Mapping[str, Policy], judged: Collection[str] | None) -> None:
    """An empty plan passes every policy, and so is no evidence of anything."""
    if not policies:
        raise InputError("There is no policy to judge by.", file="policies/rules")
    missing = sorted(set(judged or ()) - {r.stack for r in here})
    if missing or not here:
        raise InputError("There is nothing to judge: no resource is planned.", key=", ".join(missing) or None,
                         fix="Look at what made the plan: a stack without resources is a mistake.")  # fmt: skip


def _refuse_doubles(here: Iterable[Resource]) -> None:
    """Of two resources with one URN or ARM id, a companion might be the one that is not made."""
    seen: set[tuple[str, str]] = set()
    for resource in here:
        keys = {("", resource.urn)}
        if resource.id and resource.id.startswith("/"):
            keys.add((resource.stack, resource.id.lower()))
        repeated = keys & seen
        if repeated:
            raise InputError("Two resources have one id.", file=resource.urn, key="id", found=min(repeated)[1],
                             fix="Name one of them otherwise.")  # fmt: skip
        seen |= keys


def findings_of(policy: Policy, resource: Resource, estate: PolicyContext) -> Iterator[Finding]:
    """At least one finding. What a rule said before it met an unknown still stands."""
    if policy.scope == "estate" and not estate.whole:
        yield _finding(policy, resource, Verdict.NOT_APPLICABLE, message="judged with the whole estate only")
        return
    said = 0
    try:
        if not policy.applies(resource, estate):
            yield _finding(policy, resource, Verdict.NOT_APPLICABLE)
            return
        scrub = Scrubber(resource)
        for problem in violations_of(policy, resource, estate):
            yield _failed(policy, resource, problem, scrub)
            said += 1
    except Unknown as unknown:
        scrub = Scrubber(resource)
        yield _finding(policy, resource, Verdict.UNKNOWN, scrub(unknown.path), scrub(unknown.why))
    except (Exception, SystemExit) as error:  # whatever a rule does, it passes nothing
        yield _finding(policy, resource, Verdict.UNKNOWN, message=BROKE + type(error).__name__)
    else:
        if not said:
            yield _finding(policy, resource, Verdict.PASS)


def _failed(policy: Policy, resource: Resource, problem: Violation, scrub: Scrubber) -> Finding:
    return _finding(policy, resource, Verdict.FAIL, scrub(problem.path), scrub(problem.message))


def _finding(policy: Policy, resource: Resource, verdict: Verdict, path: str = "", message: str = "") -> Finding:
    urn, type_, name, stack = map(plain, (resource.urn, resource.type, resource.name, resource.stack))
    return Finding(policy.id, verdict, urn, type_, name, stack, path, message)


def _exempted(findings: Iterable[Finding], exemptions: Exemptions, used: dict[str, Exemption]) -> Iterator[Finding]:
    """Nobody was asked to let a broken rule off: that stays as it is."""
    for finding in findings:
        can_be = finding.verdict.blocks and not finding.message.startswith(BROKE)
        exemption = exemptions.of(finding) if can_be else None
        if exemption:
            used[exemption.id] = exemption
        yield exemptions.applied(finding, exemption) if exemption else finding
