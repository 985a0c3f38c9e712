"""Checkov over the exported templates: its built-in checks, our custom ones, and what it may not be silent about.

Checkov passes what it has not seen: a template that it cannot read, a check that it cannot load, a resource that
another of the same name hides. So everything that went in must come out again, or the run is a failure.
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
LONGEST = 1_800
"""Seconds for a run; the shipped estate takes ten."""
ENDED = (0, 1)
"""Exit codes of a run that ended: nothing failed, or something did."""


@dataclass(frozen=True)
class Seen:
    """What Checkov said of one check on one resource."""

    check: str
    name: str
    result: str
    """`passed`, `failed` or `skipped`."""
    stack: str
    resource: str
    """Its ARM type and name."""
    reason: str = ""


@dataclass(frozen=True)
class CheckovReport:
    """What Checkov said of the templates of some stacks."""

    version: str
    stacks: tuple[str, ...]
    resources: int
    seen: tuple[Seen, ...]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many of each result."""
        return Counter(one.result for one in self.seen)

    @property
    def failed(self) -> tuple[Seen, ...]:
        """What failed and is not suppressed."""
        return tuple(one for one in self.seen if one.result == "failed")

    @property
    def idle(self) -> tuple[str, ...]:
        """The checks whose suppression nothing needed: it only waits to hide something."""
        used = {one.check for one in self.seen if one.result == "skipped"}
        return tuple(s.check for s in suppressions() if s.check not in used)

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON."""
        return {
            "version": self.version, "stacks": list(self.stacks), "resources": self.resources,
            "counts": {result: self.counts[result] for result in ("passed", "failed", "skipped")},
            "findings": [vars(one) for one in self.seen if one.result != "passed"],
        }  # fmt: skip


def scanned(plans: Sequence[Plan], program: Path = PROGRAM) -> CheckovReport:
    """What Checkov says of the templates of these plans, in one run. `Failed` where it did not see all of them."""
    found = suppressions()
    parts = {file: part for plan in plans for file, part in _parts(with_skips(template(plan), plan, found), plan.stack)}
    with TemporaryDirectory(prefix="sde-checkov-") as folder:
        for file, part in parts.items():
            (Path(folder) / file).write_text(json.dumps(part), encoding="utf-8")
        with TemporaryDirectory(prefix="sde-checks-") as custom:
            report = _run(program, folder, write_checks(Path(custom)))
    _refuse_gaps(report, parts)
    return CheckovReport(
        str(report["summary"]["checkov_version"]),
        tuple(plan.stack for plan in plans),
        sum(len(part["resources"]) for part in parts.values()),
        tuple(_seen(record, result) for result in ("passed", "failed", "skipped")
              for record in report["results"][f"{result}_checks"]),
    )  # fmt: skip


def _parts(whole: Template, stack: str) -> list[tuple[str, Template]]:
    """A template in as many parts as it takes for no two resources of a part to have one type and name: Checkov knows
    them by these alone, though they stand on different things."""
    parts: list[dict[str, Any]] = []
    for resource in whole["resources"]:
        key = f"{resource['type']}.{resource['name']}".lower()
        part = next((p for p in parts if key not in p), None)
        if part is None:
            parts.append(part := {})
        part[key] = resource
    return [(f"{stack}.{i}.json", {**whole, "resources": list(part.values())}) for i, part in enumerate(parts)]


def _run(program: Path, folder: str, custom: Path) -> Mapping[str, Any]:
    """Checkov's own report. It fetches nothing, and prints nothing that is no report."""
    command = [str(program), "--framework", "arm", "-d", folder, "--external-checks-dir", str(custom), "-o", "json",
               "--compact"]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CKV_", "BC_", "PRISMA_", "CHECKOV_"))}
    try:
        done = subprocess.run(  # noqa: S603 - our own script
            command, capture_output=True, text=True, timeout=LONGEST, check=False, cwd=folder,
            env=environment | {"LOG_LEVEL": "ERROR"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"Checkov could not be run: {type(error).__name__}") from None
    if done.returncode not in ENDED or "Cannot load external check" in done.stderr:
        raise Failed(f"Checkov ended with {done.returncode}:\n{done.stderr[-2_000:]}")
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise Failed("Checkov's report is no JSON.") from None
    if not isinstance(report, dict) or report.get("check_type") != "arm":
        raise Failed("Checkov scanned no ARM template.")
    return report


def _refuse_gaps(report: Mapping[str, Any], parts: Mapping[str, Template]) -> None:
    """Every resource was counted, no file was unreadable, and each custom check spoke of each resource of its types."""
    summary = report["summary"]
    wanted = sum(len(part["resources"]) for part in parts.values())
    if summary["parsing_errors"] or summary["resource_count"] != wanted:
        raise Failed(f"Checkov saw {summary['resource_count']:,} of {wanted:,} resources, and could not read "
                     f"{summary['parsing_errors']} files.")  # fmt: skip
    said = {(r["check_id"], _file(r), r["resource"]) for key in ("passed", "failed", "skipped")
            for r in report["results"][f"{key}_checks"]}  # fmt: skip
    asked = {
        (check["id"], file, f"{r['type']}.{r['name']}")
        for check in checks() for file, part in parts.items() for r in part["resources"] if r["type"] in check["on"]
    }  # fmt: skip
    missing = sorted(asked - said)
    if missing:
        raise Failed(f"Checkov did not ask {missing[0][0]} of {missing[0][2]}, nor of {len(missing) - 1:,} others.")


def _file(record: Mapping[str, Any]) -> str:
    return str(record["file_path"]).lstrip("/")


def _seen(record: Mapping[str, Any], result: str) -> Seen:
    reason = record["check_result"].get("suppress_comment") or ""
    stack = _file(record).rsplit(".", 2)[0]
    return Seen(record["check_id"], record["check_name"], result, stack, record["resource"], reason)
