"""Verify a pack, which anybody may have made: its checksums, its signature, and the proofs of its ledger entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from approvals.canonical import Hex, read_canonical
from approvals.envelope import Signed, read_statement
from approvals.public_keys import PublicKey
from formats.errors import Failed, InputError
from formats.json_reader import parse_json
from formats.signed_notes import Checkpoint
from formats.validation import validated
from operations.evidence.documents import LEDGER_CHECKPOINT, LEDGER_ENTRIES
from operations.evidence.ledger_extract import check_extract
from operations.evidence.pack import FORMAT, MANIFEST, PREDICATE_TYPE, SIGNATURE, SIGNER, SUMS, Summary, sha256, sums_of
from operations.evidence.standards import CLAIMS
from operations.evidence.zip_files import MAX_FILES, files_of
from policies.wording import printable

_MAX_MANIFEST = 1 << 24


class _Manifest(BaseModel):
    """The keys of a manifest that a pack is verified with."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: str
    organisation: str
    made: str
    controls: tuple[str, ...]
    outcomes: Mapping[str, int]
    signed_with: Hex | None
    ledger: Mapping[str, Any] | None
    files: Annotated[Mapping[str, Hex], Field(max_length=MAX_FILES)]


class _Claim(BaseModel):
    """The keys of a claim that the manifest counts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    control: str
    outcome: str


@dataclass(frozen=True)
class Verified:
    """A pack whose checksums and signature hold."""

    organisation: str
    made: str
    outcomes: Mapping[str, int]
    files: int
    signer: str | None
    """The id of the key that signed it; None if it is not signed."""
    checkpoint: Checkpoint | None
    """The head of the ledger, whose signed tree has every entry in the pack."""


def verify_pack(file: Path, signer: str | None = None) -> Verified:
    """Return what a pack says of itself. `signer`: the id of the key that must have signed it.

    `InputError` for a file that is no pack, `Failed` for one that was changed, or that another key or none signed.
    """
    files = files_of(file)
    manifest = validated(_Manifest, _json(files, MANIFEST, file), file=f"{file}: {MANIFEST}")
    if manifest.format != FORMAT:
        raise InputError("The pack has another format.", file=str(file), found=manifest.format, allowed=FORMAT)
    _check_sums(files, manifest, file)
    found = _signer(files, manifest, file)
    _check_claims(files, manifest, file)
    if signer is not None and found != signer:
        raise _failed(file, f"it is {f'signed with {found}' if found else 'not signed'}, and not with {signer}")
    return Verified(manifest.organisation, manifest.made, manifest.outcomes, len(manifest.files), found,
                    _checkpoint(files, manifest, file))  # fmt: skip


def _check_sums(files: Mapping[str, bytes], manifest: _Manifest, file: Path) -> None:
    own = {MANIFEST, SUMS} | ({SIGNATURE} if manifest.signed_with else set())
    for name in sorted(files.keys() ^ (manifest.files.keys() | own)):
        raise _failed(file, f"{printable(name)} is {'not in its manifest' if name in files else 'missing'}")
    for name, digest in manifest.files.items():
        if sha256(files[name]) != digest:
            raise _failed(file, f"{printable(name)} was changed")
    listed = {name: content for name, content in files.items() if name not in (SUMS, SIGNATURE)}
    if files[SUMS] != sums_of(listed):
        raise _failed(file, f"{SUMS} has other checksums")


def _check_claims(files: Mapping[str, bytes], manifest: _Manifest, file: Path) -> None:
    """Raise `Failed` if the manifest, whose numbers are shown, has others than the claims."""
    names = (name for name in files if name.startswith(CLAIMS))
    claims = [validated(_Claim, _json(files, name, file), file=f"{file}: {name}") for name in names]
    counted = Counter(one.outcome for one in claims)
    if Counter(one.control for one in claims) != Counter(manifest.controls) or counted != Counter(manifest.outcomes):
        raise _failed(file, "its manifest counts other claims than it has")


def _signer(files: Mapping[str, bytes], manifest: _Manifest, file: Path) -> str | None:
    """Return the id of the key that signed the manifest; None if it says that none did."""
    if manifest.signed_with is None:
        return None
    try:
        key = read_canonical(PublicKey, files.get(SIGNER, b"").removesuffix(b"\n"), file=SIGNER)
        signed = Signed.read(files[SIGNATURE], file=SIGNATURE)
        subject, summary = read_statement(signed, PREDICATE_TYPE, Summary, file=SIGNATURE)
    except InputError as error:
        raise _failed(file, f"its signature cannot be read: {_said(error)}") from None
    same = (subject.name, subject.digest.sha256, key.id) == (MANIFEST, sha256(files[MANIFEST]), manifest.signed_with)
    if not same or summary.outcomes != manifest.outcomes or not signed.signed_by(key):
        raise _failed(file, "its signature is not of this manifest")
    return key.id


def _checkpoint(files: Mapping[str, bytes], manifest: _Manifest, file: Path) -> Checkpoint | None:
    if manifest.ledger is None:
        if LEDGER_CHECKPOINT in files or LEDGER_ENTRIES in files:
            raise _failed(file, "it has ledger entries that its manifest does not name")
        return None
    try:
        head = check_extract(files.get(LEDGER_CHECKPOINT, b""), files.get(LEDGER_ENTRIES, b""), file=LEDGER_ENTRIES)
    except InputError as error:
        raise _failed(file, f"its ledger entries are not proved: {_said(error)}") from None
    if (head.size, head.root.hex()) != (manifest.ledger.get("size"), manifest.ledger.get("root")):
        raise _failed(file, "its ledger entries are of another ledger than its manifest says")
    return head


def _json(files: Mapping[str, bytes], name: str, file: Path) -> Any:
    if name not in files:
        raise InputError("This is no evidence pack.", file=str(file), key=name, found="nothing")
    return parse_json(files[name], f"{file}: {name}", max_bytes=_MAX_MANIFEST)


def _said(error: InputError) -> str:
    """Return what is wrong as a part of a sentence."""
    return error.problem[:1].lower() + error.problem[1:].rstrip(".")


def _failed(file: Path, problem: str) -> Failed:
    return Failed(f"The pack does not verify: {problem}.\n  file:    {file}")
