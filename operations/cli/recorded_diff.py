"""The diff between two changes of a stack that the ledger has, from the plans that it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from formats.errors import InputError
from formats.plan import Plan
from formats.plan_comparison import compare, empty, state_after
from formats.stack_config import StackConfig, TenancyConfig, is_kind
from operations.access.diff import AccessDiff, access_diff
from operations.access.people import People, names_across
from operations.access.records import Change, Present, Records
from operations.access.relevance import may_change_access
from operations.cli.access_changes import FEW
from operations.diffs.stack_diff import stack_diff
from operations.ledger.entry import Result
from policies.model import Finding, Verdict
from policies.rules import load

if TYPE_CHECKING:
    from operations.diffs.model import StackDiff
    from operations.ledger.ledger import Ledger

_BESIDE_SHARED = "Access is compared beside the shared stacks alone, as there are many stacks."
_EXEMPT = {"verdict": Verdict.EXEMPT.value}


@dataclass(frozen=True)
class RecordedDiff:
    """What two changes, and those between them, changed together."""

    plan: Plan
    diff: StackDiff
    details: tuple[str, ...]


def recorded_diff(
    records: Records, stack: str, first: int | None, last: int | None, configs: Mapping[str, StackConfig]
) -> RecordedDiff:
    """Return what the changes after `first` up to `last` did to a stack.

    By default `last` is the stack's last change, and `first` the one before it that succeeded; without one, there was
    nothing. `configs`: of the estate today, which name the groups that the ledger does not name.
    `InputError` for a number that is no change of the stack, and where the ledger does not keep its plan.
    """
    changes = {change.number: change for change in records.changes(stack) if "plan" in change.entry.objects}
    if not changes:
        raise InputError("The ledger has no change of this stack.", found=stack, fix="scripts/sde history")
    new = _chosen(changes, max(changes) if last is None else last, "--to")
    earlier = [n for n, change in changes.items() if n < new.number and change.result is Result.SUCCEEDED]
    old = (
        None if first is None and not earlier else _chosen(changes, max(earlier) if first is None else first, "--from")
    )
    if old and old.number > new.number:
        raise InputError("The first change is later than the last.", key="--from", found=old.number,
                         allowed=f"at most {new.number}")  # fmt: skip
    after = _plan(records, new)
    before = _plan(records, old) if old else empty(after)
    plan = compare(before, after)
    of_old = _config(records, old) if old else {}
    names = names_across(People({**configs, **of_old}), People({**configs, **_config(records, new)}))
    # In what the earlier plan left, ids that Azure chose are unknown; the plan after it knows them.
    known = records.state_after(old, Present()).plan if old and old.ended else None
    access, limits = _access(records, new, known or state_after(before), plan, (configs, of_old))
    start = f"From {old.words}" if old else "From nothing: the stack had no change before"
    diff = stack_diff(plan, _findings(records.ledger, new, plan), access=access or None, names=names)
    return RecordedDiff(plan, diff, (start, f"To {new.words}", *limits))


def _access(
    records: Records, new: Change, before: Plan, plan: Plan, configs: tuple[Mapping[str, StackConfig], ...]
) -> tuple[AccessDiff, Sequence[str]]:
    """Return what a plan did to access beside the other stacks as they were then, and the limits of that.

    `configs`: of the estate today, then that of the stack before.
    """
    earlier = {name: [c for c in records.changes(name) if c.ended and c.number < new.number] for name in records.stacks}
    others = {name: done[-1] for name, done in earlier.items() if done and name != plan.stack}
    is_large = len(others) > FEW
    compared = {n: c for n, c in others.items() if not is_large or not is_kind(n, TenancyConfig)}
    found = [records.state_after(change, Present()) for change in compared.values()] if may_change_access(plan) else []
    beside = [one.plan for one in found if one.plan]
    then = {n: c for change in (*compared.values(), new) for n, c in _config(records, change).items()}
    known = {**configs[0], **then}
    diff = access_diff([*beside, before], [*beside, plan], configs=known, configs_before={**known, **configs[1]},
                       with_flows=not is_large)  # fmt: skip
    limits = [f"{name}: {one.doubt}." for name, one in zip(compared, found, strict=False) if one.doubt]
    return diff, [*limits, *([_BESIDE_SHARED] if is_large else [])]


def _config(records: Records, change: Change) -> Mapping[str, StackConfig]:
    config = records.config([change])
    return {change.entry.stacks[0]: config} if config else {}


def _chosen(changes: Mapping[int, Change], number: int, key: str) -> Change:
    if number not in changes:
        raise InputError("This is no change of the stack with a plan in the ledger.", key=key, found=number,
                         allowed=", ".join(map(str, list(changes)[-20:])), fix="scripts/sde history")  # fmt: skip
    return changes[number]


def _plan(records: Records, change: Change) -> Plan:
    plan = records.plan(change)
    assert plan is not None  # noqa: S101 - a chosen change has one
    return plan


def _findings(ledger: Ledger, change: Change, plan: Plan) -> list[Finding]:
    """Return what the policies found on the last change, as far as the ledger keeps it: what blocks or is exempt."""
    if "verdict" not in change.entry.objects:
        return []
    kept: dict[str, Any] = ledger.kept(change.entry.objects["verdict"])
    exempt = [{**one, **_EXEMPT, "name": one["resource"]} for one in kept["exemptions"]]
    resources = {resource.name: resource for resource in plan.resources}
    found = [one for one in (*kept["blocking"], *exempt) if one["name"] in resources and one["policy"] in load()]
    return [
        Finding(one["policy"], Verdict(one["verdict"]), resources[one["name"]].urn, resources[one["name"]].type,
                one["name"], plan.stack, one.get("path", ""), one.get("message", ""))
        for one in found
    ]  # fmt: skip
