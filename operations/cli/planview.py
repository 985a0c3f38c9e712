"""A Plan as a person reads it: one line a resource, and under it each property that differs, from what to what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from rich.text import Text

from formats.plan import Operation, Plan, PlannedResource
from operations.cli.output import Output, printable
from operations.cli.text import SYMBOLS, at, kind_of, plural, shown

_WIDE = 300
_MOST = 6
"""Kinds of resources that a new stack's line names."""
NOTHING = "Nothing to change."
_TO = {
    Operation.CREATE: "to create",
    Operation.IMPORT: "to import",
    Operation.UPDATE: "to update",
    Operation.REPLACE: "to replace",
    Operation.DELETE: "to delete",
}


def show(plan: Plan, output: Output, *, brief: bool = False) -> None:
    """The plan's changes, and nothing of what stays. `brief` counts a new stack's resources instead of listing them."""
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
    """How many of each."""
    counted = [(plan.counts.get(operation, 0), operation) for operation in _TO]
    parts = [Text(f"{count:,} {_TO[op]}", SYMBOLS[op][1]) for count, op in counted if count]
    unchanged = plan.counts.get(Operation.SAME, 0)
    return Text(", ").join([*parts, *([Text(f"{unchanged:,} unchanged", "dim")] if unchanged else [])])


def forbidden(plan: Plan) -> list[PlannedResource]:
    """The protected resources that the plan would delete or replace."""
    return [r for r in plan.resources if r.protect and r.operation.destroys]


def named(resources: Iterable[PlannedResource]) -> str:
    """Resources on a line each, for a message."""
    return "\n".join(f"  {SYMBOLS[r.operation][0]} {kind_of(r.type)} {printable(r.name)}{_why(r)}" for r in resources)


def totals(plans: Iterable[Plan]) -> Mapping[str, int]:
    """The counts of several plans together, by operation."""
    counts: dict[str, int] = {}
    for plan in plans:
        for operation, count in plan.counts.items():
            counts[operation.value] = counts.get(operation.value, 0) + count
    return counts


def _list(plan: Plan, output: Output) -> None:
    room = output.words.width if output.words.is_terminal else _WIDE
    for resource in plan.changes:
        output.say(_line(resource))
        for path in resource.changed if resource.operation is not Operation.CREATE else ():
            output.say(_difference(resource, path, max(16, (room - len(path) - 14) // 2)))


def _kinds(plan: Plan) -> str:
    """What a new stack is mostly made of in the cloud: `3 subnets, 2 storage accounts, and 9 other kinds`."""
    counted = Counter(kind_of(r.type) for r in plan.changes if r.custom).most_common()
    parts = [plural(count, kind) for kind, count in counted[:_MOST]]
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


def _difference(resource: PlannedResource, path: str, width: int) -> Text:
    before, after = shown(at(resource.old_inputs or {}, path), width), shown(at(resource.inputs, path), width)
    forced = ("  forces replacement", "magenta") if path in resource.replaces else ("", "")
    if before == after:  # a default that the provider fills in, or a secret: the values say nothing
        return Text.assemble(f"      {printable(path)}: ", ("changes", "yellow"), forced)
    return Text.assemble(f"      {printable(path)}: ", (before, "red"), " → ", (after, "green"), forced)


def _why(resource: PlannedResource) -> str:
    if not resource.replaces:
        return ""
    return f" (replaced because of {plural(len(resource.replaces), 'change')}: {', '.join(resource.replaces[:5])})"
