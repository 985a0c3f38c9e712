"""The order of a run's steps by the dependency graph."""

from __future__ import annotations

from operations.engine.embedded.model import Resource
from operations.engine.embedded.step_order import StepOrder


def resource(urn: str, *dependencies: str, parent: str = "") -> Resource:
    return Resource(urn, "t", custom=True, parent=parent, dependencies=list(dependencies))


def before(order: StepOrder, urn: str, *, delete: bool = False) -> set[str]:
    return order.step(urn, delete=delete).before()


def test_a_step_follows_all_that_it_depends_on() -> None:
    order = StepOrder(())
    for one in (resource("group"), resource("a", parent="group"), resource("b", "a"), resource("c", parent="group")):
        order.declare(one)
    assert before(order, "b") == {"a", "group"}
    assert before(order, "c") == {"group"}


def test_a_dependency_of_a_property_counts() -> None:
    order = StepOrder(())
    order.declare(Resource("b", "t", custom=True, property_dependencies={"name": ["a"]}))
    assert before(order, "b") == {"a"}


def test_a_delete_follows_those_of_dependants() -> None:
    order = StepOrder([resource("a"), resource("b", "a"), resource("c", "b"), resource("d")])
    assert before(order, "a", delete=True) == {"b", "c"}
    assert before(order, "d", delete=True) == set()


def test_a_delete_after_the_program_follows_every_other_step() -> None:
    order = StepOrder([resource("old")])
    order.declare(resource("new"))
    assert before(order, "old", delete=True) == set()
    order.end_program()
    assert before(order, "old", delete=True) == {"new"}


def test_a_replacement_follows_the_deletes_of_dependants() -> None:
    order = StepOrder([resource("a"), resource("b", "a")])
    order.declare(resource("a"))
    assert before(order, "a") == set()
    order.step("a", delete=True)
    assert before(order, "a") == {"b"}
