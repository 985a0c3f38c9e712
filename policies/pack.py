"""The catalogue as a policy pack for the official Pulumi CLI: `pulumi preview --policy-pack policies`.

It gives the gate's verdicts. Each policy is there twice where it can be: early, for each resource before it is made,
and at the end, over the whole stack with every id that can be told filled in. What is not known, a rule that breaks and
a message that cannot be read are violations: in a pack, an unknown value would let the deployment pass with a remark.

Pulumi tells a pack of one stack alone. What stands of the others it reads from files that its configuration names
(`--policy-pack-config`, https://www.pulumi.com/docs/iac/crossguard/configuration/): then it judges beside them.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pulumi_policy
from google.protobuf import json_format  # type: ignore[import-untyped]
from pulumi.runtime import proto
from pulumi_policy import policy as sdk

from formats.errors import InputError
from formats.plan import UNKNOWN, Plan
from formats.plan_files import read_neighbours
from formats.yaml_reader import read_mapping
from policies.analyzer_state import GROUP, AnalyzerState
from policies.rules import load
from policies.exemptions import NONE, Exemptions, read
from policies.model import Finding, Policy, PolicyContext, Verdict
from policies.plan_resources import resources_of
from policies.runner import Report as Verdicts
from policies.runner import judge
from policies.wording import printable

NAME = "sde"
NEIGHBOURS = "neighbours"
"""The name under which the pack is configured. Pulumi gives each policy a schema of its own, and the pack none."""
ROOT = Path(__file__).resolve().parents[1]
"""The project's folder, from which the neighbours' paths are read."""
CONFIGURATION = pulumi_policy.PolicyConfigSchema(
    properties={
        "paths": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
            "description": "Files, and folders of files: what `pulumi stack export` or `sde export plan` writes of "
            "every other stack of the estate. From the project's folder on.",
        }
    },
)
AT_THE_END = "-whole"
"""Ends the name of a policy on single resources where it is judged with all of them there."""
SATRE = "2.0.1"
ALONE = "looks between stacks, and was judged on this stack alone: configure the pack's neighbours"
Report = Callable[[str, str | None], None]
Findings = Mapping[str, list[Finding]]


class Bench:
    """Judges what the engine tells, one message at a time on each thread."""

    def __init__(self, exemptions: Exemptions = NONE, policies: Mapping[str, Policy] | None = None) -> None:
        self.policies = load() if policies is None else policies
        self._exemptions = exemptions
        self._neighbours: list[Plan] | None = None
        self._told = AnalyzerState()
        self._said: set[Finding] = set()
        self._lock = threading.Lock()
        self._now = threading.local()

    def configure(self, properties: Mapping[str, Any], folder: Path = ROOT) -> None:
        """Reads the neighbours that a configuration names; an empty one, which Pulumi makes of none, names none.
        `InputError` for any other."""
        if not properties:
            self._neighbours = None
            return
        paths = properties.get("paths")
        if set(properties) - {"paths"} or not isinstance(paths, list) or not all(isinstance(p, str) for p in paths):
            raise InputError("This configures no neighbours.", key=NEIGHBOURS, found=", ".join(map(str, properties)),
                             allowed="paths: a list of files and folders")  # fmt: skip
        self._neighbours = read_neighbours(paths, folder)

    @contextmanager
    def resource(self, request: Any) -> Iterator[None]:
        """While one resource is judged by itself."""
        with self._lock:
            self._told.provider(request)
            planned = self._told.one(request)
            plan = self._told.before(planned)
        with self._findings(self._early(plan, planned.urn)):
            yield

    @contextmanager
    def stack(self, request: Any) -> Iterator[None]:
        """While all of a stack is judged together."""
        with self._lock:
            for resource in request.resources:
                self._told.provider(resource)
            plan = self._told.all(request)
        with self._findings(self._judged(plan, self.policies, self._neighbours)):
            yield

    def early(self, policy: Policy) -> Callable[[Any, Report], None]:
        """A validator of one resource. Most of what is not known yet is told by the end, and is left to it."""

        def validate(args: Any, report: Report) -> None:
            for finding in self._of(policy):
                with self._lock:
                    self._said.add(finding)
                report(_message(finding, policy), finding.urn)

        return validate

    def whole(self, policy: Policy) -> Callable[[Any, Report], None]:
        """A validator of the whole stack."""

        def validate(args: Any, report: Report) -> None:
            for finding in self._of(policy):
                if finding not in self._said:
                    report(_message(finding, policy), finding.urn if self._told.knows(finding.urn) else None)
            if policy.scope == "estate" and self._neighbours is None:
                args.not_applicable(ALONE)

        return validate

    def beside(self, args: Any, _: Report) -> None:
        """A validator that finds nothing: it says where there is nothing to judge the stack beside."""
        if self._neighbours is None:
            args.not_applicable(ALONE)

    def _of(self, policy: Policy) -> list[Finding]:
        """Raises LookupError outside a message: a validator that cannot see what it judges must not pass it."""
        findings: Findings | None = getattr(self._now, "findings", None)
        if findings is None:
            raise LookupError("no message of the engine is being judged")
        return findings.get(policy.id, [])

    @contextmanager
    def _findings(self, findings: Findings) -> Iterator[None]:
        self._now.findings = findings
        try:
            yield
        finally:
            self._now.findings = None

    def _early(self, plan: Plan, urn: str) -> Findings:
        """What is said of one resource by itself, as far as it can be: with its stack's class told by a group, and
        without what will only be known at the end, when it is judged again."""
        alone = {id_: policy for id_, policy in self.policies.items() if policy.scope == "resource"}
        judged = any(r.urn == urn for r in resources_of(plan)) and any(r.type == GROUP for r in plan.resources)
        found = self._judged(plan, alone) if judged and alone else {}
        waits = any(_has_unknown(r.inputs) for r in plan.resources if r.urn == urn)
        return {
            id_: [f for f in findings if f.urn in (urn, "") and not (waits and f.verdict is Verdict.UNKNOWN)]
            for id_, findings in found.items()
        }

    def _report(self, plan: Plan, policies: Mapping[str, Policy], neighbours: Sequence[Plan] | None) -> Verdicts:
        day = datetime.now(UTC).date()
        others = [r for beside in neighbours or () if beside.stack != plan.stack for r in resources_of(beside)]

        def before() -> PolicyContext:
            own = [r for beside in neighbours or () if beside.stack == plan.stack for r in resources_of(beside)]
            return PolicyContext([*own, *others], whole=True, today=day)

        return judge(
            PolicyContext([*resources_of(plan), *others], whole=neighbours is not None, today=day),
            policies,
            judged=[plan.stack],
            exemptions=self._exemptions,
            before=before if neighbours is not None else None,
        )

    def _judged(self, plan: Plan, policies: Mapping[str, Policy], neighbours: Sequence[Plan] | None = None) -> Findings:
        """What blocks, by policy. What cannot be judged at all blocks in the name of the first of them."""
        try:
            report = self._report(plan, policies, neighbours)
        except Exception as error:
            first = next(iter(policies))
            why = error.problem if isinstance(error, InputError) else f"the judging broke: {type(error).__name__}"
            return {first: [Finding(first, Verdict.UNKNOWN, "", "", "", plan.stack, message=printable(why))]}
        if policies is self.policies:
            _tell(report, policies, neighbours)
        found: dict[str, list[Finding]] = {}
        for finding in report.blocking:
            found.setdefault(finding.policy, []).append(finding)
        return found


def _tell(report: Verdicts, policies: Mapping[str, Policy], neighbours: Sequence[Plan] | None) -> None:
    """What is let off, what is wrong with exemptions or stands against neighbours, and what is judged beside which,
    shows in every report: Pulumi prints a pack's stderr."""
    waiting = ", ".join(policy.id for policy in policies.values() if policy.scope == "estate")
    if neighbours is None and waiting:
        print(f"{waiting}: {ALONE}", file=sys.stderr)
    elif neighbours:
        print(f"judged beside {printable(', '.join(plan.stack for plan in neighbours))}", file=sys.stderr)
    for finding in report.inherited:
        print(f"{finding.stack} {finding.name}: {finding.policy} {finding.path} {finding.message} (without this change "
              "too; it does not block)", file=sys.stderr)  # fmt: skip
    for one in report.exemptions:
        print(f"exempt until {one.expires}: {one.resource} from {one.policy}, {one.reason}", file=sys.stderr)
    for warning in report.warnings:
        print(warning, file=sys.stderr)


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def _message(finding: Finding, policy: Policy) -> str:
    """What is wrong and what to do; scrubbed of secrets by the runner."""
    about = " ".join(part for part in (finding.path, finding.message) if part)
    return f"{finding.policy} {finding.verdict}: {about}\n  fix: {policy.fix}"


