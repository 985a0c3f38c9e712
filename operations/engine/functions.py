"""The functions of providers that a program may call: those that the shipped programs use, and no other.

A function runs in the provider, with the credentials of whoever runs `sde`, before any policy sees a plan: some return
tokens or keys.
"""

from __future__ import annotations

from formats.errors import InputError

PERMITTED = ("azure-native:authorization:getClientConfig",)
METHODS = ("Call", "Invoke")
"""The requests that call a function."""


def refusal(token: str) -> InputError | None:
    """Return the refusal of a function; None for a permitted one."""
    if token in PERMITTED:
        return None
    return InputError(
        "The program calls a function of a provider that is not permitted",
        found=token,
        allowed=", ".join(PERMITTED),
        fix="take the value from the stack's configuration; the list is operations/engine/functions.py",
    )
