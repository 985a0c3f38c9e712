"""Read a parameter file of a template, such as `azuredeploy.parameters.json`.

Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/parameter-files
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from formats.errors import InputError
from formats.plan import SECRET, Value

SCHEMA = re.compile(r"https?://schema\.management\.azure\.com/schemas/[\d-]+/\w*deploymentParameters\.json#?", re.I)


def read_parameters(content: object, template: object, file: str) -> dict[str, Value]:
    """Return the values of a template's parameters. A reference to a key vault is a secret.

    Raises `InputError` for what Azure refuses: a parameter that the template does not have, or a value that it does not
    allow.
    """
    given = content.get("parameters") if isinstance(content, Mapping) else None
    is_file = isinstance(content, Mapping) and SCHEMA.fullmatch(str(content.get("$schema")))
    if not is_file or not isinstance(given, Mapping) or not all(isinstance(e, Mapping) for e in given.values()):
        raise InputError("This is not a parameter file of a template.", file=file, key="$schema",
                         allowed="the $schema of deploymentParameters.json, and parameters")  # fmt: skip
    declared = template.get("parameters") if isinstance(template, Mapping) else None
    known = {str(name).lower(): facts for name, facts in declared.items()} if isinstance(declared, Mapping) else {}
    values: dict[str, Value] = {}
    for name, entry in given.items():
        if name.lower() not in known:
            raise InputError("The template does not have this parameter.", file=file, key=f"parameters.{name}",
                             allowed=", ".join(sorted(known)) or "no parameters")  # fmt: skip
        values[name.lower()] = _value(entry, known[name.lower()], f"parameters.{name}", file)
    return values


def _value(entry: Mapping[str, Any], facts: Any, key: str, file: str) -> Value:
    if "reference" in entry and "value" not in entry:
        return SECRET
    if "value" not in entry:
        raise InputError("A parameter has no value.", file=file, key=key, allowed="value or reference")
    allowed = facts.get("allowedValues") if isinstance(facts, Mapping) else None
    if isinstance(allowed, list) and entry["value"] not in allowed and not isinstance(entry["value"], list):
        is_secure = str(facts.get("type")).lower().startswith("secure")
        raise InputError("The template does not allow this value.", file=file, key=key,
                         found=SECRET if is_secure else entry["value"],
                         allowed=None if is_secure else ", ".join(map(str, allowed)))  # fmt: skip
    return entry["value"]
