"""Resources and policies for tests of what judges, not of what is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

STORE = "storage:StorageAccount"


def store(
    name: str = "data", *, stack: str = "tre-heart", type_: str = STORE, id_: str | None = None, **inputs: Any
) -> Resource:
    return Resource(f"urn:pulumi:{stack}::sde::azure-native:{type_}::{name}", type_, name, stack, inputs, id_)


def shut(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Missing is open."""
    if resource.at("public") is not False:
        yield Violation("public", f"is {resource.at('public')}; it must be false")


def policy(
    judge: Callable[[Resource, PolicyContext], Iterable[Violation]] = shut,
    *,
    id_: str = "XX1",
    on: tuple[str, ...] = (STORE,),
    **more: Any,
) -> Policy:
    fields: dict[str, Any] = {
        "title": "Stores are shut",
        "why": "An open one leaks.",
        "reads": ("public",),
        "severity": Severity.HIGH,
        "controls": ComplianceControls(satre=("2.2.09",), ncsc=("11",), five_safes=("settings",)),
        "fix": "Shut it.",
    }
    return Policy(id=id_, on=on, check=judge, **(fields | more))


def catalogue(*policies: Policy) -> dict[str, Policy]:
    return {p.id: p for p in policies or (policy(),)}
