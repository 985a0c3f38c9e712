"""The stacks that read an output which a plan removes or changes.

The reasons are in docs/decisions/0009-outputs-are-part-of-a-plan.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from formats.errors import Refused
from formats.plan import Plan
from formats.stack_reads import AffectedOutput, Effect, affected_outputs
from operations.cli.output import Output, printable

_MOST = 20
"""The number of readers that a line names. The rest are counted; `--json` has all."""


def show_readers(plan: Plan, others: Iterable[Plan], output: Output) -> Sequence[AffectedOutput]:
    """Print the outputs that a plan removes or changes with the other stacks that read them, and return them."""
    affected = affected_outputs(plan, others)
    if affected:
        outputs = [{"path": a.path, "effect": a.effect.value, "readers": list(a.readers)} for a in affected]
        output.emit({"event": "outputs-read", "stack": plan.stack, "outputs": outputs})
    for one in affected:
        output.say(f"  ! {_line(one)}", style="red" if one.effect is Effect.REMOVED else "yellow")
    return affected


def refuse_removed(affected: Iterable[AffectedOutput]) -> None:
    """Raise `Refused` if a deployed stack reads an output that is removed."""
    removed = [one for one in affected if one.effect is Effect.REMOVED]
    if not removed:
        return
    lines = "\n".join(f"  {_line(one)}" for one in removed)
    readers = sorted({reader for one in removed for reader in one.readers})
    raise Refused(
        f"Deployed stacks read outputs that this would remove:\n{lines}\n"
        "  fix:     keep the outputs, or first bring up the stacks with programs that do not read them: "
        f"scripts/sde up {_names(readers, ' ')}"
    )


def _line(one: AffectedOutput) -> str:
    return f"{one.stack}: output {printable(one.path)} is {one.effect.value}; read by {_names(one.readers, ', ')}"


def _names(stacks: Sequence[str], separator: str) -> str:
    more = f" and {len(stacks) - _MOST:,} more" if len(stacks) > _MOST else ""
    return separator.join(map(printable, stacks[:_MOST])) + more
