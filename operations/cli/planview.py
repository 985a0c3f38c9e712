"""A plan as text: a line for each changed resource, then its changed properties with old and new values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.text import Text

from formats.plan import Operation, Plan, PlannedResource
from formats.property_changes import ChangeKind, PropertyChange, property_changes
from operations.cli.output import Output, printable
from operations.cli.text import SYMBOLS, kind_of, plural, shown

_WIDTH = 300
_MAX_KINDS = 6
"""Kinds of resources that the brief line of a new stack names."""
NOTHING = "Nothing to change."
_TO = {
    Operation.CREATE: "to create",
    Operation.IMPORT: "to import",
    Operation.UPDATE: "to update",
    Operation.REPLACE: "to replace",
    Operation.DELETE: "to delete",
}


def show(plan: Plan, output: Output, *, brief: bool = False) -> None:
    """Print the changes of a plan. `brief` counts the resources of a new stack instead of listing them."""
    output.say(Text.assemble(("\n" + printable(plan.stack), "bold"), ("  on ", "dim"), _cloud(plan.cloud)))
    if not plan.changes:
        output.say("  " + NOTHING, style="green")
        return
    if brief and all(r.operation is Operation.CREATE for r in plan.changes):
        output.say(_kinds(plan), style="dim")
    else:
        _list(plan, output)
    output.say(Text.assemble("  ", summary(plan)))


def summary(plan: Plan) -> Text:
    """Return the number of resources for each operation."""
    counted = [(plan.counts.get(operation, 0), operation) for operation in _TO]
    parts = [Text(f"{count:,} {_TO[op]}", SYMBOLS[op][1]) for count, op in counted if count]
    unchanged = plan.counts.get(Operation.SAME, 0)
    return Text(", ").join([*parts, *([Text(f"{unchanged:,} unchanged", "dim")] if unchanged else [])])


def forbidden(plan: Plan) -> list[PlannedResource]:
    """Return the protected resources that the plan would delete or replace."""
    return [r for r in plan.resources if r.protect and r.operation.destroys]


def named(resources: Iterable[PlannedResource]) -> str:
    """Return the resources for a message, one per line."""
    return "\n".join(
        f"  {SYMBOLS[r.operation][0]} {kind_of(r.type)} {printable(r.name)}{_reason(r)}" for r in resources
    )


def _list(plan: Plan, output: Output) -> None:
    width = output.text_console.width if output.text_console.is_terminal else _WIDTH
    for resource in plan.changes:
        output.say(_line(resource))
        for change in changes_of(resource):
            output.say(Text("      ") + difference(change, width - 6))


def _kinds(plan: Plan) -> str:
    """Return the most frequent kinds of a new stack: `3 subnets, 2 storage accounts, and 9 other kinds`."""
    counted = Counter(kind_of(r.type) for r in plan.changes if r.custom).most_common()
    parts = [plural(count, kind) for kind, count in counted[:_MAX_KINDS]]
    rest = len(counted) - len(parts)
    return "  " + ", ".join([*parts, *([f"and {plural(rest, 'other kind')}"] if rest else [])])


def _cloud(cloud: str) -> Text:
    return Text("the local Azure", "cyan") if cloud == "local" else Text("Azure", "bold blue")


def _line(resource: PlannedResource) -> Text:
    symbol, style = SYMBOLS[resource.operation]
    marks = ("  protected", "bold red") if resource.protect and resource.operation.destroys else ("", "")
    return Text.assemble(
        (f"  {symbol} ", style), (printable(resource.name), "bold"), (f"  {kind_of(resource.type)}", "dim"), marks
    )


def changes_of(resource: PlannedResource) -> tuple[PropertyChange, ...]:
    """Return the changed properties to show. Those of a new resource are not shown."""
    if resource.operation is Operation.CREATE:
        return ()
    return property_changes(resource.old_inputs, resource.inputs, resource.changed, resource.replaces)


def difference(change: PropertyChange, width: int) -> Text:
    """Return one change as a line: `tags.owner: "a" → "b"`. Values are cut so that the line fits the width."""
    path, room = printable(change.text) + ": ", width - len(change.text) - 2
    before, after = (shown(value, max(16, (room - 6) // 2)) for value in (change.before, change.after))
    forced = ("  forces replacement", "magenta") if change.replaces else ("", "")
    if change.kind is ChangeKind.ADDED:
        return Text.assemble(path, (f"+ {shown(change.after, max(16, room - 2))}", "green"), forced)
    if change.kind is ChangeKind.REMOVED:
        return Text.assemble(path, (f"- {shown(change.before, max(16, room - 2))}", "red"), forced)
    if change.kind is ChangeKind.REORDERED:
        return Text.assemble(path, ("order ", "yellow"), (before, "red"), " → ", (after, "green"), forced)
    if before == after:  # a default of the provider, or a secret: both values are shown alike
        return Text.assemble(path, ("changes", "yellow"), forced)
    return Text.assemble(path, (before, "red"), " → ", (after, "green"), forced)


def _reason(resource: PlannedResource) -> str:
    if not resource.replaces:
        return ""
    return f" (replaced because of {plural(len(resource.replaces), 'change')}: {', '.join(resource.replaces[:5])})"