def policies_of(bench: Bench) -> list[pulumi_policy.Policy]:
    """The pack's policies, all of them mandatory."""
    single = [p for p in bench.policies.values() if p.scope == "resource"]
    return [
        pulumi_policy.StackValidationPolicy(
            name=NEIGHBOURS,
            description="Says what the stack is judged beside: what stands of the estate's other stacks",
            enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY,
            config_schema=CONFIGURATION,
            validate=bench.beside,
        ),
        *(pulumi_policy.ResourceValidationPolicy(**_facts(p, p.id), validate=bench.early(p)) for p in single),
        *(
            pulumi_policy.StackValidationPolicy(
                **_facts(p, p.id + AT_THE_END if p.scope == "resource" else p.id), validate=bench.whole(p)
            )
            for p in bench.policies.values()
        ),
    ]


def _facts(policy: Policy, name: str) -> dict[str, Any]:
    """A policy has one framework in a pack; the numbers of the other standards are tags."""
    controls = policy.controls
    standards = {"satre": controls.satre, "ncsc": controls.ncsc, "cis": controls.cis, "iso27001": controls.iso27001,
                 "five-safes": controls.five_safes}  # fmt: skip
    return {
        "name": name,
        "description": policy.title,
        "display_name": f"{policy.id}: {policy.title}",
        "enforcement_level": pulumi_policy.EnforcementLevel.MANDATORY,
        "severity": pulumi_policy.Severity(policy.severity.value),
        "framework": pulumi_policy.PolicyComplianceFramework("SATRE", SATRE, ", ".join(controls.satre), policy.why),
        "tags": [f"{standard}:{number}" for standard, numbers in standards.items() for number in numbers],
        "remediation_steps": policy.fix,
    }


