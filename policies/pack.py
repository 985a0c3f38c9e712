"""The catalogue as a policy pack for the official Pulumi CLI: `pulumi preview --policy-pack policies`.

The pack's verdicts are those of the gate. A policy on single resources runs twice: on each resource before Pulumi
registers it, and on the whole stack at the end, when every id that can be derived is known. Unknown values, rules that
raise an exception and messages that cannot be parsed are violations, whereas the SDK would only warn of them.

Pulumi sends a pack one stack only. The pack reads the neighbours (the estate's other stacks) from the files that its
configuration lists (`--policy-pack-config`, https://www.pulumi.com/docs/iac/crossguard/configuration/).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pulumi_policy
from google.protobuf import json_format  # type: ignore[import-untyped]
from pulumi.runtime import proto
from pulumi_policy import policy as sdk

from formats.errors import InputError
from formats.plan import Plan, contains_unknown
from formats.plan_files import read_neighbours
from formats.stack_config import StackConfig, is_kind, read_config
from policies.analyzer_state import GROUP, AnalyzerState
from policies.catalogue import load_catalogue, require_pinned
from policies.exemptions import NONE, Exemptions
from policies.judged_runs import NOTHING_RECORDED, JudgedRuns
from policies.model import Finding, Policy, Verdict, always_applies
from policies.permit import PermitCheck
from policies.plan_evaluation import Neighbours, evaluate_plans, exemptions_of
from policies.plan_resources import resources_of
from policies.rules import load
from policies.runner import Report
from policies.wording import printable

NAME = "sde"
NEIGHBOURS = "neighbours"
"""A policy that only holds the pack's configuration: Pulumi configures policies, and not packs."""
PERMIT = "permit"
"""The policy that requires the permit of a tenancy's request, in an estate that has a route."""
ROOT = Path(__file__).resolve().parents[1]
"""The project's folder, to which the neighbours' paths are relative."""
CONFIGURATION = pulumi_policy.PolicyConfigSchema(
    properties={
        "paths": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
            "description": "Files and folders with the output of `pulumi stack export` or `sde export plan` for every "
            "other stack of the estate, relative to the project's folder.",
        },
        "judged": {
            "type": "string",
            "description": "The folder with the findings that `sde policy check --all` recorded, which do not block.",
        },
    },
)
STACK_SUFFIX = "-whole"
"""The suffix of the second name of a policy that is also evaluated on single resources."""
SATRE_VERSION = "2.0.1"
NEEDS_NEIGHBOURS = "needs the whole estate, and was evaluated on this stack alone: configure the pack's neighbours"
ReportViolation = Callable[[str, str | None], None]
Findings = Mapping[str, list[Finding]]


