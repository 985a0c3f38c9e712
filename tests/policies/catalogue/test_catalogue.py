"""The whole catalogue: every policy says what it must, and no two say it under one name."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from policies.catalogue import load
from policies.controls import standards
from policies.model import Policy, Severity

FOLDER = Path(__file__).parents[3] / "policies" / "catalogue"
REFERENCE = {
    *(f"ST{n}" for n in range(1, 11)), *(f"KV{n}" for n in range(1, 7)), *(f"VM{n}" for n in range(1, 6)),
    *(f"NW{n}" for n in range(1, 11)), *(f"FW{n}" for n in range(1, 5)), "PE1", "PE2", "BA1", "AV1", "BK1", "PG1",
    "PG2", "SQ1", "CR1", "ML1", "DB1", "SY1", "LG1", "LG2", "GV1", "GV2", "IA1", "AL1",
}  # fmt: skip
POLICIES = list(load().values())
TYPE = re.compile(r"\*|[a-z]+:[A-Z][A-Za-z0-9]+|random:index/[a-zA-Z]+:[A-Z][A-Za-z]+")
CHECK = re.compile(r"CKV2?_AZURE_\d+")


def test_every_policy_of_the_reference_is_there() -> None:
    assert set(load()) >= REFERENCE


def test_each_file_is_one_policy() -> None:
    files = {file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_")}
    assert files == {policy.id.lower() for policy in POLICIES}


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.id)
def test_it_says_what_why_and_how_to_mend_it(policy: Policy) -> None:
    assert 10 <= len(policy.title) <= 120
    assert not policy.title.endswith(".")
    assert policy.why.endswith(".")
    assert policy.fix.endswith(".")
    assert len(policy.why) <= 400
    assert isinstance(policy.severity, Severity)
    assert policy.scope in ("resource", "stack", "estate")


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.id)
def test_its_types_and_checks_are_written_as_their_tools_do(policy: Policy) -> None:
    assert all(TYPE.fullmatch(type_) for type_ in policy.on), policy.on
    assert len(set(policy.on)) == len(policy.on)
    assert all(CHECK.fullmatch(check) for check in policy.checkov), policy.checkov
    assert all(isinstance(path, str) and path for path in policy.reads)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.id)
def test_it_is_evidence_for_controls_that_exist(policy: Policy) -> None:
    named = {f.name: getattr(policy.controls, f.name) for f in fields(policy.controls)}
    assert named["satre"] and named["ncsc"] and named["iso27001"]
    for standard, numbers in named.items():
        missing = set(numbers) - set(standards()[standard].controls)
        assert not missing, (standard, missing)
        assert len(set(numbers)) == len(numbers)


def test_ids_are_unique_and_so_are_titles() -> None:
    assert len({policy.title for policy in POLICIES}) == len(POLICIES)
