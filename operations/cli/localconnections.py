"""`sde local connect` and `approve`: private endpoints in networks outside the estate, in the local Azure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from formats.errors import InputError, Refused
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import Session

if TYPE_CHECKING:
    from local_azure.model import StoredResource
    from local_azure.store import Store

ENDPOINT = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/privateEndpoints/[^/]+", re.IGNORECASE
)
Account = Annotated[str, typer.Argument(metavar="STORE", help="A storage account, by name.")]
Endpoint = Annotated[str, typer.Argument(metavar="ENDPOINT", help="The ID of the private endpoint.")]
Rejected = Annotated[bool, typer.Option("--reject", help="Reject it instead.")]


@command("json_")
def connect(session: Session, store: Account, endpoint: Endpoint) -> None:
    """Request a connection to a store of the local Azure, as another organisation's private endpoint does.

    Example: sde local connect STORE ENDPOINT, each by its resource id.
    """
    from local_azure.outside_connections import ACCOUNT, request  # noqa: PLC0415 - few commands need it

    if not ENDPOINT.fullmatch(endpoint):
        raise InputError("This is not the ID of a private endpoint.", key="ENDPOINT", found=endpoint,
                         allowed="/subscriptions/…/providers/Microsoft.Network/privateEndpoints/…")  # fmt: skip

    def made(azure: Store) -> StoredResource:
        account = next((r for r in azure.of_type(ACCOUNT) if r.name == store.lower()), None)
        if account is None:
            raise InputError("The local Azure has no such storage account.", key="STORE", found=store,
                             fix="see: scripts/sde local list")  # fmt: skip
        return request(azure, account.id, endpoint)

    _report(session, _changed(session, made))


@command("json_")
def approve(
    session: Session,
    connection: Annotated[str, typer.Argument(metavar="ID", help="The ID of the connection.")],
    *,
    reject: Rejected = False,
) -> None:
    """Approve a requested connection in the local Azure, as the owner of the store does. Azure Policy may deny it.

    Example: sde local approve ID, with the id that sde local connect printed.
    """
    from local_azure.outside_connections import APPROVED, REJECTED, decide  # noqa: PLC0415 - few commands need it

    _report(session, _changed(session, lambda azure: decide(azure, connection, REJECTED if reject else APPROVED)))


def _changed(session: Session, change: Callable[[Store], StoredResource]) -> StoredResource:
    """Return the result of a change to the local Azure. `Refused` with Azure's message if it refuses."""
    from local_azure.model import AzureError  # noqa: PLC0415 - few commands need it
    from local_azure.store import Store  # noqa: PLC0415 - opens a database

    azure = Store(session.settings.local_db)
    try:
        return change(azure)
    except AzureError as error:
        raise Refused(f"The local Azure refused: {error}") from error
    finally:
        azure.close()


def _report(session: Session, connection: StoredResource) -> None:
    status = connection.properties["privateLinkServiceConnectionState"]["status"]
    session.output.emit({"event": "connection", "id": connection.id, "status": status})
    session.output.say(f"{status}: {printable(connection.id)}")
