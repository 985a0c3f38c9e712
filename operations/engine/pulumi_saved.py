"""The Pulumi CLI's update plans: what a preview saved, an `up` is held to.

They are experimental (https://www.pulumi.com/docs/iac/concepts/update-plans/), in a format of the CLI's own: nothing
of it is read but which resources it is about. The CLI holds operations and inputs against it, lets what was unknown be
anything, and stops at the first difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from formats.errors import Failed, Refused
from formats.plan import Plan
from operations.engine.port import not_as_judged
from operations.engine.pulumi_errors import is_cause

_INSTALL = "install a present version of the Pulumi CLI (https://www.pulumi.com/docs/install/), or leave --engine out"
_VIOLATES = re.compile(r"resource (?P<urn>urn:\S+) violates plan: (?P<what>.*)", re.DOTALL)
_NOT_ALLOWED = re.compile(r"(?P<what>[a-z-]+) is not allowed by the plan")
_NONE_SEEN = re.compile(r"expected resource operations for (?P<urn>urn:\S+) but none were seen")
_OUTPUTS = re.compile(r"resource violates plan|no plan for resource")
_PROPERTY = re.compile(r"(?:\+\+|--|~~)([^\[\]\s,{}]+)\[")


class Saved:
    """The update plans of one process, by the digest of our own: in a folder that only this user reads, and that goes
    with the process. Pulumi encrypts the secrets in them."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="sde-plans-")
        self._files: dict[tuple[str, str], Path] = {}

    def room(self) -> Path:
        """Where the next preview is to save."""
        return Path(self._folder.name) / f"{len(self._files)}.json"

    def keep(self, plan: Plan, file: Path) -> None:
        """A preview was saved there; where it was not, an `up` with that plan is refused."""
        if file.exists():
            self._files[plan.stack, plan.digest] = file.rename(file.with_name(f"{len(self._files)}-kept.json"))

    def of(self, plan: Plan) -> Path:
        """The file that holds the CLI to a plan. `Failed` where there is none, or it is not about what would change."""
        file = self._files.get((plan.stack, plan.digest))
        if file is None:
            raise Failed(f"{plan.stack}: the Pulumi CLI saved no plan to hold it to, so nothing was done.\n"
                         f"  fix:     {_INSTALL}")  # fmt: skip
        missing = {r.urn for r in plan.changes} - _about(file)
        if missing:
            raise Failed(f"{plan.stack}: the plan that the Pulumi CLI saved leaves out {len(missing):,} of the "
                         f"resources that would change, so nothing was done.\n  fix:     {_INSTALL}")  # fmt: skip
        return file


def _about(file: Path) -> set[str]:
    try:
        return set(json.loads(file.read_bytes())["resourcePlans"])
    except (ValueError, KeyError, TypeError):
        return set()


def violation(plan: Plan, messages: Sequence[tuple[str, str]]) -> Refused | None:
    """The refusal that the CLI's errors amount to, each with the resource that it is about.

    Its words hold values, which are not repeated: of the properties only those are named that the plan has. That a
    planned resource was not seen is one only where nothing else failed: a run that fails never comes to the rest.
    """
    unseen = None
    for urn, text in messages:
        if found := _VIOLATES.search(text):
            return not_as_judged(plan.stack, found["urn"], f"{_properties(plan, found['urn'], found['what'])} differ")
        if found := _NOT_ALLOWED.search(text):
            return not_as_judged(plan.stack, urn, f"the plan does not say {found['what']}")
        if _OUTPUTS.search(text):
            return not_as_judged(plan.stack, urn, "its outputs differ")
        unseen = unseen or _NONE_SEEN.search(text)
    if unseen and not any(is_cause(text) for _, text in messages):
        return not_as_judged(plan.stack, unseen["urn"], "it is planned, and the program does not ask for it any more")
    return None


def _properties(plan: Plan, urn: str, what: str) -> str:
    known = {key for r in plan.resources if r.urn == urn for key in r.inputs}
    named = sorted({key for key in _PROPERTY.findall(what) if key in known})
    return ", ".join(named) or "its properties"
