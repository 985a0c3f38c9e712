"""Built-in roles permit what Azure publishes, and no further operation that takes data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from policies.azure_semantics.role_operations import BUILT_IN, PULL, operations_of
from policies.expected.subscription_guardrails import ROLES, SCANNER_ROLES
from policies.reachability.control_plane import OPERATIONS, TECHNIQUES

PUBLISHED: Mapping[str, Mapping[str, Sequence[str]]] = yaml.safe_load(
    Path(__file__).with_name("built_in_roles.yaml").read_text()
)
AZURE = frozenset(Path(__file__).with_name("azure_operations.txt").read_text().lower().splitlines())


def _patterns(role: str) -> list[str]:
    """Return the published actions and data actions of a role."""
    return [*PUBLISHED[role]["permits"], *PUBLISHED[role].get("data", ())]


def test_each_known_role_is_one_that_azure_publishes() -> None:
    assert set(BUILT_IN) == set(PUBLISHED)


@pytest.mark.parametrize("role", PUBLISHED)
def test_a_built_in_role_permits_all_that_azure_publishes(role: str) -> None:
    examples = [pattern.replace("*", "one/other") for pattern in _patterns(role)]
    assert [one for one in examples if not BUILT_IN[role].permits(one)] == []


@pytest.mark.parametrize("role", PUBLISHED)
def test_a_built_in_role_takes_data_by_published_operations_only(role: str) -> None:
    def is_published(operation: str) -> bool:
        return any(fnmatchcase(operation.lower(), pattern.lower()) for pattern in _patterns(role))

    published = set(filter(is_published, OPERATIONS))
    found = operations_of(BUILT_IN[role], OPERATIONS)
    assert published <= found
    assert found - published <= {PULL}  # where it is wider than Azure's, it is by reads, and a pull of images is one


def test_no_role_permits_what_its_not_actions_exclude() -> None:
    excluded = [(role, action) for role, one in PUBLISHED.items() for action in one.get("not", ())]
    assert excluded
    assert not [action for role, action in excluded if BUILT_IN[role].permits(action)]


def test_the_roles_of_the_guardrail_have_the_published_names() -> None:
    assert {str(PUBLISHED[role]["name"]) for role in (*ROLES, *SCANNER_ROLES)} == {
        "Key Vault Crypto Service Release User",
        "Key Vault Reader",
        "Storage Blob Data Reader",
        "Key Vault Secrets User",
        "Log Analytics Reader",
        "Reader",
        "Storage Blob Data Contributor",
        "Key Vault Crypto Service Encryption User",
        "Virtual Machine User Login",
        "AcrPush",
        "Defender for Storage Data Scanner",
        "Storage Blob Data Owner",
    }


def test_each_operation_of_a_technique_is_one_that_azure_has() -> None:
    named = {name for one in TECHNIQUES.values() for name in (*one.operations, *one.elsewhere, *one.writes)}
    assert [name for name in sorted(named) if name.lower() not in AZURE] == []
