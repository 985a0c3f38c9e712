"""The pack as a file: what is in it, that it verifies, and that nothing in it can be changed unnoticed."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from openpyxl import load_workbook

from approvals.public_keys import Algorithm
from approvals.signers import KeySigner
from formats.errors import Failed, InputError
from operations.evidence.facts import Facts
from operations.evidence.pack import MANIFEST, SIGNATURE, SIGNER, SUMS, Pack, sha256, sums_of
from operations.evidence.standards import control_named, every_control, statements
from operations.evidence.verification import verify_pack
from operations.evidence.zip_files import files_of, zip_of
from operations.ledger.ledger import open_local
from operations.settings import ROOT, Settings
from policies.exemptions import Exemption
from policies.model import Verdict
from tests.operations.evidence import samples
from tests.operations.ledger.logs import entry
from tests.operations.reports.samples import HOSTILE, granted

TRESTLE = ROOT / ".venv-trestle"
HOSTILE_NAME = f"=1+1{HOSTILE}\u202e"


@cache
def key() -> KeySigner:
    """Return a key that signs packs."""
    return KeySigner.new(Algorithm.ES256)


@cache
def everything() -> bytes:
    """Return a signed pack of every control."""
    return Pack(samples.shipped_facts(), every_control(), key()).to_zip()


def written(folder: Path, content: bytes) -> Path:
    """Return a file with this content."""
    file = folder / "pack.zip"
    file.write_bytes(content)
    return file


def texts(content: bytes) -> dict[str, bytes]:
    """Return the files of a pack."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_facts_make_the_same_bytes_with_nothing_of_the_machine() -> None:
    facts = replace(samples.shipped_facts())
    controls = [control_named("SATRE:2.2.11"), control_named("ce:1.4")]
    first, second = (Pack(facts, controls).to_zip() for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {(one.date_time, one.create_system, one.external_attr >> 16) for one in archive.infolist()} == {
            ((2026, 11, 30, 18, 30, 0), 3, 0o100644)
        }
        assert archive.namelist() == sorted(archive.namelist())
    assert not re.search(rb"/tmp/|/root/|/home/", b"".join(texts(everything()).values()))


def test_a_pack_verifies_by_hand_and_with_its_key(tmp_path: Path) -> None:
    file = written(tmp_path, everything())
    found = verify_pack(file, key().key.id)
    assert (found.organisation, found.signer) == ("West Mercia SDE", key().key.id)
    assert sum(found.outcomes.values()) == len(every_control())
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path / "out")
    subprocess.run(["sha256sum", "--strict", "-c", SUMS], cwd=tmp_path / "out", check=True, capture_output=True)
    with pytest.raises(Failed, match="and not with 0000"):
        verify_pack(file, "0" * 64)


