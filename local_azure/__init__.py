"""A fake of Azure for tests, demos and laptops: a Pulumi provider that refuses what Azure refuses, with its data in one
file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["create_providers"]


def create_providers(database: Path) -> dict[str, Any]:
    """Return the providers `azure-native` and `random`, each a `ResourceProviderServicer`, over one database file.

    Methods take `(request, context)`. They use only `abort(code, details)` of the context, which must raise.
    Raises `local_azure.store.StoreError` if the file cannot be used.
    """
    # Imported here so that importing a declaration does not load gRPC.
    from local_azure.factory import PACKAGES, create_provider  # noqa: PLC0415

    return {package: create_provider(package, database) for package in PACKAGES}
