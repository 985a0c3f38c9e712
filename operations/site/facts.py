"""What the report is made from: deployed stacks, the verdict of the policies, access, flows, and the ledger's changes.

It is all that the pages know. A page shows a fact or what follows from it, never a file or the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from formats.plan import Plan
from formats.stack_config import StackConfig
from operations.access.view import AccessView
from operations.estate.approvals import ApprovedWay
from operations.estate.expiry import Expiry
from operations.estate.public_facts import PublicFacts
from operations.history.changes import ChangeRecord
from operations.history.kept import KeptAccess, KeptDiff, KeptPermit, KeptVerdict
from operations.prices.book import PriceBook
from operations.prices.estimate import StackPrice
from operations.site.change_history import ChangeHistory
from policies.exemptions import Exemption
from policies.reachability.allowed_flows import AllowedFlow
from policies.reachability.forbidden_flows import FlowReport, ForbiddenFlow
from policies.runner import Report


@dataclass(frozen=True)
class Approval:
    """A person's signed decision that a permit follows from."""

    digest: str
    person: str
    """The name on the roster; the object id of who is not on it any more."""
    role: str
    step: str
    time: str
    """UTC, as it was signed."""
    reason: str = ""


@dataclass(frozen=True)
class TenancyPermit:
    """The permit of a tenancy, as it is today."""

    is_valid: bool
    why_not: tuple[str, ...] = ()
    """In a sentence each, why there is none."""
    expires: date | None = None
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True)
class ActionPermitFact:
    """A permit of one action on one stack, such as the destruction of data."""

    action: str
    stack: str
    reason: str
    expires: str
    """UTC."""
    is_used: bool
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True)
class StackFacts:
    """One stack: what the estate says of it, and what is deployed."""

    name: str
    kind: str
    cloud: str
    cell: str
    requires: tuple[str, ...] = ()
    config: StackConfig | None = None
    """None for a stack that the estate's files do not name any more."""
    plan: Plan | None = None
    """Its state. None if it is not deployed."""
    is_orphaned: bool = False
    template: str | None = None
    public: PublicFacts | None = None
    expiries: tuple[Expiry, ...] = ()
    """The dates from which it cannot be changed, the earliest first."""
    ways: tuple[ApprovedWay, ...] = ()
    price: StackPrice | None = None
    """The idle price of what is deployed."""
    permit: TenancyPermit | None = None
    """None for what needs no permit."""


@dataclass(frozen=True)
class PersonEnd:
    """A day from which a person does not have what they need for their part in the estate any more."""

    person: str
    what: str
    """Such as `training`, `accreditation`, `the role data-owner` or `the entry in the roster`."""
    day: date
    """The first day without it, in UTC."""
    file: str
    stack: str = ""
    """The tenancy of the project that they work on; empty for the people of the SDE."""


@dataclass(frozen=True)
class ChangeFacts:
    """A change, a refusal or a use of break-glass, with what the ledger keeps of it."""

    record: ChangeRecord
    diff: KeptDiff | None = None
    access: KeptAccess | None = None
    verdict: KeptVerdict | None = None
    permit: KeptPermit | None = None
    allowed_by: tuple[Approval, ...] = ()
    """The decisions that its permits follow from, as far as the estate's folder has them."""
    unread: tuple[str, ...] = ()
    """What the ledger keeps of it and cannot be read, such as `diff`."""
    cloud: str = ""
    """The cloud whose ledger it is in. Empty where the report has one ledger, whose numbers are enough."""

    @property
    def path(self) -> str:
        """The path of its page."""
        return f"changes/{self.cloud}-{self.record.number}.html" if self.cloud else f"changes/{self.record.number}.html"


@dataclass(frozen=True)
class LedgerFacts:
    """The ledger of the runs in one cloud."""

    cloud: str
    name: str
    """The name in its key."""
    size: int
    root: str
    """The root of its Merkle tree, as hexadecimal digits."""
    problems: tuple[str, ...] = ()
    """Why it does not verify; empty if it does."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flows:
    """The forbidden flows with the numbers of their controls, and the flows that are allowed."""

    report: FlowReport
    exempt: Mapping[ForbiddenFlow, Exemption] = field(default_factory=dict)
    allowed: tuple[AllowedFlow, ...] = ()


@dataclass(frozen=True)
class SiteFacts:
    """All facts of the report."""

    organisation: str
    made: datetime
    """UTC. The facts are of this time."""
    version: str
    stacks: tuple[StackFacts, ...]
    """In dependency order, then orphaned ones. Also those that are not deployed."""
    policies: Report | None
    """The verdict on all deployed stacks; None where nothing is deployed."""
    access: AccessView
    flows: Flows | None
    """None where nothing is deployed."""
    changes: tuple[ChangeFacts, ...]
    """The latest first."""
    ledgers: tuple[LedgerFacts, ...]
    exemptions: tuple[Exemption, ...]
    """Those of the estate's file that are valid, the first to end first, used or not."""
    action_permits: tuple[ActionPermitFact, ...] = ()
    """Those that are valid now, and those that were used."""
    people: tuple[PersonEnd, ...] = ()
    """The ends of people on the roster, in requests and among the approvers, the first to end first."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the people of the SDE, by object id in lower case."""
    open_findings: tuple[str, ...] = ()
    """What a run should have deleted and what still exists, by the ledger."""
    notes: tuple[str, ...] = ()
    """What is not in the report, and why, in a sentence each."""
    price_book: PriceBook | None = None
    """The list prices that the prices of stacks are from."""

    @cached_property
    def deployed(self) -> Sequence[StackFacts]:
        """The deployed stacks."""
        return [one for one in self.stacks if one.plan]

    @cached_property
    def changes_by_number(self) -> Mapping[tuple[str, int], ChangeFacts]:
        """The changes by the cloud of their ledger, empty where the report has one, and their number."""
        return {(one.cloud, one.record.number): one for one in self.changes}

    @cached_property
    def history(self) -> ChangeHistory:
        """How the changes follow from each other."""
        return ChangeHistory(self.changes)

    @property
    def today(self) -> date:
        """The day of the report, in UTC."""
        return self.made.date()
