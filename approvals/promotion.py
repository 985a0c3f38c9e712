"""The evidence that a version was applied and judged in the test estate, from the ledger of that estate.

A file has one change of a tenancy there: the entries of its intent and result, the audit path of each in the Merkle
tree of a signed checkpoint, and the verdict of the policies. It is verified with the ledger's public key alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from approvals.actions import ActionPermit, verify_action
from approvals.canonical import Digest, Hex, UtcTime, digest_of_bytes, read_canonical, time_text
from approvals.decision import file_name
from approvals.rights import MAX_SKEW, Context
from approvals.route import EstateForTests
from approvals.versions import Promotion, Versions
from formats.errors import InputError
from formats.input_model import Model
from formats.merkle_trees import leaf_hash, root_by_path
from formats.signed_notes import Checkpoint, Note, NotValid, read_checkpoint
from formats.stack_names import TENANCY

_Text = Annotated[str, StringConstraints(min_length=2, max_length=0xFFFF)]


class LoggedEntry(Model):
    """An entry of the ledger, with the proof that the signed tree has it."""

    number: Annotated[int, Field(ge=0, lt=2**53)]
    entry: _Text
    """The entry as it is logged."""
    path: Annotated[tuple[Hex, ...], Field(max_length=64)]
    """The audit path, from the leaf up."""


class Evidence(Model):
    """One file."""

    checkpoint: Annotated[str, StringConstraints(max_length=64 << 10)]
    """A signed note."""
    intent: LoggedEntry
    result: LoggedEntry
    verdict: _Text
    """The verdict of the policies, whose digest the intent has."""


class _EntryPart(BaseModel):
    """The keys of an entry that a promotion is verified with. All others are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Digests(_EntryPart):
    catalogue: Digest
    template: Digest
    verdict: Digest


class _Intent(_EntryPart):
    kind: str
    stacks: tuple[str, ...]
    digests: _Digests
    time: UtcTime


class _Result(_EntryPart):
    kind: str
    stacks: tuple[str, ...]
    of: int
    result: str
    time: UtcTime


def evidence_name(content: bytes) -> str:
    """Return the name of a file of evidence: the hash of its content."""
    return file_name(digest_of_bytes(content))


def verify_evidence(content: bytes, tested_in: EstateForTests, now: datetime, *, file: str) -> Promotion:
    """Return the promotion that a file of evidence proves. `InputError` if it proves none."""
    if Path(file).name != evidence_name(content):
        raise _refusal(file, "is not named after its content", evidence_name(content))
    found = read_canonical(Evidence, content.removesuffix(b"\n"), file=file)
    checkpoint = _checkpoint(found.checkpoint, tested_in, file)
    for one in (found.intent, found.result):
        path = [bytes.fromhex(each) for each in one.path]
        if root_by_path(leaf_hash(one.entry.encode()), one.number, checkpoint.size, path) != checkpoint.root:
            raise _refusal(file, f"has an entry that the signed ledger does not have: {one.number}")
    intent, result = _read(_Intent, found.intent.entry, file), _read(_Result, found.result.entry, file)
    succeeded = (result.kind, result.result, result.of) == ("result", "succeeded", found.intent.number)
    if intent.kind != "intent" or not succeeded or result.stacks != intent.stacks:
        raise _refusal(file, "has no change that succeeded", "an intent, and its result `succeeded`")
    if len(intent.stacks) != 1 or not intent.stacks[0].startswith(TENANCY):
        raise _refusal(file, "is about no tenancy", f"one stack {TENANCY}<project>")
    if max(intent.time, result.time) > now + MAX_SKEW:
        raise _refusal(file, "is from the future", f"up to {time_text(now)}")
    if digest_of_bytes(found.verdict.encode()) != intent.digests.verdict or not _passed(found.verdict, intent):
        raise _refusal(file, "has no verdict of this change that passed")
    return Promotion(intent.digests.template, intent.digests.catalogue)


def verify_versions(
    actions: Iterable[Mapping[str, bytes]], evidence: Mapping[str, bytes], context: Context, estate: str
) -> Versions:
    """Return the versions that permits may hold under: signed by enough people, and tested where the route asks it.

    `actions`: the answers to each request of an action, by path. `evidence`: the files of promotions, by path.
    `InputError` for false evidence.
    """
    tested_in = context.route.test_estate
    promoted = None if tested_in is None else frozenset(
        verify_evidence(evidence[name], tested_in, context.now, file=name) for name in evidence
    )  # fmt: skip
    found = (verify_action(one, context, estate) for one in actions)
    signed = (link for one in found if isinstance(one, ActionPermit) for link in one.request.links)
    proved = Versions(promoted=promoted)
    return Versions(frozenset(link for link in signed if proved.is_promoted(link)), promoted)


def _checkpoint(text: str, tested_in: EstateForTests, file: str) -> Checkpoint:
    witness = tested_in.witness_key
    try:
        found = read_checkpoint(text.encode(), tested_in.ledger_key)
        is_seen = witness is None or Note.parse(text.encode()).cosigned_by(witness) is not None
    except NotValid as error:
        raise _refusal(file, f"has a checkpoint that {error}", "one of the test estate that the route names") from None
    if not is_seen:
        raise _refusal(file, "has a checkpoint that the witness has not signed", tested_in.witness)
    return found


def _read(model: type[_EntryPart], text: str, file: str) -> Any:
    try:
        return model.model_validate(json.loads(text))
    except (ValidationError, ValueError, RecursionError):
        raise _refusal(file, f"has an entry that is no {model.__name__[1:].lower()}") from None


def _passed(text: str, intent: _Intent) -> bool:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return False
    catalogue = found.get("catalogue") if isinstance(found, Mapping) else None
    same = isinstance(catalogue, Mapping) and catalogue.get("digest") == intent.digests.catalogue
    return same and found.get("passed") is True and found.get("blocking") == []


def _refusal(file: str, problem: str, allowed: str | None = None) -> InputError:
    return InputError(f"The evidence of a promotion {problem}.", file=file, allowed=allowed,
                      fix="sde promote writes these files, from the ledger of the test estate")  # fmt: skip
