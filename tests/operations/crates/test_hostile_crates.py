"""Untrusted crates: refused whole, with nothing unpacked and no more read than is allowed."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from formats.errors import InputError
from operations.crates.crate_files import MAX_BYTES, MAX_FILES, read_crate
from operations.crates.reading import request_in
from operations.crates.writing import metadata_of, write_bag
from tests.operations.estates import snapshot

REQUEST: dict[str, Any] = {"project": "asthma-two", "title": "Asthma", "request": "DAR-1", "approved_on": "2026-01-01",
                           "expires": "2027-01-01", "template": "shared"}  # fmt: skip
NAME = "ro-crate-metadata.json"


def add(name: str, content: bytes = b"x", **attributes: Any) -> Callable[[zipfile.ZipFile], None]:
    def write(archive: zipfile.ZipFile) -> None:
        entry = zipfile.ZipInfo(name)
        for key, value in attributes.items():
            setattr(entry, key, value)
        archive.writestr(entry, content)

    return write


def bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr(f"data/{NAME}", b" " * (64 * MAX_BYTES), zipfile.ZIP_DEFLATED)


def many(archive: zipfile.ZipFile) -> None:
    for number in range(MAX_FILES + 1):
        archive.writestr(f"{number}", b"")


def encrypted(archive: zipfile.ZipFile) -> None:
    archive.writestr("secret", b"x")
    archive.filelist[-1].flag_bits |= 1


ARCHIVES = {
    "leaves its folder": add("../outside"),
    "a name that leaves": add("/etc/passwd"),
    "name that leaves its": add("a\\..\\b"),
    "a link": add("link", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16),
    "encrypted": encrypted,
    "unusual way": add("lzma", compress_type=zipfile.ZIP_LZMA),
    "not one RO-Crate": add(f"another/{NAME}"),
    "another checksum": add("bagit.txt"),
    "too many files": many,
    "at most 1,048,576 bytes": bomb,
}


@pytest.mark.parametrize("said", ARCHIVES)
def test_a_hostile_zip_file_is_refused_and_nothing_is_unpacked(tmp_path: Path, said: str) -> None:
    file = tmp_path / "crate.zip"
    with zipfile.ZipFile(file, "w") as archive:
        if ARCHIVES[said] is not bomb:
            archive.writestr(NAME, json.dumps(metadata_of(REQUEST)))
        ARCHIVES[said](archive)
    before = snapshot(tmp_path)
    with pytest.raises(InputError, match=said):
        read_crate(file)
    assert snapshot(tmp_path) == before


def test_two_files_of_one_name_and_a_damaged_zip_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "crate.zip"
    with zipfile.ZipFile(file, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(NAME, "{}")
        archive.writestr(NAME, "{}")
    with pytest.raises(InputError, match="two files of one name"):
        read_crate(file)
    for content in (b"", b"PK\x03\x04" + b"\0" * 40, file.read_bytes()[:-30]):
        file.write_bytes(content)
        with pytest.raises(InputError, match="cannot be read"):
            read_crate(file)


def test_a_bag_is_read_as_its_manifest_says_and_not_otherwise(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    write_bag(REQUEST, "sha256:0", bag)
    assert request_in(read_crate(bag)).request == REQUEST
    manifest = (bag / "manifest-sha512.txt").read_text()
    assert manifest.split()[0] == hashlib.sha512((bag / "data" / NAME).read_bytes()).hexdigest()
    (bag / "data/notes.txt").write_text("x")
    assert request_in(read_crate(bag)).left == ("the file data/notes.txt",)
    (bag / "data" / NAME).write_text(json.dumps(metadata_of({**REQUEST, "title": "Another"})))
    with pytest.raises(InputError, match="another checksum"):
        read_crate(bag)
    (bag / "data" / NAME).unlink()
    (bag / "data" / NAME).symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="outside"):
        read_crate(bag)


def edited(edit: Callable[[dict[str, Any]], Any]) -> str:
    document = metadata_of(REQUEST)
    edit(document)
    return json.dumps(document)


def entity(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["@graph"] if one["@id"] == name)
    return found


DOCUMENTS = {
    "unambiguous JSON": '{"@context": "x", "@graph": [], "@graph": []}',
    "levels": '{"@graph":' + "[" * 5000 + "]" * 5000 + "}",
    "terms are not those": edited(lambda d: d.update({"@context": "https://attacker.example/context"})),
    "not those of RO-Crate": edited(lambda d: d.update({"@context": [d["@context"], {"name": "http://x/other"}]})),
    "id of its own": edited(lambda d: d["@graph"].append({"@id": "#project", "@type": "Project"})),
    "more than one CreateAction": edited(lambda d: (
        entity(d, "./").update(mentions=[{"@id": "#request"}, {"@id": "#b"}]),
        d["@graph"].append({"@id": "#b", "@type": "CreateAction"}))),
    "two projects": edited(lambda d: (entity(d, "./").update(mainEntity={"@id": "#b"}),
                                      d["@graph"].append({"@id": "#b", "@type": "Project"}))),
    "title twice": edited(lambda d: (
        entity(d, "#project").update(additionalProperty={"@id": "#t"}),
        d["@graph"].append({"@id": "#t", "@type": "PropertyValue", "name": "title", "value": "Other"}))),
    "not one value": edited(lambda d: entity(d, "#project").update(name=["One", "Two"])),
    "has no root": edited(lambda d: entity(d, NAME).update(about={"@id": "#project"})),
    "at most 1000": edited(lambda d: d["@graph"].extend({"@id": f"#{i}"} for i in range(1001))),
}  # fmt: skip


@pytest.mark.parametrize("said", DOCUMENTS)
def test_metadata_that_readers_may_take_for_another_request_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / NAME).write_text(DOCUMENTS[said])
    with pytest.raises(InputError, match=said.replace("title twice", "(?s)twice.*title")):
        request_in(read_crate(tmp_path))
