"""The diff has each change of a plan once, folded over equal resources, and shows no secret."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from formats.plan import SECRET, Operation, Plan, PlannedResource, canonical, planned_outputs
from formats.property_changes import changes_of
from formats.property_paths import join
from local_azure.diffs import differences
from operations.diffs.meaning import Meaning
from operations.diffs.model import StackDiff
from operations.diffs.pages import Title, html, markdown
from operations.diffs.stack_diff import stack_diff, together
from operations.diffs.terminal import lines
from policies.model import Finding, Verdict

TYPES = ("azure-native:network:NetworkSecurityGroup", "azure-native:storage:StorageAccount")
PLAIN = "OldPlainWord99"


def resource(name: str, old: Any, new: Any, **more: Any) -> PlannedResource:
    type_ = more.pop("type", TYPES[1])
    changed = more.pop("changed", tuple(sorted(join(one.path) for one in differences(old, new))))
    fields = {"operation": Operation.UPDATE, **more}
    return PlannedResource(f"urn:pulumi:s::sde::{type_}::{name}", type_, inputs=new, old_inputs=old, changed=changed,
                           **fields)  # fmt: skip


def plan(*resources: PlannedResource, stack: str = "one") -> Plan:
    return Plan("sde", stack, "local", resources)


def pages(diff: StackDiff) -> list[str]:
    title = Title("Changes of one")
    return ["\n".join(line.plain for line in lines(diff, 120)), markdown(diff, title), html(diff, title),
            canonical(diff.to_json())]  # fmt: skip


def test_equal_changes_are_one_line() -> None:
    tags = {"tags": {"cost-centre": "a"}}, {"tags": {"cost-centre": "b"}}
    (change,) = stack_diff(plan(*(resource(name, *tags) for name in "abc"))).changes
    assert (change.meaning, change.count, change.path) == (Meaning.HOUSEKEEPING, 3, 'tags["cost-centre"]')
    assert (change.before, change.after) == ("a", "b")


def test_equal_changes_of_several_stacks_are_one_line() -> None:
    tags = {"tags": {"cost-centre": "a"}}, {"tags": {"cost-centre": "b"}}
    diffs = [stack_diff(plan(resource("x", *tags), stack=stack)) for stack in ("two", "one")]
    (change,) = together(diffs).changes
    assert list(change.resources) == ["one", "two"]
    assert together(diffs).counts == {Operation.UPDATE: 2}


def test_a_finding_that_no_change_explains_is_a_change_without_a_path() -> None:
    """An option of a resource, such as `protect`, is no property."""
    same = replace(resource("a", {}, {}), operation=Operation.SAME)
    finding = Finding("GV3", Verdict.FAIL, same.urn, "storage:StorageAccount", "a", "one", "", "is not protected")
    (change,) = stack_diff(plan(same), [finding]).changes
    assert (change.meaning, change.path, change.rules) == (Meaning.LOSES_DATA, "", ("GV3",))


def test_an_exempt_finding_is_a_weakening_at_its_property_only() -> None:
    old, new = {"minimumTlsVersion": "TLS1_2", "tags": {"a": "b"}}, {"minimumTlsVersion": "TLS1_0", "tags": {"a": "c"}}
    changed = resource("a", old, new)
    finding = Finding("ST5", Verdict.EXEMPT, changed.urn, "storage:StorageAccount", "a", "one", "minimumTlsVersion", "")
    found = {change.path: change.meaning for change in stack_diff(plan(changed), [finding]).changes}
    assert found == {"minimumTlsVersion": Meaning.WEAKENS_ENCRYPTION, "tags.a": Meaning.HOUSEKEEPING}


def test_what_an_exemption_accepts_is_said_with_its_id_and_the_days() -> None:
    def rules(days: int) -> dict[str, Any]:
        delete = {"daysAfterModificationGreaterThan": days}
        return {"policy": {"rules": [{"name": "tiers", "definition": {"actions": {"baseBlob": {"delete": delete}}}}]}}

    changed = resource("a", rules(30), rules(3), type="azure-native:storage:ManagementPolicy")
    finding = Finding("ST30", Verdict.EXEMPT, changed.urn, "storage:ManagementPolicy", "a", "one", exemption="short")
    (change,) = stack_diff(plan(changed), [finding]).changes
    words = "Deletes blobs after 3 days instead of 30. Breaks ST30, which the exemption short accepts: "
    assert change.sentence.startswith(words)


def test_a_finding_that_the_resource_had_before_is_none_of_the_change() -> None:
    old = {"minimumTlsVersion": "TLS1_0", "tags": {"a": "b"}}
    changed = resource("a", old, {**old, "tags": {"a": "c"}})
    message = "is TLS1_0; it must be TLS1_2 or TLS1_3"
    finding = Finding("ST5", Verdict.FAIL, changed.urn, "storage:StorageAccount", "a", "one", "minimumTlsVersion",
                      message)  # fmt: skip
    assert [c.meaning for c in stack_diff(plan(changed), [finding]).changes] == [Meaning.HOUSEKEEPING]


values = st.recursive(
    st.sampled_from(["a", "b", SECRET, PLAIN, 1, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "k", "v"]), inner, max_size=3),
    max_leaves=6,
)
inputs = st.dictionaries(st.sampled_from(["tags", "securityRules", "minimumTlsVersion", "x"]), values, max_size=3)


@given(inputs, inputs, st.sampled_from(TYPES))
def test_each_changed_property_is_there_once(old: dict[str, Any], new: dict[str, Any], type_: str) -> None:
    changed = resource("a", old, new, type=type_)
    wanted = sorted(canonical(c.to_json()) for c in changes_of(changed))
    fields = ("path", "change", "before", "after", "replaces")
    shown = [
        canonical({name: value for name, value in change.to_json().items() if name in fields})
        for change in stack_diff(plan(changed)).changes
        for _ in range(change.count if change.path else 0)
    ]
    assert sorted(shown) == wanted


@given(st.sampled_from(["", "deep", "list", "keyed", "moved"]), st.booleans())
def test_what_is_secret_on_one_side_is_shown_on_neither(where: str, reverse: bool) -> None:
    shapes: dict[str, Any] = {
        "": lambda value: {"value": value},
        "deep": lambda value: {"properties": {"value": value, "other": "x"}},
        "list": lambda value: {"list": [value]},
        "keyed": lambda value: {"list": [{"name": "a", "value": value}]},
        "moved": lambda value: {"list": [{"name": f"n{len(value)}", "value": value}]},
    }
    sides = shapes[where](PLAIN), shapes[where](SECRET)
    old, new = reversed(sides) if reverse else sides
    outputs = planned_outputs(old, new)
    diff = stack_diff(replace(plan(resource("a", old, new)), outputs=outputs))
    assert diff.changes
    for page in pages(diff):
        assert PLAIN not in page


HOSTILE = st.text(max_size=20) | st.sampled_from(
    [
        "<script>alert(1)</script>", "</code><img src=x onerror=alert(1)>", "\u202e\u200f\x1b[31m\x07\x00\r\n",
        "`` ` ``", "| a | b |", "[x](javascript:alert(1))", "@all #1 https://evil.example www.evil.example",
        "&lt;b&gt;", "{{ 7*7 }}{% raw %}", "x" * 600, "- 1. # >",
    ]
)  # fmt: skip


@settings(max_examples=40)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_hostile_names_break_no_page(name: str, key: str, value: str) -> None:
    changed = resource(name, {"tags": {"k": "a"}, "list": []}, {"tags": {"k": value}, "list": [{"name": key}]},
                       changed=("tags.k", "list[0]"))  # fmt: skip
    diff = stack_diff(plan(changed, replace(changed, urn=changed.urn + "x", operation=Operation.DELETE)))
    terminal, text, page, _ = pages(diff)
    for shown in (terminal, text, page):
        assert all(c.isprintable() or c == "\n" for c in shown)
    assert set(_tags(page)) == set(_tags(html(stack_diff(plan(resource("a", {"x": 1}, {"x": 2}))), Title("x"))))
    assert set(_tags(text)) <= {"br", "code", "/code"}
    assert max(map(len, terminal.splitlines())) < 1500


def _tags(page: str) -> list[str]:
    """Return the tags of a page, without those that tell values of lists apart."""
    return [tag for tag in re.findall(r"<([a-zA-Z/][a-zA-Z0-9]*)", page) if tag not in ("strong", "/strong")]


def test_markdown_makes_no_link_mention_or_reference() -> None:
    name = "@all #12 https://evil.example www.evil.example [x](y) <b>"
    text = markdown(stack_diff(plan(resource(name, {"tags": {"a": "b"}}, {"tags": {"a": "c"}}))), Title(name))
    assert "@all" not in text
    assert "#12" not in text
    assert "https://" not in text
    assert "www.evil" not in text
    assert "<b>" not in text
    assert "](" not in text
