from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.names import COMPUTER_NAME_LONGEST, LONGEST, RESERVED, Kind, Names, Public

SUBSCRIPTION = UUID("10ca1000-0000-4000-8000-000000000001")
WORD_DOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9_]")
SHAPES = {
    Public.STORAGE: r"[a-z0-9]{3,24}",
    Public.VAULT: r"(?!.*--)[a-z][a-z0-9-]{1,22}[a-z0-9]",
    Public.HSM: r"(?!.*--)[a-z][a-z0-9-]{1,22}[a-z0-9]",
    Public.REGISTRY: r"[a-z0-9]{5,50}",
    Public.DATA_FACTORY: r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    Public.POSTGRES: r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
}

estates = st.from_regex(r"[a-z][a-z0-9]{1,7}", fullmatch=True)
slugs = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True).filter(lambda s: 2 <= len(s) <= 32)
stacks = st.one_of(slugs.map("tre-{}".format), slugs.map("platform-{}".format), st.just("safe-haven"))
nouns = st.one_of(st.just(""), slugs, st.sampled_from(["windows", "microsoft-login", "win-dows"]))
every = st.builds(Names, estates, stacks, st.sampled_from(["uksouth", "ukwest"]), st.integers(1, 99), st.uuids())


def names(stack: str = "tre-hcm", generation: int = 1) -> Names:
    return Names("wmsde", stack, "uksouth", generation, SUBSCRIPTION)


@settings(max_examples=60, deadline=None)
@given(every, nouns, st.sampled_from(Public))
def test_public_names_are_within_azures_rules(of: Names, noun: str, kind: Public) -> None:
    name = of.globally(kind, noun)
    assert re.fullmatch(SHAPES[kind], name)
    assert not any(word in name for word in RESERVED)
    assert name == of.globally(kind, noun)


@settings(max_examples=60, deadline=None)
@given(every, nouns, st.sampled_from(Kind))
def test_local_names_are_within_azures_rules(of: Names, noun: str, kind: Kind) -> None:
    name = of.local(kind, noun)
    assert WORD_DOT.fullmatch(name)
    assert 4 <= len(name) <= LONGEST[kind]
    assert not any(word in name for word in RESERVED)


@settings(max_examples=40, deadline=None)
@given(every, nouns.filter(bool))
def test_computers_have_names_that_windows_takes(of: Names, noun: str) -> None:
    name = of.computer(noun)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*[a-z0-9]", name)
    assert len(name) <= COMPUTER_NAME_LONGEST
    assert not name.isdigit()


@settings(max_examples=40, deadline=None)
@given(every, st.from_regex(r"[a-z][a-z0-9]{0,40}", fullmatch=True))
def test_resource_groups_are_within_azures_rules(of: Names, noun: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]{1,89}[a-z0-9]", of.group(noun))


@settings(max_examples=40, deadline=None)
@given(every, slugs, slugs, st.sampled_from(Kind))
def test_two_nouns_have_two_names(of: Names, one: str, other: str, kind: Kind) -> None:
    assert (of.local(kind, one) == of.local(kind, other)) is (one == other)


def test_thousands_of_tenancies_share_no_public_name() -> None:
    of = [names(f"tre-a-rather-long-project-name-{n}") for n in range(4000)]
    nouns = ("data", "import-asked", "import-released", "export-asked", "export-released")
    for kind in (Public.STORAGE, Public.VAULT):
        made = [n.globally(kind, noun) for n in of for noun in nouns]
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
def test_each_fact_changes_the_public_name(other: Names) -> None:
    assert names().globally(Public.VAULT, "keys") != other.globally(Public.VAULT, "keys")


def test_names_are_stable_from_release_to_release() -> None:
    """A change here renames, and so replaces, what stands: it needs a migration."""
    of = names()
    assert of.group("data") == "rg-wmsde-tre-hcm-data"
    assert of.local(Kind.NETWORK) == "vnet-wmsde-tre-hcm"
    assert of.local(Kind.SUBNET, "desks") == "snet-desks"
    assert of.globally(Public.STORAGE, "data") == "stwmsdedatahcmnmfrwjhc7"
    assert of.globally(Public.VAULT) == "kv-wmsde-hcm-rlhqkw72b"
    assert of.computer("desk") == "desk-svpncfoo4"


def test_a_deleted_log_workspace_is_not_taken_from_the_bin_by_the_next_life() -> None:
    assert names(generation=2).local(Kind.LOG_WORKSPACE) == "log-wmsde-tre-hcm-g2"


def test_groups_of_two_stacks_are_never_one() -> None:
    with pytest.raises(ValueError, match="one word"):
        names("tre-x").group("a-b")


@pytest.mark.parametrize("noun", ["Data", "a--b", "-a", "a_b"])
def test_a_noun_has_the_alphabet_of_names(noun: str) -> None:
    with pytest.raises(ValueError, match="noun"):
        names().local(Kind.NETWORK, noun)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="gateway"):
        names().local("gateway")
