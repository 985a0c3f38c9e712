"""Run Checkov on the templates of mutants, with our custom checks and with its built-in ones alone.

A mutant's template has the weakened resource only, or the related ones if that is removed. Failures that the template
has without the mutant do not count. Of mutants that differ in names only, one is checked.
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
from policies.mutations.pack_detector import planned_of

COMMAND = ROOT / ".venv-checkov" / "bin" / "checkov"
BOTH, BUILT_IN = "checkov", "checkov built-in"
PROVIDER = "pulumi:providers:"
_IDENTIFIERS = re.compile(
    r'("[A-Za-z]*(?:[Nn]ame|Ur[il])": )"[^"]*"|"/subscriptions/[^"]*"|"10\.[0-9./]+"|"[0-9a-f-]{36}"'
)
"""Values that only identify a resource: names, ids, addresses."""
BUILT_IN_IDS = ("CKV_AZURE_", "CKV2_AZURE_")
BATCH_SIZE = 500
"""Files in one run of Checkov. Its time grows with the square of the number of files, and it takes seconds to start."""
Failures = Mapping[str, frozenset[str]]
"""By file: each failed check, with the resource."""
Run = Callable[[Path], Mapping[str, Any]]
RUN_CHECKOV: Run = partial(run_checkov, options=("--quiet",))
CANARY = "open"
"""The name of an insecure template among the mutants. If Checkov passes it, Checkov read nothing."""
_CANARY_TEMPLATE = {
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
class CheckovDetector:
    """Runs Checkov on the templates of mutants."""

    plans: Sequence[Plan]
    related: Callable[[Mutant], Iterable[str]]
    """Returns the URNs of the resources related to the weakened one."""
    run: Run = RUN_CHECKOV
    name: str = BOTH

    def check_all(self, mutants: Sequence[Mutant]) -> dict[str, Refusals]:
        """Return the refusals of Checkov with our checks, and of its own checks alone. A mutant without a template is
        absent."""
        planned = {r.urn: r for plan in self.plans for r in plan.resources}
        plans = {plan.stack: plan for plan in self.plans}
        files_by_key: dict[str, tuple[str, str] | None] = {}
        files_by_mutant: dict[str, tuple[str, str]] = {}
        files: dict[str, str] = {}
        for mutant in mutants:
            key = _template_key(mutant)
            if key not in files_by_key:
                pair = self._templates(mutant, plans[mutant.stack], planned)
                files_by_key[key] = (_file_of(files, pair[0]), _file_of(files, pair[1])) if pair else None
            found = files_by_key[key]
            if found:
                files_by_mutant[mutant.id] = found
        failures = self._failures(files)
        new = {
            id_: failures.get(after, frozenset()) - failures.get(before, frozenset())
            for id_, (before, after) in files_by_mutant.items()
        }
        built_in = {id_: frozenset(f for f in found if f.startswith(BUILT_IN_IDS)) for id_, found in new.items()}
        return {BOTH: _refusals(new), BUILT_IN: _refusals(built_in)}

    def _templates(self, mutant: Mutant, plan: Plan, planned: Mapping[str, PlannedResource]) -> tuple[str, str] | None:
        """Return the template before and after the change as text. None: the change is in no template."""
        if mutant.before and mutant.after and mutant.before.inputs == mutant.after.inputs:
            return None
        providers = [r for r in plan.resources if r.type.startswith(PROVIDER)]
        if mutant.after is None:
            urns = {u for u in self.related(mutant) if u in planned and u != mutant.urn}
            rest = [r for r in plan.resources if r.urn in urns]
            before, after = [planned[mutant.urn], *rest], rest
        elif mutant.before is None:
            before, after = [], [planned_of(mutant.after)]
        else:
            own = planned[mutant.urn]
            before, after = [own], [replace(own, inputs=mutant.after.inputs)]
        return _text(plan, providers, before), _text(plan, providers, after)

    def _failures(self, files: Mapping[str, str]) -> Failures:
        """Return the failures in the files, which map texts to names."""
        texts = list(files.items())
        found: dict[str, frozenset[str]] = {}
        for first in range(0, len(texts), BATCH_SIZE):
            batch = texts[first : first + BATCH_SIZE]
            with TemporaryDirectory() as folder:
                (Path(folder) / f"{CANARY}.json").write_text(json.dumps(_CANARY_TEMPLATE), encoding="utf-8")
                for text, name in batch:
                    (Path(folder) / f"{name}.json").write_text(text, encoding="utf-8")
                found |= failures_in(self.run(Path(folder)))
        return found


def _template_key(mutant: Mutant) -> str:
    """Return a key of the change, the type and the resource's inputs without names. Mutants with the same key get the
    same template, apart from names."""
    resource = mutant.before or mutant.after
    inputs = {k: v for k, v in (resource.inputs if resource else {}).items() if k != "tags"}
    shape = _IDENTIFIERS.sub(r'\1"_"', json.dumps(inputs, sort_keys=True))
    if mutant.label.startswith(("tags", "location")):
        shape = ""  # no check relates them to the other inputs
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


def failures_in(report: Mapping[str, Any]) -> Failures:
    """Return the failures in Checkov's report, by the name of the file. Raises `Failed` if it passed the canary, or
    could not parse a file: Checkov skips such files without a message."""
    found: dict[str, set[str]] = {}
    try:
        for check in report["results"]["failed_checks"]:
            found.setdefault(Path(check["file_path"]).stem, set()).add(f"{check['check_id']} {check['resource']}")
        errors = report["summary"]["parsing_errors"]
    except (KeyError, TypeError) as error:
        raise Failed(f"Checkov's report cannot be read: {type(error).__name__}") from error
    if errors or not found.pop(CANARY, None):
        raise Failed(f"Checkov could not parse {errors} templates, or passed the insecure one.")
    return {name: frozenset(ids) for name, ids in found.items()}


def _refusals(found: Mapping[str, frozenset[str]]) -> Refusals:
    return {id_: _refusal(min(failures)) if failures else None for id_, failures in found.items()}


def _refusal(failure: str) -> Refusal:
    check, _, resource = failure.partition(" ")
    return Refusal(check, f"on {resource}")
