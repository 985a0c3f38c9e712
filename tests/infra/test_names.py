from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.stack_names import RESERVED
from infra.names import HOST_NAME_MAX_LENGTH, MAX_LENGTH, GloballyUnique, Names, ResourceKind

SUBSCRIPTION = UUID("10ca1000-0000-4000-8000-000000000001")
WORD_DOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9_]")
SHAPES = {
    GloballyUnique.REGISTRY: r"[a-z0-9]{5,50}",
    GloballyUnique.STORAGE: r"[a-z0-9]{3,24}",
    GloballyUnique.VAULT: r"(?!.*--)[a-z][a-z0-9-]{1,22}[a-z0-9]",
}

estates = st.from_regex(r"[a-z][a-z0-9]{1,7}", fullmatch=True)
slugs = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True).filter(lambda s: 2 <= len(s) <= 32)
stacks = st.one_of(slugs.map("tre-{}".format), slugs.map("platform-{}".format), st.just("safe-haven"))
purposes = st.one_of(st.just(""), slugs, st.sampled_from(["windows", "microsoft-login", "win-dows"]))
every = st.builds(Names, estates, stacks, st.sampled_from(["uksouth", "ukwest"]), st.integers(1, 99), st.uuids())


def names(stack: str = "tre-hcm", generation: int = 1) -> Names:
    return Names("wmsde", stack, "uksouth", generation, SUBSCRIPTION)


@settings(max_examples=60)
@given(every, purposes, st.sampled_from(GloballyUnique))
def test_globally_unique_names_follow_azures_rules(of: Names, purpose: str, kind: GloballyUnique) -> None:
    name = of.globally_unique(kind, purpose)
    assert re.fullmatch(SHAPES[kind], name)
    assert not any(word in name for word in RESERVED)
    assert name == of.globally_unique(kind, purpose)


@settings(max_examples=60)
@given(every, purposes, st.sampled_from(ResourceKind))
def test_local_names_follow_azures_rules(of: Names, purpose: str, kind: ResourceKind) -> None:
    name = of.local(kind, purpose)
    assert WORD_DOT.fullmatch(name)
    assert 4 <= len(name) <= MAX_LENGTH[kind]
    assert not any(word in name for word in RESERVED)


@settings(max_examples=40)
@given(every, purposes.filter(bool))
def test_host_names_follow_the_rules_of_windows(of: Names, purpose: str) -> None:
    name = of.host_name(purpose)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*[a-z0-9]", name)
    assert len(name) <= HOST_NAME_MAX_LENGTH
    assert not name.isdigit()


@settings(max_examples=40)
@given(every, st.from_regex(r"[a-z][a-z0-9]{0,40}", fullmatch=True))
def test_resource_group_names_follow_azures_rules(of: Names, purpose: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]{1,89}[a-z0-9]", of.resource_group(purpose))


@settings(max_examples=40)
@given(every, slugs, slugs, st.sampled_from(ResourceKind))
def test_two_purposes_have_two_names(of: Names, one: str, other: str, kind: ResourceKind) -> None:
    assert (of.local(kind, one) == of.local(kind, other)) is (one == other)


def test_thousands_of_tenancies_have_different_names() -> None:
    of = [names(f"tre-a-rather-long-project-name-{n}") for n in range(4000)]
    purposes = ("data", "import-asked", "import-released", "export-asked", "export-released")
    for kind in (GloballyUnique.STORAGE, GloballyUnique.VAULT):
        made = [n.globally_unique(kind, purpose) for n in of for purpose in purposes]
        assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    "other",
    [
        Names("kmsde", "tre-hcm", "uksouth", 1, SUBSCRIPTION),
        Names("wmsde", "tre-hcn", "uksouth", 1, SUBSCRIPTION),
        Names("wmsde", "tre-hcm", "ukwest", 1, SUBSCRIPTION),
        Names("wmsde", "tre-hcm", "uksouth", 2, SUBSCRIPTION),
        Names("wmsde", "tre-hcm", "uksouth", 1, UUID(int=1)),
    ],
)
def test_each_input_changes_the_globally_unique_name(other: Names) -> None:
    assert names().globally_unique(GloballyUnique.VAULT, "keys") != other.globally_unique(GloballyUnique.VAULT, "keys")


def test_names_do_not_change_between_releases() -> None:
    """A change here renames, and so replaces, deployed resources: it needs a migration."""
    of = names()
    assert of.resource_group("data") == "rg-wmsde-tre-hcm-data"
    assert of.local(ResourceKind.NETWORK) == "vnet-wmsde-tre-hcm"
    assert of.local(ResourceKind.SUBNET, "desks") == "snet-desks"
    assert of.globally_unique(GloballyUnique.STORAGE, "data") == "stwmsdedatahcmnmfrwjhc7"
    assert of.globally_unique(GloballyUnique.VAULT) == "kv-wmsde-hcm-rlhqkw72b"
    assert of.host_name("desk") == "desk-svpncfoo4"


def test_a_log_workspaces_name_changes_with_the_generation() -> None:
    assert names(generation=2).local(ResourceKind.LOG_WORKSPACE) == "log-wmsde-tre-hcm-g2"


def test_a_resource_group_purpose_with_a_hyphen_is_refused() -> None:
    with pytest.raises(ValueError, match="one word"):
        names("tre-x").resource_group("a-b")


@pytest.mark.parametrize("purpose", ["Data", "a--b", "-a", "a_b"])
def test_a_purpose_with_other_characters_is_refused(purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        names().local(ResourceKind.NETWORK, purpose)


def test_an_unknown_resource_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="gateway"):
        names().local("gateway")
