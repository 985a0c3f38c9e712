"""ARM templates read back: ours exactly, anybody's without guessing, and nothing that could hide a resource."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Plan
from operations.export.arm import template
from operations.export.template_reader import read_template
from policies.model import Resource, Verdict
from policies.plan_evaluation import evaluate_plans
from policies.plan_resources import resources_of
from tests.operations.export.plans import SUBSCRIPTION, grant, group, made, network, plan_of, store, subnet
from tests.policies.shipped import STACKS, after, before

GROUP_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SUBSCRIPTION_SCHEMA = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
ACCOUNT = {
    "type": "Microsoft.Storage/storageAccounts",
    "apiVersion": "2023-01-01",
    "name": "sttheirs",
    "location": "uksouth",
    "properties": {"publicNetworkAccess": "Disabled", "networkAcls": {"defaultAction": "Deny"}},
}


def foreign(*resources: Any, **words: Any) -> dict[str, Any]:
    return {"$schema": GROUP_SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **words}


def account(**properties: Any) -> dict[str, Any]:
    return {**ACCOUNT, "properties": {**ACCOUNT["properties"], **properties}}  # type: ignore[dict-item]


def only(plan: Plan) -> Resource:
    (found,) = resources_of(plan)
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_our_own_template_is_read_back_as_the_plan_that_it_came_from(stack: str) -> None:
    plan = before(stack)
    planned = {r.urn: r for r in resources_of(plan) if not r.type.startswith(NOT_IN_TEMPLATES)}
    read = {r.urn: r for r in resources_of(read_template(template(plan)))}
    assert planned.keys() == read.keys()
    for urn, resource in planned.items():
        mine = {k: v for k, v in resource.inputs.items() if not k.startswith("__")}
        assert mine == read[urn].inputs
        assert str(resource.id).lower() == str(read[urn].id).lower()


def verdicts(plan: Plan, *, as_template: bool) -> dict[tuple[str, str], set[Verdict]]:
    """Return the findings by policy and resource of Azure, without those of policies on the program."""
    report = evaluate_plans([plan], day=TODAY, templates=[plan.stack] if as_template else [])
    found: dict[tuple[str, str], set[Verdict]] = {}
    for finding in report.findings:
        if finding.policy not in OF_THE_PROGRAM and not finding.type.startswith(NOT_IN_TEMPLATES):
            found.setdefault((finding.policy, finding.urn), set()).add(finding.verdict)
    return found


TODAY = date(2026, 11, 22)
OF_THE_PROGRAM = ("GV3", "GV4", "KV13", "SC1", "SC4")
NOT_IN_TEMPLATES = ("random:", "pulumi:")


@pytest.mark.parametrize("stack", STACKS)
def test_a_template_of_what_is_there_gets_the_verdicts_of_its_plan(stack: str) -> None:
    plan = after(stack)
    assert verdicts(read_template(template(plan)), as_template=True) == verdicts(plan, as_template=False)


@pytest.mark.parametrize("stack", STACKS)
def test_a_template_of_what_is_to_come_passes_nothing_that_its_plan_does_not(stack: str) -> None:
    """It cannot say which property came from which resource, so that a little more is unknown."""
    plan = before(stack)
    said, read = verdicts(plan, as_template=False), verdicts(read_template(template(plan)), as_template=True)
    differ = {key for key in said if said[key] != read[key]}
    assert said.keys() == read.keys()
    assert {key[0] for key in differ} <= {"ST6", "VM3", "AL1", "AL5"}
    assert all(read[key] == {Verdict.UNKNOWN} for key in differ)


def test_what_stands_in_for_the_unknown_is_read_as_unknown_and_a_secret_as_a_secret() -> None:
    room = group()
    who = made("managedidentity:UserAssignedIdentity", "id", {"resourceGroupName": "rg-hub", "resourceName": "id"})
    access = made("authorization:RoleAssignment", "g", grant(principalId=UNKNOWN), from_={"principalId": [who.urn]})
    vm = made("compute:VirtualMachine", "vm", {"resourceGroupName": "rg-hub", "vmName": "vm", "location": "uksouth",
              "osProfile": {"adminPassword": SECRET}, "tags": {"a.b": UNKNOWN}, "zones": UNKNOWN})  # fmt: skip
    read = {r.name: r for r in resources_of(read_template(template(plan_of(room, who, access, vm))))}
    assert read["g"].inputs["principalId"] == UNKNOWN
    assert read["vm"].inputs["osProfile"]["adminPassword"] == SECRET
    assert read["vm"].inputs["tags"] == {"a.b": UNKNOWN}
    assert read["vm"].inputs["zones"] == UNKNOWN


def test_somebody_elses_template_is_read_in_the_words_of_the_rules() -> None:
    found = only(read_template(foreign(ACCOUNT)))
    assert found.type == "storage:StorageAccount"
    assert found.at("publicNetworkAccess") == "Disabled"
    assert found.at("networkRuleSet.defaultAction") == "Deny"
    assert found.inputs["resourceGroupName"] == UNKNOWN
    assert found.id is None


def test_a_name_in_another_case_is_the_same_property_and_two_of_them_are_refused() -> None:
    odd = {**ACCOUNT, "properties": {"PublicNetworkAccess": "Enabled"}}
    assert only(read_template(foreign(odd))).at("publicNetworkAccess") == "Enabled"
    with pytest.raises(InputError, match="one property twice"):
        read_template(foreign(account(PublicNetworkAccess="Enabled")))
    with pytest.raises(InputError, match="not spelled as in ARM"):
        read_template(foreign({**ACCOUNT, "Properties": {}}))


@pytest.mark.parametrize(
    "expression",
    ["[parameters('access')]", "[uniqueString('Disabled')]", "[if(true, 'Disabled', 'Enabled')]",
     "[variables('none')]", "[variables('round')]"],
)  # fmt: skip
def test_what_a_deployment_could_decide_otherwise_is_unknown(expression: str) -> None:
    """Also a parameter's default: the one who deploys may give another value."""
    words = {
        "parameters": {"access": {"type": "string", "defaultValue": "Disabled"}},
        "variables": {"round": "[variables('round')]"},
    }
    found = only(read_template(foreign(account(publicNetworkAccess=expression), **words)))
    assert found.inputs["publicNetworkAccess"] == UNKNOWN


