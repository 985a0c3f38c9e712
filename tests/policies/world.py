"""Sample resources and policies for tests of the evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

STORE = "storage:StorageAccount"


def store(
    name: str = "data", *, stack: str = "tre-heart", type_: str = STORE, id_: str | None = None, **inputs: Any
) -> Resource:
    return Resource(f"urn:pulumi:{stack}::sde::azure-native:{type_}::{name}", type_, name, stack, inputs, id_)


def is_private(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require `public` to be false; a missing value is insecure."""
    if resource.at("public") is not False:
        yield Violation("public", f"is {resource.at('public')}; it must be false")


def policy(
    check: Callable[[Resource, PolicyContext], Iterable[Violation]] = is_private,
    *,
    id_: str = "XX1",
    resource_types: tuple[str, ...] = (STORE,),
    **more: Any,
) -> Policy:
    fields: dict[str, Any] = {
        "title": "Stores are private",
        "why": "A public store leaks data.",
        "check_paths": ("public",),
        "severity": Severity.HIGH,
        "controls": ComplianceControls(satre=("2.2.09",), ncsc=("11",), five_safes=("settings",)),
        "fix": "Set public to false.",
    }
    return Policy(id=id_, resource_types=resource_types, check=check, **(fields | more))


def catalogue(*policies: Policy) -> dict[str, Policy]:
    return {p.id: p for p in policies or (policy(),)}
