"""GV1: everything stands in the UK, and says for whom, by which approval, until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from formats.stack_config import DataClass, Region
from policies.azure_semantics.resource_types import is_azures, takes_location, takes_tags
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation

ALLOWED = {*(region.value for region in Region), "global", "uk"}
"""Regions as ARM compares them: without spaces, in lower case. `global`: what has no place, such as names."""
TAGS = ("project", "request", "controller", "data-class", "expiry")
PLACES = ("location", "locationName", "secondaryLocation", "failoverLocation")
"""Names of properties that say where: those of copies too, wherever they lie."""
LISTS = ("targetRegions", "readLocations", "writeLocations")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A store's second copy goes to its region's pair: UK South and UK West are each other's."""
    if takes_location(resource.type) and resource.at("location") is MISSING:
        yield Violation("location", "is not set, so where it will stand cannot be told")
    yield from _places(resource.inputs, "")
    if takes_tags(resource.type):
        yield from _tags(resource, context)


def _places(value: Any, path: str) -> Iterator[Violation]:
    """Every place that is named, however deep."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            where = f"{path}.{key}" if path else key
            if key in PLACES and isinstance(inner, str):
                yield from _place(inner, where)
            elif key in LISTS and isinstance(inner, list):
                yield from (p for i, each in enumerate(inner) for p in _listed(each, f"{where}[{i}]"))
            elif key != "tags":
                yield from _places(inner, where)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _places(inner, f"{path}[{index}]")


def _listed(value: Any, path: str) -> Iterator[Violation]:
    name = value.get("name", "") if isinstance(value, Mapping) else value
    yield from _place(str(name), path)


def _place(value: str, path: str) -> Iterator[Violation]:
    if value == "[unknown]":
        raise Unknown(path)
    if value.lower().replace(" ", "") not in ALLOWED:
        yield Violation(path, f"is {value}; patients' records stay in {' or '.join(region.value for region in Region)}")


def _tags(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    for tag in TAGS:
        value = resource.at(f'tags["{tag}"]')
        if value is MISSING or not str(value).strip():
            yield Violation(f"tags.{tag}", "is not set")
    data_class, expiry = resource.at('tags["data-class"]'), resource.at("tags.expiry")
    if data_class is not MISSING and data_class not in list(DataClass):
        yield Violation("tags.data-class", f"is {data_class}; it must be {', '.join(DataClass)}")
    if expiry is not MISSING:
        yield from _expiry(str(expiry), context)


def _expiry(value: str, context: PolicyContext) -> Iterator[Violation]:
    try:
        ends = date.fromisoformat(value)
    except ValueError:
        yield Violation("tags.expiry", f"is {value}; it must be a date such as 2027-03-31")
        return
    if ends < context.today:
        yield Violation("tags.expiry", f"is {value}, which is past: the approval no longer holds")


POLICY = Policy(
    id="GV1",
    title="Everything stands in the UK, and says for whom, by which approval, until when",
    why="Data that nobody can place, or whose approval has ended, is held without a right to it.",
    on=("*",),
    reads=("location", *(f'tags["{tag}"]' for tag in TAGS)),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.4.02", "2.5.01", "3.1.03", "3.1.08"),
        ncsc=("2", "4"),
        iso27001=("5.9",),
        five_safes=("projects", "data"),
    ),
    fix="Set location to uksouth or ukwest, and the tags project, request, controller, data-class and expiry.",
    check=check,
    applies=lambda resource, _: is_azures(resource.type),
)
