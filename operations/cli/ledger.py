"""`sde ledger show`, `verify`, `export` and `witness`."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from formats.errors import Failed, InputError, SdeError
from formats.signed_notes import WITNESS, Checkpoint, Note, NotValid, VerifierKey, read_checkpoint
from operations.cli.ledgerview import details, table_of
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import ReadRecord, Session
from operations.cli.text import plural
from operations.ledger.files import FileStorage
from operations.ledger.findings import Verification
from operations.ledger.ledger import Ledger
from operations.ledger.log import Log
from operations.ledger.storage import CHECKPOINT
from operations.ledger.verification import verify as verify_log
from operations.ledger.who import who
from operations.ledger.witness import WitnessRecord, cosign, store_cosigned, witness_key
from operations.settings import make_folder

Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIR", help="An exported ledger; needs --log-key.", show_default=False),
]
LogKey = Annotated[
    str | None,
    typer.Option("--log-key", metavar="KEY", help="The ledger's public key.", show_default="that of this ledger"),
]
OneStack = Annotated[str | None, typer.Option("--stack", help="Only entries on this stack.", show_default=False)]
OwnKey = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The witness's key; --first makes it.", show_default=False)
]
_MOST_PROBLEMS = 20


@command()
def show(
    session: Session,
    entry: Annotated[int | None, typer.Argument(metavar="ENTRY", help="One entry, by number.", min=0)] = None,
    *,
    first: Annotated[int, typer.Option("--from", metavar="N", min=0, help="From this entry.")] = 0,
    stack: OneStack = None,
    folder: Folder = None,
    log_key: LogKey = None,
) -> None:
    """Show the entries of the ledger, or all of one. Does not verify them: that is sde ledger verify.

    Example: sde ledger show, or sde ledger show 41.
    """
    ledger = _opened(session, folder, log_key)
    head = ledger.log.head()
    if entry is not None and entry >= head.size:
        raise InputError("The ledger has no such entry.", found=entry, allowed=f"0 to {head.size - 1}")
    found = ledger.entries(first if entry is None else entry)
    chosen = [(number, one) for number, one in found if entry in (None, number) and stack in (None, *one.stacks)]
    for number, one in chosen:
        session.output.emit({"entry": number, **one.model_dump(mode="json", exclude_none=True)})
    if session.output.json:
        return
    session.output.say_whole(f"{printable(head.origin)}: {plural(head.size, 'entry')}")
    session.output.say_whole(f"key: {ledger.log.key}")
    if entry is None:
        table_of(chosen).show(session.output.text_console)
    for number, one in chosen if entry is not None else []:
        for line in details(number, one):
            session.output.say_whole(line)


@command()
def verify(
    session: Session,
    *,
    witnesses: Annotated[
        list[str] | None,
        typer.Option("--witness", metavar="KEY", help="A witness's public key, which must have signed. Repeatable.",
                     show_default=False),
    ] = None,
    seen: Annotated[
        Path | None,
        typer.Option("--seen", metavar="FILE", help="A checkpoint that the ledger must contain.", show_default=False),
    ] = None,
    folder: Folder = None,
    log_key: LogKey = None,
) -> None:  # fmt: skip
    """Verify every file of the ledger, and that the stacks' present states follow from it. Exits 1 if they do not.

    Names the first entry that is missing, changed, reordered, cut off, or appended without the key. An exported ledger
    (--folder) is verified without the states.

    Example: sde ledger verify, or sde ledger verify --folder ledger-copy --log-key KEY.
    """
    keys = [VerifierKey.parse(text, where="--witness") for text in witnesses or ()]
    if wrong := next((key for key in keys if key.type != WITNESS), None):
        raise InputError("This is not the key of a witness.", key="--witness", found=str(wrong))
    log = _opened(session, folder, log_key).log
    before = _seen(seen, log.key) if seen else None
    states = (
        None if folder else lambda names: _present_states(session, session.ledger_cloud, names, session.state_record)
    )
    found = verify_log(log.storage, log.key, witnesses=keys, seen=before, states=states)
    _show(session, found, log)
    if first := found.first():
        raise Failed(f"The ledger does not verify: {printable(first)}.\n  file:    {log.storage.where}")


def _show(session: Session, found: Verification, log: Log) -> None:
    say, size = session.output.say, found.checkpoint.size
    session.output.emit({
        "event": "verified" if not found.problems else "not-verified", "origin": log.key.name, "entries": size,
        "root": found.checkpoint.root.hex(), "key": str(log.key), "notes": found.notes,
        "problems": [vars(problem) for problem in found.problems],
        "cosigned": [vars(one) for one in found.cosigned],
    })  # fmt: skip
    say(f"{printable(log.key.name)}: {plural(size, 'entry')}, root {found.checkpoint.root.hex()}")
    for one in found.cosigned:
        when = datetime.fromtimestamp(min(one.time, 2**33), UTC).isoformat(timespec="seconds")
        say(f"  witness {printable(one.witness)} signed {plural(one.size, 'entry')} at {when}")
    for note in found.notes:
        say(f"  ! {printable(note)}", style="yellow")
    for problem in found.problems[:_MOST_PROBLEMS]:
        say(f"  ✗ {printable(problem)}", style="red")
    if len(found.problems) > _MOST_PROBLEMS:
        say(f"  and {len(found.problems) - _MOST_PROBLEMS:,} more problems", style="red")
    if not found.problems:
        say("The ledger verifies.", style="green")


@command()
def export(
    session: Session,
    target: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.", show_default=False)],
    *,
    log_key: LogKey = None,
) -> None:
    """Copy the ledger to a folder in the layout of c2sp.org/tlog-tiles, which other programs verify.

    Example: sde ledger export ledger-copy.
    """
    if target.exists():
        raise InputError("The folder exists already.", file=str(target), fix="name a new one")
    log = _opened(session, None, log_key).log
    head = export_to(target, log)
    session.output.emit({"event": "exported", "folder": str(target), "entries": head.size, "key": str(log.key)})
    session.output.say(f"exported {plural(head.size, 'entry')} to {printable(target)}")
    session.output.say_whole(f"key: {log.key}")


@command()
def witness(
    session: Session,
    *,
    key: OwnKey,
    name: Annotated[str, typer.Option("--name", help="The witness's name, such as audit.example.nhs.uk/ledger.")],
    first: Annotated[bool, typer.Option("--first", help="The witness has never signed: begin its record.")] = False,
    folder: Folder = None,
    log_key: LogKey = None,
) -> None:
    """Sign, with the witness's own key, that the ledger extends all that the witness signed before.

    What was signed last is kept beside the key (FILE.seen), away from the ledger. Exits 3, and signs nothing, if the
    ledger does not verify, was cut off or forked. The passphrase of the key is in SDE_WITNESS_PASSPHRASE.

    Example: sde ledger witness --key witness.pem --name audit.example.nhs.uk/ledger.
    """
    log = _opened(session, folder, log_key).log
    signer = witness_key(key, name, session.settings.environ.get("SDE_WITNESS_PASSPHRASE"), create=first)
    record = WitnessRecord(key.with_name(key.name + ".seen"))
    before = record.read(log.key, first=first)
    note = cosign(log.storage, log.key, signer, seen=before, time=int(time.time()), record=record)
    try:
        store_cosigned(log.storage, note)
    except SdeError as error:  # such as for a witness who may only read
        session.output.warn(f"The signature is not in the ledger: give {record.file} to those who verify.\n{error}")
    size = Checkpoint.parse(Note.parse(note.encode()).text).size
    public = str(signer.verifier(WITNESS))
    session.output.emit({"event": "cosigned", "entries": size, "witness": public, "note": note})
    session.output.say(f"{printable(name)} signed {plural(size, 'entry')}.", style="green")
    session.output.say_whole(f"key: {public}")


def export_to(target: Path, log: Log) -> Checkpoint:
    """Copy a ledger to a new folder, with what is appended meanwhile. Return its checkpoint."""
    copy = FileStorage(target)
    make_folder(target)
    checkpoint = None
    while True:
        head = log.head()
        for name in log.storage.names():
            if name != CHECKPOINT and (content := log.storage.read(name)):
                copy.create({name: content})
        before, checkpoint = checkpoint, log.storage.newest()
        if checkpoint is None:
            return head
        if checkpoint == before:
            copy.create({CHECKPOINT: checkpoint})
            return head


def _opened(session: Session, folder: Path | None, log_key: str | None) -> Ledger:
    """Return the ledger: an exported one; the session's with a given public key; or the session's own."""
    if folder and not log_key:
        raise InputError("An exported ledger is verified with a key from elsewhere.", key="--log-key",
                         fix="take the key from your records; sde ledger show prints it")  # fmt: skip
    if folder and not folder.is_dir():
        raise InputError("This is not a folder.", file=str(folder))
    if log_key is None:
        return session.ledger(session.ledger_cloud)
    key = VerifierKey.parse(log_key, where="--log-key")
    storage = FileStorage(folder) if folder else session.ledger_storage(session.ledger_cloud)
    return Ledger(Log(storage, key), who())


def _seen(file: Path, key: VerifierKey) -> Checkpoint:
    try:
        with file.open("rb") as stream:
            return read_checkpoint(stream.read(1 << 20), key)
    except OSError as error:
        raise InputError("The checkpoint cannot be read.", file=str(file), found=error.strerror) from None
    except NotValid as error:
        raise InputError(f"The checkpoint {error}.", file=str(file), fix="check --log-key and the file") from None


def verified(session: Session, cloud: str, read: ReadRecord | None = None) -> Verification:
    """Verify the ledger of a cloud, and that the stacks' present states follow from it. `read`: returns these."""
    log, record = session.ledger(cloud).log, read or session.state_record
    return verify_log(log.storage, log.key, states=partial(_present_states, session, cloud, read=record))


def refuse_damaged(log: Log, found: Verification, what: str) -> None:
    """Raise `Failed` if a ledger itself does not verify, whatever the states are: nothing can rest on it."""
    wrong = next((one for one in found.problems if one.stack is None), None)
    if wrong:
        raise Failed(f"The ledger does not verify, so no {what} rests on it: {printable(wrong)}.\n"
                     f"  file:    {log.storage.where}\n  fix:     scripts/sde ledger verify")  # fmt: skip


def _present_states(session: Session, cloud: str, names: Collection[str], read: ReadRecord) -> Mapping[str, str | None]:
    """Return the digest of the present state of each stack of a cloud that the estate or its ledger has."""
    known = [stack.name for stack in session.known if stack.cloud == cloud]
    records = {name: read(cloud, name) for name in {*names, *known}} if known else {}
    return {name: record.digest if record else None for name, record in records.items()}
