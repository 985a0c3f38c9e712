"""The catalogue of policies: all files load, broken ones are refused, and each policy is complete."""

from __future__ import annotations

import re
import sys
import types
from collections import Counter
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
KINDS = ("satre", "ncsc", "caf", "cyber_essentials", "cis", "iso27001", "five_safes")
ORGANISATIONAL = (
    *("A1.a", "A1.b", "A1.c", "A2.a", "A2.b", "B1.a", "B2.b", "B3.e", "B6.a", "B6.b", "C1.d", "C1.e", "C1.f", "C2.a"),
    *("D1.a", "D1.c", "D2.a", "D2.b", "E1.a", "E2.a", "E2.b", "E2.c", "E3.a", "E4.b"),
    *("1.7", "2.6", "3.4", "4.2", "4.4", "4.5", "4.6"),
)
"""Outcomes of CAF and requirements of Cyber Essentials of which a plan shows nothing: people, devices and accounts are
outside it, and so is the day on which a fix is installed (MT1 permits a window each month, 3.4 asks for 14 days)."""


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


def test_caf_and_cyber_essentials_are_described_whole() -> None:
    """CAF 4.0 has 41 contributing outcomes and the DSPT adds 8; Cyber Essentials 3.3 has five technical controls."""
    outcomes = Counter(number.partition(".")[0] for number in standards()["caf"].controls)
    assert outcomes == {
        "A1": 3, "A2": 3, "A3": 1, "A4": 2, "B1": 2, "B2": 4, "B3": 5, "B4": 4, "B5": 3, "B6": 2, "C1": 6, "C2": 1,
        "D1": 3, "D2": 2, "E1": 1, "E2": 3, "E3": 2, "E4": 2,
    }  # fmt: skip
    requirements = Counter(number.partition(".")[0] for number in standards()["cyber_essentials"].controls)
    assert requirements == {"1": 7, "2": 6, "3": 4, "4": 8, "5": 4}


def test_no_policy_claims_what_only_the_organisation_can_show() -> None:
    assert standards()["caf"].controls.keys() | standards()["cyber_essentials"].controls.keys() >= set(ORGANISATIONAL)
    for policy in POLICIES:
        claimed = {*policy.controls.caf, *policy.controls.cyber_essentials}
        assert not claimed & set(ORGANISATIONAL), policy.id