class PackAnalyzer:
    """Evaluates the policies on the messages of Pulumi's engine.

    Each thread handles one message at a time. The SDK calls a validator for each policy, which reports the findings of
    the thread's current message.
    """

    def __init__(
        self,
        exemptions: Exemptions = NONE,
        policies: Mapping[str, Policy] | None = None,
        folder: Path | None = None,
        permits: PermitCheck | None = None,
    ) -> None:
        """`folder`: that of the stacks' configuration files, as they are rendered from the estate; None: none.

        `permits`: what requires permits of tenancies; None: nothing.
        """
        self._permits = permits
        self.policies = load() if policies is None else policies
        self._exemptions = exemptions
        self._folder = folder
        self._configs: dict[str, StackConfig] = {}
        self._neighbours: list[Plan] | None = None
        self._recorded = NOTHING_RECORDED
        self._state = AnalyzerState()
        self._reported: set[Finding] = set()
        self._lock = threading.Lock()
        self._current = threading.local()

    def configure(self, properties: Mapping[str, Any], folder: Path = ROOT) -> None:
        """Read the neighbours that a configuration lists. Pulumi sends an empty configuration if there is none.

        Raises `InputError` for an invalid configuration.
        """
        if not properties:
            self._neighbours = None
            return
        paths, judged = properties.get("paths"), properties.get("judged", "")
        are_texts = isinstance(paths, list) and all(isinstance(text, str) for text in (*paths, judged))
        if set(properties) - {"paths", "judged"} or not isinstance(paths, list) or not are_texts:
            raise InputError("This is not a configuration of neighbours.", key=NEIGHBOURS,
                             found=", ".join(map(str, properties)),
                             allowed="paths: a list of files and folders; judged: a folder")  # fmt: skip
        self._neighbours = read_neighbours(paths, folder)
        self._recorded = JudgedRuns(folder / judged) if judged else NOTHING_RECORDED

    @contextmanager
    def resource(self, request: Any) -> Iterator[None]:
        """Evaluate an Analyze message, and hold its findings for the validators until the end of the context."""
        with self._lock:
            self._state.record_provider(request)
            planned = self._state.record_resource(request)
            plan = self._state.plan_of_resource(planned)
        missing = self._permits.missing(plan.stack) if self._permits else ()
        with self._with_findings(self._resource_findings(plan, planned.urn), missing):
            yield

    @contextmanager
    def stack(self, request: Any) -> Iterator[None]:
        """Evaluate an AnalyzeStack message, and hold its findings for the validators until the end of the context."""
        with self._lock:
            for resource in request.resources:
                self._state.record_provider(resource)
            plan = self._state.plan_of_stack(request)
        refused = self._permits.refusals(plan) if self._permits else ()
        with self._with_findings(self._blocking_findings(plan, self.policies, self._neighbours), refused):
            yield

    def resource_validator(self, policy: Policy) -> Callable[[Any, ReportViolation], None]:
        """Return a validator that reports a policy's findings on one resource."""

        def validate(args: Any, report: ReportViolation) -> None:
            for finding in self._current_findings(policy):
                with self._lock:
                    self._reported.add(finding)
                report(_message(finding, policy), finding.urn)

        return validate

    def stack_validator(self, policy: Policy) -> Callable[[Any, ReportViolation], None]:
        """Return a validator that reports a policy's findings on the whole stack, without those reported before."""

        def validate(args: Any, report: ReportViolation) -> None:
            for finding in self._current_findings(policy):
                if finding not in self._reported:
                    is_known = self._state.contains(finding.urn)  # Pulumi cannot show resources of other stacks
                    place = "" if is_known or not finding.urn else f"{finding.stack} {finding.name}: "
                    report(place + _message(finding, policy), finding.urn if is_known else None)
            if policy.evaluation_scope == "estate" and self._neighbours is None:
                args.not_applicable(NEEDS_NEIGHBOURS)

        return validate

    def report_missing_neighbours(self, args: Any, _: ReportViolation) -> None:
        """Report the policy `neighbours` as not applicable if none are configured. It checks nothing."""
        if self._neighbours is None:
            args.not_applicable(NEEDS_NEIGHBOURS)

    def report_permit(self, args: Any, report: ReportViolation) -> None:
        """Report why the current message's resource or stack is within no permit."""
        for reason in self._without_permit():
            report("no permit: " + "\n".join(map(printable, reason.splitlines())), None)

    def _without_permit(self) -> tuple[str, ...]:
        """Return the reasons of the current message. Raises `LookupError` if there is none."""
        found: tuple[str, ...] | None = getattr(self._current, "permit", None)
        if found is None:
            raise LookupError("no message of the engine is being evaluated")
        return found

    def _current_findings(self, policy: Policy) -> list[Finding]:
        """Return a policy's findings on the current message. Raises `LookupError` if there is none, so that nothing
        passes unchecked."""
        findings: Findings | None = getattr(self._current, "findings", None)
        if findings is None:
            raise LookupError("no message of the engine is being evaluated")
        return findings.get(policy.id, [])

    @contextmanager
    def _with_findings(self, findings: Findings, permit: tuple[str, ...]) -> Iterator[None]:
        self._current.findings, self._current.permit = findings, permit
        try:
            yield
        finally:
            self._current.findings = self._current.permit = None

    def _resource_findings(self, plan: Plan, urn: str) -> Findings:
        """Return the blocking findings on one resource; none before a resource group has given the data class.

        Unknown verdicts on a resource with unknown values are left out: most of these values are known at the end.
        """
        single = early(self.policies)
        is_azure = any(r.urn == urn for r in resources_of(plan))
        if not (single and is_azure and any(r.type == GROUP for r in plan.resources)):
            return {}
        has_unknown = any(contains_unknown(r.inputs) for r in plan.resources if r.urn == urn)
        return {
            id_: [f for f in findings if f.urn in (urn, "") and not (has_unknown and f.verdict is Verdict.UNKNOWN)]
            for id_, findings in self._blocking_findings(plan, single).items()
        }

    def _configs_of(self, stack: str) -> Mapping[str, StackConfig]:
        """Return the configuration of a stack if it has a file. `InputError` for a file that is not valid."""
        file = self._folder / f"Pulumi.{stack}.yaml" if self._folder else None
        if file and stack not in self._configs and is_kind(stack, StackConfig) and file.exists():
            self._configs[stack] = read_config(stack, file)
        return self._configs

    def _neighbours_of(self, plan: Plan, plans: Sequence[Plan]) -> Neighbours:
        others = [other for other in plans if other.stack != plan.stack]
        return Neighbours.of_plans(others, [other for other in plans if other.stack == plan.stack], self._recorded)

    def _blocking_findings(
        self, plan: Plan, policies: Mapping[str, Policy], neighbours: Sequence[Plan] | None = None
    ) -> Findings:
        """Return the blocking findings by policy. If the evaluation fails, that is a finding of the first policy."""
        try:
            report = evaluate_plans(
                [plan],
                exemptions=self._exemptions,
                policies=policies,
                configs=self._configs_of(plan.stack),
                neighbours=None if neighbours is None else self._neighbours_of(plan, neighbours),
            )
        except Exception as error:
            first = next(iter(policies))
            why = error.problem if isinstance(error, InputError) else f"the evaluation failed: {type(error).__name__}"
            return {first: [Finding(first, Verdict.UNKNOWN, "", "", "", plan.stack, message=printable(why))]}
        if policies is self.policies:
            _print_notes(report, policies, neighbours)
        found: dict[str, list[Finding]] = {}
        for finding in report.blocking:
            found.setdefault(finding.policy, []).append(finding)
        return found


