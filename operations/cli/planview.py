"""A plan as text: a line for each changed resource, then its changed properties with old and new values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from rich.text import Text

from formats.errors import Refused
from formats.plan import Operation, Plan, PlannedOutput, PlannedResource
from formats.property_changes import ChangeKind, PropertyChange, changes_of, property_changes
from operations.cli.output import Output, printable
from operations.cli.text import SYMBOLS, kind_of, plural, shown

_WIDTH = 300
_MAX_KINDS = 6
"""Kinds of resources that the brief line of a new stack names."""
NOTHING = "Nothing to change."
WAITS = "waits for deletion: it exists until its delete succeeds"
_TO = {
    Operation.CREATE: "to create",
    Operation.IMPORT: "to import",
    Operation.UPDATE: "to update",
    Operation.REPLACE: "to replace",
    Operation.DELETE: "to delete",
}


def show(plan: Plan, output: Output, *, brief: bool = False) -> None:
    """Print the changes of a plan. `brief` counts the resources of a new stack instead of listing them."""
    heading(plan, output)
    if not plan.changes and not plan.output_changes:
        output.say("  " + NOTHING, style="green")
    elif is_brief(plan, brief=brief):
        output.say(_kinds(plan), style="dim")
        output.say(Text.assemble("  ", summary(plan)))
    else:
        show_changes(plan, output)


def show_changes(plan: Plan, output: Output) -> None:
    """Print each changed resource and output with its changed properties, and the numbers."""
    for resource in plan.changes:
        show_resource(resource, output)
    _list_outputs(plan, output)
    show_counts(plan, output)


def heading(plan: Plan, output: Output) -> None:
    """Print the stack and its cloud."""
    output.say(title(plan.stack, plan.cloud))


def is_brief(plan: Plan, *, brief: bool) -> bool:
    """Return True if the changes are not listed: there are none, or they are those of a new stack."""
    if not plan.changes and not plan.output_changes:
        return True
    return brief and bool(plan.changes) and all(r.operation is Operation.CREATE for r in plan.changes)


def show_counts(plan: Plan, output: Output) -> None:
    """Print the number of resources for each operation, and of changed outputs."""
    output.say(Text.assemble("  ", summary(plan), _outputs_counted(plan)))


def title(stack: str, cloud: str) -> Text:
    """Return the line above what is said of a stack."""
    return Text.assemble(("\n" + printable(stack), "bold"), ("  on ", "dim"), _cloud(cloud))


def show_resource(resource: PlannedResource, output: Output) -> None:
    """Print a changed resource, and a line for each changed property."""
    output.say(_line(resource))
    for change in changes_of(resource):
        output.say(Text("      ") + difference(change, width_of(output) - 6))


def summary(plan: Plan) -> Text:
    """Return the number of resources for each operation."""
    return counted(plan.counts) if plan.changes else Text("no resource changes")


def counted(counts: Mapping[Operation, int]) -> Text:
    """Return the number of resources for each operation: `1 to create, 4 to update, 12 unchanged`."""
    found = [(counts.get(operation, 0), operation) for operation in _TO]
    parts = [Text(f"{count:,} {_TO[op]}", SYMBOLS[op][1]) for count, op in found if count]
    unchanged = counts.get(Operation.SAME, 0)
    return Text(", ").join([*parts, *([Text(f"{unchanged:,} unchanged", "dim")] if unchanged else [])])


def forbidden(plan: Plan) -> list[PlannedResource]:
    """Return the protected resources that the plan would delete or replace."""
    return [r for r in plan.resources if r.protect and r.operation.destroys]


PERMITS = (
    "\n  permit:  what may be lost can be permitted in an estate with a route (docs/approvals.md, Permits of actions)"
)
PROTECTED = re.compile(r"[Pp]rotected resources")
"""In each refusal of a plan that deletes or replaces them."""
_KEY = "azure-native:keyvault:Key"
_KEY_ADVICE = """
  key:     Azure never changes a key. A rotation policy: az keyvault key rotation-policy update, from inside the
           network, then scripts/sde refresh {stack}. Type, size and release policy follow the data class: keep it, or
           deploy a new stack and move the data"""


def refuse_protected(stack: str, plan: Plan, released: Collection[str] = ()) -> None:
    """Raise `Refused` for a plan that deletes or replaces protected resources, but those that permits released."""
    found = [one for one in forbidden(plan) if one.urn not in released]
    if found:
        raise protected(stack, f"This would delete or replace protected resources:\n{named(found)}")


def protected(stack: str, problem: str) -> Refused:
    """Return the refusal of a plan that deletes or replaces protected resources, named with their types."""
    has_key = re.search(rf"(?m)^  (?:\S+ )?(?:{_KEY}|{kind_of(_KEY)}) ", problem) is not None
    return Refused(
        f"{stack}: {problem}" + (_KEY_ADVICE.format(stack=stack) if has_key else "")
        + "\n  fix:     undo the change that causes it" + PERMITS
    )  # fmt: skip


def named(resources: Iterable[PlannedResource]) -> str:
    """Return the resources for a message, one per line."""
    return "\n".join(
        f"  {SYMBOLS[r.operation][0]} {kind_of(r.type)} {printable(r.name)}{_reason(r)}" for r in resources
    )


def width_of(output: Output) -> int:
    return output.text_console.width if output.text_console.is_terminal else _WIDTH


def _list_outputs(plan: Plan, output: Output) -> None:
    """Print the outputs that are added, changed or removed."""
    if plan.output_changes:
        output.say("  outputs:")
    for one in plan.output_changes:
        symbol, style = SYMBOLS[one.operation]
        for line in _output_lines(one, width_of(output) - 6):
            output.say(Text(f"    {symbol} ", style) + line)


def _output_lines(one: PlannedOutput, width: int) -> list[Text]:
    """Return a line for an output, or one for each change inside it."""
    name = Text(printable(one.name), "bold")
    if one.operation is Operation.DELETE:
        return [name]
    if one.operation is Operation.CREATE:
        return [Text.assemble(name, ": ", shown(one.after, max(16, width - len(name) - 2)))]
    changes = property_changes({one.name: one.before}, {one.name: one.after}, one.changed)
    return [difference(change, width) for change in changes]


def _outputs_counted(plan: Plan) -> str:
    count = len(plan.output_changes)
    return f", {plural(count, 'output')} change{'s' if count == 1 else ''}" if count else ""


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
    waits = (f"  {WAITS}" if resource.pending_delete else "", "yellow")
    kind = (f"  {kind_of(resource.type)}", "dim")
    return Text.assemble((f"  {symbol} ", style), (printable(resource.name), "bold"), kind, waits, marks)


def difference(change: PropertyChange, width: int, *, path: str | None = None) -> Text:
    """Return one change as a line: `tags.owner: "a" → "b"`. Values are cut so that the line fits the width.

    `path` replaces the path and the colon.
    """
    start = printable(change.text) + ": " if path is None else path
    forced = Text("  forces replacement", "magenta") if change.replaces else Text()
    return Text(start) + _values(change, width - len(start)) + forced


def _values(change: PropertyChange, width: int) -> Text:
    before = shown(change.before, max(16, (width - 6) // 2))
    after = shown(change.after, max(16, width - 6 - len(before)))
    if change.kind is ChangeKind.ADDED:
        return Text(f"+ {shown(change.after, max(16, width - 2))}", "green")
    if change.kind is ChangeKind.REMOVED:
        return Text(f"- {shown(change.before, max(16, width - 2))}", "red")
    order = ("order ", "yellow") if change.kind is ChangeKind.REORDERED else ("", "")
    if before == after:  # a default of the provider, or a secret: both values are shown alike
        return Text.assemble(order, ("changes", "yellow"))
    return Text.assemble(order, (before, "red"), " → ", (after, "green"))


def _reason(resource: PlannedResource) -> str:
    if not resource.replaces:
        return ""
    return f" (replaced because of {plural(len(resource.replaces), 'change')}: {', '.join(resource.replaces[:5])})"
