"""Checkov as a checker: one run over the templates of all mutants, with and without our checks.

A mutant's template holds the weakened resource; where that is removed, its companions. Failures of the same resources
before they were weakened do not count. Of mutants that differ in names only, one is checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from formats.errors import Failed, InputError
from formats.plan import Plan, PlannedResource
from operations.export.arm import template
from operations.reports.checkov import run_checkov
from operations.settings import ROOT
from policies.mutations.model import Mutant, Refusal, Refusals
from policies.mutations.pack_checker import planned_of

COMMAND = ROOT / ".venv-checkov" / "bin" / "checkov"
BOTH, BUILT_IN = "checkov", "checkov built-in"
PROVIDER = "pulumi:providers:"
_WHICH = re.compile(r'("[A-Za-z]*(?:[Nn]ame|Ur[il])": )"[^"]*"|"/subscriptions/[^"]*"|"10\.[0-9./]+"|"[0-9a-f-]{36}"')
"""The values that only identify a resource: names, ids, addresses."""
BUILT_IN_IDS = ("CKV_AZURE_", "CKV2_AZURE_")
AT_ONCE = 500
Failures = Mapping[str, frozenset[str]]
"""By file: each failed check, with the resource."""
Run = Callable[[Path], Mapping[str, Any]]
RUN_CHECKOV: Run = partial(run_checkov, options=("--quiet",))
OPEN = "open"
"""An insecure template among the mutants. If Checkov does not fail it, Checkov read nothing."""
_OPEN_STORE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "resources": [
        {
            "type": "Microsoft.Storage/storageAccounts",
            "apiVersion": "2024-01-01",
            "name": "stopen",
            "location": "uksouth",
            "properties": {"publicNetworkAccess": "Enabled", "supportsHttpsTrafficOnly": False},
        }
    ],
}


def installed() -> bool:
    """Return True if `scripts/checkov` has made Checkov's environment."""
    return COMMAND.is_file()


@dataclass
class CheckovChecker:
    """Checkov over the exported templates."""

    plans: Sequence[Plan]
    near: Callable[[Mutant], Iterable[str]]
    """Returns the URNs of the companions of the weakened resource."""
    run: Run = RUN_CHECKOV
    name: str = BOTH

    def check_all(self, mutants: Sequence[Mutant]) -> dict[str, Refusals]:
        """Return the refusals of Checkov with our checks, and of its own checks alone. A mutant without a template is
        absent."""
        planned = {r.urn: r for plan in self.plans for r in plan.resources}
        plans = {plan.stack: plan for plan in self.plans}
        alike: dict[str, tuple[str, str] | None] = {}
        shown: dict[str, tuple[str, str]] = {}
        files: dict[str, str] = {}
        for mutant in mutants:
            key = _template_key(mutant)
            if key not in alike:
                pair = self._templates(mutant, plans[mutant.stack], planned)
                alike[key] = (_file_of(files, pair[0]), _file_of(files, pair[1])) if pair else None
            found = alike[key]
            if found:
                shown[mutant.id] = found
        failures = self._failures(files)
        both = {
            id_: failures.get(after, frozenset()) - failures.get(before, frozenset())
            for id_, (before, after) in shown.items()
        }
        own = {id_: frozenset(f for f in found if f.startswith(BUILT_IN_IDS)) for id_, found in both.items()}
        return {BOTH: _refusals(both), BUILT_IN: _refusals(own)}

    def _templates(self, mutant: Mutant, plan: Plan, planned: Mapping[str, PlannedResource]) -> tuple[str, str] | None:
        """Return the template before and after the change as text. None: the change is in no template."""
        if mutant.before and mutant.after and mutant.before.inputs == mutant.after.inputs:
            return None
        providers = [r for r in plan.resources if r.type.startswith(PROVIDER)]
        if mutant.after is None:
            urns = {u for u in self.near(mutant) if u in planned and u != mutant.urn}
            rest = [r for r in plan.resources if r.urn in urns]
            before, after = [planned[mutant.urn], *rest], rest
        elif mutant.before is None:
            before, after = [], [planned_of(mutant.after)]
        else:
            own = planned[mutant.urn]
            before, after = [own], [replace(own, inputs=mutant.after.inputs)]
        return _text(plan, providers, before), _text(plan, providers, after)

    def _failures(self, files: Mapping[str, str]) -> Failures:
        """Return the failures in the files. Checkov's time grows with the square of the number of files, and it takes
        seconds to start: so it gets some hundreds at a time."""
        texts = list(files.items())
        found: dict[str, frozenset[str]] = {}
        for first in range(0, len(texts), AT_ONCE):
            some = texts[first : first + AT_ONCE]
            with TemporaryDirectory() as folder:
                (Path(folder) / f"{OPEN}.json").write_text(json.dumps(_OPEN_STORE), encoding="utf-8")
                for text, name in some:
                    (Path(folder) / f"{name}.json").write_text(text, encoding="utf-8")
                found |= read(self.run(Path(folder)))
        return found


def _template_key(mutant: Mutant) -> str:
    """Return a key that is equal for mutants which differ in names alone: the change, and the type and shape of the
    resource."""
    resource = mutant.before or mutant.after
    inputs = {k: v for k, v in (resource.inputs if resource else {}).items() if k != "tags"}
    shape = _WHICH.sub(r'\1"_"', json.dumps(inputs, sort_keys=True))
    if mutant.label.startswith(("tags", "location")):
        shape = ""  # every resource has them alike
    label = mutant.label if mutant.after else f"{mutant.label} {mutant.urn}"
    return f"{mutant.type} {label} {shape}" + (mutant.urn if mutant.before is None else "")


def _text(plan: Plan, providers: Sequence[PlannedResource], resources: Sequence[PlannedResource]) -> str:
    """Return a template of these resources alone; empty where they cannot be exported."""
    if not resources:
        return ""
    try:
        made = template(replace(plan, resources=(*providers, *resources)))
    except InputError:
        return ""
    made.pop("metadata", None)
    return json.dumps(made)


def _file_of(files: dict[str, str], text: str) -> str:
    """Return the name of the file that holds this text."""
    return files.setdefault(text, f"t{len(files)}") if text else ""


def read(report: Mapping[str, Any]) -> Failures:
    """Return the failures in Checkov's report, by the name of the file. `Failed` where it did not find the insecure
    template, or could not parse a file: it skips what it cannot read without a message."""
    found: dict[str, set[str]] = {}
    try:
        for check in report["results"]["failed_checks"]:
            found.setdefault(Path(check["file_path"]).stem, set()).add(f"{check['check_id']} {check['resource']}")
        errors = report["summary"]["parsing_errors"]
    except (KeyError, TypeError) as error:
        raise Failed(f"Checkov's report cannot be read: {type(error).__name__}") from error
    if errors or not found.pop(OPEN, None):
        raise Failed(f"Checkov could not parse {errors} templates, or passed the insecure one.")
    return {name: frozenset(ids) for name, ids in found.items()}


def _refusals(found: Mapping[str, frozenset[str]]) -> Refusals:
    return {id_: _refusal(min(failures)) if failures else None for id_, failures in found.items()}


def _refusal(failure: str) -> Refusal:
    check, _, resource = failure.partition(" ")
    return Refusal(check, f"on {resource}")
