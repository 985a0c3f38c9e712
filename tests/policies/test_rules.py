"""The catalogue of policies: all files load, broken ones are refused, and each policy is complete."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from formats.arm.sdk import has_type
from formats.errors import InputError
from policies import rules
from policies.controls import standards
from policies.model import Policy
from policies.rules import load

POLICIES = list(load().values())
IDS = [policy.id for policy in POLICIES]
KINDS = ("satre", "ncsc", "cis", "iso27001", "five_safes")


def test_every_file_of_a_service_folder_is_loaded() -> None:
    files = [file for file in Path(rules.__file__).parent.rglob("*.py") if file.name != "__init__.py"]
    assert len(load()) == len(files)


def test_policies_are_in_reading_order() -> None:
    storage = [id_ for id_ in load() if id_.startswith("ST")]
    assert storage == sorted(storage, key=lambda id_: int(id_[2:]))


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_each_policy_has_a_title_a_reason_and_a_fix(policy: Policy) -> None:
    for text in (policy.title, policy.why, policy.fix):
        assert len(text) > 10
        assert text.isprintable()


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_each_policy_names_controls_that_are_described(policy: Policy) -> None:
    assert policy.controls.satre
    for kind in KINDS:
        missing = set(getattr(policy.controls, kind)) - standards()[kind].controls.keys()
        assert not missing, f"policies/controls.yaml does not describe {kind} {sorted(missing)}"


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_each_policy_is_about_types_of_azure_native(policy: Policy) -> None:
    for type_ in policy.resource_types:
        if type_ != "*" and not type_.startswith(("random:", "pulumi:")):
            assert has_type(f"azure-native:{type_}"), f"azure-native has no type {type_}"


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_ids_of_checkov_checks_have_its_form(policy: Policy) -> None:
    assert all(re.fullmatch(r"CKV2?_AZURE_\d+", check) for check in policy.checkov)


def set_catalogue(monkeypatch: pytest.MonkeyPatch, **modules: object) -> None:
    """Replace the catalogue by these modules."""
    found = [types.SimpleNamespace(name=f"policies.rules.{name}", ispkg=False) for name in modules]
    monkeypatch.setattr(rules.pkgutil, "walk_packages", lambda *_: found)
    for name, policy in modules.items():
        module = types.ModuleType(name)
        module.POLICY = policy  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"policies.rules.{name}", module)


@pytest.mark.parametrize(
    "modules",
    [
        {},
        {"one": None},
        {"one": "ST1"},
        {"one": load()["ST1"], "two": load()["ST1"]},
    ],
    ids=["empty", "none", "no policy", "same id twice"],
)
def test_a_broken_catalogue_is_refused(monkeypatch: pytest.MonkeyPatch, modules: dict[str, object]) -> None:
    set_catalogue(monkeypatch, **modules)
    with pytest.raises(InputError):
        load.__wrapped__()


def test_an_error_names_the_file_and_not_the_message_of_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    set_catalogue(monkeypatch, one=load()["ST1"])

    def broken(_: str) -> None:
        raise ValueError("hunter2")

    monkeypatch.setattr(rules.importlib, "import_module", broken)
    with pytest.raises(InputError) as error:
        load.__wrapped__()
    assert "policies/rules/one.py" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_folder_that_cannot_be_imported_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "__init__.py").write_text("import no_such_module_of_any_kind\n", encoding="utf-8")
    monkeypatch.setattr(rules, "__path__", [str(tmp_path)])
    with pytest.raises(InputError, match="policies/rules/broken"):
        load.__wrapped__()


def test_every_described_standard_is_one_that_policies_name() -> None:
    assert tuple(standards()) == KINDS
