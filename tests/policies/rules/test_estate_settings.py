"""Packages, sizes, redundancy, keys, secrets and URLs are those of the estate (VM21, VM22, ST31, KV14, KV15, TY3)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from formats.plan import UNKNOWN
from policies.model import Resource
from tests.policies import shipped
from tests.policies.rules.shipped_cases import blocking, having, names, one, resources

TENANCY, HAVEN = "tre-hcm-progression", "safe-haven"
CUSTOM_DATA = "osProfile.customData"
MACHINE, DISK, STORE = "compute:VirtualMachine", "compute:Disk", "storage:StorageAccount"


@pytest.mark.parametrize("policy", ["VM21", "VM22", "ST31", "KV14", "KV15", "TY3"])
def test_the_shipped_estate_passes(policy: str) -> None:
    assert blocking(policy) == []


def desk_with(change: Callable[[dict[str, Any]], object]) -> Resource:
    desk = one(TENANCY, MACHINE, "desk")
    header, _, body = base64.b64decode(desk.at(CUSTOM_DATA)).decode().partition("\n")
    settings = json.loads(body)
    change(settings)
    data = base64.b64encode(f"{header}\n{json.dumps(settings)}".encode()).decode()
    return having(desk, CUSTOM_DATA, data)


@pytest.mark.parametrize("change", [
    lambda found: found["apt"]["primary"][0].update(uri="http://ubuntu.mirror.example/ubuntu"),
    lambda found: found["apt"]["security"].append({"arches": ["default"], "uri": "https://other.example/ubuntu"}),
    lambda found: found.pop("apt"),
    lambda found: found["write_files"][3].update(content="[global]\nindex-url = https://other.example/simple\n"),
    lambda found: found["write_files"][3].update(content=found["write_files"][3]["content"] + "trusted-host = *\n"),
    lambda found: found["write_files"].append(found["write_files"][3]),
    lambda found: found["write_files"].pop(3),
])  # fmt: skip
def test_another_package_archive_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    assert names(blocking("VM21", desk_with(change))) == {"desk"}


HTTP, NEW = "http://ubuntu.mirror.example/ubuntu", "https://new.example/simple"


@pytest.mark.parametrize(("named", "change", "refused"), [
    ((HTTP,), lambda found: found["apt"].update(sources(HTTP)), False),
    ((HTTP,), lambda found: found["apt"].update(sources(HTTP + "s")), True),
    ((HTTP,), lambda found: found["apt"]["primary"][0].update(uri=HTTP), True),
    ((NEW,), lambda found: found["write_files"][3].update(content=f"[global]\nindex-url = {NEW}\n"), False),
    ((HTTP,), lambda found: found["write_files"][3].update(content=f"[global]\nindex-url = {HTTP}\n"), True),
    (("none",), lambda found: found.pop("apt"), False),
    (("none",), lambda found: found["write_files"].pop(3), False),
])  # fmt: skip
def test_a_former_archive_passes_while_named(
    named: tuple[str, ...], change: Callable[[dict[str, Any]], object], refused: bool
) -> None:
    tenancy: Any = shipped.configs()[TENANCY]
    desk = tenancy.desks[0].model_copy(update={"former_archives": named})
    configs: Any = {**shipped.configs(), TENANCY: tenancy.model_copy(update={"desks": (desk,)})}
    assert names(blocking("VM21", desk_with(change), configs=configs)) == ({"desk"} if refused else set())


def sources(archive: str) -> dict[str, Any]:
    return {part: [{"arches": ["default"], "uri": archive}] for part in ("primary", "security")}


def test_an_archive_that_no_rule_names_is_refused() -> None:
    configs: Any = dict(shipped.configs())
    configs[TENANCY] = configs[TENANCY].model_copy(update={"egress": ()})
    assert names(blocking("VM21", configs=configs)) == {"desk"}


@pytest.mark.parametrize(("type_", "name", "path", "value"), [
    (MACHINE, "desk", "hardwareProfile.vmSize", "Standard_D64s_v5"), (MACHINE, "desk", "zones", ["2"]),
    (MACHINE, "desk", "storageProfile.osDisk.diskSizeGB", 2048), (MACHINE, "desk", "zones", UNKNOWN),
    (DISK, "desk-data", "diskSizeGB", 32767), (DISK, "desk-data", "diskSizeGB", UNKNOWN),
])  # fmt: skip
def test_another_size_than_the_requests_is_refused(type_: str, name: str, path: str, value: object) -> None:
    assert names(blocking("VM22", having(one(TENANCY, type_, name), path, value))) == {name}


@pytest.mark.parametrize(("stack", "name", "value"), [
    (HAVEN, "warehouse", "Standard_LRS"), (HAVEN, "landing", "Standard_GRS"), (TENANCY, "data", "Standard_RAGRS"),
    ("platform", "flows", "Standard_GRS"), ("junction-zone", "junction", UNKNOWN),
])  # fmt: skip
def test_another_redundancy_than_the_estates_is_refused(stack: str, name: str, value: str) -> None:
    assert names(blocking("ST31", having(one(stack, STORE, name), "sku.name", value))) == {name}


@pytest.mark.parametrize(("name", "value"), [("warehouse", "Standard_GZRS"), ("landing", "Standard_ZRS")])
def test_more_copies_in_the_region_pass(name: str, value: str) -> None:
    assert blocking("ST31", having(one(HAVEN, STORE, name), "sku.name", value)) == []


def secret(**changes: Any) -> Resource:
    return replace(one(HAVEN, "keyvault:Secret", "staging-keys-pseudonyms"), **changes)


@pytest.mark.parametrize("sources", [
    {}, {"properties": ()}, {"vaultName": ("random",)},
    {"properties": (f"urn:pulumi:{HAVEN}::sde::pulumi:pulumi:Stack::x",)},
])  # fmt: skip
def test_a_secret_that_is_not_random_is_refused(sources: dict[str, tuple[str, ...]]) -> None:
    assert names(blocking("KV14", secret(property_dependencies=sources))) == {"staging-keys-pseudonyms"}


def test_an_imported_random_value_is_refused() -> None:
    random = one(HAVEN, "random:index/randomBytes:RandomBytes", "pseudonyms")
    assert names(blocking("KV14", replace(random, imported=True))) == {"pseudonyms"}


URI, KEY_IDENTITY = ("encryption.keyVaultProperties.keyVaultUri",
                     "encryption.encryptionIdentity.encryptionUserAssignedIdentity")  # fmt: skip


@pytest.mark.parametrize("path", [URI, KEY_IDENTITY])
def test_the_key_or_identity_of_another_zone_is_refused(path: str) -> None:
    other = one(HAVEN, STORE, "landing").at(path)
    assert names(blocking("KV15", having(one(HAVEN, STORE, "warehouse"), path, other))) == {"warehouse"}


@pytest.mark.parametrize(("vault", "is_refused"), [("landing-keys", True), ("warehouse-keys", False), (None, True)])
def test_an_unknown_key_is_that_of_the_vault_that_it_depends_on(vault: str | None, is_refused: bool) -> None:
    store = having(one(HAVEN, STORE, "warehouse"), URI, UNKNOWN)
    sources = (one(HAVEN, "keyvault:Vault", vault).urn,) if vault else ()
    depending = replace(store, property_dependencies={"encryption": sources})
    assert bool(blocking("KV15", depending)) is is_refused


@pytest.mark.parametrize("url", [
    "https://kv-elsewhere.vault.azure.net/secrets/ca", "https://stelsewhere.blob.core.windows.net/",
    "HTTPS://STELSEWHERE.DFS.core.windows.net:443/x", "https://stelsewhere.z33.web.core.windows.net",
    "https://hsm-elsewhere.managedhsm.azure.net/keys/k",
])  # fmt: skip
def test_a_url_of_a_foreign_vault_or_store_is_refused(url: str) -> None:
    path = "transportSecurity.certificateAuthority"
    policy = having(
        one("platform", "network:FirewallPolicy", "firewall"), path, {"keyVaultSecretId": url, "name": "ca"}
    )
    assert {f.path for f in blocking("TY3", policy)} == {f"{path}.keyVaultSecretId"}


def test_a_url_of_a_vault_of_the_estate_is_known() -> None:
    vault = next(r for r in resources() if r.type == "keyvault:Vault" and r.stack == "platform")
    url = f"https://{vault.at('vaultName')}.vault.azure.net/secrets/ca"
    path = "transportSecurity.certificateAuthority"
    policy = having(
        one("platform", "network:FirewallPolicy", "firewall"), path, {"keyVaultSecretId": url, "name": "ca"}
    )
    assert blocking("TY3", policy) == []
