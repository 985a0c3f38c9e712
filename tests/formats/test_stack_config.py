from __future__ import annotations

import pytest

from formats.errors import InputError
from formats.stack_config import (
    JunctionZoneConfig,
    PlatformConfig,
    SafeHavenConfig,
    StackConfig,
    TenancyConfig,
    config_model,
    parse,
)
from tests.formats.samples import GROUPS, platform_settings, tenancy_settings


@pytest.fixture
def settings() -> dict[str, str]:
    return tenancy_settings()


@pytest.mark.parametrize(
    ("stack", "model"),
    [
        ("platform", PlatformConfig),
        ("platform-two", PlatformConfig),
        ("junction-zone", JunctionZoneConfig),
        ("safe-haven", SafeHavenConfig),
        ("tre-hcm", TenancyConfig),
    ],
)
def test_a_stack_name_selects_the_configuration_model(stack: str, model: type[StackConfig]) -> None:
    assert config_model(stack) is model


@pytest.mark.parametrize("stack", ["dev", "tre-", "platform-", "", "junction-zone-2", "xplatform"])
def test_a_name_without_a_kind_of_stack_is_refused(stack: str) -> None:
    with pytest.raises(InputError, match="kind of stack"):
        config_model(stack)


def test_settings_become_typed_values(settings: dict[str, str]) -> None:
    config = parse("tre-hcm", {**settings, "azure-native:location": "uksouth"})
    assert isinstance(config, TenancyConfig)
    assert (config.title, config.generation, config.tiers.cool_after_days) == ("123", 1, 30)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"sde:colour": "blue"}, "sde:colour"),
        ({"sde:region": "westeurope"}, "sde:region"),
        ({"sde:cloud": "aws"}, "sde:cloud"),
        ({"sde:tiers": "soon"}, "sde:tiers"),
        ({"sde:tiers": '{"cool": 1}'}, "sde:tiers.cool"),
        ({"sde:addresses": "10.65.0.1/24"}, "sde:addresses"),
        ({"sde:subscription": "mine"}, "sde:subscription"),
        ({"sde:checkers": GROUPS[0]}, "sde:checkers"),
        ({"sde:checkers": GROUPS[1]}, "sde:checkers"),
        ({"sde:stewards": GROUPS[0]}, "sde:stewards"),
        (
            {"sde:desks": '[{"name": "main", "size": "Standard_D4_v5", "data_disk_gib": 64, "admin_public_key": "k"}]'},
            "sde:desks[0].size",
        ),
        ({"sde:data_class": "identifiable"}, "sde:desks[0].size"),
        ({"sde:import_airlock": "false"}, "sde:import_airlock"),
        ({"azure-native:subscriptionId": GROUPS[0]}, "azure-native:subscriptionId"),
        ({"sde:stewards": "{" + GROUPS[2] + "}"}, "sde:stewards"),
        ({"sde:title": "One\nTwo"}, "sde:title"),
        ({"sde:egress": '[{"name": "mirror"}]'}, "sde:egress[0].addresses"),
        ({"sde:egress": '[{"name": "mirror", "addresses": ["10.65.0.8/29"]}]'}, "sde:egress[0].addresses[0]"),
    ],
)
def test_an_invalid_value_names_file_and_key(settings: dict[str, str], change: dict[str, str], key: str) -> None:
    with pytest.raises(InputError) as caught:
        parse("tre-hcm", settings | change)
    assert (caught.value.file, caught.value.key) == ("Pulumi.tre-hcm.yaml", key)
    assert caught.value.found is not None or "missing" in caught.value.problem


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"sde:tenancy_ranges": '{"castle": "10.65.0.0/16"}'}, "sde:tenancy_ranges.castle.[key]"),
        ({"sde:egress": '{"shared": [{"name": "mirror", "addresses": ["203.0.113.8"]}]}'}, "sde:egress.shared"),
        ({"sde:egress": '{"bespoke": [{"name": "mirror", "addresses": ["10.65.3.8"]}]}'},
         "sde:egress.bespoke[0].addresses[0]"),
        ({"sde:egress": '{"bespoke": [{"name": "mirror", "addresses": ["203.0.113.8"]},'
                        '{"name": "mirror", "addresses": ["203.0.113.9"]}]}'}, "sde:egress.bespoke[1].name"),
    ],
)  # fmt: skip
def test_an_invalid_kind_of_tenancy_or_its_egress_is_named(change: dict[str, str], key: str) -> None:
    parse("platform", platform_settings())
    with pytest.raises(InputError) as caught:
        parse("platform", platform_settings() | change)
    assert caught.value.key == key


def test_a_missing_key_names_the_key(settings: dict[str, str]) -> None:
    del settings["sde:cloud"]
    with pytest.raises(InputError, match="missing") as caught:
        parse("tre-hcm", settings)
    assert caught.value.key == "sde:cloud"


def test_an_unknown_key_lists_the_known_keys(settings: dict[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        parse("tre-hcm", settings | {"sde:tiers": '{"cool": 1}'})
    assert caught.value.allowed == "cool_after_days, archive_after_days, delete_after_days"
