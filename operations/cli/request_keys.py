"""`sde request keys new`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from approvals.canonical import content_of
from approvals.public_keys import Algorithm
from approvals.signers import KeySigner
from formats.errors import InputError
from operations.cli.estate_requests import EstateRequests
from operations.cli.options import command
from operations.cli.session import Session
from operations.settings import write_new


@command("json_")
def new(
    session: Session,
    *,
    file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The new file for the private key.")],
    algorithm: Annotated[Algorithm, typer.Option("--algorithm", help="Its algorithm.")] = Algorithm.ED25519,
) -> None:
    """Make a key for your decisions, and print its public half.

    The passphrase in SDE_APPROVER_PASSPHRASE encrypts it. Example: sde request keys new -o ~/approver.pem. The keepers
    of keys add it with sde request approvers change. In production keys are in Key Vault: docs/approvals.md.
    """
    signer = KeySigner.new(algorithm)
    content = signer.encrypted(EstateRequests(session).passphrase())
    try:
        write_new(file, content)
    except OSError as error:
        raise InputError("The key cannot be written.", file=str(file), found=error.strerror,
                         fix="name a new file") from None  # fmt: skip
    public = content_of(signer.key)
    session.output.emit({"event": "key", "file": str(file), **public})
    session.output.say_whole(f"key: {json.dumps(public)}")
