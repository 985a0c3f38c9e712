"""The two views of a preview: each stack's plan and report, or one summary of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from formats.plan import Plan
from operations.cli import diffview, foldedview, planview, priceview
from operations.cli.kept_first_boot import KeptFirstBoot, show_kept_first_boots
from operations.cli.output import Output
from operations.cli.ways_out import NewWay, show_new_ways
from operations.diffs.folded_changes import fold
from operations.prices.book import PriceBook, load
from operations.prices.estimate import StackPrice, price_of, together
from operations.prices.ways import WayPart

if TYPE_CHECKING:
    from operations.access.diff import AccessDiff
    from operations.diffs.model import StackDiff
    from operations.estate import ApprovedWay
    from policies.runner import Report


NO_NAMES: Mapping[str, str] = {}


class PlanView(Protocol):
    """Shows the plans and policy reports of one command."""

    def plan(self, plan: Plan, ways: Sequence[ApprovedWay] = (), *, brief: bool = False) -> None:
        """Show the plan of a stack, which implements these ways."""

    def new_ways(self, found: Sequence[NewWay]) -> None:
        """Show the ways out of the estate that a plan opens."""

    def access(self, stack: str, found: AccessDiff) -> None:
        """Show what the plan of a stack does to who can read, write or reach which data."""

    def kept_first_boots(self, found: Sequence[KeptFirstBoot]) -> None:
        """Show the virtual machines that keep other settings of their first boot than the estate's."""

    def heading(self, text: str) -> None:
        """Show a heading above the next report."""

    def report(self, report: Report, names: Mapping[str, str] = NO_NAMES) -> None:
        """Show a policy report. `names`: of groups, by object id."""

    def without_report(self, stack: str) -> None:
        """Show the changes of a plan that cannot be evaluated."""

    def diff(self, stack: str) -> StackDiff | None:
        """Return the readable diff of a stack with its report; None without changes or a report."""

    def end(self) -> None:
        """Show what waits for the last plan and report."""


def show_access(stack: str, found: AccessDiff, output: Output) -> None:
    """Print what a plan does to access."""
    from operations.cli.access_changes import show_access_changes  # noqa: PLC0415 - imports the policies

    show_access_changes(stack, found, output)


class EachPlan:
    """Shows each plan and report as it is made.

    The changes are shown with the report, by their meaning, which rests on it. `by_resource`: shown with the plan
    instead, resource by resource.
    """

    def __init__(self, output: Output, *, by_resource: bool = False) -> None:
        self._output, self._by_resource = output, by_resource
        self._waiting: dict[str, tuple[Plan, StackPrice | None, bool]] = {}
        """The plans that have changes and no report yet, by stack, and True where it is to show them."""
        self._diffs: dict[str, StackDiff] = {}
        self._access: dict[str, AccessDiff] = {}

    def plan(self, plan: Plan, ways: Sequence[ApprovedWay] = (), *, brief: bool = False) -> None:
        """Print a heading, what is left to say where no report follows, and the stack's price."""
        price = None if brief else price_of(plan, self._prices, way_parts(ways))
        if self._output.json:
            record = {"price": price.to_json()} if price else {}
            self._output.emit({"event": "plan", "stack": plan.stack, "plan": plan.to_json(), **record})
        by_resource = self._by_resource or planview.is_brief(plan, brief=brief)
        if by_resource:
            planview.show(plan, self._output, brief=brief)
            self._show_price(price)
        else:
            planview.heading(plan, self._output)
        self._diffs.pop(plan.stack, None)
        if plan.changes or plan.output_changes:
            self._waiting[plan.stack] = plan, price, not by_resource

    def _show_price(self, price: StackPrice | None) -> None:
        if price:
            priceview.show(price, self._output)

    @cached_property
    def _prices(self) -> PriceBook:
        return load()

    def new_ways(self, found: Sequence[NewWay]) -> None:
        """Print them."""
        show_new_ways(found, self._output)

    def access(self, stack: str, found: AccessDiff) -> None:
        """Print it, or keep it for the changes that are shown with the report."""
        if stack in self._waiting:
            self._access[stack] = found
        else:
            show_access(stack, found, self._output)

    def kept_first_boots(self, found: Sequence[KeptFirstBoot]) -> None:
        """Print them."""
        show_kept_first_boots(found, self._output)

    def heading(self, text: str) -> None:
        """Print the heading."""
        self._output.say(f"\n{text}", style="bold")

    def report(self, report: Report, names: Mapping[str, str] = NO_NAMES) -> None:
        """Print what the changes of the evaluated stack mean, then the report."""
        from operations.cli.gate import show  # noqa: PLC0415 - imports the policies
        from operations.diffs.stack_diff import diff_of_report  # noqa: PLC0415

        for stack in report.stacks:
            if stack in self._waiting:
                plan, price, shown = self._waiting.pop(stack)
                access = self._access.pop(stack, None) or None
                self._diffs[stack] = diff_of_report(plan, report, price=price, access=access, names=names)
                if shown:
                    diffview.show(self._diffs[stack], plan, self._output)
                    self._show_price(price)
                elif access:
                    show_access(stack, access, self._output)
        show(report, self._output)

    def without_report(self, stack: str) -> None:
        """Print the changes by resource."""
        plan, price, shown = self._waiting.pop(stack, (None, None, False))
        if plan and shown:
            planview.show_changes(plan, self._output)
            self._show_price(price)

    def diff(self, stack: str) -> StackDiff | None:
        """Return the diff."""
        return self._diffs.get(stack)

    def end(self) -> None:
        """Do nothing: everything was printed."""


