"""A stand-in for Azure: a Pulumi provider that refuses what Azure refuses and keeps its resources in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["servicers"]


def servicers(database: Path) -> dict[str, Any]:
    """The providers `azure-native` and `random`, each a `ResourceProviderServicer`, over the local Azure in a file.

    Methods take `(request, context)`; of the context only `abort(code, details)` is used, and it must raise.
    Raises `local_azure.store.StoreError` where the file cannot be used.
    """
    # Imported here so that reading a declaration does not load gRPC.
    from local_azure.doors import PACKAGES, open_door  # noqa: PLC0415

    return {package: open_door(package, database) for package in PACKAGES}
