"""The readable diff of a stack on the terminal, and as an event."""

from __future__ import annotations

from rich.text import Text

from formats.plan import Plan
from operations.cli.output import Output
from operations.cli.planview import show_counts, width_of
from operations.diffs.model import StackDiff
from operations.diffs.terminal import lines


def show(diff: StackDiff, plan: Plan, output: Output) -> None:
    """Print the changes by meaning, then the number of resources for each operation."""
    output.emit({"event": "diff", "stack": plan.stack, "diff": diff.to_json()})
    for line in lines(diff, width_of(output) - 2):
        output.say(Text("  ") + line)
    show_counts(plan, output)