def test_literals_behind_a_name_are_read() -> None:
    words = {
        "parameters": {"access": {"type": "string", "allowedValues": ["Disabled"]}},
        "variables": {"tls": "[variables('version')]", "version": "TLS1_2"},
    }
    body = account(publicNetworkAccess="[parameters('Access')]", minimumTlsVersion="[variables('tls')]")
    found = only(read_template(foreign({**body, "tags": {"note": "[[not an expression]"}}, **words)))
    assert found.at("publicNetworkAccess") == "Disabled"
    assert found.at("minimumTlsVersion") == "TLS1_2"
    assert found.at("tags.note") == "[not an expression]"


def test_all_properties_out_of_one_expression_are_unknown() -> None:
    found = only(read_template(foreign({**ACCOUNT, "properties": "[parameters('all')]"})))
    assert found.inputs["publicNetworkAccess"] == UNKNOWN
    assert found.inputs["encryption"] == UNKNOWN


def test_a_loop_over_a_property_makes_it_unknown() -> None:
    rules = {"name": "securityRules", "count": "[length(parameters('rules'))]", "input": {"name": "x"}}
    nsg = {"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "nsg",
           "properties": {"copy": [rules]}}  # fmt: skip
    assert only(read_template(foreign(nsg))).inputs["securityRules"] == UNKNOWN


def test_children_are_found_inside_their_parents_and_inside_deployments() -> None:
    container = {"type": "containers", "name": "data", "apiVersion": "2023-01-01", "properties": {}}
    service = {"type": "blobServices", "name": "default", "apiVersion": "2023-01-01", "resources": [container]}
    inner = {"$schema": GROUP_SCHEMA, "resources": {"store": {**ACCOUNT, "resources": [service]}}}
    deployment = {
        "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "d",
        "subscriptionId": SUBSCRIPTION, "resourceGroup": "rg", "properties": {"mode": "Incremental", "template": inner},
    }  # fmt: skip
    plan = read_template({**foreign(deployment), "$schema": SUBSCRIPTION_SCHEMA})
    found = resources_of(plan)
    assert [r.type for r in found] == ["storage:StorageAccount", "storage:BlobServiceProperties",
                                       "storage:BlobContainer"]  # fmt: skip
    above = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/sttheirs"
    assert found[2].id == f"{above}/blobServices/default/containers/data"


