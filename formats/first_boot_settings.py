"""The settings in the cloud-init data of a virtual machine, by name, as digests.

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
_LENGTH = 16


def setting_digests(custom_data: object) -> Mapping[str, str]:
    """Return the first 16 hexadecimal digits of each setting's SHA-256, by name; empty for data in another form."""
    try:
        text = base64.b64decode(str(custom_data), validate=True).decode()
        settings = json.loads(text.partition("\n")[2])
    except ValueError:
        return {}
    found = settings if isinstance(settings, Mapping) else {}
    return {str(name): _digest(value) for name, value in found.items()}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_LENGTH]
