"""Run Checkov on exported templates, with its built-in checks and our custom ones.

Checkov silently skips templates that it cannot parse, checks that it cannot load, and all but one of the resources with
the same name. So the run fails unless every resource and every custom check is in the report.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from formats.errors import Failed
from formats.plan import Plan
from operations.export.arm import Template, template
from operations.reports.checkovchecks import checks, write_checks
from operations.reports.suppressions import suppressions, with_skips
from operations.settings import ROOT

PROGRAM = ROOT / "scripts" / "checkov"
TIMEOUT_SECONDS = 1_800
"""The time limit of one run. The shipped estate takes ten seconds."""
COMPLETE_EXIT_CODES = (0, 1)
"""Exit codes of a complete run: without and with failed checks."""


@dataclass(frozen=True)
class CheckovResult:
    """The result of one check for one resource."""

    check: str
    """The id of the check, such as `CKV_AZURE_3`."""
    name: str
    """The name of the check."""
    result: str
    """`passed`, `failed` or `skipped`."""
    stack: str
    resource: str
    """The ARM type and name of the resource."""
    reason: str = ""
    """Why the check is suppressed."""


@dataclass(frozen=True)
class CheckovReport:
    """The results of Checkov for the templates of some stacks."""

    version: str
    stacks: tuple[str, ...]
    resources: int
    """The number of checked resources."""
    results: tuple[CheckovResult, ...]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The number of passed, failed and skipped checks."""
        return Counter(result.result for result in self.results)

    @property
    def failed(self) -> tuple[CheckovResult, ...]:
        """The failed checks that are not suppressed."""
        return tuple(result for result in self.results if result.result == "failed")

    @property
    def unused_suppressions(self) -> tuple[str, ...]:
        """The ids of suppressed checks that Checkov skipped for no resource, without those that only a resource's own
        tag or setting asks for: few estates have one."""
        used = {result.check for result in self.results if result.result == "skipped"}
        return tuple(s.check for s in suppressions() if s.check not in used and not (s.tagged or s.having))

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON."""
        return {
            "version": self.version, "stacks": list(self.stacks), "resources": self.resources,
            "counts": {result: self.counts[result] for result in ("passed", "failed", "skipped")},
            "findings": [vars(result) for result in self.results if result.result != "passed"],
        }  # fmt: skip


def scan(plans: Sequence[Plan], program: Path = PROGRAM) -> CheckovReport:
    """Return Checkov's results for the templates of these plans.

    Raises `Failed` unless it checked every resource with every custom check on its type.
    """
    found = suppressions()
    parts = {file: part for plan in plans for file, part in _parts(with_skips(template(plan), plan, found), plan.stack)}
    with TemporaryDirectory(prefix="sde-checkov-") as folder:
        for file, part in parts.items():
            (Path(folder) / file).write_text(json.dumps(part), encoding="utf-8")
        report = run_checkov(Path(folder), program)
    _require_complete(report, parts)
    return CheckovReport(
        str(report["summary"]["checkov_version"]),
        tuple(plan.stack for plan in plans),
        sum(len(part["resources"]) for part in parts.values()),
        tuple(_result(record, result) for result in ("passed", "failed", "skipped")
              for record in report["results"][f"{result}_checks"]),
    )  # fmt: skip


def _parts(template_: Template, stack: str) -> list[tuple[str, Template]]:
    """Split a template so that no part has two resources of one type and name: Checkov would skip one."""
    parts: list[dict[str, Any]] = []
    for resource in template_["resources"]:
        key = f"{resource['type']}.{resource['name']}".lower()
        part = next((p for p in parts if key not in p), None)
        if part is None:
            parts.append(part := {})
        part[key] = resource
    return [(f"{stack}.{i}.json", {**template_, "resources": list(part.values())}) for i, part in enumerate(parts)]


def run_checkov(folder: Path, program: Path = PROGRAM, options: Sequence[str] = ()) -> Mapping[str, Any]:
    """Return Checkov's report on the templates in a folder, without downloads. Raises `Failed` if the run fails."""
    # Variables of the caller could turn checks off, or connect Checkov to its vendor's service.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CKV_", "BC_", "PRISMA_", "CHECKOV_"))}
    with TemporaryDirectory(prefix="sde-checks-") as custom:
        command = [str(program), "--framework", "arm", "-d", str(folder), "--external-checks-dir",
                   str(write_checks(Path(custom))), "-o", "json", "--compact", *options]  # fmt: skip
        try:
            completed = subprocess.run(  # noqa: S603 - our own script
                command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False, cwd=folder,
                env=environment | {"LOG_LEVEL": "ERROR"},
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failed(f"Checkov could not be run: {type(error).__name__}") from None
    if completed.returncode not in COMPLETE_EXIT_CODES or "Cannot load external check" in completed.stderr:
        raise Failed(f"Checkov ended with {completed.returncode}:\n{completed.stderr[-2_000:]}")
    try:
        report = json.loads(completed.stdout)
    except ValueError:
        raise Failed("Checkov's report is not JSON.") from None
    if not isinstance(report, dict) or report.get("check_type") != "arm":
        raise Failed("Checkov scanned no ARM template.")
    return report


def _require_complete(report: Mapping[str, Any], parts: Mapping[str, Template]) -> None:
    """Raise `Failed` unless every resource was checked by every custom check on its type."""
    summary = report["summary"]
    exported = sum(len(part["resources"]) for part in parts.values())
    if summary["parsing_errors"] or summary["resource_count"] != exported:
        raise Failed(f"Checkov read {summary['resource_count']:,} of {exported:,} resources, and could not parse "
                     f"{summary['parsing_errors']} files.")  # fmt: skip
    checked = {(r["check_id"], _file(r), r["resource"]) for key in ("passed", "failed", "skipped")
            for r in report["results"][f"{key}_checks"]}  # fmt: skip
    expected = {
        (check["id"], file, f"{r['type']}.{r['name']}")
        for check in checks() for file, part in parts.items() for r in part["resources"] if r["type"] in check["on"]
    }  # fmt: skip
    missing = sorted(expected - checked)
    if missing:
        raise Failed(f"Checkov did not run {missing[0][0]} on {missing[0][2]}, nor {len(missing) - 1:,} other checks.")


def _file(record: Mapping[str, Any]) -> str:
    return str(record["file_path"]).lstrip("/")


def _result(record: Mapping[str, Any], result: str) -> CheckovResult:
    reason = record["check_result"].get("suppress_comment") or ""
    stack = _file(record).rsplit(".", 2)[0]
    return CheckovResult(record["check_id"], record["check_name"], result, stack, record["resource"], reason)