def early(policies: Mapping[str, Policy]) -> Mapping[str, Policy]:
    """Return what can be evaluated on one resource, before it is created: `pulumi up --skip-preview` has no other check
    before that.

    These are the policies on single resources, and of the other policies the requirements on properties and what they
    check early, unless they depend on a condition that other resources decide.
    """
    found = {id_: policy for id_, policy in policies.items() if policy.evaluation_scope == "resource"}
    for id_, policy in policies.items():
        if id_ not in found and (policy.requires or policy.early_check) and policy.applies is always_applies:
            found[id_] = replace(policy, check=policy.early_check, check_paths=(), evaluation_scope="resource")
    return found


def _print_notes(report: Report, policies: Mapping[str, Policy], neighbours: Sequence[Plan] | None) -> None:
    """Print the exemptions, the warnings, and the neighbours with their findings to stderr, which Pulumi prints."""
    estate_policies = ", ".join(policy.id for policy in policies.values() if policy.evaluation_scope == "estate")
    if neighbours is None and estate_policies:
        print(f"{estate_policies}: {NEEDS_NEIGHBOURS}", file=sys.stderr)
    elif neighbours:
        print(f"evaluated with {printable(', '.join(plan.stack for plan in neighbours))}", file=sys.stderr)
    for old in report.preexisting:
        finding, causes = old.finding, " and ".join(old.causes)
        print(f"{finding.stack} {finding.name}: {finding.policy} {finding.path} {finding.message} (caused by {causes}, "
              f"not by this change; recorded by {old.run}; it does not block)", file=sys.stderr)  # fmt: skip
    for note in report.notes:
        print(note, file=sys.stderr)
    for exemption in report.exemptions:
        people = f"owner {exemption.owner.name}, approved by {exemption.approvers}"
        print(f"exempt until {exemption.expires}: {exemption.resource} from {exemption.policy}, {people}: "
              f"{exemption.reason}", file=sys.stderr)  # fmt: skip
    for warning in report.warnings:
        print(warning, file=sys.stderr)


def _message(finding: Finding, policy: Policy) -> str:
    """Return the violation and its fix. Its texts have no secrets: the runner has removed them."""
    violation = " ".join(part for part in (finding.path, finding.message) if part)
    return f"{finding.policy} {finding.verdict}: {violation}\n  fix: {policy.fix}"


