"""The list of stacks, and a page for each: resources, stores, keys, egress, rights, cost, ends, permit and changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, collapse_addresses

from formats.people import NamedApproval
from operations.diffs.text import kind_of
from operations.estate.approvals import IN, Way
from operations.prices.book import PriceBook
from operations.site.access_rows import rights_of
from operations.site.change_rows import timeline_row
from operations.site.egress import Egress, places_of
from operations.site.facts import SiteFacts, StackFacts
from operations.site.findings_page import why_not_deployed
from operations.site.pages import Page, Target, stack_path
from operations.site.resources import Deployed, deployed
from operations.site.stack_summaries import StackSummary, Summaries
from operations.site.stores import StoreRow, key_rows, store_rows, uses_of_keys, vault_rows

MAX_CHANGES, MAX_FINDINGS = 20, 200
"""The most changes and findings on a page of a stack. All of them are on their own pages."""


@dataclass(frozen=True)
class TypeRow:
    """The resources of one type."""

    kind: str
    resources: tuple[Deployed, ...]


@dataclass(frozen=True)
class PriceRow:
    """An item of the idle price."""

    item: str
    count: int
    monthly: str
    source: str
    """The day and the source of its list price."""


@dataclass(frozen=True)
class WayRow:
    """An approved way in or out."""

    direction: str
    name: str
    where: str
    approval: NamedApproval


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the list of stacks and the page of each."""
    summaries = Summaries(facts)
    yield Page("stacks.html", "stacks.html.j2", "Stacks", "stacks", {"summaries": summaries.all})
    estate = _Estate(facts, summaries)
    for summary in summaries.all:
        yield estate.page(summary)


class _Estate:
    """What the pages of all stacks need, computed once."""

    def __init__(self, facts: SiteFacts, summaries: Summaries) -> None:
        self.facts, self.summaries, self.egress = facts, summaries, Egress(facts)
        self.uses = uses_of_keys(stack.plan for stack in facts.deployed if stack.plan)
        self.required_by: dict[str, list[str]] = {}
        for stack in facts.stacks:
            for name in stack.requires:
                self.required_by.setdefault(name, []).append(stack.name)

    def page(self, summary: StackSummary) -> Page:
        """Return the page of a stack."""
        stack, summaries = summary.stack, self.summaries
        rights = rights_of(self.facts, summaries.rows(stack.name))
        noted, stores = summaries.noted(stack.name), store_rows(stack.plan) if stack.plan else ()
        values = {
            "summary": summary,
            "stack": stack,
            "title_of_project": _title(stack),
            "places": [(name, str(network)) for network, name in places_of(stack)],
            "required_by": self.required_by.get(stack.name, ()),
            "types": type_rows(stack),
            "stores": stores,
            "vaults": vault_rows(stack.plan) if stack.plan else (),
            "keys": key_rows(stack.plan, self.uses) if stack.plan else (),
            "egress": self.egress.rows(stack),
            "ways": way_rows(stack),
            "people": [right for right in rights if right.is_person],
            "identities": [right for right in rights if not right.is_person],
            "prices": price_rows(stack, self.facts.price_book),
            "ends": summaries.ends.get(stack.name, ()),
            "changes": [timeline_row(self.facts, one) for one in summaries.changes(stack.name)[:MAX_CHANGES]],
            "number_of_changes": len(summaries.changes(stack.name)),
            "not_deployed": why_not_deployed(self.facts, stack),
            "findings": noted[:MAX_FINDINGS],
            "number_of_findings": len(noted),
            "counts": summaries.counts(stack.name),
            "exemptions": [one for one in self.facts.exemptions if _is_on(one.resource, stack.name)],
        }
        return Page(stack_path(stack.name), "stack.html.j2", stack.name, "stacks", values, _targets(stack, stores))


def _title(stack: StackFacts) -> str:
    return stack.public.title if stack.public else str(getattr(stack.config, "title", ""))


def _targets(stack: StackFacts, stores: Sequence[StoreRow]) -> Sequence[Target]:
    found = [Target(_title(stack))] if _title(stack) else []
    found += [Target(stack.public.organisation)] if stack.public and stack.public.organisation else []
    return [*found, *(Target(f"store {one.name} ({one.azure_name})", "stores") for one in stores)]


def _is_on(resource: str, stack: str) -> bool:
    return resource.startswith((f"{stack}:", f"urn:pulumi:{stack}::"))


def type_rows(stack: StackFacts) -> Sequence[TypeRow]:
    """Return the resources of a stack by type, the most frequent first."""
    found: dict[str, list[Deployed]] = {}
    for one in deployed(stack.plan) if stack.plan else ():
        found.setdefault(one.type, []).append(one)
    rows = [TypeRow(kind_of(type_), tuple(sorted(each, key=lambda one: one.name))) for type_, each in found.items()]
    return sorted(rows, key=lambda row: (-len(row.resources), row.kind))


def price_rows(stack: StackFacts, book: PriceBook | None) -> Sequence[PriceRow]:
    """Return the items of the idle price of a stack, the most expensive first, then those without a price."""
    price, region = stack.price, str(stack.config.region.value) if stack.config else None
    if price is None:
        return ()
    known = sorted(price.items.items(), key=lambda one: -one[1].after)
    rows = [
        PriceRow(item, int(price.counts[item].after), f"{change.after:,.2f}", _source(item, region, book))
        for item, change in known
        if price.counts[item].after
    ]
    unknown = sorted((item, int(change.after)) for item, change in price.unknown.items() if change.after)
    return [*rows, *(PriceRow(item, count, "", "not in the price book") for item, count in unknown)]


def _source(item: str, region: str | None, book: PriceBook | None) -> str:
    found = book.price(item, region) if book else None
    if found is None:
        return "not stated"
    where = f", of {found.price.region or 'a region that is not named'}" if found.elsewhere else ""
    return f"{found.price.date}{where}: {found.price.source}"


def way_rows(stack: StackFacts) -> Sequence[WayRow]:
    """Return the approved ways that a stack implements, those in first."""
    rows = [WayRow(one.way.direction, one.way.name, _where(one.way), one.approval) for one in stack.ways]
    return sorted(rows, key=lambda row: (row.direction != IN, row.name))


def _where(way: Way) -> str:
    """Return the addresses of a way. Rules have each of the private ones; here they are ranges again."""
    ranges = ", ".join(map(str, collapse_addresses(map(IPv4Network, way.destinations))))
    parts = [
        f"to {ranges}" if ranges else "",
        f"to {', '.join(sorted(way.opened_by))}" if way.opened_by and not way.source else "",
        f"from {way.source}" if way.source else "",
    ]
    return "; ".join(filter(None, parts))
