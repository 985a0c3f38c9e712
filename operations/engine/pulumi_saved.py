"""The Pulumi CLI's update plans: a preview saves one, and `up` is constrained by it.

They are experimental (https://www.pulumi.com/docs/iac/concepts/update-plans/), in the CLI's own format, of which the
URNs and the stack's outputs are read here. The CLI compares operations, inputs and the stack's outputs with the plan,
accepts any value for one that was unknown, and stops at the first difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from formats.errors import Failed, Refused
from formats.plan import Plan
from formats.urns import ROOT_TYPE
from operations.engine.port import differs_from_plan
from operations.engine.pulumi_errors import is_cause

_INSTALL = "install a present version of the Pulumi CLI (https://www.pulumi.com/docs/install/), or leave --engine out"
_VIOLATES = re.compile(r"resource (?P<urn>urn:\S+) violates plan: (?P<what>.*)", re.DOTALL)
_NOT_ALLOWED = re.compile(r"(?P<what>[a-z-]+) is not allowed by the plan")
_NONE_SEEN = re.compile(r"expected resource operations for (?P<urn>urn:\S+) but none were seen")
_OUTPUTS = re.compile(r"resource violates plan|no plan for resource")
_PROPERTY = re.compile(r"(?:\+\+|--|~~)([^\[\]\s,{}]+)\[")


class UpdatePlans:
    """The update plans of one process, by the digest of our Plan.

    Their folder is readable by this user only and is removed with the process. Pulumi encrypts the secrets in them.
    """

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="sde-plans-")
        self._files: dict[tuple[str, str], Path] = {}

    def next_file(self) -> Path:
        """Return the path for the next preview's update plan."""
        return Path(self._folder.name) / f"{len(self._files)}.json"

    def keep(self, plan: Plan, file: Path) -> None:
        """Keep the update plan that a preview saved. If it saved none, an `up` with that plan is refused."""
        if file.exists():
            self._files[plan.stack, plan.digest] = file.rename(file.with_name(f"{len(self._files)}-kept.json"))

    def of(self, plan: Plan) -> Path:
        """Return a plan's update plan file. `Failed` if there is none or it lacks a resource that would change."""
        file = self._files.get((plan.stack, plan.digest))
        if file is None:
            raise Failed(f"{plan.stack}: the Pulumi CLI saved no plan to hold it to, so nothing was done.\n"
                         f"  fix:     {_INSTALL}")  # fmt: skip
        missing = {r.urn for r in plan.changes} - _about(file)
        if missing:
            raise Failed(f"{plan.stack}: the plan that the Pulumi CLI saved leaves out {len(missing):,} of the "
                         f"resources that would change, so nothing was done.\n  fix:     {_INSTALL}")  # fmt: skip
        return file


def content(file: Path) -> Mapping[str, Any]:
    """Return the content of an update plan; empty if the CLI wrote none or damaged it."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _about(file: Path) -> set[str]:
    return set(content(file).get("resourcePlans") or ())


def violation(plan: Plan, messages: Sequence[tuple[str, str]], *, is_silent: bool = False) -> Refused | None:
    """Return the refusal that the CLI's errors, each with its URN, mean, or None.

    The CLI's messages hold values, which are not repeated: only properties that the plan has are named. A planned
    resource that was not seen counts only if nothing else failed, because a failed run skips the remaining resources.
    """
    if is_silent and not messages:  # the CLI compares the stack's outputs at the very end, and reports no difference
        return differs_from_plan(plan.stack, _root(plan), "its outputs differ")
    unseen = None
    for urn, text in messages:
        if found := _VIOLATES.search(text):
            return differs_from_plan(
                plan.stack, found["urn"], f"{_properties(plan, found['urn'], found['what'])} differ"
            )
        if found := _NOT_ALLOWED.search(text):
            return differs_from_plan(plan.stack, urn, f"the plan does not allow {found['what']}")
        if _OUTPUTS.search(text):
            return differs_from_plan(plan.stack, urn, "its outputs differ")
        unseen = unseen or _NONE_SEEN.search(text)
    if unseen and not any(is_cause(text) for _, text in messages):
        return differs_from_plan(plan.stack, unseen["urn"], "it is planned, but the program no longer registers it")
    return None


def _root(plan: Plan) -> str:
    return next((r.urn for r in plan.resources if r.type == ROOT_TYPE), plan.stack)


def _properties(plan: Plan, urn: str, what: str) -> str:
    known = {key for r in plan.resources if r.urn == urn for key in r.inputs}
    named = sorted({key for key in _PROPERTY.findall(what) if key in known})
    return ", ".join(named) or "its properties"
