"""Suppressions of Checkov's checks, with reasons, written into the templates' resources."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import StringConstraints

from formats.errors import InputError
from formats.input_model import Model
from formats.plan import Plan
from formats.stack_config import DataClass
from formats.validation import validated
from formats.yaml_reader import read_mapping
from operations.export.arm import Template
from operations.settings import ROOT
from policies.azure_semantics.properties import same
from policies.model import PolicyContext, Resource
from policies.plan_resources import resources_of
from policies.rules import load

FILE = ROOT / "policies" / "checkov" / "suppressions.yaml"


class Suppression(Model):
    """A check that is skipped for some resources."""

    check: Annotated[str, StringConstraints(pattern=r"^CKV(2?_AZURE_[0-9]+|_SDE_[A-Z]{2}[0-9]+)$")]
    types: Annotated[tuple[str, ...], "ARM types"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=60, max_length=1_000)]
    judged_by: tuple[str, ...]
    """Our policies that cover the purpose of the check."""
    data_classes: tuple[DataClass, ...] = ()
    """The data classes that the suppression is limited to; empty: all."""
    except_named: tuple[str, ...] = ()
    """Logical names of resources that are not suppressed."""
    tagged: str = ""
    """The tag, with the reason for a weaker setting, that the suppression is limited to; empty: none is required."""
    having: Mapping[str, str | bool] = {}
    """The properties, by path, that the suppression is limited to: what makes the check wrong for a resource."""

    def covers(self, type_: str, resource: Resource, context: PolicyContext) -> bool:
        """True if the check is skipped for a resource."""
        if type_.lower() not in {t.lower() for t in self.types} or resource.name in self.except_named:
            return False
        if self.tagged and not self._tag_of(resource):
            return False
        if any(not same(resource.at(path), value) for path, value in self.having.items()):
            return False
        return not self.data_classes or context.data_class(resource) in self.data_classes

    def reason_for(self, resource: Resource) -> str:
        """Return the reason in one line, with that of the resource's own tag."""
        return " ".join(f"{self.reason} {self._tag_of(resource)}".split())

    def _tag_of(self, resource: Resource) -> str:
        return str(resource.at(f'tags["{self.tagged}"]') or "").strip() if self.tagged else ""


def suppressions(file: Path = FILE) -> tuple[Suppression, ...]:
    """Return the suppressions of a file. `InputError` for an unknown policy or a repeated check."""
    content = read_mapping(file)
    entries = content.get("suppressions")
    if set(content) != {"suppressions"} or not isinstance(entries, list):
        raise InputError("This is not a list of suppressions.", file=str(file), key="suppressions")
    known = tuple(validated(Suppression, e, file=f"{file}: suppressions[{i}]") for i, e in enumerate(entries))
    for index, one in enumerate(known):
        where = f"{file}: suppressions[{index}]"
        unknown = [policy for policy in one.judged_by if policy not in load()]
        if unknown or not one.types:
            raise InputError(
                "A suppression names an unknown policy or no type.", file=where, key="judged_by", found=unknown
            )
        if one.check.startswith("CKV_SDE_") and not (one.tagged or one.having):
            raise InputError("A check of our own is suppressed without a tag or a property that says why.", file=where,
                             key="tagged",
                             found="nothing")  # fmt: skip
        if one.check in {other.check for other in known[:index]}:
            raise InputError("A check is suppressed twice.", file=where, key="check", found=one.check)
        if not (one.judged_by or one.data_classes or one.except_named):
            raise InputError("A suppression without a condition needs one of our policies.", file=where,
                             key="judged_by")  # fmt: skip
    return known


def with_skips(template: Template, plan: Plan, known: tuple[Suppression, ...]) -> Template:
    """Return the template of a plan with the skipped checks and reasons in each resource."""
    context = PolicyContext(resources_of(plan))
    by_urn = {resource.urn: resource for resource in context.resources}
    resources = [_with_skips(r, by_urn.get(r["metadata"]["urn"]), context, known) for r in template["resources"]]
    return {**template, "resources": resources}


def _with_skips(
    entry: Mapping[str, Any], resource: Resource | None, context: PolicyContext, known: tuple[Suppression, ...]
) -> Mapping[str, Any]:
    skips = [f"checkov:skip={s.check}:{s.reason_for(resource)}" for s in known
             if resource and s.covers(entry["type"], resource, context)]  # fmt: skip
    return {**entry, "metadata": {**entry["metadata"], "checkov": skips}} if skips else entry
