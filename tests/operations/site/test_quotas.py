"""The quotas in use: counts of what is deployed beside Azure's documented limits, and the address plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from operations.settings import ROOT
from operations.site import quotas
from operations.site.quotas import IN_RESOURCES, IN_SUBSCRIPTIONS, QuotaRow, resource_rows, subscription_rows
from operations.site.resources import Deployed
from tests.operations.site import sample
from tests.operations.site.rendering import EMPTY, html_of, text_of

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"


def test_every_limit_is_one_that_the_cited_fact_states() -> None:
    facts = Path(ROOT / "docs/azure-facts.md").read_text().split("### ")
    for limit in (*IN_SUBSCRIPTIONS, *IN_RESOURCES):
        text = next(fact for fact in facts if fact.splitlines()[0].lower().replace(" ", "-") == limit.anchor)
        assert f"{limit.limit:,}" in text, limit.what
        assert not limit.note or limit.note.split()[0] in text, limit.what


def test_the_page_counts_what_is_deployed() -> None:
    text = text_of(html_of(sample.facts(), quotas.pages)["quotas.html"])
    for fact in (
        f"storage accounts subscription {SUBSCRIPTION}, uksouth 11 250 500 on request 4.4%",
        "role assignments",
        "rule collection groups of a firewall policy",
        "ranges of bespoke tenancies cell one, 10.65.0.0/16 1 256 0.4%",
        "vCPUs of NCads_A100_v4",
        "No documented limit is near. The limits of vCPUs are",
    ):
        assert fact in text, fact


def test_a_share_of_80_per_cent_warns_and_a_full_one_says_so() -> None:
    rows = [QuotaRow("peerings", "", used, 100, "") for used in (79, 80, 100, 120)]
    assert [row.badge and row.badge.text for row in rows] == [
        None, "near the limit", "limit reached", "limit reached"]  # fmt: skip
    assert [row.percent for row in (QuotaRow("", "", 1, 250, ""), rows[0])] == ["0.4%", "79%"]


def test_each_subscription_region_and_resource_is_counted_apart() -> None:
    def one(type_: str, id_: str, **inputs: object) -> Deployed:
        return Deployed("s", type_, "n", f"/subscriptions/{id_}", inputs, "")

    networks = "a/resourceGroups/g/providers/Microsoft.Network/virtualNetworks"
    found = [
        one("storage:StorageAccount", "a/x/1", location="uksouth"),
        one("storage:StorageAccount", "a/x/2", location="UK South"),
        one("storage:StorageAccount", "a/x/3", location="ukwest"),
        one("storage:StorageAccount", "b/x/4", location="uksouth"),
        *(one("network:VirtualNetworkPeering", f"{networks}/hub/virtualNetworkPeerings/{i}") for i in range(3)),
        one("network:VirtualNetworkPeering", f"{networks}/spoke/virtualNetworkPeerings/hub"),
        one("network:NetworkSecurityGroup", "a/nsg", securityRules=[{}, {}]),
    ]
    accounts = {row.where: row.used for row in subscription_rows(found) if row.what == "storage accounts"}
    assert accounts == {"subscription a, uksouth": 2, "subscription a, ukwest": 1, "subscription b, uksouth": 1}
    fullest = {row.what: (row.where, row.used) for row in resource_rows(found)}
    assert fullest["peerings of a network"] == ("hub, the fullest of 2", 3)
    assert fullest["rules of a network security group"] == ("nsg", 2)


def test_nothing_deployed_uses_nothing() -> None:
    text = text_of(html_of(replace(EMPTY, stacks=()), quotas.pages)["quotas.html"])
    assert "No virtual machine is deployed." in text
