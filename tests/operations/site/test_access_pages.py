"""Who may read which data: by place, with equal projects as one, and by holder."""

from __future__ import annotations

from dataclasses import replace

import pytest

from operations.access.actions import Action
from operations.access.assignments import Assignment
from operations.access.model import Grounds
from operations.access.people import Holder
from operations.access.roles import Role
from operations.access.things import Kind, Thing
from operations.access.view import AccessView, Origin, Row
from operations.history.changes import ChangeRecord
from operations.ledger.entry import Kind as EntryKind
from operations.site import access_pages
from operations.site.access_pages import classes_of
from operations.site.facts import ChangeFacts, SiteFacts, StackFacts
from tests.operations.ledger.logs import entry
from tests.operations.site.rendering import EMPTY, foreign, html_of, text_of

READ, WRITE = (Action.READ,), (Action.READ, Action.WRITE)
STEWARDS, PROVIDER = Holder("a" * 8, "stewards of warehouse"), Holder("b" * 8, "provider zq1")
MOVER = Holder("urn:pulumi:safe-haven::sde::x::mover", "the identity mover of safe-haven")


def thing(name: str, stack: str, place: str, data_class: str, kind: Kind = Kind.CONTAINER) -> Thing:
    return Thing(
        f"/{stack}/{name}", kind, f"{kind} {name} of the {place} store ({stack})", name, stack, place, data_class
    )


CURATED = thing("curated", "safe-haven", "warehouse", "identifiable")
LINKED = thing("linked", "safe-haven", "warehouse", "identifiable")
KEYS = thing("keys", "safe-haven", "warehouse", "identifiable", Kind.VAULT)


def right(
    holder: Holder, actions: tuple[Action, ...], on: Thing, *, way: str = "", origin: str = "", failed: bool = False
) -> Row:
    assignment = Assignment(
        holder.key, Role("Blob Reader"), on.id, f"urn:{on.name}", "/id", "reads", on.stack, is_pending_delete=failed
    )
    origins = (Origin("2026-05-12T09:07:00Z", origin),) if origin else ()
    ways = (way,) if way else ()
    return Row(holder, actions, on, "", Grounds((assignment,), ways), bool(way), origins)


def report(*rows: Row) -> SiteFacts:
    made = ChangeFacts(ChangeRecord(4, entry(EntryKind.INTENT, stacks=("safe-haven",)), None))
    stacks = tuple(
        StackFacts(name, "tenancy", "local", "wm") for name in ("safe-haven", "tre-heart", "tre-lung", "tre-skin")
    )
    return replace(EMPTY, access=AccessView(rows), changes=(made,), stacks=stacks)


WAREHOUSE = report(
    right(STEWARDS, WRITE, CURATED, way="through Bastion", origin="change 4 (partial)"),
    right(STEWARDS, WRITE, LINKED, way="through Bastion", origin="change 4 (partial)"),
    right(PROVIDER, READ, CURATED),
    right(MOVER, READ, LINKED, way="from its subnet"),
    right(Holder("c" * 8, "key keepers"), (Action.MANAGE_RIGHTS,), KEYS),
)


def test_who_may_read_a_zone_is_answered_first() -> None:
    (place,) = classes_of(WAREHOUSE)[0].places
    readers = place.readers
    assert readers.people == ("stewards of warehouse",)
    assert readers.people_without_way == ("provider zq1",)
    assert readers.computers == ("the identity mover of safe-haven",)
    assert readers.by_control_plane == ("key keepers",)
    assert place.is_zone
    text = text_of(html_of(WAREHOUSE, access_pages.pages)["access.html"])
    assert "Zone warehouse identifiable stewards of warehouse provider zq1 the identity mover of safe-haven key" in text


def test_a_right_has_its_way_its_role_and_the_change_that_made_it() -> None:
    html = html_of(WAREHOUSE, access_pages.pages)["access.html"]
    assert (
        "stewards of warehouse read, write container curated of the warehouse store container linked of the warehouse "
        "store i usable through Bastion Blob Reader 2026-05-12 change 4 (partial)"
    ) in text_of(html)
    assert 'href="changes/4.html"' in html


def test_a_failed_revocation_is_first() -> None:
    facts = report(right(STEWARDS, READ, CURATED, way="through Bastion", failed=True))
    text = text_of(html_of(facts, access_pages.pages)["access.html"])
    assert text.index("should be deleted and are still in force") < text.index("Who may read data today")
    assert "✗ revocation failed" in text


def test_who_reads_the_logs_of_the_hub_is_named() -> None:
    logs = thing("logs", "platform", "", "identifiable", Kind.LOGS)
    place = classes_of(report(right(STEWARDS, (Action.READ_LOGS,), logs, way="by Azure")))[0].places[0]
    assert place.title == "Hub and shared services (platform)"
    assert place.readers.people == ("stewards of warehouse (logs alone)",)


def project(name: str, *, actions: tuple[Action, ...] = READ) -> Row:
    on = thing("project", f"tre-{name}", name, "de-identified")
    return right(Holder(f"{name:0<8}", f"researchers of {name}"), actions, on, way=f"signed in to desk of {name}")


def test_projects_with_equal_rights_are_one_place() -> None:
    facts = report(project("heart"), project("lung"), project("skin", actions=WRITE))
    equal, other = classes_of(facts)[0].places
    assert (equal.title, equal.stacks) == ("2 projects with the same rights", ("tre-heart", "tre-lung"))
    assert equal.rights[0].who == "researchers of ‹project›"
    assert equal.rights[0].way == "signed in to desk of ‹project›"
    assert (other.title, other.rights[0].who) == ("Project skin", "researchers of skin")


def test_a_project_with_the_name_of_a_zone_is_none() -> None:
    (place,) = classes_of(report(project("warehouse")))[0].places
    assert (place.title, place.is_zone) == ("Project warehouse", False)


def test_each_holder_has_all_rights_on_one_page() -> None:
    found = html_of(report(*WAREHOUSE.access.rows, project("heart")), access_pages.pages)
    people, computers = text_of(found["access-people.html"]), text_of(found["access-computers.html"])
    assert "researchers of heart heart000 container project of the heart store read de-identified" in people
    assert "mover" not in people
    assert "the identity mover of safe-haven container linked" in computers


@pytest.mark.parametrize("path", ["access.html", "access-people.html"])
def test_hostile_names_are_text(path: str) -> None:
    evil = "<img src=x onerror=alert(1)>\"'>"
    on = thing(evil, evil, evil, "identifiable")
    facts = report(right(Holder("d" * 8, evil), READ, on, way=evil, origin=evil), right(STEWARDS, READ, CURATED))
    assert not foreign(html_of(facts, access_pages.pages)[path])


def test_an_estate_without_rights_says_why() -> None:
    assert "Nothing is deployed" in text_of(html_of(EMPTY, access_pages.pages)["access.html"])