def test_an_extension_stands_on_what_it_names_in_either_form() -> None:
    above = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
    new = {"type": "Microsoft.Authorization/locks", "apiVersion": "2020-05-01", "name": "new",
           "scope": "Microsoft.Storage/storageAccounts/sttheirs", "properties": {"level": "CanNotDelete"}}  # fmt: skip
    old = {"type": "Microsoft.Storage/storageAccounts/providers/locks", "apiVersion": "2020-05-01",
           "name": "sttheirs/Microsoft.Authorization/old", "properties": {"level": "ReadOnly"}}  # fmt: skip
    inner = {"$schema": GROUP_SCHEMA, "resources": [new, old]}
    deployment = {"type": "Microsoft.Resources/deployments", "name": "d", "subscriptionId": SUBSCRIPTION,
                  "resourceGroup": "rg", "properties": {"template": inner}}  # fmt: skip
    for lock in resources_of(read_template(foreign(deployment))):
        assert lock.type == "authorization:ManagementLockByScope"
        assert lock.at("scope") == f"{above}/providers/Microsoft.Storage/storageAccounts/sttheirs"
        assert lock.id is not None


def test_a_type_that_nobody_knows_is_kept_as_such() -> None:
    server = {"type": "Microsoft.Sql/servers", "apiVersion": "2023-08-01", "name": "s", "properties": {"a": "[x()]"}}
    found = only(read_template(foreign(server)))
    assert (found.type, found.inputs["properties"]) == ("arm:Microsoft.Sql/servers", {"a": UNKNOWN})


REFUSED: dict[str, Any] = {
    "nothing": None,
    "a list": [],
    "no schema": {"resources": [ACCOUNT]},
    "another schema": {"$schema": "https://json-schema.org/draft-07/schema#", "resources": [ACCOUNT]},
    "a schema that is no text": {"$schema": ["x"], "resources": [ACCOUNT]},
    "a parameter file": {"$schema": GROUP_SCHEMA.replace("Template", "Parameters"), "parameters": {}},
    "a tenant's deployment": {**foreign(ACCOUNT), "$schema": GROUP_SCHEMA.replace("deployment", "tenantDeployment")},
    "no resources": foreign(),
    "resources in another case": {"$schema": GROUP_SCHEMA, "resources": [ACCOUNT], "Resources": []},
    "resources that are none": foreign("x"),
    "resources of the wrong kind": {"$schema": GROUP_SCHEMA, "resources": "x"},
    "no type": foreign({"name": "x"}),
    "a type out of an expression": foreign({**ACCOUNT, "type": "[parameters('t')]"}),
    "a condition that is false": foreign({**ACCOUNT, "condition": False}),
    "a name too short": foreign({**ACCOUNT, "type": "Microsoft.Storage/storageAccounts/blobServices"}),
    "a fixed name, otherwise": foreign({**ACCOUNT, "type": "Microsoft.Storage/storageAccounts/blobServices",
                                        "name": "a/b"}),
    "a placeholder nowhere": foreign(ACCOUNT, metadata={"placeholders": {"resources[7].x": "?"}}),
    "a placeholder past the end": foreign(account(x=[1]),
                                          metadata={"placeholders": {"resources[0].properties.x[4]": "?"}}),
}  # fmt: skip


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_judged_is_refused_with_the_files_name(content: Any) -> None:
    with pytest.raises(InputError) as refused:
        read_template(content, file="theirs.json")
    assert "theirs.json" in str(refused.value)


def test_two_of_one_id_are_refused() -> None:
    with pytest.raises(InputError, match="have one id"):
        plan = plan_of(group(), store(group()))
        content = template(plan)
        content["resources"].append({**content["resources"][1], "metadata": {**content["resources"][1]["metadata"],
                                                                             "urn": "urn:other"}})  # fmt: skip
        read_template(content)


def test_what_nests_too_deeply_is_refused() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"a": deep}
    with pytest.raises(InputError, match="too deeply"):
        read_template(foreign(account(a=deep)))
    inner: Any = {"$schema": GROUP_SCHEMA, "resources": [ACCOUNT]}
    for _ in range(20):
        nest = {"type": "Microsoft.Resources/deployments", "name": "d", "properties": {"template": inner}}
        inner = {"$schema": GROUP_SCHEMA, "resources": [nest]}
    with pytest.raises(InputError, match="levels deep"):
        read_template(inner)


