"""Somebody changes Azure by hand: it is found, judged, and undone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local_azure.store import Store
from operations.ledger.entry import Kind
from operations.ledger.ledger import open_local
from operations.settings import Settings
from tests.journeys.conftest import Workspace

TENANCY = "tre-hcm-progression"
EVIL = {"name": "evil", "access": "Allow", "direction": "Outbound", "priority": 101, "protocol": "*",
        "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefix": "Internet", "destinationPortRange": "*"}  # fmt: skip
EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "resources:ResourceGroup": lambda p: p["tags"].update({"cost-centre": "X"}),
    "storage:StorageAccount": lambda p: p.update(publicNetworkAccess="Enabled", minimumTlsVersion="TLS1_0"),
    "network:NetworkSecurityGroup": lambda p: p["securityRules"].insert(0, EVIL),
    "network:VirtualNetwork": lambda p: p["dhcpOptions"].update(dnsServers=["8.8.8.8"]),
    "compute:Disk": lambda p: p.update(networkAccessPolicy="AllowAll"),
}
GONE = ("authorization:ManagementLockByScope", "authorization:PolicyAssignment")
FINDINGS = {"ST1", "ST5", "NW5", "NW13", "VM4", "GV2", "GV10"}


def changed_by_hand(workspace: Workspace) -> None:
    """Edit a resource of each of five types, six properties, and delete two."""
    store = Store(workspace.home / "local/azure.db")
    for type_ in (*EDITS, *GONE):
        one = next(one for one in store.of_type(f"azure-native:{type_}") if "hcm-progression" in one.id)
        if type_ in GONE:
            store.remove(one.id)
            continue
        properties = json.loads(json.dumps(one.properties))
        EDITS[type_](properties)
        store.change(replace(one, properties=properties))
    store.close()


def kept(workspace: Workspace) -> tuple[set[str], dict[str, Any]]:
    """Return the meanings and the changes of access that the ledger keeps with the last change."""
    ledger = open_local(Settings.load({"SDE_HOME": str(workspace.home)}))
    intent = [entry for _, entry in ledger.changes() if entry.kind is Kind.INTENT][-1]
    diff, access = (ledger.kept(intent.objects[name]) for name in ("diff", "access"))
    return {change["meaning"] for change in diff["changes"]}, access


def test_changes_by_hand_are_found_judged_and_undone(deployed: Workspace) -> None:
    changed_by_hand(deployed)
    before = deployed.bytes()
    told = deployed.sde("drift", TENANCY, code=3)
    assert "5 resources differ, 2 are gone" in told
    for line in ('minimumTlsVersion: "TLS1_2" → "TLS1_0"', 'publicNetworkAccess: "Disabled" → "Enabled"',
                 "securityRules[name=evil]: + ", 'dnsServers[0]: "10.64.0.4" → "8.8.8.8"', "gone from the cloud",
                 "Opens a way in or out", "Weakens encryption", "Who can now read, write or reach which data",
                 "3 controls before, 2 controls after", "The state is as the estate has it."):  # fmt: skip
        assert line in told
    assert set(re.findall(r"(?m)^([A-Z]+\d+) ", told)) >= FINDINGS
    back = deployed.plans(TENANCY, "--refresh")
    assert sorted(r["operation"] for r in back[TENANCY]) == ["create"] * 2 + ["update"] * 5
    assert deployed.bytes() == before

    told = deployed.sde("refresh", TENANCY, "--yes")
    assert told.count("→") == 5
    assert told.count("gone from the cloud") == 2
    assert "updated" not in told.split("stack  ")[0]
    means, access = kept(deployed)
    assert {"opens a way", "weakens encryption", "may lose data"} <= means
    assert any(flow["weakens"] for flow in access["flows"])
    assert deployed.plans(TENANCY) == back
    deployed.sde("up", TENANCY, "--yes")
    assert "The cloud is as the state has it." in deployed.sde("drift", TENANCY)