def policies_of(analyzer: PackAnalyzer) -> list[pulumi_policy.Policy]:
    """Return the pack's policies, all of them mandatory."""
    single = early(analyzer.policies)
    return [
        pulumi_policy.StackValidationPolicy(
            name=NEIGHBOURS,
            description="The other stacks of the estate, with which the stack is evaluated",
            enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY,
            config_schema=CONFIGURATION,
            validate=analyzer.report_missing_neighbours,
        ),
        pulumi_policy.ResourceValidationPolicy(
            name=PERMIT,
            description="A tenancy is changed only with the permit of its request",
            enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY,
            validate=analyzer.report_permit,
        ),
        pulumi_policy.StackValidationPolicy(
            name=PERMIT + STACK_SUFFIX,
            description="A tenancy has what the permit of its request has, and no more",
            enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY,
            validate=analyzer.report_permit,
        ),
        *(
            pulumi_policy.ResourceValidationPolicy(
                **_policy_arguments(p, p.id), validate=analyzer.resource_validator(p)
            )
            for p in single.values()
        ),
        *(
            pulumi_policy.StackValidationPolicy(
                **_policy_arguments(p, p.id + STACK_SUFFIX if p.id in single else p.id),
                validate=analyzer.stack_validator(p),
            )
            for p in analyzer.policies.values()
        ),
    ]


def _policy_arguments(policy: Policy, name: str) -> dict[str, Any]:
    """Return the arguments of a policy of the SDK. It can have one framework only, so the other standards are tags."""
    controls = policy.controls
    standards = {"satre": controls.satre, "ncsc": controls.ncsc, "caf": controls.caf,
                 "cyber-essentials": controls.cyber_essentials, "cis": controls.cis, "iso27001": controls.iso27001,
                 "five-safes": controls.five_safes}  # fmt: skip
    return {
        "name": name,
        "description": policy.title,
        "display_name": f"{policy.id}: {policy.title}",
        "enforcement_level": pulumi_policy.EnforcementLevel.MANDATORY,
        "severity": pulumi_policy.Severity(policy.severity.value),
        "framework": pulumi_policy.PolicyComplianceFramework(
            "SATRE", SATRE_VERSION, ", ".join(controls.satre), policy.why
        ),
        "tags": [f"{standard}:{number}" for standard, numbers in standards.items() for number in numbers],
        "remediation_steps": policy.fix,
    }


def servicer_class(analyzer: PackAnalyzer) -> type[sdk._PolicyAnalyzerServicer]:
    """Return a subclass of the SDK's servicer, which evaluates each message before the SDK calls the validators."""

    class Analyzer(sdk._PolicyAnalyzerServicer):
        def Analyze(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
            with analyzer.resource(request):
                return super().Analyze(proto.AnalyzeRequest(urn=request.urn, type=request.type), context)  # type: ignore[no-untyped-call]

        def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
            with analyzer.stack(request):
                return super().AnalyzeStack(proto.AnalyzeStackRequest(), context)  # type: ignore[no-untyped-call]

        def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
            """Refuse a configuration that makes a policy less than mandatory. Only an exemption may do so."""
            weakened = sorted(
                name for name, config in request.policyConfig.items() if config.enforcementLevel != proto.MANDATORY
            )
            if weakened:
                context.abort(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"{printable(weakened[0])} cannot be made less than mandatory; grant an exemption instead",
                )
            if NEIGHBOURS in request.policyConfig:
                try:
                    analyzer.configure(json_format.MessageToDict(request.policyConfig[NEIGHBOURS].properties))
                except InputError as error:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "\n".join(map(printable, str(error).splitlines())))
            return super().Configure(request, context)  # type: ignore[no-untyped-call]

    return Analyzer


def serve(estate: Path) -> None:
    """Serve the pack until Pulumi ends it, with the exemptions of the estate's folder.

    Raises `InputError` if the catalogue or the exemptions cannot be read, and `Refused` if the estate pins another
    catalogue.
    """
    catalogue = load_catalogue()
    require_pinned(catalogue, estate)
    permits = PermitCheck(estate, catalogue, os.environ, ROOT)
    analyzer = PackAnalyzer(exemptions_of(None, estate), folder=ROOT, permits=permits)
    # The constructor of PolicyPack looks its servicer class up by this name, and serves.
    vars(sdk)["_PolicyAnalyzerServicer"] = servicer_class(analyzer)
    pulumi_policy.PolicyPack(
        NAME,
        policies=policies_of(analyzer),
        enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY,
        description="The rules of a Secure Data Environment",
    )