def analyzer(bench: Bench) -> type[sdk._PolicyAnalyzerServicer]:
    """Pulumi's own servicer, with the messages themselves in the validators' view, and closed to being weakened."""

    class Analyzer(sdk._PolicyAnalyzerServicer):
        def Analyze(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
            with bench.resource(request):
                return super().Analyze(proto.AnalyzeRequest(urn=request.urn, type=request.type), context)  # type: ignore[no-untyped-call]

        def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
            with bench.stack(request):
                return super().AnalyzeStack(proto.AnalyzeStackRequest(), context)  # type: ignore[no-untyped-call]

        def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
            """A configuration may not loosen a policy: what is let off is an exemption, with its reason and end."""
            loose = sorted(
                name for name, config in request.policyConfig.items() if config.enforcementLevel != proto.MANDATORY
            )
            if loose:
                context.abort(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"{printable(loose[0])} cannot be made less than mandatory; grant an exemption instead",
                )
            if NEIGHBOURS in request.policyConfig:
                try:
                    bench.configure(json_format.MessageToDict(request.policyConfig[NEIGHBOURS].properties))
                except InputError as error:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "\n".join(map(printable, str(error).splitlines())))
            return super().Configure(request, context)  # type: ignore[no-untyped-call]

    return Analyzer


def serve(exemptions: Path) -> None:
    """Serve the pack until Pulumi ends it. A missing file of exemptions means none.

    `InputError` if the catalogue or the exemptions cannot be read.
    """
    day = datetime.now(UTC).date()
    found = read(read_mapping(exemptions), load(), file=str(exemptions), today=day) if exemptions.exists() else NONE
    bench = Bench(found)
    # PolicyPack makes its servicer by this name, and gives no other way in; it serves inside its constructor.
    vars(sdk)["_PolicyAnalyzerServicer"] = analyzer(bench)
    pulumi_policy.PolicyPack(
        NAME,
        policies=policies_of(bench),
        enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY,
        description="What must hold in a Secure Data Environment",
    )
