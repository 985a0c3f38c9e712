"""The estate's permission of Windows desks."""

from __future__ import annotations

from formats.input_model import Model
from formats.people import NamedApproval


class WindowsDesks(Model):
    """What the estate states before a project may have Windows desks: a way out to the host at which they join Entra,
    and with it a sign-in that is a public preview of Azure Bastion (docs/decisions/0029-windows-desks.md)."""

    approval: NamedApproval | None = None
    """Required; `approvals.py` says so with an example."""
