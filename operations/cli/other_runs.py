"""The stacks that other runs are changing at this moment, as the ledger has them.

Runs on several machines evaluate different stacks at the same time. Each records its intent before it changes anything,
and the ledger has one order: of two runs the later one finds the intent of the other, whose plan counts as deployed,
and evaluates again with it. So two stacks that are each permitted alone cannot come up together if they are not
permitted together, as within one run (`side_by_side.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from approvals.canonical import time_text
from formats.errors import Failed
from formats.plan import Plan
from operations.cli.estate_state import EstateState
from operations.cli.session import Session
from operations.ledger.entry import Entry, Kind

COMMANDS = ("up", "provision")
"""The commands whose plan is the state to which they bring a stack."""
LONGEST = timedelta(hours=2)
"""The longest time for which a change without a result counts as one that is being made. Later its state counts, which
cannot be read while the stack is locked."""


@dataclass
class OtherRuns:
    """The changes that other runs have begun and ended, for the evaluations of one run."""

    session: Session
    run: str
    """The id of this run in the ledger."""
    _read_to: dict[str, int] = field(default_factory=dict)
    """The size of each cloud's ledger as it was read last."""

    def update(self, cloud: str, states: EstateState, end: int | None = None) -> bool:
        """Count the plans of changes that other runs are making as deployed, and read the states of ended ones again.

        `end`: only what the ledger has before this entry. Return False if it has nothing new.
        """
        found = [(number, entry) for number, entry in self._new(cloud, end) if entry.run != self.run]
        ended = {entry.of for _, entry in found}
        for number, entry in found:
            for stack in self.session.known:
                if stack.name in entry.stacks and stack.cloud == cloud:
                    states.invalidate(stack)
                    if number not in ended and _makes_a_stack(entry):
                        states.record_plan(stack, self._plan(cloud, entry))
        return bool(found)

    def _new(self, cloud: str, end: int | None) -> Sequence[tuple[int, Entry]]:
        """Return the intents and results since the last call; at the first, those of the last hours."""
        ledger = self.session.ledger(cloud)
        first, size = self._read_to.get(cloud), ledger.size if end is None else end
        self._read_to[cloud] = size
        since = time_text(datetime.now(UTC) - LONGEST)
        found = ledger.changes_since(since) if first is None else ledger.changes(first)
        return [(number, entry) for number, entry in found if number < size]

    def _plan(self, cloud: str, entry: Entry) -> Plan:
        try:
            return Plan.from_json(self.session.ledger(cloud).kept(entry.objects["plan"]))
        except ValueError as error:
            raise Failed(f"The ledger is damaged: the plan of a change of {entry.stacks[0]}: {error}.\n"
                         "  fix:     scripts/sde ledger verify") from None  # fmt: skip


def _makes_a_stack(entry: Entry) -> bool:
    return entry.kind is Kind.INTENT and entry.command in COMMANDS and "plan" in entry.objects