def _changed(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.update({name: files[name].replace(b'"', b"'", 1)})


def _remade(files: dict[str, bytes]) -> None:
    """Change a claim, and all that follows from it but the signature."""
    claim = "claims/satre/2.7.01.json"
    files[claim] = files[claim].replace(b'"not met"', b'"met"')
    manifest = json.loads(files[MANIFEST])
    manifest["files"][claim] = sha256(files[claim])
    files[MANIFEST] = (json.dumps(manifest, indent=1) + "\n").encode()
    files[SUMS] = sums_of({name: one for name, one in files.items() if name not in (SUMS, SIGNATURE)})


def _resigned(files: dict[str, bytes]) -> None:
    """Have another key sign, and leave the first one's name."""
    other = texts(
        Pack(samples.shipped_facts(), [control_named("SATRE:2.2.11")], KeySigner.new(Algorithm.ED25519)).to_zip()
    )
    files[SIGNATURE], files[SIGNER] = other[SIGNATURE], other[SIGNER]
    _sums(files)


def _sums(files: dict[str, bytes]) -> None:
    manifest = json.loads(files[MANIFEST])
    manifest["files"][SIGNER] = sha256(files[SIGNER])
    files[MANIFEST] = (json.dumps(manifest, indent=1) + "\n").encode()
    files[SUMS] = sums_of({name: one for name, one in files.items() if name not in (SUMS, SIGNATURE)})


def _manifest(**other: object) -> Callable[[dict[str, bytes]], object]:
    """Write another manifest, of a pack that is not signed."""

    def write(files: dict[str, bytes]) -> None:
        del files[SIGNATURE]
        files[MANIFEST] = json.dumps({**json.loads(files[MANIFEST]), "signed_with": None, **other}).encode()
        files[SUMS] = sums_of({name: one for name, one in files.items() if name != SUMS})

    return write


FORGERIES: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "a claim is changed": (_changed("claims/satre/2.2.11.json"), r"claims/satre/2\.2\.11\.json was changed"),
    "a verdict is changed": (_changed("policies/ST1.json"), r"policies/ST1\.json was changed"),
    "a file is gone": (lambda files: files.pop("policies/ST1.json"), r"policies/ST1\.json is missing"),
    "a file is added": (lambda files: files.update({"claims/new.json": b"{}"}), "not in its manifest"),
    "the checksums are changed": (lambda files: files.update({SUMS: b""}), "has other checksums"),
    "the signature is gone": (lambda files: files.pop(SIGNATURE), "manifest.dsse.json is missing"),
    "a claim and its manifest are changed": (_remade, "its signature is not of this manifest"),
    "the manifest has better numbers": (_manifest(outcomes={"met": 347}), "counts other claims than it has"),
    "the manifest has fewer controls": (_manifest(controls=[]), "counts other claims than it has"),
    "another key signed": (_resigned, "its signature is not of this manifest"),
}


@pytest.mark.parametrize(("forge", "problem"), FORGERIES.values(), ids=FORGERIES)
def test_a_changed_pack_does_not_verify(
    tmp_path: Path, forge: Callable[[dict[str, bytes]], object], problem: str
) -> None:
    files = texts(everything())
    forge(files)
    with pytest.raises(Failed, match=problem):
        verify_pack(written(tmp_path, zip_of(files, samples.MADE)))


def test_a_pack_without_a_key_says_that_it_is_not_signed(tmp_path: Path) -> None:
    content = Pack(samples.shipped_facts(), [control_named("SATRE:2.2.11")]).to_zip()
    file, files = written(tmp_path, content), texts(content)
    assert verify_pack(file).signer is None
    with pytest.raises(Failed, match="it is not signed"):
        verify_pack(file, key().key.id)
    assert "not signed" in json.loads(files[MANIFEST])["notes"][-1]
    assert b"NOT SIGNED" in files["README.txt"]
    assert b"This pack is not signed" in files["index.html"]


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"no zip"], ids=["empty", "no files", "text"])
def test_what_is_no_pack_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"cannot be read|no evidence pack"):
        verify_pack(written(tmp_path, content))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_damaged_zip_file_is_told_to_be_so(tmp_path: Path, part: float) -> None:
    content = bytearray(everything())
    at = int(len(content) * part)
    content[at : at + 40] = bytes(byte ^ 0xFF for byte in content[at : at + 40])
    with pytest.raises((InputError, Failed), match=r"cannot be read|does not verify|too large"):
        verify_pack(written(tmp_path, bytes(content)))


def test_a_zip_file_with_one_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(MANIFEST, "{}")
        archive.writestr(MANIFEST, "{}")
    with pytest.raises(InputError, match="two files of one name"):
        files_of(tmp_path / "pack.zip")


