"""Azure's DNS server answers few names in each network, and desks have theirs in a file (DN3, VM24)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from policies.expected.dns_domains import ANSWERED_DOMAINS
from policies.expected.host_names import HOSTS_PATH
from tests.policies import shipped
from tests.policies.rules.cases import GONE
from tests.policies.rules.shipped_cases import blocking, copied, having, names, one

JOIN = {"enterpriseregistration.windows.net", "www.tm.prd.adrs.trafficmanager.net"}
TENANCY, HUB = "tre-hcm-progression", "platform"
DATA = "osProfile.customData"
RULE, LIST = "dnsresolver:DnsSecurityRule", "dnsresolver:DnsResolverDomainList"
POLICY, LINK = "dnsresolver:DnsResolverPolicy", "dnsresolver:DnsResolverPolicyVirtualNetworkLink"


@pytest.mark.parametrize("policy", ["DN1", "DN2", "DN3", "VM24"])
def test_the_shipped_estate_passes(policy: str) -> None:
    assert blocking(policy) == []


def test_the_hub_answers_the_approved_domains() -> None:
    plans = {True: shipped.with_windows(HUB), False: shipped.before(HUB)}
    found = {
        windows: {domain.rstrip(".") for one in plan.resources if one.name == "hub-allow" and one.type.endswith(LIST)
               for domain in one.inputs["domains"]}
        for windows, plan in plans.items()
    }  # fmt: skip
    assert found == {True: ANSWERED_DOMAINS, False: ANSWERED_DOMAINS - JOIN}


@pytest.mark.parametrize(
    ("stack", "type_", "name", "path", "value"),
    [
        (TENANCY, LINK, "net", "virtualNetwork.id", "/subscriptions/x/virtualNetworks/y"),
        (TENANCY, RULE, "net-block", "dnsSecurityRuleState", "Disabled"),
        (TENANCY, RULE, "net-block", "action.actionType", "Alert"),
        (TENANCY, LIST, "net-block", "domains", ["example.org."]),
        (TENANCY, LIST, "net-block", "domains", GONE),
        (HUB, RULE, "hub-block", "dnsSecurityRuleState", "Disabled"),
        (HUB, LIST, "hub-allow", "domains", ["core.windows.net.", "example.org."]),
        (HUB, LIST, "hub-allow", "domains", ["windows.net."]),
        (HUB, LIST, "hub-allow", "domains", ["*.trafficmanager.net."]),
    ],
)
def test_a_network_that_answers_more_is_refused(stack: str, type_: str, name: str, path: str, value: object) -> None:
    assert names(blocking("DN3", having(one(stack, type_, name), path, value))) == {"hub" if stack == HUB else "net"}


@pytest.mark.parametrize(("stack", "name"), [(TENANCY, "net"), (HUB, "hub")])
def test_a_network_with_a_second_policy_is_refused(stack: str, name: str) -> None:
    policy, link = copied(one(stack, POLICY, name)), copied(one(stack, LINK, name))
    second = replace(link, id=f"{policy.id}/virtualNetworkLinks/second")
    assert names(blocking("DN3", policy, second)) == {name}


def test_a_network_of_computers_answers_no_approved_domain_either() -> None:
    assert names(blocking("DN3", having(one(TENANCY, RULE, "net-block"), "action.actionType", "Allow"))) == {"net"}


def _hosts(found: dict[str, Any]) -> dict[str, Any]:
    return next(file for file in found["write_files"] if file["path"] == HOSTS_PATH and "blob" in file["content"])


def _without_registry(hosts: str) -> str:
    """Return the lines of a desk that is older than the registry."""
    return "".join(line for line in hosts.splitlines(keepends=True) if "azurecr.io" not in line)


@pytest.mark.parametrize(
    ("change", "findings"),
    [
        (lambda found: found["runcmd"].pop(), 1),
        (lambda found: found["write_files"].remove(_hosts(found)), 4),
        (lambda found: _hosts(found).update(content=_hosts(found)["content"].replace("10.65.0.5 ", "10.65.0.6 ")), 1),
        (lambda found: _hosts(found).update(content=_hosts(found)["content"].replace("vault.azure.net", "x.net")), 1),
        (lambda found: found["write_files"].append({"path": HOSTS_PATH, "content": ""}), 4),
        (lambda found: _hosts(found).update(content=_hosts(found)["content"].replace("10.65.0.11 ", "10.65.0.6 ")), 1),
        (lambda found: _hosts(found).update(content=_without_registry(_hosts(found)["content"])), 0),
    ],
)
def test_a_desk_without_its_names_must_be_rebuilt(change: Callable[[Any], object], findings: int) -> None:
    desk = one(TENANCY, "compute:VirtualMachine", "desk")
    header, _, body = base64.b64decode(desk.at(DATA)).decode().partition("\n")
    settings = json.loads(body)
    change(settings)
    data = base64.b64encode(f"{header}\n{json.dumps(settings)}".encode()).decode()
    found = blocking("VM24", having(desk, DATA, data))
    assert len(found) == findings
    assert all("the desk's rebuilds" in one_.message for one_ in found)


def test_a_file_that_replaces_the_names_of_sign_in_is_refused() -> None:
    desk = one(TENANCY, "compute:VirtualMachine", "desk")
    header, _, body = base64.b64decode(desk.at(DATA)).decode().partition("\n")
    settings = json.loads(body)
    settings["write_files"].append({"path": HOSTS_PATH, "content": ""})
    data = base64.b64encode(f"{header}\n{json.dumps(settings)}".encode()).decode()
    assert names(blocking("VM23", having(desk, DATA, data))) == {"desk"}
