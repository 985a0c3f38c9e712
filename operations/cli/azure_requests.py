"""Requests to the management API of a stack's cloud: real Azure, or the local Azure of this machine."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from operations.cli.session import Session

if TYPE_CHECKING:
    from operations.preflight.reads import Send


@contextmanager
def sending(
    session: Session, cloud: str, *, sizes: Collection[str] = (), aliases: Collection[str] = ()
) -> Iterator[Send]:
    """Give the function that sends requests to a cloud. `sizes`, `aliases`: those that the local Azure offers."""
    if cloud == "azure":
        from operations.preflight import default_credential, send_to_azure  # noqa: PLC0415 - imports the Azure SDK

        yield send_to_azure(default_credential())
        return
    from local_azure.management import Management  # noqa: PLC0415
    from local_azure.store import Store  # noqa: PLC0415

    store = Store(session.settings.local_db)
    try:
        yield Management(store, sizes, aliases).answer
    finally:
        store.close()