def _with(name: str, mode: int = 0o100644) -> bytes:
    """Return a zip file as `zip_of` writes it, with another file in it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for one, other in ((MANIFEST, 0o100644), (name, mode)):
            entry = zipfile.ZipInfo(one)
            entry.create_system, entry.external_attr = 3, other << 16
            archive.writestr(entry, b"{}")
    return target.getvalue()


FOREIGN: dict[str, tuple[bytes, str]] = {
    **{name: (_with(name), "a name that no pack has")
       for name in ("/etc/passwd", "../out", "a/../out", "C:\\out", "a\\b", "./a", "a\nb", "\u202eb.exe", "dir/")},
    "a symlink": (_with("link", 0o120777), "a symlink"),
    "a name in capitals": (_with("MANIFEST.json"), "two files of one name"),
    "bytes before": (b"#!/bin/sh\n" + _with("a"), "none of its files"),
    "bytes after": (_with("a") + b"\0", "none of its files"),
    "another pack before": (_with("b") + _with("a"), "none of its files"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "problem"), FOREIGN.values(), ids=[repr(name) for name in FOREIGN])
def test_a_pack_that_is_not_safe_to_extract_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        files_of(written(tmp_path, content))


def test_a_pipe_is_no_pack(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="no file"):
        files_of(tmp_path / "pipe")


def test_the_flows_of_a_claim_are_proved_by_a_certificate_that_the_checker_accepts(tmp_path: Path) -> None:
    files = texts(everything())
    flows = json.loads(files["flows/flows.json"])
    assert {one["flow"] for one in flows["flows"]} == {"past-staging", "past-airlock", "between-providers"}
    assert all(one["depth"] is None or one["depth"] >= flows["enough"] for one in flows["flows"])
    (tmp_path / "certificate.json").write_bytes(files["flows/certificate.json"])
    command = [sys.executable, ROOT / "scripts/check_certificate.py", "certificate.json", "--digest",
               flows["certificate"]["digest"]]  # fmt: skip
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "accepted: sha256:" in run.stdout
    one = json.loads(files["claims/satre/2.2.11.json"])
    assert one["flows"] == ["past-airlock"]
    assert "flows/flows.json" not in texts(Pack(samples.shipped_facts(), [control_named("SATRE:2.8.01")]).to_zip())


def test_the_ledger_extract_proves_each_entry_and_no_other_one(tmp_path: Path) -> None:
    from operations.evidence.ledger_extract import check_extract, extract

    ledger = open_local(Settings.load({"SDE_HOME": str(tmp_path / "home")}))
    assert extract(ledger.log, ["platform"]) is None
    stacks = [("platform",) if index % 3 else ("tre-other",) for index in range(300)]  # more than one tile
    ledger.record(*(entry(stacks=one) for one in stacks))
    found = extract(ledger.log, ["platform", "junction-zone"])
    assert found
    assert [one.number for one in found.entries] == [n for n in range(300) if n % 3]
    assert found.stacks.keys() == {"platform"}
    facts = replace(samples.shipped_facts(), ledger=found)
    content = Pack(facts, [control_named("SATRE:2.2.11")]).to_zip()
    verified = verify_pack(written(tmp_path, content))
    assert verified.checkpoint == ledger.log.head()
    claim = json.loads(texts(content)["claims/satre/2.2.11.json"])
    assert claim["ledger"]["entries"]["platform"][:2] == [1, 2]
    files = texts(content)
    forged = (
        files["ledger/entries.json"].replace(b"tre-other", b"platform").replace(b'\\"platform\\"', b'\\"elsewhere\\"')
    )
    with pytest.raises(InputError, match="does not have an entry"):
        check_extract(files["ledger/checkpoint"], forged, file="entries.json")


def test_satre_has_a_row_for_each_statement_and_a_score_only_where_something_was_judged() -> None:
    book = load_workbook(io.BytesIO(texts(everything())["satre-evaluation.xlsx"]))
    rows = list(book["SATRE evaluation"].iter_rows(values_only=True))
    assert rows[0] == ("Section", "Item", "Statement", "Guidance", "Importance", "Score", "Response", "Improvements")
    assert [row[1] for row in rows[1:]] == list(statements())
    assert len(statements()) == 185
    by_number = {str(row[1]): row for row in rows[1:]}
    claims = {one.control.number: one for one in Pack(samples.shipped_facts(), every_control()).claims
              if one.control.standard == "satre"}  # fmt: skip
    assert all((row[5] is not None) is (claims[number].judged > 0) for number, row in by_number.items())
    assert by_number["2.2.11"][5] == 2
    assert by_number["2.7.01"][5:] == (None, by_number["2.7.01"][6],
        "Nothing was judged: no deployed resource is one that its policies are about.")  # fmt: skip
    assert by_number["1.1.01"][6] == "Organisational; not evidenced by this pack."
    assert "CC BY 4.0" in str(list(book["About"].iter_rows(values_only=True)))
    part = Pack(samples.shipped_facts(), [control_named("SATRE:2.2.11")]).to_zip()
    left = load_workbook(io.BytesIO(texts(part)["satre-evaluation.xlsx"]))["SATRE evaluation"]
    assert {row[6] for row in left.iter_rows(min_row=2, values_only=True) if row[1] != "2.2.11"} == {
        "Not chosen; not evidenced by this pack."
    }


def hostile() -> Facts:
    """Return facts whose names, messages and exemption are markup, formulas and control characters."""
    facts = samples.shipped_facts()
    text: Exemption = granted().valid[0].model_copy(update={"policy": "ST1", "reason": HOSTILE_NAME})
    findings = tuple(
        replace(one, name=HOSTILE_NAME, message=HOSTILE_NAME, exemption=text.id, verdict=Verdict.EXEMPT)
        if one.policy == "ST1" and one.verdict is Verdict.PASS else one for one in facts.report.findings
    )  # fmt: skip
    report = replace(facts.report, findings=findings, exemptions=(text,), warnings=(HOSTILE_NAME,))
    return replace(facts, organisation=HOSTILE_NAME, report=report, notes=(HOSTILE_NAME,),
                   state_problems={"platform": HOSTILE_NAME})  # fmt: skip


def test_hostile_names_are_text_in_every_format_and_name_no_file() -> None:
    control = control_named(f"SATRE:{samples.shipped_facts().report.policies['ST1'].controls.satre[0]}")
    files = texts(Pack(hostile(), [control]).to_zip())
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", name) for name in files)
    page = files["index.html"].decode()
    assert "<script" not in page
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e]", page)
    assert "&lt;script&gt;alert(1)" in page
    for row in load_workbook(io.BytesIO(files["satre-evaluation.xlsx"]))["About"].iter_rows():
        assert all(cell.data_type == "s" and not str(cell.value).startswith("=") for cell in row)
    assert all(name.endswith((".zip", ".xlsx")) or content.isascii() for name, content in files.items()
               if name.endswith(".json"))  # fmt: skip


@pytest.mark.skipif(not TRESTLE.exists(), reason="scripts/trestle has not made its environment here; CI makes it")
def test_compliance_trestle_accepts_the_assessment_results(tmp_path: Path) -> None:
    """Those of every control, and those with hostile names; and it refuses what is none."""
    documents = {
        "whole": texts(everything())["oscal/assessment-results.json"],
        "hostile": texts(Pack(hostile(), [control_named("SATRE:3.1.12")]).to_zip())["oscal/assessment-results.json"],
        "not-judged": texts(Pack(hostile(), [control_named("SATRE:1.1.01")]).to_zip())["oscal/assessment-results.json"],
    }
    documents["wrong"] = documents["whole"].replace(b'"satisfied"', b'"holds"', 1)
    run = [ROOT / "scripts/trestle", "init", "--local"]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
    for name, content in documents.items():
        folder = tmp_path / "assessment-results" / name
        folder.mkdir(parents=True)
        (folder / "assessment-results.json").write_bytes(content)
        command = [ROOT / "scripts/trestle", "validate", "-t", "assessment-results", "-n", name]
        said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (said.returncode == 0) is (name != "wrong"), said.stdout + said.stderr
