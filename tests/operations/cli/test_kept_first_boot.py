"""A preview names the desks that keep other settings of their first boot than the estate's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from formats.egress import EgressRule
from formats.first_boot_settings import OUTPUT, STAFF_OUTPUT, setting_digests
from formats.plan import Operation, Plan, PlannedOutput, PlannedResource
from infra.desk_first_boot import desk_first_boot
from operations.cli.kept_first_boot import MACHINE, kept_first_boots, show_kept_first_boots
from operations.cli.output import Output
from tests.infra import samples

STACK, SIZE = "tre-hcm", "Standard_NC24ads_A100_v4"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1IDdGQtx8ZP40TV/bhwypXXXXJy1kTySdCW0L+8XBK before"
RULE = {"name": "packages", "addresses": ["203.0.113.16/29"]}
CONFIG = samples.tenancy(egress=[{**RULE, "apt": "https://ubuntu.mirror.example/new"}])
SETTINGS = {f"sde:{key}": value for key, value in CONFIG.model_dump(mode="json", exclude_none=True).items()}


def first_boot(apt: str = "https://ubuntu.mirror.example/new", size: str = SIZE) -> str:
    return desk_first_boot(size, [EgressRule.model_validate({**RULE, "apt": apt})])


def plan(custom_data: object, key: str = samples.KEY, operation: Operation = Operation.SAME) -> Plan:
    profile = {"customData": custom_data, "linuxConfiguration": {"ssh": {"publicKeys": [{"keyData": key}]}}}
    urn = f"urn:pulumi:{STACK}::sde::{MACHINE}::desk"
    machine = PlannedResource(urn, MACHINE, operation, inputs={"osProfile": profile})
    present = PlannedOutput(OUTPUT, Operation.SAME, after={"main": setting_digests(first_boot())})
    return Plan("sde", STACK, "local", (machine,), outputs=(present,))


OLD = "https://ubuntu.mirror.example/old"


@pytest.mark.parametrize(
    ("made", "settings"),
    [
        (plan(first_boot()), []),
        (plan(first_boot(), f"{' '.join(samples.KEY.split()[:2])} another comment"), []),
        (plan(first_boot(OLD)), ["apt"]),
        (plan(first_boot(OLD), operation=Operation.UPDATE), ["apt"]),
        (plan(first_boot(OLD), operation=Operation.REPLACE), []),
        (plan(first_boot(size="Standard_D4s_v5")), ["package_reboot_if_required", "packages"]),
        (plan(first_boot(OLD), OTHER_KEY), ["apt", "break-glass key"]),
    ],
)
def test_kept_settings_are_named(made: Plan, settings: list[str]) -> None:
    assert [name for one in kept_first_boots(made, SETTINGS) for name in one.settings] == settings


@pytest.mark.parametrize("custom_data", ["bm90IGpzb24=", "not base64", None])
def test_first_boot_in_another_form_is_kept(custom_data: object) -> None:
    (kept,) = kept_first_boots(plan(custom_data), SETTINGS)
    assert kept.settings == ("custom data",)


def test_other_stacks_have_none() -> None:
    assert kept_first_boots(Plan("sde", "platform", "local", ()), {}) == []


def test_desks_with_equal_settings_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = kept_first_boots(plan(first_boot(OLD)), SETTINGS)
    show_kept_first_boots([one], Output(json=False))
    said = capsys.readouterr()
    line = " ".join((said.out + said.err).split())
    assert "The desk main of tre-hcm keeps settings of the first boot that differ from the estate's: apt." in line
    assert "rebuilds: 1 for the desk in its request" in line


def test_a_machine_of_staff_is_named_with_its_entry(capsys: pytest.CaptureFixture[str]) -> None:
    config = samples.staffed_platform().model_dump(mode="json", exclude_none=True)
    machines = [f"staff-vm-{machine['name']}" for machine in samples.STAFF]
    old = first_boot(OLD)
    present = {machine["name"]: setting_digests(old) for machine in samples.STAFF} | {
        "checks": setting_digests(first_boot())
    }
    made = plan(old)
    urns = (f"urn:pulumi:platform::sde::{MACHINE}::{name}" for name in machines)
    plan_ = replace(
        made,
        stack="platform",
        resources=tuple(replace(made.resources[0], urn=urn) for urn in urns),
        outputs=(PlannedOutput(STAFF_OUTPUT, Operation.SAME, after=present),),
    )
    found = kept_first_boots(plan_, {f"sde:{key}": value for key, value in config.items()})
    assert [(one.machine, one.settings) for one in found] == [("checks", ("apt",))]
    show_kept_first_boots(found, Output(json=False))
    said = capsys.readouterr()
    line = " ".join((said.out + said.err).split())
    assert "The staff machine checks of platform keeps settings" in line
    assert "rebuilds: 1 in its entry of staff" in line


def told(lines: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]


def test_json_has_one_event_for_equal_settings(capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = kept_first_boots(plan(first_boot(OLD)), SETTINGS)
    show_kept_first_boots([one, one], Output(json=True))
    (event,) = told(capsys.readouterr().out)
    assert event == {
        "event": "kept-first-boot",
        "stacks": [STACK, STACK],
        "desks": ["main", "main"],
        "settings": ["apt"],
    }
