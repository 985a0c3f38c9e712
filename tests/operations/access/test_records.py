"""What the ledger has of the stacks: the state as of a day, and which change made each right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from formats.errors import InputError
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource
from operations.access.records import Present, Records
from operations.ledger.entry import Kind, Result
from operations.ledger.ledger import Ledger
from tests.operations.ledger.logs import entry, memory_ledger
from tests.policies import shipped

STACK = "safe-haven"
ROOT = PlannedResource(f"urn:pulumi:{STACK}::sde::pulumi:pulumi:Stack::sde-{STACK}", "pulumi:pulumi:Stack",
                       Operation.SAME, custom=False)  # fmt: skip
GRANT = "azure-native:authorization:RoleAssignment"
CREATE, UPDATE, REPLACE, DELETE, SAME = (
    Operation.CREATE, Operation.UPDATE, Operation.REPLACE, Operation.DELETE, Operation.SAME,
)  # fmt: skip


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def grant(name: str, operation: Operation, to: str = "ann", *, was: str | None = None) -> PlannedResource:
    """Return a role assignment of a plan. Its id is known unless the plan makes it."""
    return PlannedResource(urn(name), GRANT, operation, id=None if operation is CREATE else f"/{name}",
                           inputs={"principalId": to}, old_inputs={"principalId": was} if was else None)  # fmt: skip


def urn(name: str) -> str:
    return f"urn:pulumi:{STACK}::sde::{GRANT}::{name}"


def plan(*resources: PlannedResource, whole: bool = True) -> Plan:
    return Plan("sde", STACK, "local", (*((ROOT,) if whole else ()), *resources))


@dataclass
class Book:
    """A ledger in which changes are written, one a day from 2026-01-01."""

    ledger: Ledger = field(default_factory=memory_ledger)
    days: int = 0

    def add(
        self,
        made: Plan | None,
        before: int | None,
        after: int | None,
        result: Result | None = Result.SUCCEEDED,
        **objects: object,
    ) -> int:
        """Write a change that leads from the state of one number to that of another, and return its number."""
        self.days += 1
        time = f"2026-01-{self.days:02}T12:00:00Z"
        kept = {"plan": made.to_json()} if made else {}
        digests = {name: self.ledger.keep(value) for name, value in (kept | objects).items()}
        number = self.ledger.record(entry(Kind.INTENT, stacks=[STACK], time=time, objects=digests,
                                          state_before=before and digest(before)))  # fmt: skip
        if result:
            self.ledger.record(entry(Kind.RESULT, stacks=[STACK], time=time, of=number, result=result,
                                     state=after and digest(after)))  # fmt: skip
        return number

    def granted(self, day: int, present: Present = Present()) -> tuple[dict[str, str | None], str]:  # noqa: B008
        """Return the holder of each role assignment at the end of a day, and the doubt about it."""
        records = Records(self.ledger)
        found = records.state_after(records.until(STACK, date(2026, 1, day))[-1], present)
        resources = found.plan.resources if found.plan else ()
        return {r.name: r.inputs["principalId"] for r in resources if r.type == GRANT}, found.doubt

    def origins(
        self,
        *names: str,
        day: int | None = None,
        pending: Sequence[str] = (),
        present: Present = Present(),  # noqa: B008
    ) -> dict[str, str]:
        """Return the change that made each role assignment."""
        wanted = {(urn(name), False) for name in names} | {(urn(name), True) for name in pending}
        found = Records(self.ledger).origins(STACK, wanted, date(2026, 1, day) if day else None, present)
        return {key.rsplit("::", 1)[1] + (" pending" if waits else ""): f"{origin.since[:10]} {origin.change}"
                for (key, waits), origin in found.items()}  # fmt: skip


@pytest.fixture
def book() -> Book:
    return Book()


def test_the_state_as_of_a_day_is_what_the_last_change_until_its_end_left(book: Book) -> None:
    book.add(plan(grant("a", CREATE)), None, 1)
    book.add(plan(grant("a", UPDATE, "bob", was="ann"), grant("b", CREATE)), 1, 2)
    book.add(plan(grant("a", DELETE, "bob"), grant("b", DELETE)), 2, None)
    assert Records(book.ledger).until(STACK, date(2025, 12, 31)) == []
    assert [book.granted(day) for day in (1, 2, 3)] == [
        ({"a": "ann"}, ""), ({"a": "bob", "b": "ann"}, ""), ({}, "")
    ]  # fmt: skip
    assert book.granted(31) == ({}, "")
    assert set(Records(book.ledger).stacks) == {STACK}


def test_the_plan_of_the_next_change_knows_what_the_cloud_chose(book: Book) -> None:
    book.add(plan(grant("a", CREATE, UNKNOWN)), None, 1)
    book.add(plan(grant("a", SAME, "chosen")), 1, 1)
    assert book.granted(1) == ({"a": "chosen"}, "")


def test_a_state_that_is_still_deployed_is_read(book: Book) -> None:
    book.add(plan(grant("a", CREATE, UNKNOWN)), None, 1)
    assert book.granted(1, Present(digest(1), lambda: plan(grant("a", SAME, "real")))) == ({"a": "real"}, "")
    changed = Present(digest(9), lambda: pytest.fail("is another state"))
    assert book.granted(1, changed) == ({"a": UNKNOWN}, "")


def test_a_failed_change_left_what_was_there(book: Book) -> None:
    book.add(plan(grant("a", CREATE)), None, 1)
    book.add(plan(grant("a", DELETE), grant("b", CREATE)), 1, 1, Result.FAILED)
    assert book.granted(2) == ({"a": "ann"}, "")
    assert book.origins("a", "b") == {"a": "2026-01-01 change 0"}


def test_what_a_partial_change_left_is_what_the_next_plan_was_made_on(book: Book) -> None:
    book.add(plan(grant("a", CREATE)), None, 1)
    partial = book.add(plan(grant("a", UPDATE, "bob", was="ann"), grant("b", CREATE), grant("c", CREATE)), 1, 2,
                       Result.PARTIAL)  # fmt: skip
    book.add(plan(grant("a", UPDATE, "bob", was="ann"), grant("b", SAME), grant("c", CREATE)), 2, 3)
    assert book.granted(2) == ({"a": "ann", "b": "ann"}, "")
    assert book.origins("a", "b", "c") == {
        "a": "2026-01-03 change 4", "b": f"2026-01-02 change {partial} (partial)", "c": "2026-01-03 change 4",
    }  # fmt: skip
    assert book.origins("a", "b", day=2) == {
        "a": "2026-01-01 change 0", "b": f"2026-01-02 change {partial} (partial)",
    }  # fmt: skip


def test_where_no_plan_shows_what_a_change_left_all_that_it_may_be_counts(book: Book) -> None:
    book.add(plan(grant("a", CREATE), grant("d", CREATE)), None, 1)
    book.add(plan(grant("a", UPDATE, "bob", was="ann"), grant("b", CREATE), grant("d", DELETE)), 1, 2, Result.PARTIAL)
    held, doubt = book.granted(2)
    assert held == {"a": "ann", "b": "ann", "d": "ann"}
    assert "change 2 ended partial, and no plan shows what it left" in doubt
    assert book.origins("a", "b", "d") == {"d": "2026-01-01 change 0"}  # of the others, it is not known


def test_an_import_has_no_plan(book: Book) -> None:
    book.add(None, 1, 2)
    assert book.granted(1) == ({}, "what was deployed before change 0 is not recorded")
    book.add(plan(grant("a", SAME)), 2, 2)
    book.add(None, 2, 3)
    assert book.granted(1) == ({"a": "ann"}, "")
    held, doubt = book.granted(3)
    assert held == {"a": "ann"}
    assert "what change 4 left is not recorded: it is shown as before it" in doubt


def test_a_destroy_of_targets_leaves_the_rest(book: Book) -> None:
    book.add(plan(grant("a", CREATE), grant("b", CREATE)), None, 1)
    book.add(plan(grant("b", DELETE), whole=False), 1, 2)
    assert book.granted(2) == ({"a": "ann"}, "")
    assert book.origins("a") == {"a": "2026-01-01 change 0"}


def test_the_origin_of_a_right_is_the_change_that_made_or_altered_it_last(book: Book) -> None:
    book.add(plan(grant("old", SAME), grant("a", CREATE), grant("b", CREATE), grant("c", CREATE)), 1, 2)
    book.add(plan(grant("old", SAME), grant("a", SAME), grant("b", REPLACE, "bob", was="ann"), grant("c", DELETE)),
             2, 3)  # fmt: skip
    book.add(plan(grant("old", SAME), grant("a", SAME), grant("b", SAME, "bob"), grant("c", CREATE)), 3, 4)
    names = ("old", "a", "b", "c", "unknown")
    assert book.origins(*names) == {
        "a": "2026-01-01 change 0", "b": "2026-01-02 change 2", "c": "2026-01-03 change 4",
    }  # fmt: skip
    assert book.origins(*names, day=1) == dict.fromkeys("abc", "2026-01-01 change 0")


def test_a_right_that_came_back_without_a_change_has_no_origin(book: Book) -> None:
    book.add(plan(grant("a", CREATE), grant("b", CREATE)), None, 1)
    book.add(plan(grant("a", DELETE)), 1, 2)
    assert book.origins("a", "b") == {}


def test_a_replaced_right_that_waits_for_its_deletion_has_its_own_origin(book: Book) -> None:
    book.add(plan(grant("a", CREATE)), None, 1)
    book.add(plan(grant("a", REPLACE, "bob", was="ann")), 1, 2, Result.PARTIAL)
    left = replace(grant("a", DELETE), pending_delete=True)
    book.add(plan(grant("a", SAME, "bob"), left), 2, 2, Result.FAILED)
    assert book.origins("a", pending=["a"]) == {
        "a": "2026-01-02 change 2 (partial)", "a pending": "2026-01-01 change 0",
    }  # fmt: skip
    records = Records(book.ledger)
    after = records.state_after(records.changes(STACK)[1], Present()).plan
    assert after
    assert [r.pending_delete for r in after.resources] == [False, False, True]


def test_a_change_without_a_result_does_not_count(book: Book) -> None:
    book.add(plan(grant("a", CREATE)), None, 1)
    book.add(plan(grant("a", DELETE)), 1, None, result=None)
    assert book.granted(2) == ({"a": "ann"}, "")
    assert [change.name for change in Records(book.ledger).changes(STACK)] == ["change 0", "change 2 (no result)"]


def test_the_configuration_of_the_last_change_names_the_groups(book: Book) -> None:
    book.add(plan(), None, 1, configuration={**shipped.settings(STACK), "sde:staging": "broken"})
    records = Records(book.ledger)
    assert records.config(records.changes(STACK)) is None
    book.add(plan(), 1, 1, configuration=dict(shipped.settings(STACK)))
    book.add(None, 1, 1)
    records = Records(book.ledger)
    assert records.config(records.changes(STACK)) == shipped.configs()[STACK]
    assert records.config(records.changes(STACK)[2:]) is None


def test_a_plan_that_cannot_be_read_is_one_clear_error(book: Book) -> None:
    book.add(None, None, 1, plan={"format": 1})
    with pytest.raises(InputError, match="The plan of change 0 cannot be read"):
        book.granted(1)
