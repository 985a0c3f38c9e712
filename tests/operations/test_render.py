from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InputError
from formats.stack_config import TenancyConfig
from formats.yaml_reader import parse_mapping
from operations.estate import changed_files, config_folder, load, orphans, render, write
from operations.estate import rendering as rendering_module
from operations.estate.rendering import _environment, _scalar
from operations.settings import ROOT, Settings
from tests.operations.estates import TODAY, add_request, change, sample, snapshot


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    return sample(tmp_path)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    return folder


def rendered(estate: Path, stack: str) -> Any:
    return next(s for s in render(load(estate, today=TODAY)) if s.name == stack)


def test_the_shipped_configuration_is_what_the_shipped_estate_renders(target: Path) -> None:
    for stack in render(load(ROOT / "estate", today=TODAY)):
        committed = parse_mapping((ROOT / f"Pulumi.{stack.name}.yaml").read_text(), stack.name)
        generation = committed["config"]["sde:generation"]  # may be higher: the stack may have been destroyed
        assert committed["config"] == {**stack.settings, "sde:generation": generation}


def test_every_stack_is_tagged_with_its_approval(estate: Path) -> None:
    must = {"project", "request", "controller", "data-class", "expiry", "organisation", "cost-centre"}
    for stack in render(load(estate, today=TODAY)):
        assert must <= stack.config.tags.keys()
        assert all(stack.config.tags.values())


def test_a_tenancy_has_the_platform_of_its_cell(estate: Path) -> None:
    def second(data: Any) -> None:
        data["cells"].append({**data["cells"][0], "name": "two", "addresses": "10.66.0.0/15"})

    change(estate / "estate.yaml", second)
    add_request(estate, "far", cell="two")
    stack = rendered(estate, "tre-far")
    assert (stack.settings["sde:platform"], stack.settings["sde:addresses"]) == ("platform-two", "10.67.0.0/24")


def test_only_real_azure_uses_the_default_credential_chain(estate: Path) -> None:
    key = "azure-native:useDefaultAzureCredential"
    assert key not in rendered(estate, "platform").settings

    def real(data: Any) -> None:
        data["cloud"] = "azure"
        data["cells"][0]["subscriptions"] = {
            "platform": "3c1f6f0e-0000-4000-8000-00000000abcd", "zones": "3c1f6f0e-0000-4000-8000-00000000abcd",
            "tenancies": ["3c1f6f0e-0000-4000-8000-00000000abcd"],
        }  # fmt: skip

    change(estate / "estate.yaml", real)
    assert all(stack.settings[key] is True for stack in render(load(estate, today=TODAY)))


@pytest.mark.parametrize(
    "title",
    ['x: y # {{ }}', "{{ 7 * 7 }}", "{% raw %}", "- a", "yes", "null", "1", '"', "'", "\\", "&a", "*a", "!!int 3", "%",
     "a\u00a0b", "\U0001f9e0", "}", "{\"secure\": \"x\"}"],
)  # fmt: skip
def test_a_title_is_never_read_as_yaml(estate: Path, title: str) -> None:
    change(estate / "requests/hcm-progression.yaml", lambda d: d.update(title=title))
    try:
        stack = rendered(estate, "tre-hcm-progression")
    except InputError as refused:
        assert refused.key == "title"
        return
    assert isinstance(stack.config, TenancyConfig)
    assert stack.config.title == title
    assert yaml.safe_load(stack.text)["config"]["sde:title"] == title


@settings(max_examples=150)
@given(st.text(), st.dictionaries(st.text(), st.lists(st.one_of(st.text(), st.integers(), st.booleans()))))
def test_any_printed_value_reads_back_unchanged(text: str, structure: dict[str, Any]) -> None:
    template = _environment().from_string("a: {{ a }}\nb: {{ b }}\n")
    try:
        text.encode()
        str(structure).encode()
    except UnicodeEncodeError:
        return
    assert yaml.safe_load(template.render(a=text, b=structure)) == {"a": text, "b": structure}
    assert "\n" not in _scalar(text)


