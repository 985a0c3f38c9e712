"""Evaluate every policy on every resource of its types, with at least one finding for each pair.

Nothing passes by accident: a value that a rule cannot read gives the verdict unknown, and so does a rule that raises.
Only the type of an exception is reported, because its message may contain values that the rule read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache

from formats.errors import InputError
from formats.unknown_values import Cause
from policies.catalogue import Catalogue
from policies.exemptions import Exemption, Exemptions
from policies.model import Finding, Policy, PolicyContext, Resource, Unknown, Verdict
from policies.preexisting import Comparison, PreexistingFinding
from policies.violations import violations_of
from policies.wording import Scrubber, plain

ALL = "*"
BROKE = "the rule broke: "
MOST_NAMED = 5
NEEDS_CONFIG = "cannot be judged: the estate's files do not name this stack"
NO_EXEMPTIONS = Exemptions()
_kept_plain = lru_cache(maxsize=1 << 17)(plain)
"""Each policy has a finding on each resource."""


@dataclass(frozen=True)
class Report:
    """The findings on the evaluated stacks, in the order of the catalogue and then of the resources."""

    findings: tuple[Finding, ...]
    policies: Mapping[str, Policy]
    stacks: tuple[str, ...]
    resources: int
    """The number of resources in the evaluated stacks."""
    today: date
    is_complete: bool = False
    """True if every stack of the estate was included."""
    exemptions: tuple[Exemption, ...] = ()
    """The exemptions that were used."""
    warnings: tuple[str, ...] = ()
    plans: Mapping[str, str] = field(default_factory=dict)
    """The digest of each stack's plan."""
    preexisting: tuple[PreexistingFinding, ...] = ()
    """Findings that exist without the evaluated change. They do not block."""
    unrecorded: tuple[Finding, ...] = ()
    """Findings that exist without the evaluated change, and block because no judged run recorded them."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The file of each stack that was read from one."""
    places: Mapping[str, str] = field(default_factory=dict)
    """The path in its file of each resource of a template that has a blocking finding, by URN."""
    causes: Mapping[Finding, frozenset[Cause]] = field(default_factory=dict)
    """The causes of the unknown findings on templates: parameters, the scope of the deployment, functions."""
    remarks: tuple[str, ...] = ()
    """Limits of the evaluation."""
    catalogue: Catalogue | None = None
    """The identity of the rules. None in a test of single rules."""

    @cached_property
    def counts(self) -> Mapping[Verdict, int]:
        """The number of findings of each verdict."""
        counted = Counter(f.verdict for f in self.findings)
        return {verdict: counted[verdict] for verdict in Verdict}

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that block a deployment."""
        return tuple(f for f in self.findings if f.verdict.blocks)

    @property
    def notes(self) -> tuple[str, ...]:
        """Limits of the evaluation, such as policies that could not be judged, and hints for findings that block
        although the change does not cause them."""
        notes = [*self.remarks]
        notes += [
            f"{policy} cannot be judged for {_listed(stacks)}: the estate's files do not name the stack"
            for policy, stacks in self._unjudged.items()
        ]
        if self.unrecorded:
            stacks = ", ".join(sorted({finding.stack for finding in self.unrecorded}))
            found = f"{len(self.unrecorded):,} finding{'s' if len(self.unrecorded) > 1 else ''} on {stacks}"
            notes.append(
                f"Not caused by this change: {found}. The change is refused all the same, because no evaluation of the "
                "whole estate recorded this: scripts/sde policy check --all"
            )
        return tuple(notes)

    @cached_property
    def _unjudged(self) -> Mapping[str, list[str]]:
        """The stacks without a configuration, by the policy that needs one."""
        found: dict[str, dict[str, None]] = {}
        for finding in self.findings:
            if finding.message == NEEDS_CONFIG:
                found.setdefault(finding.policy, {})[finding.stack] = None
        return {policy: list(stacks) for policy, stacks in found.items()}

    @property
    def blocks(self) -> bool:
        """True if a deployment is refused."""
        return bool(self.counts[Verdict.FAIL] or self.counts[Verdict.UNKNOWN])

    @property
    def verdict(self) -> str:
        """The verdict in a word."""
        return "refused" if self.blocks else "passed"

    def of(self, policy: str) -> tuple[Finding, ...]:
        """Return the findings of one policy."""
        return self._by_policy.get(policy, ())

    @cached_property
    def _by_policy(self) -> Mapping[str, tuple[Finding, ...]]:
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(finding.policy, []).append(finding)
        return {policy: tuple(findings) for policy, findings in found.items()}


def _listed(stacks: Sequence[str]) -> str:
    return ", ".join(stacks) if len(stacks) <= MOST_NAMED else f"{len(stacks):,} stacks"


@dataclass(frozen=True)
class EstateFindings:
    """The findings of the policies on the whole estate."""

    own: tuple[Finding, ...]
    """All findings on the evaluated stacks, by policy and then by resource."""
    elsewhere: tuple[Finding, ...]
    """The blocking findings on the other stacks."""


def evaluate(
    context: PolicyContext,
    policies: Mapping[str, Policy],
    *,
    today: date | None = None,
    stacks: Collection[str] | None = None,
    exemptions: Exemptions = NO_EXEMPTIONS,
    plans: Mapping[str, str] | None = None,
    estate: EstateFindings | None = None,
    comparison: Comparison | None = None,
) -> Report:
    """Return the report on the resources of some stacks (None: all). `InputError` where there are none.

    Resources of other stacks are context only. `today`: another day than the context's. `plans`: the digest of each
    stack's plan. `estate`: the findings of the policies on the whole estate, which are not evaluated again here; those
    on other stacks count too. `comparison`: the estate without the change, for findings that the change does not cause.
    """
    context.today = today or context.today
    own = [r for r in context.resources if stacks is None or r.stack in stacks]
    _refuse_nothing(own, policies, stacks)
    _refuse_duplicates(own)
    used: dict[str, Exemption] = {}
    found = _findings(own, context, policies, estate)
    findings = list(_exempted(found, exemptions, used))
    preexisting: list[PreexistingFinding] = []
    unrecorded: list[Finding] = []
    comparable = [f for f in findings if _may_be_preexisting(f, policies)] if comparison else []
    if comparison and comparable:
        preexisting, unrecorded = comparison.split(comparable)
        old = {p.finding for p in preexisting}
        findings = [f for f in findings if f not in old]
    names = tuple(dict.fromkeys(plain(r.stack) for r in own))
    evaluated = [p.id for p in policies.values() if context.is_complete or p.evaluation_scope != "estate"]
    return Report(
        findings=tuple(findings),
        policies=policies,
        stacks=names,
        resources=len(own),
        today=context.today,
        is_complete=context.is_complete,
        exemptions=tuple(used.values()),
        warnings=exemptions.warnings + exemptions.unused(used, names, evaluated),
        plans={plain(stack): digest for stack, digest in (plans or {}).items()},
        preexisting=tuple(preexisting),
        unrecorded=tuple(unrecorded),
    )


def _findings(
    own: Sequence[Resource],
    context: PolicyContext,
    policies: Mapping[str, Policy],
    estate: EstateFindings | None,
) -> Iterator[Finding]:
    """Yield the findings on the evaluated stacks by policy, then those on other stacks."""
    by_type: dict[str, list[Resource]] = {}
    for resource in own:
        by_type.setdefault(resource.type, []).append(resource)
    by_policy: dict[str, list[Finding]] = {}
    for finding in estate.own if estate else ():
        by_policy.setdefault(finding.policy, []).append(finding)
    for policy in policies.values():
        if estate and policy.evaluation_scope == "estate":
            yield from by_policy.get(policy.id, ())
            continue
        types = dict.fromkeys(policy.resource_types)
        for resource in own if ALL in types else (r for type_ in types for r in by_type.get(type_, ())):
            yield from findings_of(policy, resource, context)
    yield from estate.elsewhere if estate else ()


def _may_be_preexisting(finding: Finding, policies: Mapping[str, Policy]) -> bool:
    """True for blocking findings of policies on the whole estate, except of a rule that raised: two exceptions cannot
    be compared."""
    of_estate = policies[finding.policy].evaluation_scope == "estate"
    return finding.verdict.blocks and of_estate and not finding.message.startswith(BROKE)


def _refuse_nothing(own: Collection[Resource], policies: Mapping[str, Policy], stacks: Collection[str] | None) -> None:
    """Refuse an empty plan: it passes every policy, and so is no evidence."""
    if not policies:
        raise InputError("There are no policies.", file="policies/rules")
    missing = sorted(set(stacks or ()) - {r.stack for r in own})
    if missing or not own:
        raise InputError("There is nothing to check: no resource is planned.", key=", ".join(missing) or None,
                         fix="Find out why the plan is empty: a stack without resources is a mistake.")  # fmt: skip


def _refuse_duplicates(own: Iterable[Resource]) -> None:
    """Refuse two resources with one URN or ARM id: a rule could read the one that is not deployed."""
    seen: set[tuple[str, str]] = set()
    for resource in own:
        keys = {("", resource.urn)}
        if resource.id and resource.id.startswith("/"):
            keys.add((resource.stack, resource.id.lower()))
        repeated = keys & seen
        if repeated:
            raise InputError("Two resources have one id.", file=resource.urn, key="id", found=min(repeated)[1],
                             fix="Rename one of them.")  # fmt: skip
        seen |= keys


def findings_of(policy: Policy, resource: Resource, context: PolicyContext) -> Iterator[Finding]:
    """Yield at least one finding. Violations that a rule yields before it meets an unknown value count."""
    if policy.evaluation_scope == "estate" and not context.is_complete:
        yield _finding(policy, resource, Verdict.NOT_APPLICABLE, message="evaluated with the whole estate only")
        return
    if policy.needs_config and resource.stack not in context.configs:
        yield _finding(policy, resource, Verdict.NOT_APPLICABLE, message=NEEDS_CONFIG)
        return
    passes = True
    try:
        if not policy.applies(resource, context):
            yield _finding(policy, resource, Verdict.NOT_APPLICABLE)
            return
        scrub = Scrubber(resource)
        for violation in violations_of(policy, resource, context):
            yield _finding(policy, resource, Verdict.FAIL, scrub(violation.path), scrub(violation.message))
            passes = False
    except Unknown as unknown:
        scrub = Scrubber(resource)
        yield _finding(policy, resource, Verdict.UNKNOWN, scrub(unknown.path), scrub(unknown.why))
    except (Exception, SystemExit) as error:  # a rule that raises passes nothing
        yield _finding(policy, resource, Verdict.UNKNOWN, message=BROKE + type(error).__name__)
    else:
        if passes:
            yield _finding(policy, resource, Verdict.PASS)


def _finding(policy: Policy, resource: Resource, verdict: Verdict, path: str = "", message: str = "") -> Finding:
    urn, type_, name, stack = map(_kept_plain, (resource.urn, resource.type, resource.name, resource.stack))
    return Finding(policy.id, verdict, urn, type_, name, stack, path, message)


def _exempted(findings: Iterable[Finding], exemptions: Exemptions, used: dict[str, Exemption]) -> Iterator[Finding]:
    """Yield the findings with exemptions applied, except to findings of a rule that raised: those block."""
    for finding in findings:
        may_be_exempt = finding.verdict.blocks and not finding.message.startswith(BROKE)
        exemption = exemptions.of(finding) if may_be_exempt else None
        if exemption:
            used[exemption.id] = exemption
        yield exemptions.applied(finding, exemption) if exemption else finding
