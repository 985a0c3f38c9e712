"""A fake of Azure: Pulumi providers that refuse what Azure refuses, with the resources in one file.

- Protocol: `server` (plugin process), `servicer` (base), `provider` (azure-native), `random_provider`, `factory`,
  `plugins` (installation for the Pulumi CLI), `wire` (property values).
- A request of azure-native: `defaults` and `validation` (Check), `diffs` (Diff), `arm` (create, read, update, delete),
  `outputs`, `policy/` (Azure Policy), `store` (SQLite), `admin` (`sde local`).
- Types: `model` (declaration), `types/` (the table), `paths`, `ids`, `locations`, `network_watchers`, and `schema` (the
  installed SDK). The evidence is in docs/azure-facts.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["create_providers"]


def create_providers(database: Path, *, any_subscription: bool = False) -> dict[str, Any]:
    """Return the providers `azure-native` and `random`, each a `ResourceProviderServicer`, over one database file.

    `any_subscription`: also serve stacks of real Azure. Only for a database that is thrown away, to learn their plans.

    Methods take `(request, context)`. They use only `abort(code, details)` of the context, which must raise.
    Raises `local_azure.store.StoreError` if the file cannot be used.
    """
    # Imported here so that importing a declaration does not load gRPC.
    from local_azure.factory import PACKAGES, create_provider  # noqa: PLC0415

    return {package: create_provider(package, database, any_subscription=any_subscription) for package in PACKAGES}
