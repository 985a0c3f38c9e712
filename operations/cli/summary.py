"""The summary of a command: resources, changes and duration of each stack, and further commands."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.table import Table
from rich.text import Text

from formats.plan import Operation, has_changes
from operations.cli.output import Output, printable
from operations.cli.planview import NOTHING
from operations.cli.text import DONE, SYMBOLS, plural, span
from operations.engine.port import Outcome

SHOWN = (Operation.CREATE, Operation.IMPORT, Operation.UPDATE, Operation.REPLACE, Operation.DELETE, Operation.SAME)
ALWAYS = (Operation.CREATE, Operation.UPDATE, Operation.DELETE, Operation.SAME)


@dataclass
class Summary:
    """Gathers the outcomes of one command."""

    outcomes: list[Outcome] = field(default_factory=list)
    output_changes: dict[str, int] = field(default_factory=dict)
    """The number of outputs that each stack's plan adds, changes or removes."""
    started: float = field(default_factory=time.monotonic)
    destroyed: bool = False
    workers: int = 1
    """The most stacks at the same time."""
    checked: dict[str, float] = field(default_factory=dict)
    """The seconds that the evaluation of the policies took, by stack; the key of the whole estate is empty."""

    @property
    def changed(self) -> bool:
        """True if any resource or output was changed."""
        if any(self.output_changes.get(o.stack) for o in self.outcomes):
            return True
        return any(has_changes(o.counts) for o in self.outcomes)

    @contextmanager
    def checking(self, stack: str = "") -> Iterator[None]:
        """Count the time of the block as that of the policies."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.checked[stack] = self.checked.get(stack, 0.0) + time.monotonic() - began

    def show(self, output: Output) -> None:
        """Print the summary table, then the totals or that nothing changed."""
        seconds = time.monotonic() - self.started
        output.emit({"event": "summary", "changed": self.changed, "seconds": round(seconds, 3),
                     "policies_seconds": round(sum(self.checked.values()), 3),
                     "stacks": [_record(o, self.output_changes.get(o.stack, 0)) for o in self.outcomes]})  # fmt: skip
        if not self.outcomes:
            return
        output.say()
        output.text_console.print(self._table())
        if not self.changed:
            where = "in any stack" if len(self.outcomes) > 1 else f"in {self.outcomes[0].stack}"
            output.say(NOTHING.removesuffix(".") + f" {where}. ({self._spent(seconds)})", style="green")
            return
        resources = plural(sum(o.resources for o in self.outcomes), "resource")
        output.say(f"{plural(len(self.outcomes), 'stack')}, {resources}, {self._spent(seconds)}", style="bold")
        if not self.destroyed and not output.quiet and all(map(_is_new, self.outcomes)):
            _further_commands(self.outcomes, output)

    def _spent(self, seconds: float) -> str:
        """Return what the time of the command was spent on."""
        checked, deployed = sum(self.checked.values()), sum(one.seconds for one in self.outcomes)
        if not checked:
            return span(seconds)
        if self.workers > 1:
            beside = f"beside that up to {self.workers} stacks at the same time"
            return f"{span(seconds)}: policies {span(checked)}, {beside}"
        others = max(0.0, seconds - checked - deployed)
        parts = f"deployment {span(deployed)}, policies {span(checked)}, planning and start {span(others)}"
        return f"{span(seconds)}: {parts}"

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
        table.add_column("stack", overflow="fold")
        table.add_column("resources", justify="right")
        columns = [op for op in SHOWN if op in ALWAYS or any(o.counts.get(op.value) for o in self.outcomes)]
        for operation in columns:
            table.add_column("same" if operation is Operation.SAME else DONE[operation], justify="right")
        table.add_column("deleted in" if self.destroyed else "deployed in", justify="right")
        if self.checked:
            table.add_column("policies in", justify="right")
        for outcome in self.outcomes:
            checked = [span(self.checked.get(outcome.stack, 0.0))] if self.checked else []
            table.add_row(printable(outcome.stack), f"{outcome.resources:,}", *_cells(outcome.counts, columns),
                          span(outcome.seconds), *checked)  # fmt: skip
        if whole := self.checked.get(""):
            table.add_row("the whole estate", *[""] * (len(columns) + 2), span(whole))
        return table


def _is_new(outcome: Outcome) -> bool:
    """Return True if a stack was created from nothing."""
    return {name for name, count in outcome.counts.items() if count} == {Operation.CREATE.value}


def _cells(counts: Mapping[str, int], columns: list[Operation]) -> list[Text]:
    def cell(operation: Operation) -> Text:
        count = counts.get(operation.value, 0)
        return Text(f"{count:,}", SYMBOLS[operation][1] if count else "dim")

    return [cell(operation) for operation in columns]


def _further_commands(outcomes: list[Outcome], output: Output) -> None:
    first = outcomes[0].stack
    output.say("\nWhere to look next", style="bold")
    commands = (
        ("scripts/sde stacks", "every stack, its state and the stacks it requires"),
        (f"scripts/sde outputs {first}", "the outputs of a stack"),
        ("scripts/sde preview --all", "the effect of a change in estate/"),
        (f"scripts/sde export arm {first} -o -", "a stack as an ARM template"),
        ("docs/platform-team.md", "how to deploy to real Azure"),
    )
    width = max(len(command) for command, _ in commands)
    for command, purpose in commands:
        output.say(f"  {command:<{width}}  {purpose}")


def _record(outcome: Outcome, output_changes: int) -> dict[str, object]:
    return {
        "stack": outcome.stack,
        "resources": outcome.resources,
        "counts": dict(outcome.counts),
        "seconds": round(outcome.seconds, 3),
        "output_changes": output_changes,
        "outputs": dict(sorted(outcome.outputs.items())),
    }