class AllPlans:
    """Shows the folded changes of all plans, and all reports as one, at the end."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._plans: list[Plan] = []
        self._parts: list[Sequence[WayPart]] = []
        self._reports: list[Report] = []
        self._new_ways: list[NewWay] = []
        self._kept: list[KeptFirstBoot] = []
        self._diffs: dict[str, StackDiff] = {}
        self._access: dict[str, AccessDiff] = {}

    def plan(self, plan: Plan, ways: Sequence[ApprovedWay] = (), *, brief: bool = False) -> None:
        """Keep the plan for the end."""
        del brief
        self._plans.append(plan)
        self._parts.append(way_parts(ways))

    def new_ways(self, found: Sequence[NewWay]) -> None:
        """Keep them for the end."""
        self._new_ways += found

    def access(self, stack: str, found: AccessDiff) -> None:
        """Keep it for the end."""
        self._access[stack] = found

    def kept_first_boots(self, found: Sequence[KeptFirstBoot]) -> None:
        """Keep them for the end."""
        self._kept += found

    def heading(self, text: str) -> None:
        """Do nothing: the reports are shown as one."""

    def report(self, report: Report, names: Mapping[str, str] = NO_NAMES) -> None:
        """Keep the report, and the meaning of the changes that it is on, for the end."""
        from operations.diffs.stack_diff import diff_of_report  # noqa: PLC0415 - imports the policies

        self._reports.append(report)
        for plan in self._plans:
            if plan.stack in report.stacks and plan.stack not in self._diffs:
                self._diffs[plan.stack] = diff_of_report(plan, report, names=names)

    def without_report(self, stack: str) -> None:
        """Do nothing: the page is not printed."""

    def diff(self, stack: str) -> StackDiff | None:
        """Return the diff."""
        return self._diffs.get(stack)

    def end(self) -> None:
        """Print the summary of the plans, then the reports as one."""
        from operations.diffs.stack_diff import together as one_diff  # noqa: PLC0415 - imports the policies

        folded, book = fold(self._plans), load()
        diff = one_diff(list(self._diffs.values()))
        prices = [price_of(plan, book, parts) for plan, parts in zip(self._plans, self._parts, strict=True)]
        total = together(prices, book.currency)
        record = {key: value for key, value in total.to_json().items() if key not in ("stack", "parts", "ways_in")}
        record["stacks"] = [price.to_json() for price in prices]
        self._output.emit({"event": "changes", **folded.to_json(), "prices": record, "diff": diff.to_json()})
        foldedview.show(folded, self._output, diff)
        priceview.show_several(prices, total, self._output)
        show_new_ways(self._new_ways, self._output)
        for stack, found in self._access.items():
            show_access(stack, found, self._output)
        show_kept_first_boots(self._kept, self._output)
        if self._reports:
            from operations.cli.gate import show  # noqa: PLC0415 - imports the policies
            from operations.reports.merged import merged  # noqa: PLC0415

            show(merged(self._reports), self._output)


def way_parts(ways: Sequence[ApprovedWay]) -> list[WayPart]:
    """Return the parts of the ways in that come from outside. Sites share a gateway, and staff a network."""
    names: dict[str, str] = {}
    for one in ways:
        way = one.way
        if way.source:
            key = way.part or way.name
            names[key] = f"{names[key]}, {way.name}" if key in names else way.name
    parts = {one.way.part for one in ways}
    found = [WayPart(name, key if key in parts else "") for key, name in names.items()]
    staff = [WayPart("the network of staff", "staff")] if any(part.startswith("staff-") for part in parts) else []
    return found + staff
