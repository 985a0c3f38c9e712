"""`sde request export` and `import`, also of a crate in the form of cr8tor. Neither uses the network."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from approvals.canonical import digest_of
from approvals.request_files import read_request
from operations.crates.writing import metadata_of
from tests.operations.cli.test_requests import PROJECT, Requests, sde_request  # noqa: F401 - a fixture
from tests.operations.estates import change, snapshot

PERSON = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network is used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("name", ["crate.zip", "crate"])
def test_an_exported_request_is_imported_as_the_same_request(
    sde_request: Requests, tmp_path: Path, name: str  # noqa: F811
) -> None:  # fmt: skip
    def amend(data: Any) -> None:
        data["people"] = [{"id": PERSON, "name": "Ada Alder", "role": "lead", "accreditation_expires": "2029-01-01",
                           "training_expires": "2029-01-01"}]  # fmt: skip
        data |= {"lead": PERSON, "organisation": "A university", "redundancy": "Standard_GRS"}

    change(sde_request.request, amend)
    before = read_request(sde_request.estate, PROJECT)
    sde_request("export", PROJECT, "-o", str(tmp_path / name))
    assert "such a file already" in sde_request("export", PROJECT, "-o", str(tmp_path / name), code=2)
    files = snapshot(sde_request.estate)
    assert "such a request already" in sde_request("import", str(tmp_path / name), code=2)
    assert snapshot(sde_request.estate) == files
    sde_request.request.unlink()
    said = json.loads(sde_request("import", str(tmp_path / name), "--json"))
    assert said["not_imported"] == []
    assert said["request"] == digest_of(before) == digest_of(read_request(sde_request.estate, PROJECT))
    assert "expires: 2028-09-30\n" in sde_request.request.read_text()


def test_nothing_is_written_unless_the_whole_request_is_valid(
    sde_request: Requests, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    request = read_request(sde_request.estate, PROJECT)
    sde_request.request.unlink()
    files = snapshot(sde_request.estate)
    for changed, said in (
        ({"project": "../estate"}, "name of a project"),
        ({"desks": [{"name": "main", "size": "Standard_Nothing"}]}, "desks[0]"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"checkers": request["researchers"]}, "checkers"),
    ):
        (tmp_path / "ro-crate-metadata.json").write_text(json.dumps(metadata_of(request | changed)))
        assert said in sde_request("import", str(tmp_path), code=2)
    assert snapshot(sde_request.estate) == files


def test_a_crate_of_cr8tor_is_imported_with_the_keys_that_it_lacks_and_without_its_sign_off(
    sde_request: Requests, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    rest = read_request(sde_request.estate, PROJECT)
    title, number = rest.pop("title"), rest.pop("request")
    sde_request.request.unlink()
    cr8tor = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": [
        {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"},
         "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}},
        {"@id": "./", "@type": "Dataset", "name": title, "mainEntity": {"@id": "#b0732f87"},
         "publisher": {"@id": "#sde"}, "hasPart": [{"@id": "governance/cr8-governance.yaml"}]},
        {"@id": "#b0732f87", "@type": "Project", "name": title, "identifier": number,
         "memberOf": [{"@id": "#agent"}]},
        {"@id": "#agent", "@type": "Person", "name": "Ada Alder"},
        {"@id": "governance/cr8-governance.yaml", "@type": "File"},
        {"@id": "#Sign-Off-b0732f87", "@type": "AssessAction", "actionStatus": "CompletedActionStatus"},
    ]}  # fmt: skip
    (tmp_path / "crate/data/governance").mkdir(parents=True)
    (tmp_path / "crate/data/governance/cr8-governance.yaml").write_text("x: 1")
    (tmp_path / "crate/data/ro-crate-metadata.json").write_text(json.dumps(cr8tor))
    assert "project, expires, data_class" in sde_request("import", str(tmp_path / "crate"), code=2)
    (tmp_path / "rest.yaml").write_text(yaml.safe_dump(rest))
    said = json.loads(sde_request("import", str(tmp_path / "crate"), "--with", str(tmp_path / "rest.yaml"), "--json"))
    assert read_request(sde_request.estate, PROJECT) == {**rest, "title": title, "request": number}
    assert {"#Sign-Off-b0732f87 (AssessAction)", "#agent (Person)", "#b0732f87 memberOf", "./ publisher",
            "the file data/governance/cr8-governance.yaml"} <= set(said["not_imported"])  # fmt: skip
