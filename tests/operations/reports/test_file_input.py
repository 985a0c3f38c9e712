"""Untrusted input files get one clear error quickly, and never pass."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InputError
from formats.json_reader import MAX_BYTES
from formats.plan import Operation, Plan
from formats.plan_files import read_neighbours
from operations.reports.file_input import read_plan, stacks_of
from policies.plan_evaluation import evaluate_plans
from tests.operations.reports.samples import account, plan


def written(folder: Path, content: Any) -> Path:
    file = folder / "plan.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_a_plan_is_read_back(tmp_path: Path) -> None:
    assert read_plan(written(tmp_path, plan().to_json())) == (plan(), None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("{", "not JSON"),
        ("resources: []", "not JSON"),
        ("[]", "neither a plan nor"),
        ("null", "neither a plan nor"),
        ('{"resources": []}', "neither a plan nor"),
        ('{"a": 1, "a": 2}', "duplicated"),
        ('{"a": NaN}', "not a JSON number"),
        ('{"a": Infinity}', "not a JSON number"),
        ('{"a": 1e999}', "too large a number"),
        ('{"a": ' + "9" * 5000 + "}", "5,000 digits"),
        ('{"a": "\\ud800"}', "half a character"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 70 + "1" + "}" * 70, "nested too deeply"),
        ("\x00" * 100, "not JSON"),
    ],
)
def test_content_that_is_not_a_plan_is_refused(tmp_path: Path, content: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_plan(written(tmp_path, content))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(InputError, match="UTF-8"):
        read_plan(tmp_path / "plan.json")


def test_a_huge_file_is_refused_without_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "plan.json"
    file.touch()
    os.truncate(file, 200 << 20)
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(InputError, match="too long") as error:
        read_plan(file)
    assert f"{MAX_BYTES:,}" in str(error.value)


@pytest.mark.parametrize("name", [".", "missing.json"])
def test_a_path_that_is_not_a_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        read_plan(tmp_path / name)


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "plan.json")
    with pytest.raises(InputError, match="not a file"):
        read_plan(tmp_path / "plan.json")


def test_a_changed_plan_is_refused(tmp_path: Path) -> None:
    content = plan().to_json()
    content["resources"][0]["inputs"]["publicNetworkAccess"] = "Disabled"
    with pytest.raises(InputError, match="digest"):
        read_plan(written(tmp_path, content))


@pytest.mark.parametrize(
    "change",
    [
        {"resources": None},
        {"resources": [5]},
        {"format": 9},
        {"resources": [{"urn": 1}]},
        {"stack": 5},
        {"project": None},
    ],
)
def test_a_plan_of_another_shape_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        read_plan(written(tmp_path, plan().to_json() | change))


def test_properties_of_the_wrong_kind_are_refused(tmp_path: Path) -> None:
    content = plan().to_json()
    content["resources"][0] = asdict(account("data")) | {"inputs": "all secure"}
    with pytest.raises(InputError, match=r"resources\[0\]\.inputs"):
        read_plan(written(tmp_path, content))


@settings(max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
        max_leaves=8,
    )
)
def test_any_json_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: Any) -> None:
    with pytest.raises(InputError):
        read_plan(written(tmp_path_factory.mktemp("any"), content))


def test_a_plan_without_resources_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to check"):
        evaluate_plans([plan(account("gone", Operation.DELETE))])


@pytest.mark.parametrize("resources", [(), (account("gone", Operation.DELETE),)])
def test_the_file_of_an_empty_plan_is_named(tmp_path: Path, resources: tuple[Any, ...]) -> None:
    with pytest.raises(InputError, match="nothing to check") as refused:
        read_plan(written(tmp_path, Plan("sde", "tre-heart", "local", resources).to_json()))
    assert refused.value.file == str(tmp_path / "plan.json")


def test_two_plans_of_one_stack_are_refused() -> None:
    with pytest.raises(InputError, match="one stack"):
        evaluate_plans([plan(), plan()])


def test_a_duplicate_urn_is_refused() -> None:
    with pytest.raises(InputError, match="one id"):
        evaluate_plans([plan(account("data"), account("data", publicNetworkAccess="Disabled"))])


def test_too_many_containers_are_refused_before_parsing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too many values"):
        read_plan(written(tmp_path, '{"a":[' + "[]," * 2_000_001 + "[]]}"))


def test_too_many_numbers_are_refused_before_parsing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too many values"):
        read_plan(written(tmp_path, '{"a":[' + "1," * 8_000_001 + "1]}"))


def test_a_surrogate_pair_is_one_character(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a plan nor"):
        read_plan(written(tmp_path, '{"a": "\\ud83d\\ude00"}'))


@pytest.mark.parametrize(("encoding", "why"), [("utf-16", "UTF-8"), ("utf-32", "UTF-8"), ("utf-8-sig", "neither")])
def test_other_encodings_are_refused_except_utf_8_with_a_bom(tmp_path: Path, encoding: str, why: str) -> None:
    (tmp_path / "plan.json").write_bytes('{"a": 1}'.encode(encoding))
    with pytest.raises(InputError, match=why):
        read_plan(tmp_path / "plan.json")


def test_a_link_is_followed_and_a_circular_one_refused(tmp_path: Path) -> None:
    file = written(tmp_path, plan().to_json())
    (tmp_path / "link.json").symlink_to(file)
    (tmp_path / "round.json").symlink_to(tmp_path / "round.json")
    assert read_plan(tmp_path / "link.json").plan == plan()
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(tmp_path / "round.json")


@pytest.mark.parametrize(
    ("change", "key"),
    [({"custom": False}, "resources[0].custom"), ({"urn": "x"}, "resources[0].urn"),
     ({"urn": account("data" * 1_000).urn}, "resources[0].urn"),
     ({"urn": account("data").urn.replace("urn:pulumi:", "urn:pulumi:other-")}, "resources[0].urn")],
)  # fmt: skip
def test_a_foreign_or_hidden_resource_is_refused(tmp_path: Path, change: dict[str, Any], key: str) -> None:
    """A resource marked as a component would not be checked."""
    with pytest.raises(InputError) as refused:
        read_plan(written(tmp_path, plan(replace(account("data"), **change)).to_json()))
    assert refused.value.key == key


def test_duplicate_keys_are_found_in_linear_time(tmp_path: Path) -> None:
    keys = ",".join(f'"k{i}":1' for i in range(200_000))
    with pytest.raises(InputError, match="'k7' is duplicated"):
        read_plan(written(tmp_path, f'{{{keys},"k7":2}}'))


def state(**change: Any) -> dict[str, Any]:
    """Return an exported state of one storage account."""
    one = account("data")
    resource = {"urn": one.urn, "type": one.type, "custom": True, "id": "/x", "inputs": {}} | change
    return {"version": 3, "deployment": {"resources": [resource]}}


def test_a_state_is_read_as_deployed_resources(tmp_path: Path) -> None:
    assert [r.urn for r in read_plan(written(tmp_path, state())).plan.resources] == [account("data").urn]


@pytest.mark.parametrize("custom", [False, None])
def test_a_storage_account_as_a_component_is_refused(tmp_path: Path, custom: bool | None) -> None:
    """It would not be checked, neither by itself nor as a neighbour."""
    content = state(custom=custom)
    if custom is None:
        del content["deployment"]["resources"][0]["custom"]
    file = written(tmp_path, content)
    for read in (lambda: read_plan(file), lambda: read_neighbours([file.name], tmp_path)):
        with pytest.raises(InputError, match="the type of a provider"):
            read()


def test_templates_without_a_stack_get_names_from_folders() -> None:
    files = [
        Path("/a/one/template.json"),
        Path("/a/two/template.json"),
        Path("/b/two/template.json"),
        Path("/a/main.json"),
    ]
    assert stacks_of(files) == ["one-template", "a-two-template", "b-two-template", "main"]
    assert stacks_of([Path("/a b/é.json")]) == ["-"]
    assert stacks_of([files[0], files[0]]) == ["a-one-template", "a-one-template"]  # one file twice stays two of one
