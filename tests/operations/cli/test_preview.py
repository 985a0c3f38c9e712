from __future__ import annotations

from formats.plan import SECRET, UNKNOWN, Operation
from tests.operations.cli.fakes import CliRunner, resource


def test_a_changed_tag_is_the_only_thing_shown(sde: CliRunner) -> None:
    changed = resource("a", Operation.UPDATE, inputs={"tags": {"owner": "new"}}, old_inputs={"tags": {"owner": "old"}},
                       changed=("tags.owner",))  # fmt: skip
    sde.engine.plans["platform"] = (changed, resource("b", Operation.SAME, inputs={"tags": {"owner": "new"}}))
    assert sde("preview", "platform") == 0
    assert 'tags.owner: "old" → "new"' in sde.out
    assert "~ a  storage account" in sde.out
    assert "  b" not in sde.out
    assert "1 to update, 1 unchanged" in sde.out


def test_a_replacement_names_what_forces_it(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (
        resource("a", Operation.REPLACE, inputs={"location": "ukwest"}, old_inputs={"location": "uksouth"},
                 changed=("location",), replaces=("location",)),
    )  # fmt: skip
    sde("preview", "platform")
    assert 'location: "uksouth" → "ukwest"  forces replacement' in sde.out


def test_secrets_and_unknowns_have_words_of_their_own(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (
        resource("a", Operation.UPDATE, inputs={"key": SECRET, "rules": [{"ip": UNKNOWN}]},
                 old_inputs={"key": "was plain", "rules": [{"ip": "10.0.0.1"}]}, changed=("key", "rules[0].ip")),
    )  # fmt: skip
    sde("preview", "platform")
    assert 'key: "was plain" → (secret)' in sde.out
    assert 'rules[0].ip: "10.0.0.1" → (known after)' in sde.out


def test_a_secret_that_changes_shows_neither_value(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (
        resource("a", Operation.UPDATE, inputs={"k": SECRET}, old_inputs={"k": SECRET}, changed=("k",)),
    )
    sde("preview", "platform")
    assert "k: changes" in sde.out


def test_nothing_to_change_is_said_plainly(sde: CliRunner) -> None:
    sde("up", "platform", "--yes")
    assert sde("preview", "platform") == 0
    assert "Nothing to change." in sde.out


def test_on_an_empty_cloud_what_can_be_previewed_is_and_the_rest_is_named(sde: CliRunner) -> None:
    assert sde("preview", "--all", "--cloud", "local") == 2
    assert "2 to create" in sde.out
    assert "safe-haven waits for platform" in sde.err
    assert "tre-heart waits for platform and safe-haven" in sde.err
    assert "scripts/sde up platform" in sde.err


def test_a_name_cannot_steer_the_terminal(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (resource("evil\x1b[2J[red]", Operation.CREATE),)
    sde("preview", "platform")
    assert "\x1b" not in sde.out
    assert "[red]" in sde.out


def test_json_carries_the_whole_plan(sde: CliRunner) -> None:
    assert sde("--json", "preview", "platform") == 0
    assert [line["event"] for line in sde.lines] == ["plan", "verdict"]
    assert len(sde.lines[0]["plan"]["resources"]) == 2
