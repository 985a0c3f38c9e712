"""Who may do what to which data: by data class and zone, and by holder."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

from formats.addresses import ZoneName
from formats.stack_names import TENANCY
from operations.access.people import Holder
from operations.access.view import Row
from operations.site.access_rows import CLASSES, Rights, rights_of
from operations.site.facts import SiteFacts
from operations.site.folding import without_project
from operations.site.pages import Page, Target

_ZONES = tuple(str(zone) for zone in ZoneName)


@dataclass(frozen=True)
class Readers:
    """The answer to who may read the data of a place today."""

    people: tuple[str, ...]
    """Groups with the right and a network way; also of the logs alone."""
    people_without_way: tuple[str, ...]
    computers: tuple[str, ...]
    """Identities of the estate's own computers and services, with the right and a network way."""
    by_control_plane: tuple[str, ...]
    """Holders of rights by which they may come to the data without a right to read it."""


@dataclass(frozen=True)
class Place:
    """A zone, a project, equal projects, or the hub, with the rights on what is in it."""

    title: str
    anchor: str
    data_class: str
    stacks: tuple[str, ...]
    """Its stack; of equal tenancies, all of them."""
    rights: Sequence[Rights]
    is_zone: bool = False

    @property
    def readers(self) -> Readers:
        """Who may read its data today."""
        reading = [one for one in self.rights if one.reads]
        usable = dict.fromkeys(one.who for one in reading if one.is_usable and one.is_person)
        logs = [one.who for one in self.rights if one.reads_logs and one.is_usable and one.is_person]
        idle = dict.fromkeys(one.who for one in reading if not one.is_usable and one.is_person)
        return Readers(
            (*usable, *(f"{who} (logs alone)" for who in dict.fromkeys(logs) if who not in usable)),
            tuple(who for who in idle if who not in usable),
            tuple(dict.fromkeys(one.who for one in reading if one.is_usable and not one.is_person)),
            tuple(dict.fromkeys(one.who for one in self.rights if one.takes)),
        )


@dataclass(frozen=True)
class DataClassOfPlaces:
    """The places with data of one class."""

    name: str
    places: Sequence[Place]


@dataclass(frozen=True)
class HolderRights:
    """All rights of one holder."""

    name: str
    id: str
    is_known: bool
    is_person: bool
    anchor: str
    rights: Sequence[Rights]


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the rights by data class and zone, those of people, and those of computers and services."""
    classes = classes_of(facts)
    places = [Target(f"Who may read data: {place.title}", place.anchor) for one in classes for place in one.places]
    values = {"classes": classes, "failed": facts.access.failed_revocations, "unknowns": facts.access.unknowns,
              "closed": facts.access.closed}  # fmt: skip
    yield Page("access.html", "access.html.j2", "Access to data", "access", values, places)
    holders = holders_of(facts)
    for path, title, is_person in (
        ("access-people.html", "Access by group and person", True),
        ("access-computers.html", "Access of computers and services", False),
    ):
        shown = [one for one in holders if one.is_person is is_person]
        names = [Target(f"{one.name} {one.id}".rstrip(), one.anchor) for one in shown]
        yield Page(path, "access_holders.html.j2", title, "access", {"holders": shown, "of_people": is_person}, names)


def classes_of(facts: SiteFacts) -> Sequence[DataClassOfPlaces]:
    """Return the places by the class of their data, the most sensitive first. Equal tenancies are one place."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in facts.access.rows:
        found.setdefault((row.thing.stack, row.thing.place), []).append(row)
    several = {place for _, place in found if sum(other == place for _, other in found) > 1}
    shared: list[Place] = []
    tenancies: dict[tuple[str, tuple[Rights, ...]], list[Place]] = {}
    for (stack, place), rows in found.items():
        if stack == TENANCY + place:
            one = _place(facts, f"Project {place}", stack, place, rows)
            key = one.data_class, tuple(_without_project(right, place) for right in one.rights)
            tenancies.setdefault(key, []).append(one)
        else:
            title = _title(place, stack, several)
            shared.append(_place(facts, title, stack, place, rows))
    shared += [_together(same, key[1]) for key, same in tenancies.items()]
    return [
        DataClassOfPlaces(name, sorted(places, key=_order))
        for name in (*CLASSES, "")
        if (places := [one for one in shared if one.data_class == name])
    ]


def _title(place: str, stack: str, several: Collection[str]) -> str:
    if not place:
        return f"Hub and shared services ({stack})" if stack else "Other resources"
    return f"Zone {place}{f' ({stack})' if place in several else ''}" if place in _ZONES else f"{place} ({stack})"


def _place(facts: SiteFacts, title: str, stack: str, place: str, rows: Sequence[Row]) -> Place:
    rights = sorted(
        rights_of(facts, rows), key=lambda one: (not one.is_person, not one.touches_data, not one.is_usable)
    )
    data_class = next((name for name in CLASSES if any(one.data_class == name for one in rights)), "")
    return Place(title, anchor_of(stack, place), data_class, (stack,) if stack else (), rights,
                 place in _ZONES and stack != TENANCY + place)  # fmt: skip


def _together(same: Sequence[Place], rights: Sequence[Rights]) -> Place:
    """Return equal tenancies as one place. `rights`: with a word that stands for the project."""
    if len(same) == 1:
        return same[0]
    stacks = tuple(stack for one in same for stack in one.stacks)
    title = f"{len(same):,} projects with the same rights"
    return Place(title, f"{same[0].anchor}-and-others", same[0].data_class, stacks, rights)


def anchor_of(stack: str, place: str) -> str:
    """Return the id of a place on the page. Its name may be of a resource, and have any character."""
    found = f"at-{stack}-{place}".strip("-")
    return found if re.fullmatch(r"[a-z0-9-]+", found) else f"at-{crc32(found.encode()):08x}"


def _without_project(right: Rights, project: str) -> Rights:
    """Return rights in which a word stands for the project, without when each was made."""

    def general(text: str) -> str:
        return without_project(text, project)

    return replace(
        right,
        who=general(right.who),
        who_id="",
        things=tuple(map(general, right.things)),
        way=general(right.way),
        roles=tuple(map(general, right.roles)),
        notes=tuple(map(general, right.notes)),
        since="",
        change="",
        change_path="",
    )


def _order(place: Place) -> tuple[object, ...]:
    """Return where a place is listed: zones in the order of the data's way, then projects, then the hub."""
    name = place.title.removeprefix("Zone ").partition(" ")[0] if place.is_zone else ""
    is_project = any(stack.startswith(TENANCY) for stack in place.stacks)
    return (
        not place.is_zone,
        not is_project,
        _ZONES.index(name) if name else 0,
        -len(place.stacks),
        place.title,
    )


def holders_of(facts: SiteFacts) -> Sequence[HolderRights]:
    """Return the rights of each holder, in the order of their names."""
    found: dict[Holder, list[Row]] = {}
    for row in facts.access.rows:
        found.setdefault(row.holder, []).append(row)
    names = sorted(found, key=lambda one: (one.name, one.key))
    return [
        HolderRights(
            holder.name,
            holder.id,
            holder.is_known,
            not holder.key.startswith("urn:"),
            f"h{index}",
            sorted(rights_of(facts, found[holder]), key=lambda one: not one.touches_data),
        )
        for index, holder in enumerate(names)
    ]
