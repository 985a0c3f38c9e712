"""The ways out of the estate and into it, with the people who answer for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import IPv4Network, collapse_addresses
from pathlib import Path
from typing import Any

from approvals.request_files import REQUESTS
from formats.addresses import TenancyKind
from formats.errors import ErrorCollector, InputError
from formats.people import EXAMPLE, EXAMPLE_ID, NamedApproval, Roster
from formats.people import FILE_NAME as PEOPLE
from formats.stack_names import TENANCY
from formats.ways_in import WayIn, storage_ip_rules
from operations.estate.expiry import Expiry
from operations.estate.request_model import RequestFile
from operations.estate.schema import EstateFile

ESTATE = "estate.yaml"
OUT, IN = "way out", "way in"
REGISTRATION_HOST = "enterpriseregistration.windows.net"
"""The host at which Windows desks join Entra."""
GATEWAY = "gateway"
"""The logical name of the gateway that all sites share."""
_NEW_DAY = {
    OUT: "After a new approval, set a later day; or remove the rule, then scripts/sde up its tenancies, then --all.",
    IN: "After a new approval, set a later day; or remove the entry, then scripts/sde up --all.",
}
_OTHER_PERSON = "Name another person than {name} in the approvals of estate.yaml; or set a later day here."


@dataclass(frozen=True)
class Way:
    """A way out of the estate or into it."""

    direction: str
    name: str
    key: str
    """The key of its approval in its file."""
    uses: tuple[str, ...]
    """The stacks that implement it: `platform`, `junction-zone`, a kind of tenancy, or one tenancy."""
    destinations: tuple[str, ...] = ()
    """The addresses of a way out, as in the rules of firewall and NSGs."""
    holder: str = ""
    """The object id of the group, or the public key, that a way in is for; empty for a way out."""
    source: str = ""
    """For a way in: the addresses, the private endpoint or the connection from which it comes, if it names one."""
    opened_by: frozenset[str] = frozenset()
    """Texts in properties of resources that open it: the IP rules of a store that let this source in, or a host that a
    rule allows by name."""
    part: str = ""
    """The logical name of what implements a way in, in the stack's program; empty if nothing is for this way alone."""
    file: str = ESTATE
    """The file of its approval, in the estate's folder."""


@dataclass(frozen=True)
class ApprovedWay:
    """A way with the people who answer for it."""

    way: Way
    approval: NamedApproval

    def expiries(self, folder: Path, people: Roster, today: date) -> Iterator[Expiry]:
        """Yield the days from which it is not approved any more: its own end, and those of its people."""

        def ends(file: str, key: str, day: date, fix: str) -> Expiry:
            return Expiry(str(folder / file), key, day, (day - today).days, fix, refuses_preview=True)

        yield ends(self.way.file, f"{self.way.key}.expires", self.approval.expires, _NEW_DAY[self.way.direction])
        for person in (self.approval.owner, self.approval.approver):
            key = f"people[{people.people.index(person)}].expires"
            yield ends(PEOPLE, key, person.expires, _OTHER_PERSON.format(name=person.name))

    def text(self) -> str:
        """Return the way in one line: name, addresses, people, purpose and end."""
        ranges = collapse_addresses(map(IPv4Network, self.way.destinations))  # of private ones, rules have each address
        where = f" to {', '.join(map(str, ranges))}" if self.way.destinations else ""
        where += f" from {self.way.source}" if self.way.source else ""
        return f"{self.way.name}{where}: {self.approval.text()}"

    def to_json(self) -> dict[str, Any]:
        """Return the way as plain JSON."""
        return {"direction": self.way.direction, "name": self.way.name, "key": self.way.key,
                "destinations": list(self.way.destinations), "source": self.way.source,
                **self.approval.to_json()}  # fmt: skip


def ways_of(file: EstateFile, people: Roster, path: str, today: date) -> tuple[ApprovedWay, ...]:
    """Return every way out of the estate and into it that has an approval. Raise `InputError` where one is missing.

    A way out and a way in from somewhere outside need one always. Other ways in need one where the estate has a roster:
    in estates from before the roster, they stay as they are until people are named.
    """
    found: list[ApprovedWay] = []
    errors = ErrorCollector()
    for way, approval in _ways(file):
        if approval or way.direction == OUT or way.source or people.people:
            with errors.collecting():
                found.append(_approved(way, approval, file, path, today))
    errors.raise_any()
    return tuple(found)


def ways_of_requests(
    folder: Path, estate: EstateFile, requests: Mapping[str, RequestFile], today: date
) -> tuple[ApprovedWay, ...]:
    """Return the ways in of the requests' recipients. Raise `InputError` where an approval is missing."""
    found = []
    errors = ErrorCollector()
    for project, request in requests.items():
        if recipients := request.recipients:
            file, name = f"{REQUESTS}/{project}.yaml", f"released results of {project}"
            rules = frozenset(storage_ip_rules(recipients.ranges))
            way = Way(IN, name, "recipients.approval", (TENANCY + project,), holder=str(recipients.group),
                      source=_text(recipients.ranges), opened_by=rules, file=file)  # fmt: skip
            with errors.collecting():
                found.append(_approved(way, recipients.approval, estate, str(folder / file), today))
    errors.raise_any()
    return tuple(found)


