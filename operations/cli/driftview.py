"""Drift as text and JSON: what differs between the cloud and the state, and between the state and the estate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.text import Text

from formats.drift import of_cloud
from formats.plan import Operation, Plan, PlannedResource
from operations.cli import planview
from operations.cli.output import Output, printable
from operations.cli.text import SYMBOLS, kind_of, plural

if TYPE_CHECKING:
    from operations.diffs.model import StackDiff

NOT_UP = "not up: the estate has it, and nothing is deployed."
ORPHANED = "The estate no longer has its request."
AS_STATE = "The cloud is as the state has it."
AS_ESTATE = "The state is as the estate has it."
GONE = "gone from the cloud"


@dataclass(frozen=True)
class StackDrift:
    """What differs of one stack."""

    stack: str
    cloud: str
    drift: Plan | None
    """The cloud against the state; None if the stack is not up."""
    plan: Plan | None = None
    """The state against the estate; None if there is none to compare with."""
    note: str = ""
    """What differs without a plan that says so."""

    @property
    def in_cloud(self) -> bool:
        """True if the cloud differs from the state."""
        return self.drift is not None and bool(of_cloud(self.drift).changes)

    @property
    def in_estate(self) -> bool:
        """True if the state differs from the estate's plan."""
        return self.plan is not None and bool(self.plan.changes or self.plan.output_changes)

    def without_equal_plans(self) -> StackDrift:
        """Return it without the resources of plans that change nothing: all of a large estate would fill the memory."""
        drift = self.drift if self.in_cloud or self.drift is None else replace(self.drift, resources=())
        plan = self.plan if self.in_estate or self.plan is None else replace(self.plan, resources=())
        return replace(self, drift=drift, plan=plan)

    @property
    def reason(self) -> str:
        """What differs, in a few words; empty if nothing does."""
        cloud = f"in the cloud {counted(self.drift)}" if self.drift and self.in_cloud else ""
        changes = len(self.plan.changes) + len(self.plan.output_changes) if self.plan else 0
        estate = f"{plural(changes, 'change')} to deploy" if changes else ""
        return "; ".join(filter(None, [cloud, estate, self.note.rstrip(".")]))

    @property
    def fix(self) -> str:
        """The commands with which the difference is looked at or undone."""
        if self.in_cloud:
            after = f"what up would do after scripts/sde refresh {self.stack}"
            return f"scripts/sde preview {self.stack} --refresh shows {after}"
        if self.note == ORPHANED:
            return f"restore its request, or scripts/sde destroy {self.stack}"
        return f"scripts/sde preview {self.stack}, then scripts/sde up {self.stack}"

    def to_json(self) -> dict[str, object]:
        """Return it as JSON, with both plans."""
        plans = {
            "drift": self.drift and of_cloud(self.drift).to_json(),
            "plan": self.plan and self.plan.to_json(),
        }
        return {"stack": self.stack, "differs": bool(self.reason), "reason": self.reason, **plans}


def show_stack(found: StackDrift, meant: StackDiff | None, output: Output) -> None:
    """Print what differs. `meant`: what the drift of the cloud means; None without one."""
    output.emit({"event": "drift", **found.to_json(), "diff": meant.to_json() if meant else None})
    output.say(planview.title(found.stack, found.cloud))
    if found.drift and meant:
        output.say("  The cloud differs from the state:", style="bold")
        for resource in of_cloud(found.drift).changes:
            if resource.operation is Operation.DELETE:
                output.say(_gone(resource))
        _say(meant, output)
        output.say("  " + counted(found.drift))
    elif found.drift is not None:
        output.say("  " + AS_STATE, style="green")
    if found.note:
        output.say(f"  {printable(found.note)}", style="yellow")
    if found.plan and found.in_estate:
        from operations.diffs.stack_diff import stack_diff  # noqa: PLC0415 - imports the policies

        output.say("  The state differs from the estate. Up would do this:", style="bold")
        _say(stack_diff(of_cloud(found.plan)), output)
        planview.show_counts(found.plan, output)
    elif found.plan:
        output.say("  " + AS_ESTATE, style="green")


def _say(diff: StackDiff, output: Output) -> None:
    from operations.diffs.terminal import lines  # noqa: PLC0415 - imports the policies

    for line in lines(diff, planview.width_of(output) - 4):
        output.say(Text("    ") + line)


def counted(drift: Plan) -> str:
    """Return the number of resources that differ: `5 resources differ, 2 are gone`."""
    found = of_cloud(drift).counts
    changed, gone = found.get(Operation.UPDATE, 0), found.get(Operation.DELETE, 0)
    parts = [f"{plural(changed, 'resource')} {'differs' if changed == 1 else 'differ'}"] if changed else []
    parts += [f"{gone:,} {'is' if gone == 1 else 'are'} gone"] if gone else []
    return ", ".join(parts)


def _gone(resource: PlannedResource) -> Text:
    symbol, style = SYMBOLS[Operation.DELETE]
    name, kind = printable(resource.name), kind_of(resource.type)
    return Text.assemble((f"  {symbol} ", style), (name, "bold"), (f"  {kind}", "dim"), f"  {GONE}")
