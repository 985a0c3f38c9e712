"""Tags, data class and break-glass key are the estate's (GV10, GV11, VM20)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.plan import UNKNOWN
from formats.stack_config import DataClass
from policies.model import PolicyContext
from tests.policies import shipped
from tests.policies.rules.cases import GONE
from tests.policies.rules.shipped_cases import blocking, having, names, one, resources

TENANCY = "tre-hcm-progression"
KEYS = "osProfile.linuxConfiguration.ssh.publicKeys"
OWN_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1IDdGQtx8ZP40TV/bhwypXXXXJy1kTySdCW0L+8XBK me"


@pytest.mark.parametrize("policy", ["GV10", "GV11", "VM20"])
def test_the_shipped_estate_passes(policy: str) -> None:
    assert blocking(policy) == []


@pytest.mark.parametrize(("tag", "value"), [
    ("data-class", "synthetic"), ("expiry", "9999-12-31"), ("project", "other"), ("service", "x"),
    ("cost-centre", GONE), ("Data-Class", "synthetic"), ("owner", "me"), ("expiry", UNKNOWN),
    ("trusted-services", "because"),
])  # fmt: skip
@pytest.mark.parametrize("type_", ["resources:ResourceGroup", "compute:Disk", "keyvault:Vault"])
def test_another_tag_than_the_estates_is_refused(tag: str, value: object, type_: str) -> None:
    changed = next(r for r in resources() if r.stack == TENANCY and r.type == type_)
    assert names(blocking("GV10", having(changed, f'tags["{tag}"]', value))) == {changed.name}


def test_all_tags_of_a_stack_changed_alike_are_refused() -> None:
    own = [r for r in resources() if r.stack == TENANCY and "tags" in r.inputs]
    lowered = [having(r, 'tags["data-class"]', "synthetic") for r in own]
    assert names(blocking("GV10", *lowered)) == {r.name for r in own}
    assert blocking("GV10", having(own[0], "tags", GONE))


def test_the_estates_data_class_decides_and_not_a_lower_tag() -> None:
    group = having(one(TENANCY, "resources:ResourceGroup", "project"), 'tags["data-class"]', "synthetic")
    context = PolicyContext([group], configs=shipped.configs())
    assert context.data_class(group) is DataClass.DE_IDENTIFIED


def test_a_type_with_few_tags_may_leave_out_the_estates_own_only() -> None:
    further = {f"tag-{n}": "value" for n in range(12)}
    config = shipped.configs()["safe-haven"]
    many = {**shipped.configs(), "safe-haven": config.model_copy(update={"tags": {**config.tags, **further}})}
    refused = {f.type for f in blocking("GV10", configs=many) if f.stack == "safe-haven"}
    assert "keyvault:Secret" not in refused and "keyvault:Vault" in refused
    secret = next(r for r in resources() if r.type == "keyvault:Secret")
    assert secret.name in names(blocking("GV10", having(secret, "tags.project", GONE), configs=many))


@pytest.mark.parametrize(("before", "after", "is_refused"), [
    ("identifiable", "de-identified", True), ("de-identified", "synthetic", True), ("identifiable", GONE, True),
    ("synthetic", "identifiable", False), ("de-identified", "de-identified", False),
])  # fmt: skip
def test_a_standing_group_keeps_its_data_class(before: str, after: object, is_refused: bool) -> None:
    group = one(TENANCY, "resources:ResourceGroup", "project")
    changed = replace(having(group, 'tags["data-class"]', after), before={"tags": {"data-class": before}})
    assert bool(blocking("GV11", changed, configs={})) is is_refused


def desk(path: str, value: object) -> Any:
    return having(one(TENANCY, "compute:VirtualMachine", "desk"), path, value)


@pytest.mark.parametrize(("path", "value"), [
    (f"{KEYS}[0].keyData", OWN_KEY), (f"{KEYS}[0].keyData", GONE), (f"{KEYS}[0].keyData", UNKNOWN),
    (f"{KEYS}[0].path", "/home/other/.ssh/authorized_keys"), (KEYS, []), (KEYS, GONE), (KEYS, UNKNOWN),
    ("osProfile.adminUsername", "developer"),
])  # fmt: skip
def test_another_break_glass_key_is_refused(path: str, value: object) -> None:
    assert names(blocking("VM20", desk(path, value))) == {"desk"}


@pytest.mark.parametrize(("named", "deployed", "refused"), [
    ((OWN_KEY,), OWN_KEY, False), ((OWN_KEY,), OWN_KEY.replace(" me", " another comment"), False), ((), OWN_KEY, True),
    ((OWN_KEY,), OWN_KEY.replace("XXXX", "YYYY"), True),
])  # fmt: skip
def test_a_former_break_glass_key_passes_while_named(named: tuple[str, ...], deployed: str, refused: bool) -> None:
    configs = shipped.configs()
    tenancy: Any = configs[TENANCY]
    desk_config = tenancy.desks[0].model_copy(update={"former_admin_public_keys": named})
    configs = {**configs, TENANCY: tenancy.model_copy(update={"desks": (desk_config,)})}
    found = blocking("VM20", desk(f"{KEYS}[0].keyData", deployed), configs=configs)
    assert names(found) == ({"desk"} if refused else set())


def test_a_second_key_of_the_account_is_refused() -> None:
    first = one(TENANCY, "compute:VirtualMachine", "desk").at(f"{KEYS}[0]")
    assert names(blocking("VM20", desk(KEYS, [first, {**first, "keyData": OWN_KEY}]))) == {"desk"}


def test_a_scale_set_has_no_other_key_either() -> None:
    machine = one(TENANCY, "compute:VirtualMachine", "desk")
    profile = {"osProfile": machine.inputs["osProfile"]}
    scale_set = replace(machine, type="compute:VirtualMachineScaleSet", urn="urn:set", id=f"{machine.id}-set",
                        name="desk", inputs={"virtualMachineProfile": profile})  # fmt: skip
    assert blocking("VM20", scale_set) == []
    other = having(scale_set, f"virtualMachineProfile.{KEYS}[0].keyData", OWN_KEY)
    assert names(blocking("VM20", other)) == {"desk"}
    elsewhere = replace(scale_set, stack="platform")
    assert names(blocking("VM20", elsewhere)) == {"desk"}
