"""`sde request approvers show`, `change` and `sign`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from approvals.approvers import KEEPERS, Anchor, Approvers, read_version, unsigned, verify_approvers
from approvals.canonical import content_of, time_text
from approvals.envelope import Signed
from approvals.request_files import json_of
from formats.errors import InputError, Refused
from formats.validation import validated
from formats.yaml_reader import read_mapping
from operations.cli.estate_requests import EstateRequests, Key, add_file
from operations.cli.options import Yes, command
from operations.cli.output import printable
from operations.cli.request_decisions import show_view
from operations.cli.rows import Rows
from operations.cli.session import Session
from operations.settings import write_whole

STATED = ("keepers", "people", "keys")
"""The keys of a draft. The others follow from the version before, the route and the time."""
Draft = Annotated[Path, typer.Argument(metavar="FILE.yaml", help="The next version.", show_default=False)]


@command("estate", "json_")
def show(session: Session) -> None:
    """Show the people who decide, their roles and keys, and the digest of the first version.

    Example: sde request approvers show. The digest is the anchor: keep it outside the estate, for SDE_APPROVERS_ANCHOR.
    """
    requests = EstateRequests(session)
    versions = _read(requests)
    if not versions:
        raise InputError("The estate has no approvers.", file=str(requests.files.approvers_folder),
                         fix="sde request approvers change, or --demo-keys in a local estate")  # fmt: skip
    signed, approvers = versions[-1]
    session.output.emit({"event": "approvers", "anchor": versions[0][0].digest, **content_of(approvers)})
    session.output.say_whole(f"anchor: {versions[0][0].digest}")
    about = f"version {approvers.version} of {time_text(approvers.issued)}, {len(signed.signatures)} signatures"
    session.output.say(f"{about}; {approvers.keepers} keepers agree on a change")
    rows = Rows(("name", "roles", "keys"), ("name",))
    for one in approvers.people:
        roles = ", ".join(f"{grant.role} until {grant.valid_until:%Y-%m-%d}" for grant in one.roles)
        keys = [f"{each.key.id[:12]} {each.key.algorithm}{' revoked' if each.revoked else ''}"
                for each in approvers.keys if each.person == one.id]  # fmt: skip
        rows.add(printable(one.name), roles, ", ".join(keys) or "none")
    rows.show(session.output.text_console)


@command("estate", "json_")
def change(session: Session, draft: Draft, *, key: Key = None, yes: Yes = False) -> None:
    """Propose the next version of people, roles and keys from a file, and sign it as a keeper of keys.

    Example: sde request approvers change next.yaml --key keeper.pem. The file has `keepers` (how many agree), `people`
    and `keys`, as docs/approvals.md shows; a time that it leaves out begins now. The other keepers sign it with sde
    request approvers sign. It also takes over the present route.yaml.
    """
    requests = EstateRequests(session)
    before, signer = _read(requests), requests.signer(key)
    now = requests.now
    content = json_of(read_mapping(draft))
    if unknown := sorted(set(content) - set(STATED)):
        raise InputError("This key is not known.", file=str(draft), key=unknown[0], allowed=", ".join(STATED))
    stated = {
        **content, "estate": requests.files.estate, "version": len(before) + 1, "issued": time_text(now),
        "previous": before[-1][0].digest if before else None, "route": requests.files.route().digest,
        "people": _dated(content.get("people"), now, nested="roles"), "keys": _dated(content.get("keys"), now),
    }  # fmt: skip
    approvers = validated(Approvers, stated, file=str(draft))
    _refuse_stranger(approvers, before, signer.key.id)
    show_view(session, content_of(approvers))
    if not (yes or session.agree("Sign this version?")):
        session.output.say("Nothing was signed.")
        return
    signed = unsigned(approvers).with_signature(signer)
    file = requests.files.approvers_folder / f"{approvers.version}.json"
    _refuse_broken(requests, [*before, (signed, approvers)])
    add_file(file, signed.to_bytes())
    if requests.is_local and approvers.version == 1:
        requests.keep_anchor(signed)
    _say_missing(session, file, signed, approvers, before)


@command("estate", "json_")
def sign(session: Session, *, key: Key = None, yes: Yes = False) -> None:
    """Sign the newest version of people, roles and keys as a further keeper of keys.

    Example: sde request approvers sign --key keeper.pem.
    """
    requests = EstateRequests(session)
    versions, signer = _read(requests), requests.signer(key)
    if not versions:
        raise InputError("The estate has no approvers.", file=str(requests.files.approvers_folder))
    *before, (signed, approvers) = versions
    _refuse_stranger(approvers, before, signer.key.id)
    show_view(session, content_of(approvers))
    if not (yes or session.agree("Sign this version?")):
        session.output.say("Nothing was signed.")
        return
    signed = signed.with_signature(signer)
    file = requests.files.approvers_folder / f"{approvers.version}.json"
    write_whole(file, signed.to_bytes().decode())
    _say_missing(session, file, signed, approvers, before)


def _read(requests: EstateRequests) -> list[tuple[Signed, Approvers]]:
    """Return every version, the last perhaps without enough signatures."""
    return [read_version(content, file=file) for file, content in requests.files.versions()]


def _refuse_stranger(approvers: Approvers, before: Sequence[tuple[Signed, Approvers]], key: str) -> None:
    judges = (approvers, *((before[-1][1],) if before else ()))
    if not any(one.key_of_role(key, KEEPERS, approvers.issued) for one in judges):
        raise Refused(f"The key {key} is not of a person with the role {KEEPERS}.")


def _refuse_broken(requests: EstateRequests, versions: Sequence[tuple[Signed, Approvers]]) -> None:
    """Refuse a version that no signatures could make valid: verify the chain, and let signatures alone be missing."""
    chain = [(f"{number}.json", signed.to_bytes()) for number, (signed, _) in enumerate(versions, start=1)]
    anchor = requests.anchor() if len(versions) > 1 else None
    try:
        verify_approvers(chain, anchor or Anchor(versions[0][0].digest), estate=requests.files.estate, now=requests.now)
    except InputError as error:
        if error.key != "signatures":
            raise


def _say_missing(session: Session, file: Path, signed: Signed, approvers: Approvers,
                 before: Sequence[tuple[Signed, Approvers]]) -> None:  # fmt: skip
    judges = (approvers, *((before[-1][1],) if before else ()))
    missing = max(one.keepers - len(one.signers(signed, approvers.issued)) for one in judges)
    session.output.emit(
        {"event": "signed", "file": str(file), "version": approvers.version, "missing": max(missing, 0)}
    )
    session.output.say(f"wrote {printable(file)}", style="dim")
    if missing > 0:
        session.output.say(f"{missing} more keepers sign before it takes effect: sde request approvers sign.")
    else:
        session.output.say(f"version {approvers.version} is in effect.", style="green")
    if approvers.version == 1:
        session.output.say_whole(f"anchor: {signed.digest}")


def _dated(entries: Any, now: datetime, nested: str | None = None) -> Any:
    """Return the entries of a draft, those without a beginning from now on."""
    if not isinstance(entries, list):
        return entries
    found = []
    for one in entries:
        if isinstance(one, Mapping) and nested:
            found.append({**one, nested: _dated(one.get(nested), now)})
        else:
            found.append({"valid_from": time_text(now), **one} if isinstance(one, Mapping) else one)
    return found