def test_an_undefined_template_value_is_refused(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = _environment().from_string("config: {{ estate.nothing }}")
    monkeypatch.setattr(rendering_module, "_template", lambda kind: broken)
    with pytest.raises(InputError, match="nothing"):
        render(load(estate, today=TODAY))


def source_of(kind: str) -> str:
    """Return the text of a template with that of the parts that it includes."""
    text = (rendering_module.TEMPLATES / f"stacks/{kind}.yaml.j2").read_text()
    return re.sub(r'{% include "(.+)" %}\n', lambda one: (rendering_module.TEMPLATES / one[1]).read_text(), text)


STRANGER = "5ca1ab1e-0000-4000-8000-000000000000"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1IDdGQtx8ZP40TV/bhwypXXXXJy1kTySdCW0L+8XBK me"


@pytest.mark.parametrize(("kind", "line", "other"), [
    ("tenancy", "sde:researchers", STRANGER), ("tenancy", "sde:data_class", "synthetic"),
    ("tenancy", "admin_public_key", OTHER_KEY), ("tenancy", "sde:expires", "2099-01-01"),
    ("tenancy", "sde:tiers", {"delete_after_days": 1}), ("platform", "sde:platform_team", STRANGER),
    ("platform", "sde:log_retention_days", 366), ("junction-zone", "stewards", STRANGER),
    ("safe-haven", "immutable_days", 1), ("safe-haven", "sde:secrets_expire", "2099-01-01"),
    ("tenancy", "sde:tenant", STRANGER), ("tenancy", "sde:addresses", "10.65.0.0/16"),
    ("tenancy", "sde:platform", "platform-two"), ("tenancy", "sde:generation", 2),
    ("platform", "sde:addresses", "10.64.0.0/16"), ("platform", "sde:zone_range", "10.64.0.0/10"),
    ("platform", "sde:tenancy_ranges", {"bespoke": "10.64.0.0/10"}),
    ("junction-zone", "addresses", "10.64.9.0/24"),
])  # fmt: skip
def test_a_template_with_another_value_than_the_estates_is_refused(
    estate: Path, monkeypatch: pytest.MonkeyPatch, kind: str, line: str, other: object
) -> None:
    source = source_of(kind)
    key = re.escape(line)
    pattern, new = rf"^( *)\"?{key}\"?:.*(\n\1 +.*)*$", f"{line}: {json.dumps(other)}"
    changed, count = re.subn(pattern, lambda found: found[1] + new, source, flags=re.MULTILINE)
    assert count == 1
    _refuses(changed, kind, estate, monkeypatch)


def test_a_template_with_other_tags_is_refused(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of("tenancy")
    _refuses(source.replace("{{ name }}: {{ value }}", "{{ name }}: synthetic"), "tenancy", estate, monkeypatch)


@pytest.mark.parametrize("line", [
    "azure-native:metadataHost: evil.example", "azure-native:location: ukwest", "azure-native:environment: china",
    "random:x: z", "azure-native:useDefaultAzureCredential: true",
])  # fmt: skip
def test_a_template_with_other_settings_of_a_provider_is_refused(
    estate: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    source = source_of("platform")
    if line.startswith("azure-native:location"):
        source = source.replace("  azure-native:location: {{ estate.region }}\n", "")
    changed = source.replace("config:\n", f"config:\n  {line}\n", 1)
    _refuses(changed, "platform", estate, monkeypatch, "configures the provider in another way")


def _refuses(
    text: str,
    kind: str,
    estate: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str = "another value than the estate's files",
) -> None:
    original = rendering_module._template
    used = "services/bespoke-imaging" if kind == "tenancy" else f"stacks/{kind}"
    template = _environment().from_string(text)
    monkeypatch.setattr(rendering_module, "_template", lambda name: template if name == used else original(name))
    with pytest.raises(InputError, match=said):
        render(load(estate, today=TODAY))


def test_unchanged_files_are_not_written(estate: Path, target: Path) -> None:
    loaded = load(estate, today=TODAY)
    assert len(write(loaded, render(loaded), target)) == 5
    before = snapshot(target)
    again = load(estate, today=TODAY)
    assert write(again, render(again), target) == []
    assert changed_files(again, render(again), target) == {}
    assert snapshot(target) == before


def test_one_changed_tag_changes_one_line_in_each_file(estate: Path, target: Path) -> None:
    loaded = load(estate, today=TODAY)
    write(loaded, render(loaded), target)
    before = {f: f.read_text().splitlines() for f in target.iterdir()}
    change(estate / "estate.yaml", lambda d: d["tags"].update(service="sde"))
    loaded = load(estate, today=TODAY)
    assert len(write(loaded, render(loaded), target)) == 4
    for file, lines in before.items():
        assert [new for old, new in zip(lines, file.read_text().splitlines(), strict=True) if old != new] == [
            '    "service": "sde"'
        ]


def test_keys_of_the_engine_are_kept(estate: Path, target: Path) -> None:
    file = target / "Pulumi.platform.yaml"
    file.write_text(
        "encryptionsalt: v1:abc=:v1:def:ghi\nconfig:\n  sde:cloud: azure\nsecretsprovider: azurekeyvault://v/k\n"
    )
    loaded = load(estate, today=TODAY)
    write(loaded, render(loaded), target)
    found = yaml.safe_load(file.read_text())
    assert found["encryptionsalt"] == "v1:abc=:v1:def:ghi"
    assert found["secretsprovider"] == "azurekeyvault://v/k"
    assert found["config"]["sde:cloud"] == "local"
    assert changed_files(loaded, render(loaded), target) == {}


def test_an_unreadable_file_is_not_overwritten(estate: Path, target: Path) -> None:
    (target / "Pulumi.platform.yaml").write_text("encryptionsalt: [")
    loaded = load(estate, today=TODAY)
    with pytest.raises(InputError, match="well-formed"):
        write(loaded, render(loaded), target)
    assert [f.name for f in target.iterdir()] == ["Pulumi.platform.yaml"]
    assert not (estate / "allocations.yaml").exists()


def test_a_slot_allocated_by_another_run_is_not_reused(estate: Path, target: Path) -> None:
    mine = load(estate, today=TODAY)
    add_request(estate, "other", approved_on=TODAY)
    theirs = load(estate, today=TODAY)
    write(theirs, render(theirs), target)
    with pytest.raises(InputError, match="in the meantime"):
        write(mine, render(mine), target)


def test_files_of_removed_tenancies_are_orphans(estate: Path, target: Path) -> None:
    add_request(estate, "second")
    loaded = load(estate, today=TODAY)
    write(loaded, render(loaded), target)
    (target / "Pulumi.dev.yaml").write_text("config: {}\n")  # not rendered
    (estate / "requests/second.yaml").unlink()
    left = render(load(estate, today=TODAY))
    file = target / "Pulumi.tre-second.yaml"
    assert orphans(left, target) == [file]


def test_another_estate_has_its_own_folder(estate: Path, tmp_path: Path) -> None:
    where = Settings.load({"SDE_HOME": str(tmp_path / "home")})
    assert config_folder(ROOT / "estate", where) == ROOT
    other = config_folder(estate, where)
    assert other.parent == tmp_path / "home" / "config"
    assert other == config_folder(estate / ".", where)


def test_a_platform_has_each_subscription_of_its_cell_once(tmp_path: Path) -> None:
    estate = sample(tmp_path)
    own, zones, far = (f"10ca1000-0000-4000-8000-{n:012d}" for n in (1, 2, 3))
    subscriptions = {"platform": own, "zones": zones, "tenancies": [own, far]}
    change(estate / "estate.yaml", lambda data: data["cells"][0].update(subscriptions=subscriptions))
    platform = next(stack for stack in render(load(estate, today=TODAY)) if stack.name == "platform")
    assert platform.settings["sde:subscriptions"] == [own, zones, far]
