"""What the runs on this machine recorded: the state as of a day, and when each right was made."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from formats.errors import InputError
from operations.access.records import Records, config_of
from tests.policies import shipped

STACK = "safe-haven"
GRANT = "/subscriptions/x/providers/Microsoft.Authorization/roleAssignments/1"


def record(folder: Path, number: int, day: str, resources: list[dict[str, Any]] | None, **more: Any) -> Path:
    """Write the record of a run that ended at noon of a day."""
    ended = int(datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).timestamp()) + 12 * 3600
    file = folder / f".pulumi/history/sde/{STACK}/{STACK}-{number:019}.history.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"kind": "update", "result": "succeeded", "endTime": ended, "config": {}, **more}))
    if resources is not None:
        latest = {"resources": resources}
        state = {"version": 3, "checkpoint": {"stack": STACK, "latest": latest}}
        file.with_name(file.name.replace(".history.", ".checkpoint.")).write_text(json.dumps(state))
    return file


def resource(name: str, id_: str) -> dict[str, Any]:
    type_ = "azure-native:authorization:RoleAssignment"
    return {"urn": f"urn:pulumi:{STACK}::sde::{type_}::{name}", "type": type_, "custom": True, "id": id_}


def test_the_state_as_of_a_day_is_that_after_the_last_run_until_its_end(tmp_path: Path) -> None:
    record(tmp_path, 1, "2026-01-01", [resource("a", "/a")])
    record(tmp_path, 2, "2026-01-03", [resource("b", "/b")], result="failed")
    record(tmp_path, 3, "2026-01-03", [], kind="destroy")
    records = Records(tmp_path)
    assert records.last_run(STACK, date(2025, 12, 31)) is None
    for day in (date(2026, 1, 1), date(2026, 1, 2)):
        plan = records.as_of(STACK, day)
        assert plan is not None
        assert [r.name for r in plan.resources] == ["a"]
    assert records.as_of(STACK, date(2026, 1, 3)) is None  # destroyed
    assert [run.name for run in records.runs(STACK)] == [
        f"update 1 of {STACK}", f"update 2 of {STACK} (failed)", f"destroy 3 of {STACK}",
    ]  # fmt: skip
    assert records.stacks() == [STACK]


def test_the_origin_of_a_right_is_the_run_since_which_every_state_has_it(tmp_path: Path) -> None:
    gone, kept = GRANT.replace("/1", "/2"), GRANT
    record(tmp_path, 1, "2026-01-01", [resource("a", kept), resource("b", gone)])
    record(tmp_path, 2, "2026-01-02", [resource("a", kept)])
    record(tmp_path, 3, "2026-01-03", [resource("a", kept), resource("b", gone.upper())])
    found = Records(tmp_path).origins(STACK, {kept.lower(), gone.lower(), "/unknown"})
    assert {id_: origin.change for id_, origin in found.items()} == {
        kept.lower(): f"update 1 of {STACK}", gone.lower(): f"update 3 of {STACK}",
    }  # fmt: skip
    assert found[kept.lower()].since == "2026-01-01T12:00:00Z"
    earlier = Records(tmp_path).origins(STACK, {kept.lower(), gone.lower()}, date(2026, 1, 1))
    assert {origin.change for origin in earlier.values()} == {f"update 1 of {STACK}"}


def test_the_configuration_of_the_last_run_names_the_groups(tmp_path: Path) -> None:
    config = dict(shipped.settings(STACK))
    record(tmp_path, 1, "2026-01-01", [], config={**config, "sde:staging": "broken"})
    assert Records(tmp_path).last_config(STACK) is None
    record(tmp_path, 2, "2026-01-02", [], config=config)
    found = Records(tmp_path).last_config(STACK)
    assert found == shipped.configs()[STACK]
    assert config_of(Records(tmp_path).runs(STACK)[0]) is None


@pytest.mark.parametrize("content", ["{", "[]", '{"kind": "update"}', '{"kind":1,"result":2,"endTime":"x"}'])
def test_a_damaged_record_is_one_clear_error(tmp_path: Path, content: str) -> None:
    record(tmp_path, 1, "2026-01-01", []).write_text(content)
    with pytest.raises(InputError):
        Records(tmp_path).runs(STACK)
    assert Records(tmp_path).last_config(STACK) is None


def test_a_state_that_was_not_kept_or_is_damaged_is_said_to_be_so(tmp_path: Path) -> None:
    file = record(tmp_path, 1, "2026-01-01", None)
    with pytest.raises(InputError, match="not kept"):
        Records(tmp_path).as_of(STACK, date(2026, 1, 1))
    file.with_name(file.name.replace(".history.", ".checkpoint.")).write_text('{"checkpoint": 1}')
    with pytest.raises(InputError, match="not a recorded state"):
        Records(tmp_path).as_of(STACK, date(2026, 1, 1))


def test_a_backend_elsewhere_has_no_records_here(tmp_path: Path) -> None:
    assert Records(None).runs(STACK) == []
    assert Records(None).stacks() == []
    assert Records(tmp_path).runs("../x") == []
    assert Records(tmp_path).last_config(STACK) is None
