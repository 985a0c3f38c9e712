"""The catalogue as a whole: found, complete, and each policy's claims in words that exist."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from formats.arm.sdk import sdk_type
from formats.errors import InputError
from policies import catalogue
from policies.catalogue import load
from policies.controls import standards
from policies.model import Policy

POLICIES = list(load().values())
IDS = [policy.id for policy in POLICIES]
KINDS = ("satre", "ncsc", "cis", "iso27001", "five_safes")


def test_every_file_of_the_folder_is_a_policy_and_every_policy_is_loaded() -> None:
    files = {f.stem for f in Path(catalogue.__file__).parent.glob("*.py") if not f.stem.startswith("_")}
    assert {id_.lower() for id_ in load()} == files


def test_they_stand_in_reading_order() -> None:
    storage = [id_ for id_ in load() if id_.startswith("ST")]
    assert storage == sorted(storage, key=lambda id_: int(id_[2:]))


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_each_says_what_why_and_what_to_do(policy: Policy) -> None:
    for text in (policy.title, policy.why, policy.fix):
        assert len(text) > 10
        assert text.isprintable()


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_each_is_evidence_for_controls_that_have_words(policy: Policy) -> None:
    assert policy.controls.satre
    for kind in KINDS:
        missing = set(getattr(policy.controls, kind)) - standards()[kind].controls.keys()
        assert not missing, f"policies/controls.yaml has no words for {kind} {sorted(missing)}"


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_each_is_said_of_types_that_exist(policy: Policy) -> None:
    for type_ in policy.on:
        if type_ != "*" and not type_.startswith("random:"):
            _refuse_unknown(type_)


def _refuse_unknown(type_: str) -> None:
    """One that is made of other calls has no api version, and is there all the same."""
    try:
        sdk_type(f"azure-native:{type_}")
    except InputError as error:
        assert "no api version" in error.problem, f"azure-native has no type {type_}"


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_checks_of_checkov_are_called_as_it_calls_them(policy: Policy) -> None:
    assert all(re.fullmatch(r"CKV2?_AZURE_\d+", check) for check in policy.checkov)


def faked(monkeypatch: pytest.MonkeyPatch, **modules: object) -> None:
    """A catalogue of these modules alone."""
    found = [types.SimpleNamespace(name=name) for name in modules]
    monkeypatch.setattr(catalogue.pkgutil, "iter_modules", lambda _: found)
    for name, policy in modules.items():
        made = types.ModuleType(name)
        made.POLICY = policy  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"policies.catalogue.{name}", made)


@pytest.mark.parametrize(
    "modules",
    [
        {},
        {"st1": None},
        {"st1": "ST1"},
        {"st2": load()["ST1"]},
        {"missing_module": None},
    ],
)
def test_a_broken_catalogue_is_refused(monkeypatch: pytest.MonkeyPatch, modules: dict[str, object]) -> None:
    faked(monkeypatch, **modules)
    with pytest.raises(InputError):
        load.__wrapped__()


def test_a_file_that_cannot_be_imported_is_named_and_its_message_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    faked(monkeypatch, st1=load()["ST1"])

    def broken(_: str) -> None:
        raise ValueError("hunter2")

    monkeypatch.setattr(catalogue.importlib, "import_module", broken)
    with pytest.raises(InputError) as error:
        load.__wrapped__()
    assert "policies/catalogue/st1.py" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_every_control_that_has_words_is_of_a_standard_that_policies_name() -> None:
    assert tuple(standards()) == KINDS
