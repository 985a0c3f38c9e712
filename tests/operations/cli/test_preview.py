from __future__ import annotations

from formats.plan import SECRET, UNKNOWN, Operation
from tests.operations.cli.fakes import Desk, resource


def test_a_changed_tag_is_the_only_thing_shown(desk: Desk) -> None:
    changed = resource("a", Operation.UPDATE, inputs={"tags": {"owner": "new"}}, old_inputs={"tags": {"owner": "old"}},
                       changed=("tags.owner",))  # fmt: skip
    desk.engine.plans["platform"] = (changed, resource("b", Operation.SAME, inputs={"tags": {"owner": "new"}}))
    assert desk("preview", "platform") == 0
    assert 'tags.owner: "old" → "new"' in desk.out
    assert "~ a  storage account" in desk.out
    assert "  b" not in desk.out
    assert "1 to update, 1 unchanged" in desk.out


def test_a_replacement_names_what_forces_it(desk: Desk) -> None:
    desk.engine.plans["platform"] = (
        resource("a", Operation.REPLACE, inputs={"location": "ukwest"}, old_inputs={"location": "uksouth"},
                 changed=("location",), replaces=("location",)),
    )  # fmt: skip
    desk("preview", "platform")
    assert 'location: "uksouth" → "ukwest"  forces replacement' in desk.out


def test_secrets_and_unknowns_have_words_of_their_own(desk: Desk) -> None:
    desk.engine.plans["platform"] = (
        resource("a", Operation.UPDATE, inputs={"key": SECRET, "rules": [{"ip": UNKNOWN}]},
                 old_inputs={"key": "was plain", "rules": [{"ip": "10.0.0.1"}]}, changed=("key", "rules[0].ip")),
    )  # fmt: skip
    desk("preview", "platform")
    assert 'key: "was plain" → (secret)' in desk.out
    assert 'rules[0].ip: "10.0.0.1" → (known after)' in desk.out


def test_a_secret_that_changes_shows_neither_value(desk: Desk) -> None:
    desk.engine.plans["platform"] = (
        resource("a", Operation.UPDATE, inputs={"k": SECRET}, old_inputs={"k": SECRET}, changed=("k",)),
    )
    desk("preview", "platform")
    assert "k: changes" in desk.out


def test_nothing_to_change_is_said_plainly(desk: Desk) -> None:
    desk("up", "platform", "--yes")
    assert desk("preview", "platform") == 0
    assert "Nothing to change." in desk.out


def test_on_an_empty_cloud_what_can_be_previewed_is_and_the_rest_is_named(desk: Desk) -> None:
    assert desk("preview", "--all", "--cloud", "local") == 2
    assert "2 to create" in desk.out
    assert "safe-haven waits for platform" in desk.err
    assert "tre-heart waits for platform and safe-haven" in desk.err
    assert "scripts/sde up platform" in desk.err


def test_a_name_cannot_steer_the_terminal(desk: Desk) -> None:
    desk.engine.plans["platform"] = (resource("evil\x1b[2J[red]", Operation.CREATE),)
    desk("preview", "platform")
    assert "\x1b" not in desk.out
    assert "[red]" in desk.out


def test_json_carries_the_whole_plan(desk: Desk) -> None:
    assert desk("--json", "preview", "platform") == 0
    assert [line["event"] for line in desk.lines] == ["plan", "verdict"]
    assert len(desk.lines[0]["plan"]["resources"]) == 2