def test_a_forged_urn_gives_a_resource_no_other_type() -> None:
    forged = {**ACCOUNT, "metadata": {"urn": "urn:pulumi:template::sde::azure-native:network:Subnet::x"}}
    found = only(read_template(foreign(forged)))
    assert found.type == "storage:StorageAccount"
    assert "Subnet" not in found.urn


def test_links_of_our_own_are_kept() -> None:
    room = group()
    vnet = network(room)
    part = subnet(room, vnet)
    read = {r.name: r for r in resources_of(read_template(template(plan_of(room, vnet, part))))}
    assert vnet.urn in read[part.name].dependencies


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


WORDS = ("type", "name", "apiVersion", "scope", "dependsOn", "properties", "metadata", "location", "tags", "sku",
         "resources", "identity", "comments", "existing", "condition", "copy")  # fmt: skip
TOP_WORDS = ("parameters", "variables", "metadata", "outputs", "contentVersion", "languageVersion")


@settings(max_examples=100)
@given(
    parts=st.dictionaries(st.sampled_from(WORDS), json_values, max_size=3),
    words=st.dictionaries(st.sampled_from(TOP_WORDS), json_values, max_size=2),
)
def test_whatever_stands_in_a_template_is_read_or_refused(parts: dict[str, Any], words: dict[str, Any]) -> None:
    """And what is read is judged, not overlooked."""
    try:
        plan = read_template({**foreign({**ACCOUNT, **parts}), **words})
    except InputError:
        return
    assert resources_of(plan)
    assert evaluate_plans([plan], day=TODAY).findings


SETTING = {"type": "Microsoft.Insights/diagnosticSettings", "apiVersion": "2021-05-01-preview", "name": "to-logs",
           "properties": {"logs": [{"category": "Administrative", "enabled": True}]}}  # fmt: skip
ON_SUBSCRIPTION = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/diagnosticSettings/to-logs"


@pytest.mark.parametrize("template_", [
    {"$schema": SUBSCRIPTION_SCHEMA, "resources": [SETTING | {"metadata": {"subscriptionId": SUBSCRIPTION}}]},
    {"$schema": SUBSCRIPTION_SCHEMA, "resources": [SETTING | {"scope": f"/subscriptions/{SUBSCRIPTION}"}]},
    foreign(SETTING | {"scope": f"/subscriptions/{SUBSCRIPTION}"}),
], ids=("as we say it", "named as its scope", "from a group's template"))  # fmt: skip
def test_a_setting_of_a_subscription_sends_its_activity_log(template_: dict[str, Any]) -> None:
    found = only(read_template(template_))
    assert found.type == "monitor:SubscriptionDiagnosticSetting"
    assert found.id == ON_SUBSCRIPTION
    assert found.inputs["logs"] == SETTING["properties"]["logs"]  # type: ignore[index]


def test_a_lock_on_a_subscription_stays_the_lock_that_it_is_on_anything() -> None:
    lock = {"type": "Microsoft.Authorization/locks", "apiVersion": "2020-05-01", "name": "keep",
            "scope": f"/subscriptions/{SUBSCRIPTION}", "properties": {"level": "CanNotDelete"}}  # fmt: skip
    assert only(read_template(foreign(lock))).type == "authorization:ManagementLockByScope"


DOUBLE = {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "STTHEIRS"}


def test_two_of_one_name_are_refused_though_nobody_knows_where_they_will_be() -> None:
    with pytest.raises(InputError, match="have one id") as refused:
        read_template(foreign(ACCOUNT, DOUBLE))
    assert refused.value.key == "resources[1]"


def test_two_names_that_nobody_knows_yet_may_differ() -> None:
    named = ACCOUNT | {"name": "[parameters('which')]"}
    plan = read_template(foreign(named, named, parameters={"which": {"type": "string"}}))
    assert len(resources_of(plan)) == 2


def test_a_name_that_would_fill_a_report_is_refused() -> None:
    with pytest.raises(InputError, match="longer than Azure permits"):
        read_template(foreign(ACCOUNT | {"name": "a" * 1_001}))
