"""The pack holds the configuration file of a tenancy, in every key, to what its request and the estate state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from formats.errors import InputError
from formats.stack_config import TenancyConfig
from operations.estate import load, render
from operations.estate.templates import names, service_template
from operations.settings import ROOT
from policies.permitted_config import differences
from tests.operations.estates import TODAY, change, copy_with_ways_in

STACK = "tre-waiting-times"
STRANGER = "5ca1ab1e-0000-4000-8000-000000000000"
RULE = {"name": "other", "addresses": ["203.0.113.0/28"]}
OTHER: dict[str, Any] = {
    "cloud": "azure", "estate": "other", "region": "ukwest", "tenant": STRANGER, "estate_addresses": "10.0.0.0/8",
    "subscription": STRANGER, "generation": 2, "data_class": "synthetic", "tags": {"project": "waiting-times"},
    "project": "other", "title": "Another", "request": "DAR-1", "expires": "2028-12-31", "researchers": STRANGER,
    "stewards": STRANGER, "checkers": STRANGER, "redundancy": "Standard_GRS", "tiers": {},
    "desks": [{"name": "main", "size": "Standard_D4s_v5", "os_disk_gib": 128, "data_disk_gib": 128, "users": STRANGER,
               "shutdown": "19:00", "admin_public_key": "ssh-ed25519 AAAA"}],
    "services": {"registry": {}}, "budget": None, "recipients": {"group": STRANGER, "ranges": ["203.0.113.0/28"]},
    "platform": "platform-two", "safe_haven": "other", "addresses": "10.64.129.0/24", "egress": [RULE],
    "shared_tenancy": "shared-other", "network_readers": None, "confidential_orchestrator": STRANGER,
    "root_certificates": None, "import_airlock": None,
}  # fmt: skip
"""Another value of each key; None: without it."""
NEVER_SET = {"root_certificates", "import_airlock"}
"""The keys that the file does not have. Other tests say what the models accept for them."""


def edited(folder: Path, edit: Any) -> tuple[str, ...]:
    content = yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text())
    edit(content)
    (folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(content))
    return differences(STACK, ROOT / "estate", folder)


def test_every_rendered_tenancy_has_what_its_request_and_the_estate_state(tmp_path: Path) -> None:
    for file in ROOT.glob("Pulumi.tre-*.yaml"):
        assert differences(file.name[len("Pulumi.") : -len(".yaml")], ROOT / "estate", ROOT) == ()
    estate = copy_with_ways_in(tmp_path / "estate")
    for name in set(names()) - {"shared"}:
        request = service_template(name).example_request(TODAY)
        (estate / f"requests/{request['project']}.yaml").write_text(yaml.safe_dump(request))
    change(estate / "estate.yaml", lambda d: d.update(tags={"service": "sde", "cost": "1"}))
    loaded = load(estate, today=TODAY)
    (estate / "allocations.yaml").write_text(loaded.allocations.text())
    rendered = [one for one in render(loaded) if one.name.startswith("tre-")]
    assert len(rendered) == len(names())
    for one in rendered:
        (tmp_path / f"Pulumi.{one.name}.yaml").write_text(one.text)
        assert differences(one.name, estate, tmp_path) == ()


@pytest.mark.parametrize("key", [name for name in TenancyConfig.model_fields if name not in NEVER_SET])
def test_a_key_with_another_value_is_found(tmp_path: Path, key: str) -> None:
    def edit(content: dict[str, Any]) -> None:
        content["config"] |= {f"sde:{key}": OTHER[key]}
        if key == "subscription":
            content["config"]["azure-native:subscriptionId"] = OTHER[key]
        if OTHER[key] is None:
            del content["config"][f"sde:{key}"]

    assert any(f"another sde:{key} than" in text for text in edited(tmp_path, edit))


@pytest.mark.parametrize(
    ("key", "edit"),
    [
        ("azure-native:metadataHost", lambda c: c["config"].update({"azure-native:metadataHost": "attacker.example"})),
        ("azure-native:location", lambda c: c["config"].pop("azure-native:location")),
        ("environment", lambda c: c.update(environment={"imports": ["attacker/values"]})),
        ("sde:extra", lambda c: c["config"].update({"sde:extra": "x"})),
        ("sde:researchers", lambda c: c["config"].update({"sde:researchers": {"secure": "v1:x"}})),
    ],
)
def test_what_the_estate_never_states_is_refused(tmp_path: Path, key: str, edit: Any) -> None:
    try:
        found = edited(tmp_path, edit)
    except InputError as error:
        found = (str(error),)
    assert any(key in text for text in found)


def test_an_estate_that_does_not_say_what_is_configured_is_refused(tmp_path: Path) -> None:
    estate = copy_with_ways_in(tmp_path / "estate")
    (estate / "allocations.yaml").unlink()
    with pytest.raises(InputError, match=r"allocations\.yaml"):
        differences("tre-hcm-progression", estate, ROOT)
