"""Evaluate every policy on every resource of its types, with at least one finding for each pair.

Nothing passes by accident: a value that a rule cannot read gives the verdict unknown, and so does a rule that raises.
Only the type of an exception is reported, because its message may contain values that the rule read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from formats.errors import InputError
from policies.exemptions import Exemption, Exemptions
from policies.model import Finding, Policy, PolicyContext, Resource, Unknown, Verdict
from policies.violations import violations_of
from policies.wording import Scrubber, plain

ALL = "*"
BROKE = "the rule broke: "
NO_EXEMPTIONS = Exemptions()


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
    preexisting: tuple[Finding, ...] = ()
    """Findings on other stacks that exist without the evaluated change too. They do not block."""
    notes: tuple[str, ...] = ()
    """Policies that could not be evaluated, and why."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The file of each stack that was read from one."""

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
    def blocks(self) -> bool:
        """True if a deployment is refused."""
        return bool(self.counts[Verdict.FAIL] or self.counts[Verdict.UNKNOWN])

    def of(self, policy: str) -> tuple[Finding, ...]:
        """Return the findings of one policy."""
        return self._by_policy.get(policy, ())

    @cached_property
    def _by_policy(self) -> Mapping[str, tuple[Finding, ...]]:
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(finding.policy, []).append(finding)
        return {policy: tuple(findings) for policy, findings in found.items()}


def evaluate(
    context: PolicyContext,
    policies: Mapping[str, Policy],
    *,
    today: date | None = None,
    stacks: Collection[str] | None = None,
    exemptions: Exemptions = NO_EXEMPTIONS,
    plans: Mapping[str, str] | None = None,
    before: Callable[[], PolicyContext] | None = None,
) -> Report:
    """Return the report on the resources of some stacks (None: all). `InputError` where there are none.

    Resources of other stacks are context only. But with `before`, the context without the evaluated change, findings of
    policies on the whole estate count for them too, unless they are in `before` as well. `today`: another day than the
    context's. `plans`: the digest of each stack's plan.
    """
    context.today = today or context.today
    own = [r for r in context.resources if stacks is None or r.stack in stacks]
    _refuse_nothing(own, policies, stacks)
    _refuse_duplicates(own)
    by_type: dict[str, list[Resource]] = {}
    for resource in own:
        by_type.setdefault(resource.type, []).append(resource)
    findings: list[Finding] = []
    used: dict[str, Exemption] = {}
    for policy in policies.values():
        matching = (
            own if ALL in policy.on else [r for type_ in dict.fromkeys(policy.on) for r in by_type.get(type_, ())]
        )
        for resource in matching:
            findings += _exempted(findings_of(policy, resource, context), exemptions, used)
    elsewhere: list[Finding] = []
    old: frozenset[Finding] = frozenset()
    if before and context.is_complete:
        elsewhere = _blocking_elsewhere(context, policies, set(stacks or ()), exemptions, used)
        old = _existing(elsewhere, before(), policies) if elsewhere else old
    findings += [f for f in elsewhere if f not in old]
    names = tuple(dict.fromkeys(plain(r.stack) for r in own))
    evaluated = [p.id for p in policies.values() if context.is_complete or p.scope != "estate"]
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
        preexisting=tuple(f for f in elsewhere if f in old),
    )


def _blocking_elsewhere(
    context: PolicyContext,
    policies: Mapping[str, Policy],
    stacks: Collection[str],
    exemptions: Exemptions,
    used: dict[str, Exemption],
) -> list[Finding]:
    """Return the blocking findings of policies on the whole estate on resources outside of the evaluated stacks."""
    blocking: list[Finding] = []
    for policy in policies.values():
        types = dict.fromkeys(policy.on) if policy.scope == "estate" else {}
        for resource in context.resources if ALL in types else context.of(*types):
            if resource.stack not in stacks:
                found = _exempted(findings_of(policy, resource, context), exemptions, used)
                blocking += [finding for finding in found if finding.verdict.blocks]
    return blocking


def _existing(found: Sequence[Finding], before: PolicyContext, policies: Mapping[str, Policy]) -> frozenset[Finding]:
    """Return the findings that exist without the change, on the same resources. Findings of a rule that raised are left
    out, since two exceptions cannot be compared."""
    resources = {plain(r.urn): r for r in before.resources}
    pairs = {(f.policy, f.urn) for f in found if f.urn in resources and not f.message.startswith(BROKE)}
    return frozenset(f for policy, urn in pairs for f in findings_of(policies[policy], resources[urn], before))


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
    if policy.scope == "estate" and not context.is_complete:
        yield _finding(policy, resource, Verdict.NOT_APPLICABLE, message="evaluated with the whole estate only")
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
    urn, type_, name, stack = map(plain, (resource.urn, resource.type, resource.name, resource.stack))
    return Finding(policy.id, verdict, urn, type_, name, stack, path, message)


def _exempted(findings: Iterable[Finding], exemptions: Exemptions, used: dict[str, Exemption]) -> Iterator[Finding]:
    """Yield the findings with exemptions applied, except to findings of a rule that raised: those block."""
    for finding in findings:
        may_be_exempt = finding.verdict.blocks and not finding.message.startswith(BROKE)
        exemption = exemptions.of(finding) if may_be_exempt else None
        if exemption:
            used[exemption.id] = exemption
        yield exemptions.applied(finding, exemption) if exemption else finding
