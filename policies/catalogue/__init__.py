"""The catalogue: one policy a file, found by `policies.catalogue.load`."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache

from formats.errors import InputError
from policies.model import Policy

ID = re.compile(r"[A-Z]{2}\d{1,2}")


@cache
def load() -> Mapping[str, Policy]:
    """Every policy by id, in reading order: ST2 before ST10. `InputError` names the file of a broken one."""
    found: dict[str, Policy] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")):
        policy = _policy(module)
        if policy.id in found:
            raise InputError(
                "Two policies have one id.", file=_file(module), found=policy.id, fix="Give one another id."
            )
        found[policy.id] = policy
    if not found:
        raise InputError("The catalogue is empty: nothing would be judged.", file="policies/catalogue")
    return dict(sorted(found.items(), key=lambda item: (item[0][:2], int(item[0][2:]))))


def _policy(module: str) -> Policy:
    try:
        policy = importlib.import_module(f"{__name__}.{module}").POLICY
    except Exception as error:
        raise InputError("This policy cannot be read.", file=_file(module), found=type(error).__name__,
                         fix="Run its test, and correct the file.") from error  # fmt: skip
    if not isinstance(policy, Policy) or not ID.fullmatch(policy.id) or policy.id.lower() != module:
        raise InputError("This is no policy.", file=_file(module), key="POLICY", found=getattr(policy, "id", policy),
                         allowed="a Policy whose id is two capitals and a number, in a file of that name")  # fmt: skip
    if not policy.on or not callable(policy.check):
        raise InputError("This policy would judge nothing.", file=_file(module), key="on", found=policy.on)
    return policy


def _file(module: str) -> str:
    return f"policies/catalogue/{module}.py"