def _approved(way: Way, approval: NamedApproval | None, estate: EstateFile, path: str, today: date) -> ApprovedWay:
    """Return a way with its approval. Raise `InputError` if there is none, or one that runs too long."""
    if approval is None:
        raise _unapproved(way, path)
    what, key = f"The approval of a {way.direction}, {way.name},", f"{way.key}.expires"
    refuse_long(what, approval.expires, estate, file=path, key=key, today=today)
    return ApprovedWay(way, approval)


def _text(ranges: Iterable[IPv4Network]) -> str:
    return ", ".join(map(str, ranges))


def refuse_endless(file: EstateFile, people: Roster, path: str, today: date) -> None:
    """Refuse an end of the SDE's approval, or of a person, so far away that nobody would review it before."""
    refuse_long("The approval of the SDE", file.approval.expires, file, file=path, key="approval.expires", today=today)
    for index, person in enumerate(people.people):
        source, key = str(Path(path).parent / PEOPLE), f"people[{index}].expires"
        refuse_long(f"The entry of {person.name}", person.expires, file, file=source, key=key, today=today)


def refuse_long(what: str, day: date, estate: EstateFile, *, file: str, key: str, today: date) -> None:
    """Raise `InputError` for an end that is further away than the estate permits."""
    latest = today + timedelta(days=estate.approvals.longest_days)
    if day > latest:
        raise InputError(f"{what} runs too long.", file=file, key=key, found=str(day),
                         allowed=f"a day up to {latest}: {estate.approvals.longest_days:,} days from today "
                                 "(`approvals.longest_days`)",
                         fix="Set an earlier day, and renew it before.")  # fmt: skip


def _unapproved(way: Way, path: str) -> InputError:
    parent, _, key = way.key.rpartition(".")
    person = f"{{id: {EXAMPLE_ID}, name: Given Family, roles: [owner], expires: 2029-06-30}}"
    return InputError(
        f"No people are named for a {way.direction}: {way.name}.", file=path, key=way.key, found="nothing",
        allowed="an owner, an approver (another person), a purpose and an end",
        fix=f"Add to {parent or 'the file'}: {key}: {EXAMPLE}; "
            f"and each person to people.yaml, such as people: [{person}]",
    )  # fmt: skip


def _ways(file: EstateFile) -> Iterator[tuple[Way, NamedApproval | None]]:
    """Yield every way with its approval."""
    for kind, rules in file.egress.items():
        for index, rule in enumerate(rules):
            key = f"egress.{kind}[{index}].approval"
            yield Way(OUT, rule.name, key, ("platform", str(kind)), rule.destinations), rule.approval
    if file.windows_desks:
        way = Way(OUT, "the join of Windows desks to Entra", "windows_desks.approval", ("platform",),
                  opened_by=frozenset({REGISTRATION_HOST}))  # fmt: skip
        yield way, file.windows_desks.approval
    computers = tuple(str(kind) for kind in TenancyKind)
    key_way = Way(
        IN, "the break-glass key of all computers", "admin_key_approval", computers, holder=file.admin_public_key
    )
    yield key_way, file.admin_key_approval
    for i, former in enumerate(file.former_admin_keys):
        key = f"former_admin_keys[{i}].approval"
        name = f"former break-glass key {i + 1} of computers from before"
        yield Way(IN, name, key, computers, holder=former.key), former.approval
    for i, system in enumerate(file.integrated_care_systems):
        for j, provider in enumerate(system.providers):
            key = f"integrated_care_systems[{i}].providers[{j}].approval"
            name = f"uploads of {provider.name} ({provider.code})"
            if not provider.closed:
                source, opened_by = _source(provider.way_in)
                part = provider.inbox_name if provider.way_in else ""
                way = Way(IN, name, key, ("junction-zone",), holder=str(provider.group), source=source,
                          opened_by=opened_by, part=part)  # fmt: skip
                yield way, provider.approval
    for i, machine in enumerate(file.staff):
        name = f"staff on the virtual machine {machine.name} ({', '.join(machine.roles)})"
        way = Way(IN, name, f"staff[{i}].approval", ("platform",), holder=str(machine.users), source="Bastion",
                  part=machine.logical_name)  # fmt: skip
        yield way, machine.approval
    for i, site in enumerate(file.sites):
        connection = f"{site.gateway} {site.device}: {_text(site.ranges)}"
        opened_by = frozenset(map(str, (*site.ranges, site.device)))
        way = Way(IN, f"the site {site.name}", f"sites[{i}].approval", ("platform",), source=connection,
                  opened_by=opened_by, part=GATEWAY)  # fmt: skip
        yield way, site.approval


def _source(way: WayIn | None) -> tuple[str, frozenset[str]]:
    """Return where a provider comes from, and the texts in resources that let it in; nothing without a way in."""
    if way is None:
        return "", frozenset()
    if connected := way.private_endpoint:
        return f"{connected.endpoint} ({connected.connection})", frozenset([connected.connection])
    if way.site:
        return f"site {way.site}", frozenset()
    ranges = way.public_ranges or ()
    return _text(ranges), frozenset(storage_ip_rules(ranges))
