"""The hints to an error of Azure: what names its cause, or gets past it."""

from __future__ import annotations

import re

from operations.cli import busy_azure, preconditions

_HARDWARE = re.compile(r"not available in the current hardware cluster")
_STOP = f"stop the desk (az vm deallocate -g GROUP -n NAME), {busy_azure.AGAIN}, then az vm start -g GROUP -n NAME"


def with_hints(message: str) -> str:
    """Return an error's message with what to do about it, where that is known."""
    hinted = _with_stop(busy_azure.with_hint(preconditions.with_hint(message)))
    if "Code=" not in hinted:
        return hinted
    from operations.cli.explain import with_hint  # noqa: PLC0415 - for errors with a code alone

    return with_hint(hinted)


def _with_stop(message: str) -> str:
    """Add how to get past a size that the hardware of a running machine does not have (docs/azure-facts.md)."""
    if _HARDWARE.search(message) is None or _STOP in message:
        return message
    return f"{message}\n  fix:     {_STOP}"
