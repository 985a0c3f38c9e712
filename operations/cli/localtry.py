"""`sde local try`: a request of a person or computer to the local Azure, and the controls that decide on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from formats.errors import Failed, InputError, Refused
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import Session

if TYPE_CHECKING:
    from local_azure.data_plane.answers import Answer
    from local_azure.data_plane.callers import Caller
    from local_azure.data_plane.places import Place
    from local_azure.store import Store

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
LARGEST = 64 * 1024 * 1024
"""The most bytes of an upload: the local Azure is for samples."""


class Request(StrEnum):
    """The kinds of request."""

    PUT = "put"
    GET = "get"
    LIST = "list"
    DELETE = "delete"
    UNDELETE = "undelete"
    SET_TAGS = "set-tags"
    SSH = "ssh"
    RDP = "rdp"
    QUERY = "query"
    LOOKUP = "lookup"


What = Annotated[Request, typer.Argument(metavar="REQUEST", help=f"One of {', '.join(Request)}.")]
Target = Annotated[
    str,
    typer.Argument(metavar="TARGET", help="STORE/CONTAINER/BLOB; for list STORE/CONTAINER; for ssh and rdp a virtual "
                   "machine; for query a workspace; for lookup a host name, or NAME@SERVER for a query to that DNS "
                   "server."),
]  # fmt: skip
Who = Annotated[
    list[str],
    typer.Option("--as", metavar="WHO", help="An Entra group of the person, by object ID (repeatable), or the name of "
                 "a managed identity."),
]  # fmt: skip
Where = Annotated[
    str,
    typer.Option("--from", metavar="PLACE", help="A public address, a private address of a connected site, a virtual "
                 "machine, NETWORK/SUBNET, or the ID of another organisation's private endpoint."),
]  # fmt: skip
Upload = Annotated[Path | None, typer.Option("--file", help="The file to put.", show_default=False)]
Download = Annotated[Path | None, typer.Option("--output", "-o", help="The file to get into.", show_default=False)]
Version = Annotated[str, typer.Option("--version-id", help="A version of the blob.", show_default="the current one")]
ETag = Annotated[str, typer.Option("--if-match", metavar="ETAG", help="Only if it has this ETag.", show_default=False)]
Absent = Annotated[bool, typer.Option("--if-absent", help="put: only if there is no such blob.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="An index tag.", show_default=False)]
Tls = Annotated[str, typer.Option("--tls", help="The version of TLS; none for HTTP.")]
Resource = Annotated[str, typer.Option("--resource", metavar="ID", help="query: only its logs.", show_default=False)]


@command("json_")
def try_(
    session: Session, what: What, target: Target, *, who: Who, where: Where, file: Upload = None,
    output: Download = None, version: Version = "", if_match: ETag = "", if_absent: Absent = False, tag: Tags = None,
    tls: Tls = "1.2", resource: Resource = "",
) -> None:  # fmt: skip
    """Send a request to the local Azure as a person or computer. Show each control that it meets, and Azure's answer.

    Refused requests exit with 3. Nothing outside this machine is asked. See docs/guides/trying-requests.md.

    Example: sde local try list https://ACCOUNT.blob.core.windows.net/data --as GROUP --from 198.51.100.16.
    """
    from local_azure.model import AzureError  # noqa: PLC0415
    from local_azure.store import Store, StoreError  # noqa: PLC0415 - opens a database

    if not session.settings.local_db.exists():
        raise InputError("The local Azure is empty.", fix="scripts/sde up --all")
    store = Store(session.settings.local_db)
    try:
        caller, place = _caller(store, who), _place(store, where)
        if what in (Request.SSH, Request.RDP):
            from local_azure.data_plane.sign_in import rdp, ssh  # noqa: PLC0415

            answer = (ssh if what is Request.SSH else rdp)(store, caller, place, target)
        elif what is Request.QUERY:
            from local_azure.data_plane.log_queries import query  # noqa: PLC0415

            answer = query(store, caller, place, target, resource)
        elif what is Request.LOOKUP:
            from local_azure.data_plane.lookups import lookup  # noqa: PLC0415

            name, _, server = target.partition("@")
            answer = lookup(store, place, name, server)
        else:
            options = {"content": _content(what, file), "version": version, "if_match": if_match,
                       "if_absent": if_absent, "tags": _tags(tag), "tls": "" if tls == "none" else tls}  # fmt: skip
            answer = _request_blob(store, (caller, place), what, target, options)
    except AzureError as error:
        raise InputError(error.message) from error
    except StoreError as error:
        raise Failed(str(error)) from error
    finally:
        store.close()
    _show(session, answer, output)


def _caller(store: Store, who: list[str]) -> Caller:
    from local_azure.data_plane.callers import managed_identity, person  # noqa: PLC0415

    if all(GUID.fullmatch(one) for one in who):
        return person(*who)
    if len(who) > 1:
        raise InputError("A managed identity has no groups.", key="--as", found=", ".join(who),
                         allowed="object IDs of groups, or one managed identity")  # fmt: skip
    return managed_identity(store, who[0])


def _place(store: Store, where: str) -> Place:
    from local_azure.data_plane.places import place_of  # noqa: PLC0415

    return place_of(store, where)


def _request_blob(
    store: Store, who: tuple[Caller, Place], what: Request, target: str, options: Mapping[str, Any]
) -> Answer:
    from local_azure.data_plane.blobs import BlobRequest, Operation, request_blob  # noqa: PLC0415

    path = target.removeprefix("https://").split("/", 2)
    account, container, blob = (*path, "", "")[:3]
    if not container or bool(blob) is (what is Request.LIST):
        allowed = "STORE/CONTAINER" if what is Request.LIST else "STORE/CONTAINER/BLOB"
        raise InputError("The target of the request is incomplete.", key="TARGET", found=target, allowed=allowed)
    name = account.partition(".")[0]
    return request_blob(store, *who, BlobRequest(Operation(what.value), name, container, blob, **options))


def _content(what: Request, file: Path | None) -> bytes:
    if what is not Request.PUT:
        return b""
    if file is None:
        raise InputError("There is nothing to put.", key="--file", allowed="a file")
    if file.stat().st_size > LARGEST:
        raise InputError("The file is too large for the local Azure.", file=str(file), found=file.stat().st_size,
                         allowed=f"at most {LARGEST} bytes")  # fmt: skip
    return file.read_bytes()


def _tags(given: list[str] | None) -> Mapping[str, str]:
    for one in given or ():
        if "=" not in one:
            raise InputError("An index tag has a key and a value.", key="--tag", found=one, allowed="KEY=VALUE")
    return dict(one.split("=", 1) for one in given or ())


def _show(session: Session, answer: Answer, file: Path | None) -> None:
    """Print the controls, the answer and its result. Raise `Refused` for a refusal."""
    said = session.output
    steps = [{"control": step.control.value, "detail": step.detail} for step in answer.steps]
    content = answer.result.get("content")
    result = {key: value for key, value in answer.result.items() if key != "content"}
    said.emit({"event": "answer", "allowed": answer.allowed, "status": answer.status, "code": answer.code,
               "message": answer.message, "steps": steps, "result": result})  # fmt: skip
    for step in answer.steps:
        mark = "-" if step is answer.decided_by else "+"
        said.say(f"{mark} {step.control.value:<22} {printable(step.detail)}")
    if answer.decided_by:
        status = f"{answer.status} " if answer.status else ""
        raise Refused(f"{status}{answer.code}: {answer.message}\n  decided by: {answer.decided_by.control.value}")
    if content is not None and file is not None:
        file.write_bytes(content)
    said.say(f"{answer.status} {answer.code}", style="bold")
    for blob in result.pop("blobs", ()):
        said.say_whole("  ".join(printable(blob[key]) for key in ("name", "version", "etag", "size", "sha256")))
    for key, value in result.items():
        said.say_whole(f"  {key + ':':<9}{printable(value)}")
