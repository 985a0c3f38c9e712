"""What a plan does to who can read, write or reach which data: a section of a preview, only if something changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from formats.errors import SdeError
from formats.plan import Plan
from formats.stack_config import TenancyConfig, is_kind
from operations.access.diff import NO_CHANGE, AccessDiff, access_diff
from operations.access.relevance import may_change_access
from operations.cli.output import Output, printable
from operations.diffs.terminal import ACCESS
from policies.estate_evaluation import EstateEvaluation, deployed_stack, planned_stack
from policies.expected.staff import members
from policies.plan_evaluation import Neighbours, today
from policies.rules import load

if TYPE_CHECKING:
    from formats.stack_config import StackConfig
    from operations.access.records import Records
    from operations.cli.estate_state import EstateState
    from operations.cli.recorded import Recorder
    from operations.cli.stack_catalog import Stack
    from policies.stack_cache import StackCache

RecordsOf = Callable[[str], "Records"]
"""Called with a cloud."""
LISTED = 12
"""The most lines that are printed; `--json` has all."""
FEW = 8
"""With more other stacks than this, one of equivalent tenancies is compared for all of them."""


def access_changes_of(
    plan: Plan,
    neighbours: Neighbours,
    configs: Mapping[str, StackConfig],
    cache: StackCache,
    records: RecordsOf,
    *,
    alone: bool = False,
) -> AccessDiff:
    """Return what a plan changes, with a cache of stacks. `records`: of the ledger of a cloud.

    `alone`: the policies between stacks are evaluated on all stacks together. In a large estate, a plan is then
    compared beside the shared stacks alone, and the flows are left to these policies.
    """
    if not alone or len(neighbours.deployed) <= FEW:
        return access_changes(plan, neighbours, configs, cache, records)
    return access_changes(plan, _shared(neighbours), configs, cache, records, with_flows=False)


def access_changes(
    plan: Plan,
    neighbours: Neighbours,
    configs: Mapping[str, StackConfig],
    cache: StackCache,
    records: RecordsOf,
    *,
    with_flows: bool = True,
) -> AccessDiff:
    """Return what a plan changes. The states of the other stacks are read only if it touches what access depends on.

    A plan without changes can have groups with other names. `configs`: of the estate. `records`: of the ledger of a
    cloud, which has the configuration that named the groups before the change.
    """
    last = _last_config(plan, records) if neighbours.before else None
    if not plan.changes and last in (None, configs.get(plan.stack)):
        return NO_CHANGE
    configs_before = {**configs, plan.stack: last} if last else configs
    if not may_change_access(plan):
        return access_diff([plan], [plan], configs=configs, configs_before=configs_before)
    left_out = _left_out(plan, neighbours, configs, cache)
    others = [found.load() for found in neighbours.deployed if found.name not in left_out]
    before = [found.load() for found in neighbours.before]
    return access_diff(
        [*others, *before], [*others, plan], configs=configs, configs_before=configs_before, with_flows=with_flows
    )


def _last_config(plan: Plan, records: RecordsOf) -> StackConfig | None:
    """Return the last configuration of a stack that the ledger has; None without a ledger that can be read."""
    try:
        found = records(plan.cloud)
        return found.config(found.until(plan.stack, None))
    except SdeError:  # a configuration only helps to name groups
        return None


def attach_meaning(recorder: Recorder, estate_state: EstateState, stack: Stack, plan: Plan) -> None:
    """Keep in the ledger what a destroy means, and what it does to access, beside the deployed states.

    No policy is evaluated, and forbidden flows are not compared. In a large estate other tenancies are left out,
    as in `access_changes_of`. Where a state cannot be read, the ledger keeps no changes of access: a destroy does not
    depend on it.
    """
    from operations.access.people import People  # noqa: PLC0415 - imports the policies
    from operations.diffs.stack_diff import stack_diff  # noqa: PLC0415
    from policies.stack_cache import StackCache  # noqa: PLC0415

    session = recorder.session
    configs = session.configs([stack.name])
    recorder.attach(stack, "diff", stack_diff(plan, names=People(configs).names).to_json())
    try:
        beside = _shared(estate_state.of([stack]))
        found = access_changes(plan, beside, configs, StackCache(), session.records, with_flows=False)
    except SdeError as error:
        session.output.say(f"Who can read what afterwards is not recorded: {printable(error)}", style="yellow")
    else:
        if found:
            recorder.attach(stack, "access", found.to_json())


def _shared(neighbours: Neighbours) -> Neighbours:
    """Return them without other tenancies, if they are many."""
    if len(neighbours.deployed) <= FEW:
        return neighbours
    return replace(neighbours, deployed=tuple(d for d in neighbours.deployed if not is_kind(d.name, TenancyConfig)))


def _left_out(
    plan: Plan, neighbours: Neighbours, configs: Mapping[str, StackConfig], cache: StackCache
) -> frozenset[str]:
    """Return the tenancies for which the result of an equivalent one holds, before the change and after it."""
    if len(neighbours.deployed) <= FEW:
        return frozenset()
    evaluation = EstateEvaluation.of(load().values(), today(), cache, members=members(configs))
    others = list(map(deployed_stack, neighbours.deployed))
    before = evaluation.left_out([*others, *map(deployed_stack, neighbours.before)])
    return (before & evaluation.left_out([*others, planned_stack(plan)])) - {plan.stack}


def show_access_changes(stack: str, found: AccessDiff, output: Output) -> None:
    """Print the changes; nothing if there are none."""
    if not found:
        return
    output.emit({"event": "access-diff", "stack": stack, **found.to_json()})
    lines = found.lines()
    output.say(f"  {ACCESS}:", style="bold" if found.opens else None)
    for line in lines[:LISTED]:
        output.say(f"  {line}", style=_STYLES.get(line[0]))
    if len(lines) > LISTED:
        output.say(f"  and {len(lines) - LISTED:,} more: --json has all, and so has scripts/sde access afterwards",
                   style="dim")  # fmt: skip


_STYLES = {"+": "yellow", "-": "green", "!": "bold red"}
