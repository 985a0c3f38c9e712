"""The record of evaluations of the whole estate, beside the stacks' states."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from formats.errors import InputError
from operations.settings import Settings, make_folder, write_whole
from policies.judged_runs import FOLDER, JudgedRuns
from policies.plan_evaluation import OF_ESTATE, Neighbours
from policies.runner import Report

if TYPE_CHECKING:
    from operations.cli.estate_state import EstateState
    from operations.cli.gate import Gate
    from operations.cli.stack_catalog import Stack


def judged_runs(settings: Settings) -> JudgedRuns:
    """Return the record: in the backend's folder, or in the local folder where the backend is remote."""
    return JudgedRuns((settings.backend_folder or settings.home) / FOLDER)


def judge_deployed(
    state: EstateState, gate: Gate, stacks: Sequence[Stack], settings: Settings, command: str
) -> list[Report]:
    """Evaluate the policies between stacks on the deployed estate of each cloud of some stacks; record the findings."""
    reports: list[Report] = []
    for cloud in dict.fromkeys(stack.cloud for stack in stacks):
        deployed = state.deployed(cloud)
        if deployed:
            reports.append(gate.evaluate(deployed, neighbours=Neighbours(), scopes=OF_ESTATE))
            _record(settings, reports[-1], command, [plan.stack for plan in deployed])
    return reports


def _record(settings: Settings, report: Report, command: str, stacks: Collection[str]) -> None:
    """Record the blocking findings between stacks, instead of those of an earlier run on the same stacks.

    `stacks`: all deployed stacks that were evaluated. `InputError` if the files cannot be written.
    """
    runs = judged_runs(settings)
    between = {policy.id for policy in report.policies.values() if policy.evaluation_scope in OF_ESTATE}
    found = [finding for finding in report.blocking if finding.policy in between]
    for file, text in runs.texts(command, datetime.now(UTC).replace(microsecond=0), stacks, found).items():
        try:
            if text:
                make_folder(file.parent)
                write_whole(file, text, mode=0o600)
            else:
                file.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(
                "The findings cannot be recorded.",
                file=str(file),
                found=error.strerror,
                fix="check the folder's rights",
            ) from None
