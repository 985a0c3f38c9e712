"""The port's own errors out of what the Pulumi CLI says when it fails."""

from __future__ import annotations

import re
from collections.abc import Sequence

from operations.engine.pulumi_process import CommandFailed
from operations.errors import BadInput, Failed, Refused

_NO_STACK = re.compile(r"no stack named .* found")
_NOT_DEPLOYED = re.compile(r'unknown stack "(?:[^"/]+/[^"/]+/)?(?P<name>[^"]+)"')
"""What a stack reference says that finds none."""
_LOCKED = re.compile(r"the stack is currently locked by|\[409\] Conflict")
_PASSPHRASE = ("incorrect passphrase", "passphrase must be set")
_PROTECTED = ("because it is protected", "marked for protection", "is protected")


class StackMissing(BadInput):
    """The backend does not know the stack."""


def explained(error: CommandFailed, name: str, messages: Sequence[str] = ()) -> BadInput | Failed | Refused:
    """Say what failed on a stack and what to do about it. `messages` are the errors that the run itself told."""
    said = str(error)
    if _LOCKED.search(said):
        return BadInput(
            f"{name} is locked: another run is changing it, or one was killed.",
            found=_last_line(said, "locked by"),
            fix=f"wait for it; if you are sure that it is dead: scripts/sde cancel {name}",
        )
    if _NO_STACK.search(said):
        return StackMissing(
            f"The backend has no stack {name}.",
            found=name,
            fix=f"pulumi stack init {name} --secrets-provider azurekeyvault://… (docs/platform-team.md)",
        )
    if any(words in said for words in _PASSPHRASE):
        return BadInput(
            f"The passphrase does not open the secrets of {name}.",
            key="PULUMI_CONFIG_PASSPHRASE",
            fix="set PULUMI_CONFIG_PASSPHRASE_FILE to the file that holds the one it was made with",
        )
    text = "\n".join(dict.fromkeys(messages)) or said
    if found := _NOT_DEPLOYED.search(text):
        other = found["name"]
        return BadInput(f"{name}: stack {other} has not been deployed yet.", found=other, fix=f"`sde up {other}` first")
    if any(words in text for words in _PROTECTED):
        return Refused(f"{name}: {text}")
    return Failed(f"{name}: {text}")


def _last_line(text: str, words: str) -> str | None:
    return next((line.strip() for line in reversed(text.splitlines()) if words in line), None)
