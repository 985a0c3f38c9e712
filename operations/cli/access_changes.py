"""What a plan does to who can read, write or reach which data: a section of a preview, only if something changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from formats.errors import SdeError
from formats.plan import Plan
from formats.stack_config import TenancyConfig, is_kind
from operations.access.diff import NO_CHANGE, AccessDiff, access_diff
from operations.access.people import People, names_across
from operations.access.relevance import may_change_access
from operations.cli.output import Output, printable
from operations.diffs.terminal import ACCESS
from operations.ledger.entry import Result
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
    earlier = _Earlier.of(plan, neighbours, records)
    if not plan.changes and earlier.config.get(plan.stack) in (None, configs.get(plan.stack)):
        return NO_CHANGE
    compare = partial(access_diff, configs=configs, configs_before=earlier.beside(configs), former_names=earlier.names)
    if not may_change_access(plan):
        return compare([plan], [plan])
    left_out = _left_out(plan, neighbours, configs, cache)
    others = [found.load() for found in neighbours.deployed if found.name not in left_out]
    before = [found.load() for found in neighbours.before]
    return compare([*others, *before], [*others, plan], with_flows=with_flows, cache=cache.flows)


def names_of(
    plan: Plan, neighbours: Neighbours, configs: Mapping[str, StackConfig], records: RecordsOf
) -> Mapping[str, str]:
    """Return the names of the groups before and after a plan, by object id. The arguments are those of
    `access_changes`."""
    if not plan.changes:
        return People(configs).names
    earlier = _Earlier.of(plan, neighbours, records)
    return names_across(People(earlier.beside(configs), earlier.names), People(configs))


@dataclass(frozen=True)
class _Earlier:
    """The configuration of a deployed stack before a plan, from the ledger; empty if the ledger cannot be read."""

    config: Mapping[str, StackConfig] = field(default_factory=dict)
    """The configuration in the stack's last change, by the stack's name; empty if it is not known."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the groups in its last successful `up`, by object id: a failed one may have left their rights."""

    @classmethod
    def of(cls, plan: Plan, neighbours: Neighbours, records: RecordsOf) -> _Earlier:
        """Return the earlier configuration of the plan's stack; an empty one if the stack is not deployed."""
        if not neighbours.before:
            return cls()
        try:
            found = records(plan.cloud)
            done = found.until(plan.stack, None)
            last = found.config(done)
            succeeded = [c for c in done if c.result is Result.SUCCEEDED and c.entry.command == "up"]
            former = last if done and done[-1] in succeeded else found.config(succeeded)
        except SdeError:  # a configuration only helps to name groups
            return cls()
        return cls({plan.stack: last} if last else {}, People({plan.stack: former}).names if former else {})

    def beside(self, configs: Mapping[str, StackConfig]) -> Mapping[str, StackConfig]:
        """Return the configurations of the estate as they were for this stack."""
        return {**configs, **self.config}


def attach_meaning(recorder: Recorder, estate_state: EstateState, stack: Stack, plan: Plan) -> None:
    """Keep in the ledger what a destroy means, and what it does to access, beside the deployed states.

    No policy is evaluated, and forbidden flows are not compared. In a large estate other tenancies are left out,
    as in `access_changes_of`. Where a state cannot be read, the ledger keeps no changes of access: a destroy does not
    depend on it.
    """
    from operations.diffs.stack_diff import stack_diff  # noqa: PLC0415 - imports the policies
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
