"""Each policy declares the property paths that it reads: requirements, and `reads` for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import pytest

from policies.known_properties import harmless
from policies.model import Policy, PolicyContext, Resource, Unknown
from policies.plan_resources import resources_of
from policies.rules import load
from policies.violations import violations_of
from tests.policies.rules import (
    further_types,
    good_practice,
    test_compute,
    test_key_vault,
    test_other_services,
    test_storage,
)
from tests.policies.rules.cases import TODAY
from tests.policies.rules.sample_estate import site
from tests.policies.shipped import STACKS, before, configs

ALWAYS_READ = "tags"
"""`PolicyContext.data_class` reads a tag for every rule."""
INDEX = re.compile(r"\[\d+\]")


@cache
def samples() -> tuple[tuple[Resource, ...], ...]:
    """The shipped estate, and the sample worlds of the rules' tests."""
    shipped = tuple(resource for stack in STACKS for resource in resources_of(before(stack)))
    worlds = [
        module.world()
        for module in (further_types, good_practice, test_compute, test_key_vault, test_other_services, test_storage)
    ]
    worlds.append(further_types.others())
    return shipped, tuple(site().values()), *(tuple(world.values()) for world in worlds)


def recorded(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the paths that a policy reads in the samples, as `type:path`."""
    found: set[str] = set()
    read = Resource._walk

    def record(resource: Resource, path: str) -> Iterator[Any]:
        found.add(f"{resource.type}:{INDEX.sub('[*]', path)}")
        return read(resource, path)

    monkeypatch.setattr(Resource, "_walk", record)
    for resources in samples():
        context = PolicyContext(resources, is_complete=True, today=TODAY, configs=configs())
        for resource in resources:
            if resource.type in policy.resource_types or policy.resource_types == ("*",):
                if policy.needs_config and resource.stack not in configs():
                    continue
                with suppress(Unknown):
                    if policy.applies(resource, context):
                        list(violations_of(policy, resource, context))
    return found


def is_declared(path: str, policy: Policy) -> bool:
    """Return True if a declared path contains this one, or is below it: a list is read for its entries."""
    type_, _, plain = path.rpartition(":")
    declared = [p for of, p in policy.typed_paths if of in (type_, "*")]
    return any(_contains(p, plain) or _contains(plain, p) for p in declared)


def is_for_messages(path: str) -> bool:
    """Return True for a tag, which gives the data class, and for a harmless property, which a message may quote."""
    type_, _, plain = path.rpartition(":")
    listed = harmless()[1].get(type_)
    return plain.startswith(ALWAYS_READ) or (listed is not None and plain in listed.harmless)


def _contains(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))


@pytest.mark.parametrize("policy", load().values(), ids=lambda policy: policy.id)
def test_a_policy_declares_every_path_that_it_reads(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    read = {path for path in recorded(policy, monkeypatch) if not is_for_messages(path)}
    assert not sorted(path for path in read if not is_declared(path, policy))
