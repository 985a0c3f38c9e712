"""Tenant restrictions: the program's form passes each policy, and every weaker or wider one is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from formats.stack_config import PlatformConfig, StackConfig
from infra.trusted_roots import root_settings
from policies.expected.trusted_roots import ENVIRONMENT_FILE, LIST, SETTING
from policies.model import NO_CONFIGS, PolicyContext, Resource
from policies.plan_evaluation import evaluate_plans
from policies.reachability.control_sets import MIN_CONTROLS
from policies.reachability.forbidden_flows import analyse_flows
from tests.certificates import AUTHORITY, certificate
from tests.policies import restricted, shipped
from tests.policies.restricted import CUSTOM_DATA, TENANCY, found, one
from tests.policies.rules.cases import GONE
from tests.policies.rules.shipped_cases import having

POLICY, GROUP, MACHINE = "network:FirewallPolicy", "network:FirewallPolicyRuleCollectionGroup", "compute:VirtualMachine"
IDENTITY = "managedidentity:UserAssignedIdentity"
SECRET = "transportSecurity.certificateAuthority.keyVaultSecretId"
PLAIN, HERE = "ruleCollections[0].rules[0]", "ruleCollections[0].rules[1]"
HEADERS = f"{HERE}.httpHeadersToInsert"
TENANT, STRANGER = "10ca1000-0000-4000-8000-0000000000aa", "99999999-0000-4000-8000-0000000000aa"
CODE = "#cloud-config\n"


def names() -> Resource:
    return one(GROUP, "firewall-names")


def policy() -> Resource:
    return one(POLICY, "firewall")


@pytest.mark.parametrize("plan", [restricted.before, restricted.after], ids=["before", "after"])
def test_the_programs_platform_passes_the_policies(plan: Callable[[], Any]) -> None:
    report = evaluate_plans([plan()], configs=restricted.configs())
    assert [f"{f.policy} {f.name}: {f.message}" for f in report.findings if f.verdict.blocks] == []
    assert {"FW11", "FW16", "VM25"} <= {f.policy for f in report.findings if f.verdict.value == "pass"}


def test_the_firewall_decrypts_the_one_host_that_reads_the_headers() -> None:
    plain, here = names().at("ruleCollections[0].rules")
    assert (plain["targetFqdns"], here["targetFqdns"]) == (["pas.windows.net"], ["login.microsoftonline.com"])
    assert ("terminateTLS" in plain, here["terminateTLS"]) == (False, True)
    assert here["httpHeadersToInsert"] == [
        {"headerName": "Restrict-Access-To-Tenants", "headerValue": TENANT},
        {"headerName": "Restrict-Access-Context", "headerValue": TENANT},
    ]
    assert policy().at(SECRET) == AUTHORITY


def test_no_flow_opens() -> None:
    context = PolicyContext(restricted.resources(), is_complete=True, configs=restricted.configs())
    report = analyse_flows(context, limit=MIN_CONTROLS - 1)
    assert (report.findings, report.unknowns) == ((), ())
    assert report.flows


WEAK: list[tuple[str, str, object]] = [
    ("not decrypted", f"{HERE}.terminateTLS", GONE),
    ("decryption is off", f"{HERE}.terminateTLS", False),
    ("no headers", HEADERS, GONE),
    ("one header", f"{HEADERS}[1]", GONE),
    ("another tenant", f"{HEADERS}[0].headerValue", STRANGER),
    ("one tenant more", f"{HEADERS}[0].headerValue", f"{TENANT},{STRANGER}"),
    ("reports for another tenant", f"{HEADERS}[1].headerValue", STRANGER),
    ("another header", f"{HEADERS}[0].headerName", "X-Tenant"),
    ("one header more", HEADERS, [{"headerName": "X-Data", "headerValue": "x"}]),
    ("the other host decrypted", f"{PLAIN}.terminateTLS", True),
    ("a header for the other host", f"{PLAIN}.httpHeadersToInsert", [{"headerName": "X", "headerValue": "y"}]),
    ("one rule for both", f"{HERE}.targetFqdns", ["login.microsoftonline.com", "pas.windows.net"]),
    ("a denial that decrypts", "ruleCollections[1].rules[0].terminateTLS", True),
]


@pytest.mark.parametrize(("path", "value"), [case[1:] for case in WEAK], ids=[case[0] for case in WEAK])
def test_another_form_of_the_rules_is_refused(path: str, value: object) -> None:
    changed = having(names(), path, value)
    if path == HEADERS and isinstance(value, list):
        changed = having(names(), path, [*names().at(HEADERS), *value])
    assert found("FW16", changed)


def test_a_rule_without_restrictions_beside_the_one_with_them_is_refused() -> None:
    rules = names().at("ruleCollections[0].rules")
    plain = {**rules[0], "name": "again", "targetFqdns": ["login.microsoftonline.com"]}
    changed = having(names(), "ruleCollections[0].rules", [*rules, plain])
    assert "second rule" in found("FW11", changed)[0]
    assert "does not decrypt" in found("FW16", changed)[0]


@pytest.mark.parametrize(("path", "value"), [
    (SECRET, AUTHORITY.replace("organisation", "attacker")), (SECRET, AUTHORITY.replace("0123", "4567")),
    (SECRET, AUTHORITY.rpartition("/")[0]), (SECRET, GONE), ("transportSecurity", GONE),
    ("transportSecurity.certificateAuthority.name", "other"),
])  # fmt: skip
def test_another_certificate_authority_is_refused(path: str, value: object) -> None:
    assert found("FW16", having(policy(), path, value))


def _without() -> Mapping[str, StackConfig]:
    platform = restricted.configs()["platform"]
    assert isinstance(platform, PlatformConfig)
    return {**restricted.configs(), "platform": platform.model_copy(update={"tenant_restrictions": None})}


@pytest.mark.parametrize("configs", [_without, shipped.configs], ids=["off", "shipped"])
def test_an_estate_without_restrictions_permits_no_inspection(configs: Callable[[], Mapping[str, StackConfig]]) -> None:
    messages = found("FW16", configs_=configs())
    assert any("names no certificate authority" in message for message in messages)
    assert any("decrypts connections" in message for message in messages)


def test_without_the_estates_files_only_the_form_is_compared() -> None:
    other = names()
    for index in range(2):
        other = having(other, f"{HEADERS}[{index}].headerValue", STRANGER)
    for same in (names(), other):
        assert not found("FW16", same, configs_=NO_CONFIGS)
    weaker = [
        having(names(), f"{HEADERS}[1].headerValue", STRANGER),
        having(names(), HEADERS, GONE),
        having(names(), f"{PLAIN}.terminateTLS", True),
        having(policy(), "transportSecurity", GONE),
    ]
    for changed in weaker:
        assert found("FW16", changed, configs_=NO_CONFIGS)


def test_the_vault_is_known_to_the_estate_for_the_firewall_alone() -> None:
    assert not found("TY3", policy())
    assert found("TY3", having(policy(), SECRET, AUTHORITY.replace("organisation", "attacker")))
    assert found("TY3", having(policy(), "dnsSettings.servers", [AUTHORITY]), configs_=_without())
    assert found("TY3", having(one(GROUP, "firewall-names"), f"{PLAIN}.description", AUTHORITY))


def test_no_other_resource_has_the_identity_that_reads_the_certificate_authority() -> None:
    reader = one(IDENTITY, "firewall-ca").id
    assert not found("IA11")
    for other in (one(MACHINE, "staff-vm-logs"), one("storage:StorageAccount", "flows")):
        assigned = having(having(other, "identity.type", "UserAssigned"), "identity.userAssignedIdentities", [reader])
        assert any("certificate authority" in message for message in found("IA11", assigned))


def test_the_estate_gives_that_identity_no_role() -> None:
    grant = one("authorization:RoleAssignment", "bastion-desk-users-see")
    reader = one(IDENTITY, "firewall-ca")
    own = having(grant, "principalId", "501bb6c8-5eed-553a-932f-b9f13f5e945f")
    assert found("IA8", replace(own, property_dependencies={"principalId": (reader.urn,)}))


def first_boot(computer: Resource, edit: Callable[[dict[str, Any]], object]) -> Resource:
    """Return a computer with other settings of its first boot."""
    settings = json.loads(base64.b64decode(computer.at(CUSTOM_DATA)).decode().removeprefix(CODE))
    edit(settings)
    return having(computer, CUSTOM_DATA, base64.b64encode((CODE + json.dumps(settings)).encode()).decode())


COMPUTERS = [("platform", "staff-vm-logs"), (TENANCY, "desk")]


@pytest.mark.parametrize(("stack", "name"), COMPUTERS)
def test_a_computer_trusts_the_estates_roots_and_no_other(stack: str, name: str) -> None:
    computer, other = one(MACHINE, name, stack), certificate("Attacker")
    assert not found("VM25", computer)
    for trusted in ([other], [restricted.root(), other], [], "x", [restricted.root() + other]):
        changed = first_boot(computer, lambda s, trusted=trusted: s[SETTING].update({LIST: trusted}))
        assert found("VM25", changed), trusted
    assert found("VM25", first_boot(computer, lambda s: s[SETTING].update(remove_defaults=True)))
    assert found("VM25", computer, configs_=shipped.configs() | {"platform": _without()["platform"]})


@pytest.mark.parametrize(("stack", "name"), COMPUTERS)
def test_the_first_boot_sets_no_more_than_the_certificates(stack: str, name: str) -> None:
    computer = one(MACHINE, name, stack)
    assert not found("VM16", computer)
    other = {**ENVIRONMENT_FILE, "content": "REQUESTS_CA_BUNDLE=/home/x.pem\n"}
    changed = first_boot(computer, lambda s: s["write_files"].append(other))
    assert found("VM16", changed)
    assert found("VM16", first_boot(computer, lambda s: s.update({"ca-certs": s[SETTING]})))


@pytest.mark.parametrize(("stack", "name"), COMPUTERS)
@pytest.mark.parametrize("edit", [
    lambda s: s.pop(SETTING), lambda s: s["write_files"].remove(ENVIRONMENT_FILE),
    lambda s: s[SETTING].update({LIST: []}),
], ids=["no certificate", "no variable", "none"])  # fmt: skip
def test_no_firewall_decrypts_before_every_computer_trusts_it(
    stack: str, name: str, edit: Callable[[dict[str, Any]], object]
) -> None:
    assert not found("VM26")
    changed = first_boot(one(MACHINE, name, stack), edit)
    assert any(message.startswith(name) for message in found("VM26", changed))
    prepared = having(policy(), "transportSecurity", GONE)
    assert not found("VM26", changed, prepared)


def test_the_program_writes_what_the_policies_expect() -> None:
    settings = deepcopy(root_settings(["x"]))
    assert settings == {SETTING: {LIST: ["x"]}, "write_files": [ENVIRONMENT_FILE]}
    assert root_settings([]) == {}
