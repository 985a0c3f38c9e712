"""`sde ledger key`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formats.errors import InputError
from formats.signed_notes import valid_name
from operations.cli.options import command
from operations.cli.session import Session
from operations.ledger.keys import create_plain_key


@command("json_")
def key(
    session: Session,
    *,
    name: Annotated[str, typer.Option("--name", help="The ledger's name, such as sde.example.nhs.uk/ledger.")],
    file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The new file for the private key.")],
) -> None:
    """Make the key of a ledger in Azure, and print its public half. Put the file into the key vault, then delete it.

    The file is not encrypted: Key Vault encrypts it, and only the deploying identity may read the secret.

    Example: sde ledger key --name sde.example.nhs.uk/ledger -o ledger.pem.
    """
    if not valid_name(name):
        raise InputError("This is not the name of a key.", key="--name", found=name,
                         allowed="a URL without its scheme, such as sde.example.nhs.uk/ledger")  # fmt: skip
    public = str(create_plain_key(file, name).verifier())
    session.output.emit({"event": "key", "file": str(file), "public_key": public})
    session.output.say_whole(f"public_key: {public}")
