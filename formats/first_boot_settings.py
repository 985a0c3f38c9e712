"""The settings in the custom data of a virtual machine, by name, as digests.

On Linux the custom data is for cloud-init: its header, and then the settings. On Windows it is a script of PowerShell,
which begins with the settings in a literal text.

The program puts the digests of a desk's present settings into an output, and a preview compares the deployed data with
them. So the command line, which judges the program, imports nothing of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

OUTPUT = "desk_first_boot"
"""The output of a tenancy with the digests of its desks' settings, by the name of each."""
STAFF_OUTPUT = "staff_first_boot"
"""The output of a platform with those of its staff machines, by the name of each."""
WINDOWS_OPENING, WINDOWS_CLOSING = "$settings = @'\n", "\n'@ | ConvertFrom-Json\n"
"""Begin and end the settings, one line of JSON, in the script of a Windows desk."""
_LENGTH = 16


def setting_digests(custom_data: object) -> Mapping[str, str]:
    """Return the first 16 hexadecimal digits of each setting's SHA-256, by name; empty for data in another form."""
    if windows := windows_settings(custom_data):
        settings, script = windows
        return {str(name): _digest(value) for name, value in {**settings, "script": script}.items()}
    try:
        text = base64.b64decode(str(custom_data), validate=True).decode()
        settings = json.loads(text.partition("\n")[2])
    except ValueError:
        return {}
    found = settings if isinstance(settings, Mapping) else {}
    return {str(name): _digest(value) for name, value in found.items()}


def windows_custom_data(settings: Mapping[str, object], script: str) -> str:
    """Return the custom data of a Windows desk in base64, as Azure takes it. `script` uses the settings."""
    text = f"{WINDOWS_OPENING}{json.dumps(settings)}{WINDOWS_CLOSING}{script}"
    return base64.b64encode(text.encode()).decode()


def windows_settings(custom_data: object) -> tuple[Mapping[str, object], str] | None:
    """Return the settings in the custom data of a Windows desk, and the script; None for data in another form."""
    try:
        text = base64.b64decode(str(custom_data), validate=True).decode()
    except ValueError:
        return None
    line, closing, script = text.removeprefix(WINDOWS_OPENING).partition(WINDOWS_CLOSING)
    if not text.startswith(WINDOWS_OPENING) or not closing or "\n" in line:
        return None
    try:
        settings = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return (settings, script) if isinstance(settings, dict) else None


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_LENGTH]
