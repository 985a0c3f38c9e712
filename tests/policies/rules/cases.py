"""Helpers for the tests of rules: sample resources, one change to them, and the verdict."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from formats.plan import UNKNOWN
from formats.property_paths import parse
from policies.model import Finding, PolicyContext, Resource, Verdict
from policies.rules import load
from policies.runner import evaluate

GONE = object()
"""A value that removes the property."""
TODAY = date(2026, 11, 1)
GROUP = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg-heart"
STACK = "tre-heart"
World = dict[str, Resource]


def made(
    type_: str, called: str, id_: str = "", /, *, tags: Mapping[str, str] | None = None, **inputs: Any
) -> Resource:
    """Return a resource of the stack, with an ARM id in its resource group."""
    urn = f"urn:pulumi:{STACK}::sde::azure-native:{type_}::{called}"
    tagged = {"tags": dict(tags)} if tags else {}
    return Resource(urn, type_, called, STACK, {**tagged, **inputs}, f"{GROUP}/providers/{id_ or f'{type_}/{called}'}")


def group(data_class: str) -> Resource:
    """Return the stack's resource group with a data class."""
    return replace(made("resources:ResourceGroup", "group", tags={"data-class": data_class}), id=GROUP)


def changed(world: World, name: str, path: str, value: object) -> World:
    """Return the world with one property of one resource changed or removed."""
    inputs = copy.deepcopy(dict(world[name].inputs))
    steps = parse(path)
    inner: Any = inputs
    for step in steps[:-1]:
        inner = inner[int(step)] if isinstance(inner, list) else inner.setdefault(step, {})
    last: Any = int(steps[-1]) if isinstance(inner, list) else steps[-1]
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return world | {name: replace(world[name], inputs=inputs)}


def without(world: World, *names: str) -> World:
    """Return the world without some of its resources."""
    return {name: resource for name, resource in world.items() if name not in names}


def findings(world: World, policy: str, name: str | None = None) -> list[Finding]:
    """Return a policy's findings in the world, or on one resource."""
    report = evaluate(
        PolicyContext(world.values(), is_complete=True, today=TODAY), {policy: load()[policy]}, today=TODAY
    )
    return [f for f in report.findings if name is None or f.name == world[name].name]


def verdict(world: World, policy: str, name: str) -> Verdict:
    """Return a policy's verdict on one resource; the worst of several."""
    said = {f.verdict for f in findings(world, policy, name)}
    return next(v for v in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS, Verdict.NOT_APPLICABLE) if v in said)


def case_name(name: str, path: str, value: object) -> str:
    """Return the name of a case."""
    shown = "missing" if value is GONE else "unknown" if value == UNKNOWN else str(value)
    return f"{name} {path} {shown}"[:90]


def rows(table: Mapping[str, Iterable[tuple[str, str, tuple[object, ...]]]]) -> list[tuple[str, str, str, object]]:
    """Return a case for each value of a table: policy, resource, path, value."""
    return [
        (p, name, path, value) for p, entries in table.items() for name, path, values in entries for value in values
    ]


def label(row: tuple[str, str, str, object]) -> str:
    """Return the name of a row's case."""
    return f"{row[0]} {case_name(*row[1:])}"
