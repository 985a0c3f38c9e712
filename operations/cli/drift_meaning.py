"""The meaning of drift: the policy findings that it causes, and its effect on access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from formats.deployed_stack import DeployedStack
from formats.drift import of_cloud
from formats.errors import Refused
from formats.plan import Plan
from operations.access.diff import NO_CHANGE, AccessDiff
from operations.access.people import People
from operations.cli.access_changes import access_changes
from operations.cli.driftview import StackDrift
from operations.cli.estate_state import EstateState
from operations.cli.output import printable
from operations.cli.session import Session
from operations.diffs.stack_diff import stack_diff
from policies.plan_evaluation import OF_STACKS

if TYPE_CHECKING:
    from formats.stack_config import StackConfig
    from operations.cli.gate import Gate
    from operations.cli.stack_catalog import Stack
    from operations.diffs.model import StackDiff
    from policies.model import Finding
    from policies.runner import Report


@dataclass
class DriftMeaning:
    """Evaluates the resources as the cloud has them, not as the states have them, beside the states of other stacks."""

    session: Session
    estate_state: EstateState

    @cached_property
    def gate(self) -> Gate:
        """The gate, opened once. `Refused` or `InputError` where its catalogue or exemptions cannot be used."""
        return self.session.gate()

    def report(self, drifted: Mapping[str, Plan], stacks: Sequence[Stack]) -> Report:
        """Return the report on what the cloud has, by stack, without the blocking findings that the states have.

        `Refused` where the state of another stack cannot be read.
        """
        neighbours = self.estate_state.of([stack for stack in stacks if stack.name in drifted])
        before = self.gate.evaluate([found.load() for found in neighbours.before], neighbours=neighbours)
        after = self.gate.evaluate(list(drifted.values()), neighbours=neighbours)
        return _without(after, before)

    def diff(self, stack: Stack, found: StackDrift, report: Report) -> StackDiff:
        """Return what the drift of one stack means, and who can read, write or reach more or less than the state says.

        `Refused` where the state of another stack cannot be read.
        """
        drift, configs = of_cloud(_of(found)), self.session.configs([stack.name])
        neighbours = self.estate_state.of([stack])
        # What waits for its deletion does so before and after: no right is revoked by a drift.
        neighbours = replace(neighbours, before=tuple(map(_without_pending, neighbours.before)))
        access = access_changes(drift, neighbours, configs, self.gate.stacks, self.session.records)
        return _diff(drift, report, configs, access)

    def of_refresh(self, stack: Stack, found: StackDrift) -> tuple[Report, StackDiff]:
        """Return the report and the meaning of a drift that a state is to be updated with.

        A refresh is a way to repair a stack: if the state of another one cannot be read, this prints a warning and
        evaluates the stack alone.
        """
        gate, drift = self.gate, _of(found)
        try:
            report = self.report({stack.name: drift}, [stack])
            return report, self.diff(stack, found, report)
        except Refused as error:
            text = f"Evaluated without the other stacks, and without who can read what: {printable(error)}"
            self.session.output.say(text, style="yellow")
        own = self.estate_state.own(stack)
        before = gate.evaluate([own.load()] if own else [], scopes=OF_STACKS)
        report = _without(gate.evaluate([drift], scopes=OF_STACKS), before)
        return report, _diff(of_cloud(drift), report, self.session.configs([stack.name]))


def _diff(drift: Plan, report: Report, configs: Mapping[str, StackConfig], access: AccessDiff = NO_CHANGE) -> StackDiff:
    """Return what the drift of one stack means, with the findings of the report on this stack."""
    found = [finding for finding in report.findings if finding.stack == drift.stack]
    names = People(configs).names
    return stack_diff(drift, found, policies=report.policies, access=access or None, names=names)


def _of(found: StackDrift) -> Plan:
    assert found.drift is not None  # noqa: S101 - the cloud differs
    return found.drift


def _without_pending(deployed: DeployedStack) -> DeployedStack:
    return DeployedStack.of(of_cloud(deployed.load()))


def _without(report: Report, before: Report) -> Report:
    """Return a report without the blocking findings that an earlier one has."""
    known = set(map(_key, before.blocking))
    return replace(report, findings=tuple(f for f in report.findings if not f.verdict.blocks or _key(f) not in known))


def _key(finding: Finding) -> tuple[str, ...]:
    return finding.policy, finding.urn, finding.path, finding.message
