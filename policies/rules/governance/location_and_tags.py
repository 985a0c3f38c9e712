"""Resources are in the UK, and tagged with project, approval, controller, data class and expiry date (GV1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from formats.plan import UNKNOWN
from formats.stack_config import DataClass, Region
from policies.azure_semantics.resource_types import is_azure_type, takes_location, takes_tags
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation

ALLOWED = {*(region.value for region in Region), "global", "uk"}
"""Regions in ARM's form: no spaces, lower case. `global`: resources without a region, such as DNS zones."""
TAGS = ("project", "request", "controller", "data-class", "expiry")
REGION_PROPERTIES = ("location", "locationName", "secondaryLocation", "failoverLocation")
"""Names of properties with a region, including those of copies."""
REGION_LISTS = ("targetRegions", "readLocations", "writeLocations")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check the location, all regions in properties, and the tags. UK South and UK West are each other's pair."""
    if takes_location(resource.type) and resource.at("location") is MISSING:
        yield Violation("location", "is not set, so the region is unknown")
    yield from _check_regions(resource.inputs, "")
    if takes_tags(resource.type):
        yield from _check_tags(resource, context)


def _check_regions(value: Any, path: str) -> Iterator[Violation]:
    """Check every region in the properties, at any depth."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            where = f"{path}.{key}" if path else key
            if key in REGION_PROPERTIES and isinstance(inner, str):
                yield from _check_region(inner, where)
            elif key in REGION_LISTS and isinstance(inner, list):
                yield from (p for i, each in enumerate(inner) for p in _check_entry(each, f"{where}[{i}]"))
            elif key != "tags":
                yield from _check_regions(inner, where)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _check_regions(inner, f"{path}[{index}]")


def _check_entry(value: Any, path: str) -> Iterator[Violation]:
    name = value.get("name", "") if isinstance(value, Mapping) else value
    yield from _check_region(str(name), path)


def _check_region(value: str, path: str) -> Iterator[Violation]:
    if value == UNKNOWN:
        raise Unknown(path)
    if value.lower().replace(" ", "") not in ALLOWED:
        yield Violation(
            path, f"is {value}; patients' records must stay in {' or '.join(region.value for region in Region)}"
        )


def _check_tags(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    for tag in TAGS:
        value = resource.at(f'tags["{tag}"]')
        if value is MISSING or not str(value).strip():
            yield Violation(f"tags.{tag}", "is not set")
    data_class, expiry = resource.at('tags["data-class"]'), resource.at("tags.expiry")
    if data_class is not MISSING and data_class not in list(DataClass):
        yield Violation("tags.data-class", f"is {data_class}; it must be {', '.join(DataClass)}")
    if expiry is not MISSING:
        yield from _check_expiry(str(expiry), context)


def _check_expiry(value: str, context: PolicyContext) -> Iterator[Violation]:
    try:
        ends = date.fromisoformat(value)
    except ValueError:
        yield Violation("tags.expiry", f"is {value}; it must be a date such as 2027-03-31")
        return
    if ends < context.today:
        yield Violation("tags.expiry", f"is {value}, which is past: the approval has expired")


POLICY = Policy(
    id="GV1",
    title="Resources are in the UK, and tagged with project, approval, controller, data class and expiry date",
    why="Data without a known project, or with an expired approval, is held without a legal basis.",
    resource_types=("*",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.4.02", "2.5.01", "3.1.03", "3.1.08"),
        ncsc=("2", "4"),
        caf=("A3.a", "B3.a", "E3.b"),
        iso27001=("5.9",),
        five_safes=("projects", "data"),
    ),
    fix="Set location to uksouth or ukwest, and the tags project, request, controller, data-class and expiry.",
    check=check,
    check_paths=("location", *(f'tags["{tag}"]' for tag in TAGS)),
    applies=lambda resource, _: is_azure_type(resource.type),
)
