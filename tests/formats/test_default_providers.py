"""A Plan lists no default providers, and has the subscription that they use if it is certain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from formats.default_providers import is_default_provider
from formats.plan import Plan
from formats.pulumi_preview import deletion_of, plan_of
from formats.pulumi_state import read_export
from policies.plan_resources import resources_of

ONE, OTHER = "10ca1000-0000-4000-8000-000000000001", "10ca1000-0000-4000-8000-000000000002"
CONFIGURED = {"azure-native:subscriptionId": ONE}
URN = "urn:pulumi:s::sde::"
ROOT = f"{URN}pulumi:pulumi:Stack::sde-s"
GROUP = f"{URN}azure-native:resources:ResourceGroup::group"


def state(urn: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": urn.split("::")[2], "custom": True, "inputs": inputs, **more}


def provider(subscription: Any, name: str = "default_3_29_0", **more: Any) -> dict[str, Any]:
    return state(f"{URN}pulumi:providers:azure-native::{name}", {"subscriptionId": subscription}, **more)


def group(by: str = "default_3_29_0") -> dict[str, Any]:
    return state(GROUP, {"resourceGroupName": "rg"}, provider=f"{URN}pulumi:providers:azure-native::{by}::id")


def preview(*states: dict[str, Any], config: dict[str, Any] | None = None) -> Plan:
    return plan_of([{"op": "create", "urn": s["urn"], "newState": s} for s in states], "sde", "s", "local", config)


def state_plan(*states: dict[str, Any], config: dict[str, Any] | None = None) -> Plan:
    found = read_export({"version": 3, "deployment": {"resources": list(states)}}, config=config)
    assert found
    return found


def deletion(*states: dict[str, Any], config: dict[str, Any] | None = None) -> Plan:
    return deletion_of(states, "sde", "s", "local", config, outputs={})


@pytest.mark.parametrize("made", [preview, state_plan, deletion])
def test_no_plan_lists_a_default_provider(made: Callable[..., Plan]) -> None:
    plan = made(provider(ONE), provider(OTHER, "hub", parent=ROOT), group(), config=CONFIGURED)
    assert {r.name for r in plan.resources} == {"hub", "group"}
    assert plan.subscription == ONE


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("default", True),
        ("default_3_29_0_alpha_1", True),
        ("default_3_29_0_https_/_/example.org", True),
        ("default_https://example.org/plugins", True),
        ("default_https_/_/example.org", True),
        ("default_hub", False),
        ("defaults", False),
        ("hub", False),
    ],
)
def test_a_default_provider_is_known_by_its_name(name: str, expected: bool) -> None:
    urn = f"{URN}pulumi:providers:azure-native::{name}"
    assert is_default_provider(urn) is expected
    assert not is_default_provider(urn, ROOT)


@pytest.mark.parametrize("config", [{}, {"azure-native:subscriptionId": "[secret]"},
                                  {"azure-native:subscriptionId": {"secure": "v1:abc"}}])  # fmt: skip
def test_an_unknown_subscription_leaves_ids_unknown(config: dict[str, Any]) -> None:
    plan = preview(group(), config=config)
    assert plan.subscription == ""
    assert [r.id for r in resources_of(plan)] == [None]


def test_a_state_has_its_default_providers_subscription() -> None:
    assert state_plan(provider(ONE), provider(ONE, "default_2_0_0"), group()).subscription == ONE
    assert state_plan(provider(OTHER), group(), config=CONFIGURED).subscription == OTHER


@pytest.mark.parametrize("other", [OTHER, None, "04da6b54-80e4-46f7-96ec-b56ff0331ba9"])
def test_differing_default_providers_defer_to_the_config(other: Any) -> None:
    states = (provider(ONE), provider(other, "default_2_0_0"), group())
    assert state_plan(*states).subscription == ""
    assert state_plan(*states, config=CONFIGURED).subscription == ONE


@pytest.mark.parametrize("name", ["default_hub", "defaults", "hub"])
def test_a_resource_of_an_unlisted_provider_has_no_id(name: str) -> None:
    """The CLI shows no step of any provider whose name begins with `default`, also where the program made it."""
    (found,) = resources_of(preview(group(by=name), config=CONFIGURED))
    assert found.id is None


def test_a_program_cannot_imitate_a_default_provider() -> None:
    mine = provider(OTHER, "default_3_29_0", parent=ROOT)
    (_, found) = resources_of(preview(mine, group(), config=CONFIGURED))
    assert found.id == f"/subscriptions/{OTHER}/resourceGroups/rg"
