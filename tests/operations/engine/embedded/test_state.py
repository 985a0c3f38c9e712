"""Snapshots to deployments and back: keys, omitted values, secrets, order and damaged files."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats import property_values
from formats.errors import InputError
from operations.engine.embedded import integrity, state
from operations.engine.embedded.model import PendingOperation, Resource, Snapshot
from operations.engine.embedded.secrets import Crypter
from tests.formats.test_property_values import wire
from tests.operations.engine.embedded.things import PHRASE, thing, urn

FULL = {
    "urn": urn("full"),
    "custom": True,
    "delete": True,
    "id": "/full",
    "type": "test:index:Thing",
    "inputs": {"a": 1},
    "outputs": {"b": [None, {}]},
    "parent": urn("p"),
    "protect": True,
    "external": True,
    "dependencies": [urn("p")],
    "initErrors": ["e"],
    "provider": f"{urn('p')}::id",
    "propertyDependencies": {"a": [urn("p")]},
    "pendingReplacement": True,
    "additionalSecretOutputs": ["s"],
    "aliases": [urn("q")],
    "customTimeouts": {"create": 60.5},
    "importID": "i",
    "retainOnDelete": True,
    "deletedWith": urn("p"),
    "created": "2026-01-01T00:00:00Z",
    "modified": "2026-01-02T00:00:00Z",
    "ignoreChanges": ["x"],
    "replaceOnChanges": ["y"],
    "sourcePosition": "project:///x.py#1,2",
}


def crypter() -> Crypter:
    return Crypter(lambda: PHRASE)


def deployment(*resources: Resource, **sections: Any) -> dict[str, Any]:
    return state.write_deployment(Snapshot(list(resources), **sections))


def read(document: dict[str, Any]) -> Snapshot:
    return state.read_deployment(document, file="f")


def test_every_resource_key_round_trips() -> None:
    resource = state.read_resource(FULL, file="f")
    assert state.write_resource(resource) == FULL
    assert {"retainOnDelete", "customTimeouts", "sourcePosition"} < resource.extra.keys()


def test_empty_keys_except_custom_are_left_out() -> None:
    plain = Resource("u", "t", custom=False)
    assert state.write_resource(plain) == {"urn": "u", "custom": False, "type": "t"}


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.text(max_size=5), wire, max_size=3), max_size=3))
def test_snapshot_round_trips_through_a_file(properties: list[dict[str, Any]]) -> None:
    plain = [
        {k: v for k, v in property_values.normalised(p).items() if k != property_values.SIGNATURE} for p in properties
    ]
    keeper = crypter()
    before = [thing(str(i), inputs=p, outputs=p) for i, p in enumerate(plain)]
    document = json.loads(state.dumps(deployment(*(state.encrypted(r, keeper) for r in before))))
    after = [state.decrypted(r, keeper) for r in read(document).resources]
    assert len(after) == len(before)
    for one, other in zip(before, after, strict=True):
        assert property_values.equal(_secret_once(one.inputs), other.inputs)
        assert property_values.equal(_secret_once(one.outputs), other.outputs)


def _secret_once(value: Any) -> Any:
    """Remove the marks of secrets inside a secret, which the file does not have."""
    if property_values.is_secret(value):
        return property_values.secret(property_values.unwrap(value))
    if isinstance(value, dict):
        return {k: _secret_once(v) for k, v in value.items()}
    return [_secret_once(v) for v in value] if isinstance(value, list) else value


def test_manifest_magic_is_checked() -> None:
    manifest = json.loads(state.write_checkpoint("s", Snapshot()))["checkpoint"]["latest"]["manifest"]
    assert manifest["magic"] == hashlib.sha256(manifest["version"].encode()).hexdigest()
    with pytest.raises(InputError, match="magic"):
        read({"manifest": {**manifest, "magic": "0" * 64}})


def test_secret_is_the_encrypted_json_with_pulumis_mark() -> None:
    keeper = crypter()
    (sealed,) = state.encrypted(thing("a", inputs={"k": [property_values.secret({"p": "hunter2"})]}), keeper).inputs[
        "k"
    ]
    assert sorted(sealed) == sorted([property_values.SIGNATURE, "ciphertext"])
    assert json.loads(keeper.decrypt(sealed["ciphertext"])) == {"p": "hunter2"}


def test_plaintext_secret_of_an_export_is_read() -> None:
    inputs = {"k": {property_values.SIGNATURE: property_values.SECRET_SIGNATURE, "plaintext": '"hunter2"'}}
    resource = state.read_resource({**FULL, "inputs": inputs}, file="f")
    assert state.decrypted(resource, crypter()).inputs == {"k": property_values.secret("hunter2")}


def test_unknown_keys_of_the_deployment_are_kept() -> None:
    document = deployment(extra={"snippets": [{"uuid": "u"}], "metadata": {"later": True}})
    document["manifest"] = {"plugins": [{"name": "random"}]}
    again = json.loads(state.write_checkpoint("s", read(document)))["checkpoint"]["latest"]
    assert again["snippets"] == [{"uuid": "u"}]
    assert again["manifest"]["plugins"] == [{"name": "random"}]
    assert again["metadata"] == {"later": True}


def test_checkpoint_round_trips() -> None:
    snapshot = Snapshot([thing("a")], [PendingOperation(thing("b"), "deleting")], {"type": "passphrase"})
    content = state.write_checkpoint("organization/sde/platform", snapshot)
    again = state.read_checkpoint(content, "organization/sde/platform", file="f")
    assert again is not None
    assert (again.resources, again.pending) == (snapshot.resources, snapshot.pending)
    assert again.secrets_providers == snapshot.secrets_providers


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_truncated_checkpoint_is_refused(cut: int) -> None:
    content = state.write_checkpoint("s", Snapshot())
    with pytest.raises(InputError, match="truncated"):
        state.read_checkpoint(content[:-cut], "s", file="f")


@pytest.mark.parametrize(
    ("resources", "problem"),
    [
        ([thing("a"), thing("a")], "twice"),
        ([thing("a", dependencies=[urn("b")])], "not exist"),
        ([thing("a", parent=urn("b")), thing("b")], "after it"),
        ([thing("a", property_dependencies={"p": [urn("z")]})], "not exist"),
        ([thing("a", provider=f"{urn('z')}::id")], "not exist"),
        ([thing("a", deleted_with=urn("z"))], "not exist"),
        ([thing("a", custom=False)], "component has an id"),
        ([thing("a", type="")], "no type"),
    ],
)
def test_inconsistent_state_is_refused(resources: list[Resource], problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        integrity.verify(resources, file="platform.json")
    assert caught.value.file == "platform.json"


@pytest.mark.parametrize("key", ["inputs", "urn", "custom", "dependencies"])
def test_a_key_of_the_wrong_type_is_named(key: str) -> None:
    with pytest.raises(InputError) as caught:
        read({"manifest": {}, "resources": [{**FULL, key: 5}]})
    assert caught.value.key == f"resources[0].{key}"


@settings(max_examples=40)
@given(st.data())
def test_ordering_puts_dependencies_first(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 8))
    needs = [data.draw(st.sets(st.integers(0, i - 1))) if i else set() for i in range(count)]
    resources = [thing(str(i), dependencies=[urn(str(n)) for n in sorted(needs[i])]) for i in range(count)]
    assert integrity.ordered(resources) == resources
    shuffled = data.draw(st.permutations(resources))
    result = integrity.ordered(shuffled)
    integrity.verify(result, file="f")
    assert len(result) == count


def test_long_chains_are_ordered_without_recursion() -> None:
    chain = [thing(str(i), dependencies=[urn(str(i - 1))] if i else []) for i in range(3000)]
    assert integrity.ordered(chain[::-1]) == chain
