"""Which of Checkov's built-in checks the estate goes against, with the reason; carried by the resources themselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from formats.errors import InputError
from formats.plan import Plan
from formats.stack_config import DataClass
from formats.validation import validated
from formats.yaml_reader import read_mapping
from operations.export.arm import Template
from operations.settings import ROOT
from policies.model import PolicyContext, Resource
from policies.plan_resources import resources_of
from policies.rules import load

FILE = ROOT / "policies" / "checkov" / "suppressions.yaml"


class Suppression(BaseModel):
    """One check that is not asked of some resources."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: Annotated[str, StringConstraints(pattern=r"^CKV2?_AZURE_[0-9]+$")]
    types: Annotated[tuple[str, ...], "ARM types"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=60, max_length=1_000)]
    judged_by: tuple[str, ...]
    """The policies of ours that ask for more, or for what the check means."""
    data_classes: tuple[DataClass, ...] = ()
    """Only where the data is of these classes; none: of any."""
    except_named: tuple[str, ...] = ()
    """Not for resources whose logical name is one of these."""

    def covers(self, type_: str, resource: Resource, estate: PolicyContext) -> bool:
        """Whether the check is not asked of a resource."""
        if type_.lower() not in {t.lower() for t in self.types} or resource.name in self.except_named:
            return False
        return not self.data_classes or estate.data_class(resource) in self.data_classes


def suppressions(file: Path = FILE) -> tuple[Suppression, ...]:
    """Those of the file. `InputError` where it is malformed, names a policy that is none, or a check twice."""
    content = read_mapping(file)
    entries = content.get("suppressions")
    if set(content) != {"suppressions"} or not isinstance(entries, list):
        raise InputError("This is no list of suppressions.", file=str(file), key="suppressions")
    found = tuple(validated(Suppression, e, file=f"{file}: suppressions[{i}]") for i, e in enumerate(entries))
    for index, one in enumerate(found):
        where = f"{file}: suppressions[{index}]"
        strangers = [policy for policy in one.judged_by if policy not in load()]
        if strangers or not one.types:
            raise InputError("A suppression names no policy or type.", file=where, key="judged_by", found=strangers)
        if one.check in {other.check for other in found[:index]}:
            raise InputError("A check is suppressed twice.", file=where, key="check", found=one.check)
        if not (one.judged_by or one.data_classes or one.except_named):
            raise InputError("A suppression lets everything off, and no policy judges it instead.", file=where,
                             key="judged_by")  # fmt: skip
    return found


def with_skips(template: Template, plan: Plan, found: tuple[Suppression, ...]) -> Template:
    """The template of a plan, each resource carrying the checks that it is let off, with their reasons."""
    judged = PolicyContext(resources_of(plan))
    by_urn = {resource.urn: resource for resource in judged.resources}
    resources = [_skipping(r, by_urn.get(r["metadata"]["urn"]), judged, found) for r in template["resources"]]
    return {**template, "resources": resources}


def _skipping(
    entry: Mapping[str, Any], resource: Resource | None, judged: PolicyContext, found: tuple[Suppression, ...]
) -> Mapping[str, Any]:
    skips = [f"checkov:skip={s.check}:{' '.join(s.reason.split())}" for s in found
             if resource and s.covers(entry["type"], resource, judged)]  # fmt: skip
    return {**entry, "metadata": {**entry["metadata"], "checkov": skips}} if skips else entry
