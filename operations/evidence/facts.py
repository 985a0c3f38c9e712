"""The facts of an evidence pack: the verdicts on the deployed estate, its flows, and extracts of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from formats.stack_config import StackConfig
from operations.evidence.ledger_extract import LedgerExtract
from policies.reachability.forbidden_flows import FlowReport
from policies.runner import Report


@dataclass(frozen=True)
class StackFact:
    """One stack of the estate."""

    name: str
    config: StackConfig | None
    """Its configuration; None for a stack that the estate's files do not name any more."""
    is_deployed: bool
    is_due: bool = True
    """False for what need not be deployed: without a permit, or past its end."""


@dataclass(frozen=True)
class FlowFacts:
    """The analysed flows of the estate, with their certificate."""

    report: FlowReport
    certificate: str


@dataclass(frozen=True)
class Facts:
    """All facts of a pack."""

    organisation: str
    made: datetime
    """UTC, in whole seconds. The only time in the pack that is of its making."""
    version: str
    stacks: tuple[StackFact, ...]
    report: Report
    """The verdict of the policies on all deployed stacks together."""
    flows: FlowFacts | None = None
    """None if no claim rests on them."""
    ledger: LedgerExtract | None = None
    """None where the ledger has no entries."""
    state_problems: Mapping[str, str] = field(default_factory=dict)
    """The stacks whose present state does not follow from the ledger, each with the reason."""
    notes: tuple[str, ...] = ()
    """What else a reader has to know, in a sentence each."""

    @property
    def configs(self) -> Mapping[str, StackConfig]:
        """The configuration of each stack that the estate's files name and that is due."""
        return {one.name: one.config for one in self.stacks if one.config and one.is_due}
