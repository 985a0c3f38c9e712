"""The pack under Pulumi's own servicer: the gate's verdicts, no unchecked values, no secrets in messages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2, json_format
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc

from formats.errors import Refused
from formats.plan import SECRET, UNKNOWN, Plan, PlannedResource
from formats.property_values import mask
from policies.controls import standards
from policies.exemptions import read
from policies.judged_runs import JudgedRuns
from policies.model import ComplianceControls, Policy, Severity, Violation
from policies.pack import NEIGHBOURS, PERMIT, STACK_SUFFIX, PackAnalyzer, policies_of, serve
from policies.plan_evaluation import Neighbours, evaluate_plans
from policies.rules import load
from tests.infra.local_stacks import ROOT
from tests.operations.export.plans import group, made, plan_of, store
from tests.people import ELSIE, PEOPLE, ROSTER
from tests.policies.engine import HIDDEN, AbortedError, Context, analyzed, pack, properties, stack_request
from tests.policies.shipped import STACKS, after, before, deployed, state

TODAY = datetime.now(UTC).date()
Edit = Callable[[Plan], Plan]


def violations(plan: Plan, servicer: Any = None) -> set[tuple[str, str]]:
    """Return the policies that the pack reports with their resources. All of them block the deployment."""
    found = analyzed(servicer or pack(), plan)
    assert {d.enforcementLevel for d in found} <= {proto.MANDATORY}
    return {(d.policyName.removesuffix(STACK_SUFFIX), d.urn) for d in found}


def refusals(plan: Plan) -> set[tuple[str, str]]:
    """Return the same for the gate."""
    return {(f.policy, f.urn) for f in evaluate_plans([plan]).blocking}


def changed(type_: str, **inputs: Any) -> Edit:
    """Return the plan with other inputs of the first resource of a type; None removes one."""

    def edit(plan: Plan) -> Plan:
        one = next(r for r in plan.resources if r.type == f"azure-native:{type_}")
        new = {key: value for key, value in {**one.inputs, **inputs}.items() if value is not None}
        return replace(plan, resources=tuple(replace(r, inputs=new) if r is one else r for r in plan.resources))

    return edit


def without(type_: str) -> Edit:
    """Return the plan without the first resource of a type."""

    def edit(plan: Plan) -> Plan:
        one = next(r for r in plan.resources if r.type == f"azure-native:{type_}")
        return replace(plan, resources=tuple(r for r in plan.resources if r is not one))

    return edit


def unprotected(plan: Plan) -> Plan:
    return replace(plan, resources=tuple(replace(r, protect=False) for r in plan.resources))


def ignoring(plan: Plan) -> Plan:
    root, *others = plan.resources
    return replace(plan, resources=(root, *(replace(r, ignore_changes=("publicNetworkAccess",)) for r in others)))


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("plan", [before, after], ids=["before", "after"])
def test_the_shipped_stacks_pass(stack: str, plan: Callable[[str], Plan]) -> None:
    assert violations(plan(stack)) == refusals(plan(stack)) == set()


WEAKENED: dict[str, tuple[str, Edit]] = {
    "an open store": ("safe-haven", changed("storage:StorageAccount", publicNetworkAccess="Enabled")),
    "a store whose network is not said": ("safe-haven", changed("storage:StorageAccount", publicNetworkAccess=None)),
    "a store whose network is not known": ("safe-haven",
                                           changed("storage:StorageAccount", publicNetworkAccess=UNKNOWN)),
    "a store with a key of Azure's": ("junction-zone", changed("storage:StorageAccount", encryption=None)),
    "an unlocked vault": ("safe-haven", without("authorization:ManagementLockByScope")),
    "a vault that can be purged": ("junction-zone", changed("keyvault:Vault", properties={"tenantId": "x"})),
    "a subnet without rules": ("junction-zone", changed("network:Subnet", networkSecurityGroup=None)),
    "a subnet whose rules nobody knows": ("junction-zone", changed("network:Subnet", networkSecurityGroup=UNKNOWN)),
    "no route": ("tre-hcm-progression", without("network:RouteTable")),
    "no records": ("tre-hcm-progression", without("monitor:DiagnosticSetting")),
    "no private endpoint": ("safe-haven", without("network:PrivateEndpoint")),
    "a firewall that only watches": ("platform", changed("network:FirewallPolicy", threatIntelMode="Alert")),
    "a desk that is not encrypted": ("tre-hcm-progression", changed("compute:VirtualMachine", securityProfile=None)),
    "another region": ("platform", changed("network:VirtualNetwork", location="westus")),
    "nothing protected": ("safe-haven", unprotected),
    "changes ignored": ("safe-haven", ignoring),
}  # fmt: skip


@pytest.mark.parametrize(("stack", "edit"), WEAKENED.values(), ids=WEAKENED)
def test_the_pack_and_the_gate_refuse_the_same(stack: str, edit: Edit) -> None:
    plan = edit(before(stack))
    assert violations(plan) == refusals(plan) != set()


def test_unknown_values_are_evaluated_with_the_whole_stack() -> None:
    servicer, plan = pack(), before("junction-zone")
    subnet = next(r for r in plan.resources if r.type == "azure-native:network:Subnet")
    assert subnet.inputs["networkSecurityGroup"]["id"] == UNKNOWN
    early = proto.AnalyzeRequest(type=subnet.type, urn=subnet.urn, name=subnet.name,
                                 properties=properties(subnet.inputs))  # fmt: skip
    assert not servicer.Analyze(early, Context()).diagnostics
    weak = changed("network:Subnet", networkSecurityGroup={"id": UNKNOWN})(plan)
    weak = replace(weak, resources=tuple(replace(r, property_dependencies={}) for r in weak.resources))
    assert violations(weak) == refusals(weak) != set()


def test_a_resource_is_refused_before_its_creation() -> None:
    """With `pulumi up --skip-preview` there is no earlier check."""
    servicer, room = pack(), group()
    open_store = store(room, publicNetworkAccess="Enabled")
    for resource in (room, open_store):
        request = proto.AnalyzeRequest(type=resource.type, urn=resource.urn, name=resource.name,
                                       properties=properties(resource.inputs))  # fmt: skip
        found = servicer.Analyze(request, Context()).diagnostics
    assert ("ST1", open_store.urn) in {(d.policyName, d.urn) for d in found}


def policy(judge: Any, scope: Any = "resource", id_: str = "XX1") -> dict[str, Policy]:
    return {id_: Policy(id=id_, title="t", why="w", resource_types=("storage:StorageAccount",), check_paths=("x",),
                        fix="f", check=judge, severity=Severity.HIGH, controls=ComplianceControls(),
                        evaluation_scope=scope)}  # fmt: skip


def breaks(*_: Any) -> Any:
    raise RuntimeError(HIDDEN)


def shows(resource: Any, _: Any) -> Any:
    yield Violation("tags", f"found {resource.at('tags')} and {resource.at('password')}")


@pytest.mark.parametrize("scope", ["resource", "stack"])
def test_a_rule_that_raises_blocks_without_its_message(scope: str) -> None:
    room = group()
    found = analyzed(pack(policies=policy(breaks, scope)), plan_of(room, store(room)))
    assert found
    assert {d.enforcementLevel for d in found} == {proto.MANDATORY}
    assert HIDDEN not in str(found)


def test_no_message_has_a_secret() -> None:
    """Pulumi passes secrets to validators in plain text; the pack removes them."""
    room = group()
    found = analyzed(pack(policies=policy(shows)), plan_of(room, store(room, tags={"a": SECRET}, password=SECRET)))
    assert found
    assert HIDDEN not in str(found)


@pytest.mark.parametrize("plan", [plan_of(), Plan("sde", "x", "", ())], ids=["only the engine's own", "nothing"])
def test_a_stack_without_resources_is_refused(plan: Plan) -> None:
    found = pack().AnalyzeStack(stack_request(plan), Context()).diagnostics
    assert any("nothing to check" in d.message for d in found)


def test_two_resources_with_one_id_are_refused() -> None:
    room = group()
    twin = replace(store(room), urn="urn:pulumi:platform::sde::azure-native:storage:StorageAccount::twin")
    found = analyzed(pack(), plan_of(room, store(room), twin))
    assert any("one id" in d.message for d in found)


def test_an_unsupported_provider_is_refused() -> None:
    stranger = made("aws:s3:Bucket", "bucket", {})
    plan = plan_of(group(), stranger)
    assert violations(plan) == refusals(plan)
    assert stranger.urn in {urn for _, urn in violations(plan)}


def test_a_validator_outside_of_a_message_raises() -> None:
    for one in policies_of(PackAnalyzer()):
        if one.name == NEIGHBOURS:  # it validates nothing
            continue
        with pytest.raises(LookupError):
            one.validate(None, lambda *_: None)  # type: ignore[attr-defined]


def test_every_policy_is_mandatory_and_has_its_controls() -> None:
    info = pack().GetAnalyzerInfo(empty_pb2.Empty(), Context())
    configured, *permits = info.policies[:3]
    policies = info.policies[3:]
    assert {p.name for p in permits} == {PERMIT, PERMIT + STACK_SUFFIX}
    assert {p.enforcementLevel for p in permits} == {proto.MANDATORY}
    assert configured.name == NEIGHBOURS
    assert configured.enforcementLevel == proto.MANDATORY
    names = [p.name for p in policies]
    assert len(names) == len(set(names))
    assert {n.removesuffix(STACK_SUFFIX) for n in names} == set(load())
    for told in policies:
        ours = load()[told.name.removesuffix(STACK_SUFFIX)]
        assert told.enforcementLevel == proto.MANDATORY
        assert told.severity == proto.PolicySeverity.Value(f"POLICY_SEVERITY_{ours.severity.name}")
        named = {key.replace("_", "-"): getattr(ours.controls, key) for key in standards()}
        assert list(told.tags) == [f"{standard}:{number}" for standard, numbers in named.items() for number in numbers]
        assert (told.framework.name, told.framework.reference) == ("SATRE", ", ".join(ours.controls.satre))


def test_no_configuration_makes_a_policy_less_than_mandatory() -> None:
    servicer = pack()
    for level in (proto.ADVISORY, proto.DISABLED, proto.REMEDIATE):
        request = proto.ConfigureAnalyzerRequest(policyConfig={"ST1": proto.PolicyConfig(enforcementLevel=level)})
        with pytest.raises(AbortedError, match="ST1 cannot be made less"):
            servicer.Configure(request, Context())
    kept = proto.ConfigureAnalyzerRequest(policyConfig={"ST1": proto.PolicyConfig(enforcementLevel=proto.MANDATORY)})
    servicer.Configure(kept, Context())


def test_an_exemption_applies_as_in_the_gate_and_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    plan = changed("storage:StorageAccount", publicNetworkAccess="Enabled")(before("safe-haven"))
    open_store = next(r for r in plan.resources if r.type == "azure-native:storage:StorageAccount")
    entry = {"id": "open-store", "policy": "ST1", "resource": open_store.urn, **PEOPLE,
             "second_approver": str(ELSIE.id), "reason": "a reason that is long enough",
             "compensating_control": "a control that is long enough", "granted": TODAY,
             "expires": TODAY + timedelta(days=30)}  # fmt: skip
    exempt = read({"exemptions": [entry]}, load(), file="x", today=TODAY, people=ROSTER)
    left = violations(plan, pack(exemptions=exempt))
    assert ("ST1", open_store.urn) not in left
    assert f"exempt until {TODAY + timedelta(days=30)}: {open_store.urn} from ST1" in capsys.readouterr().err
    assert left == violations(plan) - {("ST1", open_store.urn)}


def test_marked_values_of_the_protocol_are_read() -> None:
    signature = "4dabf18193072939515e22adb298388d"
    assert mask({signature: "1b47061264138c4ac30d75fd1eb44270", "value": "x"}) == SECRET
    assert mask({signature: "a mark that is new", "value": "x"}) == UNKNOWN
    assert mask({"a": ["1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", 3.0]}) == {"a": [UNKNOWN, 3]}
    assert mask({signature: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}) == {"text": "x"}


def test_the_pack_serves_pulumi_in_its_own_folder(tmp_path: Path) -> None:
    """As `pulumi preview --policy-pack policies` does: in the pack's folder, by its interpreter, with two arguments."""
    process = subprocess.Popen(
        [sys.executable, "-u", ".", "127.0.0.1:1", "."], cwd=ROOT / "policies", stdout=subprocess.PIPE, text=True,
        env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    try:
        assert process.stdout
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
            stub = analyzer_pb2_grpc.AnalyzerStub(channel)  # type: ignore[no-untyped-call]
            assert len(stub.GetAnalyzerInfo(empty_pb2.Empty()).policies) >= len(load())
            room = group()
            found = stub.AnalyzeStack(stack_request(plan_of(room, store(room)))).diagnostics
            assert {"ST1"} <= {d.policyName.removesuffix(STACK_SUFFIX) for d in found}
    finally:
        process.kill()
        process.wait()


def test_the_pack_does_not_serve_another_catalogue_than_the_pinned_one(tmp_path: Path) -> None:
    (tmp_path / "estate.yaml").write_text("policies: {catalogue: 'sha256:" + 64 * "0" + "'}\n")
    with pytest.raises(Refused, match=r"policies\.catalogue"):
        serve(tmp_path)


def test_the_pack_file_names_the_runtime() -> None:
    said = yaml.safe_load((ROOT / "policies/PulumiPolicy.yaml").read_text(encoding="utf-8"))
    assert said["runtime"] == {"name": "python", "options": {"virtualenv": "../.venv"}}


def test_components_are_not_evaluated() -> None:
    room = group()
    component = PlannedResource("urn:pulumi:platform::sde::sde:infra:Room::r", "sde:infra:Room", room.operation,
                                custom=False)  # fmt: skip
    plan = plan_of(component, room)
    assert violations(plan) == refusals(plan)
    assert component.urn not in {urn for _, urn in violations(plan)}


# With the rest of the estate

OTHERS = ("junction-zone", "safe-haven", "tre-hcm-progression")


def configured(*paths: Path | str, **more: Any) -> Any:
    """Return the pack with these files as neighbours."""
    servicer = pack()
    config = proto.PolicyConfig(enforcementLevel=proto.MANDATORY)
    json_format.ParseDict({"paths": [str(p) for p in paths], **more}, config.properties)
    servicer.Configure(proto.ConfigureAnalyzerRequest(policyConfig={NEIGHBOURS: config}), Context())
    return servicer


def exported(folder: Path, *stacks: str) -> Path:
    """Write the states as `pulumi stack export` does."""
    for stack in stacks:
        (folder / f"{stack}.json").write_text(json.dumps(state(stack)))
    return folder


def unlinked(plan: Plan) -> Plan:
    kept = (r for r in plan.resources if not r.type.endswith(":VirtualNetworkLink"))
    return replace(plan, resources=tuple(kept))


def beside(plan: Plan) -> set[tuple[str, str]]:
    """Return the gate's findings by policy and stack, with all other stacks deployed."""
    others = tuple(deployed(s) for s in STACKS if s != plan.stack)
    report = evaluate_plans([plan], neighbours=Neighbours.of_plans(others, (deployed(plan.stack),)))
    return {(f.policy, f.stack) for f in report.blocking}


@pytest.mark.parametrize("stack", STACKS)
def test_the_shipped_stacks_pass_with_their_neighbours(stack: str, tmp_path: Path) -> None:
    assert violations(after(stack), configured(exported(tmp_path, *STACKS))) == set()


def test_violations_between_stacks_are_refused_with_neighbours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weak = unlinked(after("platform"))
    assert violations(weak) == set()
    assert "was evaluated on this stack alone" in capsys.readouterr().err
    found = analyzed(configured(exported(tmp_path, *OTHERS)), weak)
    assert {d.policyName for d in found} == {policy for policy, _ in beside(weak)} == {"PE4"}
    assert {d.urn for d in found} <= {"", *(r.urn for r in weak.resources)}  # Pulumi lacks other stacks
    assert "evaluated with junction-zone, safe-haven, tre-hcm-progression" in capsys.readouterr().err
    assert len(found) == len(
        evaluate_plans([weak], neighbours=Neighbours.of_plans(tuple(map(deployed, OTHERS)))).blocking
    )


def test_a_recorded_finding_on_a_neighbour_does_not_block(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weak = state("platform")
    kept = [r for r in weak["deployment"]["resources"] if not r["type"].endswith(":VirtualNetworkLink")]
    (exported(tmp_path, "junction-zone", "tre-hcm-progression") / "platform.json").write_text(
        json.dumps({**weak, "deployment": {**weak["deployment"], "resources": kept}})
    )
    plan = without("network:PrivateDnsZoneGroup")(after("safe-haven"))
    assert "junction-zone" in str(analyzed(configured(tmp_path), plan))
    assert "no evaluation of the whole estate recorded this" in capsys.readouterr().err
    whole = evaluate_plans([unlinked(deployed("platform")), *map(deployed, OTHERS)], is_complete=True)
    judged = tmp_path / "judged"
    judged.mkdir()
    for file, text in JudgedRuns(judged).texts("policy check --all", datetime.now(UTC), (), whole.blocking).items():
        file.write_text(text)
    assert "junction-zone" not in str(analyzed(configured(tmp_path, judged=str(judged)), plan))
    assert "not by this change; recorded by policy check --all" in capsys.readouterr().err


def test_plans_may_be_neighbours(tmp_path: Path) -> None:
    files = [tmp_path / f"{stack}.json" for stack in OTHERS]
    for file in files:
        file.write_text(json.dumps(after(file.stem).to_json()))
    assert violations(unlinked(after("platform")), configured(*files))


def test_an_empty_configuration_means_no_neighbours() -> None:
    """Pulumi sends one for each policy without a configuration."""
    servicer = pack()
    empty = proto.ConfigureAnalyzerRequest(policyConfig={NEIGHBOURS: proto.PolicyConfig(enforcementLevel=1)})
    servicer.Configure(empty, Context())
    assert violations(after("platform"), servicer) == set()
    remarks = servicer.AnalyzeStack(stack_request(after("platform")), Context()).not_applicable
    assert {NEIGHBOURS, "PE4", "IA5", "FW8"} <= {r.policy_name for r in remarks}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.json", "", "empty"),
        ("a.json", "{", "not JSON"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", '{"version": 9, "deployment": {}}', "newer than this version"),
        ("a.json", '{"version": 3, "deployment": {"resources": [1]}}', "damaged"),
        ("a.json", '{"$schema": "x", "resources": []}', "not a neighbour"),
        ("a.json", "{}", "neither a plan nor a state"),
        ("a.txt", "{}", "0 files"),
    ],
)
def test_a_hostile_neighbour_is_refused(tmp_path: Path, name: str, content: str, why: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(AbortedError, match=why):
        configured(tmp_path)


def test_duplicate_neighbours_and_invalid_paths_are_refused(tmp_path: Path) -> None:
    exported(tmp_path, "platform")
    (tmp_path / "again.json").write_text((tmp_path / "platform.json").read_text())
    with pytest.raises(AbortedError, match="the same stack"):
        configured(tmp_path)
    with pytest.raises(AbortedError, match="missing"):
        configured(tmp_path / "nowhere.json")
    with pytest.raises(AbortedError, match="not a configuration of neighbours"):
        configured(tmp_path, whole=True)


def test_a_secret_of_a_neighbour_is_in_no_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.dumps(state("safe-haven"))
    resources = json.loads(content)["deployment"]["resources"]
    hidden = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": f'"{HIDDEN}"'}
    open_one = next(r for r in resources if r["type"] == "azure-native:network:PrivateDnsZoneGroup")
    open_one["inputs"]["privateDnsZoneConfigs"][0]["privateDnsZoneId"] = hidden
    exported(tmp_path, "junction-zone", "tre-hcm-progression")
    (tmp_path / "safe-haven.json").write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))
    found = analyzed(configured(tmp_path), unlinked(after("platform")))
    assert found
    assert HIDDEN not in str(found) + "".join(capsys.readouterr())
