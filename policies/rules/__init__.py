"""The catalogue of policies: a folder for each service, and a file for each rule, named after what it checks."""

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
    """Return every policy by id, sorted by number (ST2 before ST10). Raises `InputError` with the file of a broken
    one."""
    found: dict[str, Policy] = {}
    for module in sorted(
        m.name for m in pkgutil.walk_packages(__path__, f"{__name__}.", _refuse_folder) if not m.ispkg
    ):
        policy = _policy(module)
        if policy.id in found:
            raise InputError(
                "Two policies have the same id.",
                file=_file(module),
                found=policy.id,
                fix="Give one of them another id.",
            )
        found[policy.id] = policy
    if not found:
        raise InputError("The catalogue has no policy, so nothing would be checked.", file="policies/rules")
    return dict(sorted(found.items(), key=lambda item: (item[0][:2], int(item[0][2:]))))


def _refuse_folder(package: str) -> None:
    """Refuse a folder that cannot be imported: `walk_packages` would skip its rules."""
    raise InputError("This folder of policies cannot be read.", file=package.replace(".", "/"))


def _policy(module: str) -> Policy:
    try:
        policy = importlib.import_module(module).POLICY
    except Exception as error:
        raise InputError("This policy cannot be read.", file=_file(module), found=type(error).__name__,
                         fix="Run its test, and correct the file.") from error  # fmt: skip
    if not isinstance(policy, Policy) or not ID.fullmatch(policy.id):
        raise InputError("This is not a policy.", file=_file(module), key="POLICY", found=getattr(policy, "id", policy),
                         allowed="a Policy whose id is two capital letters and a number")  # fmt: skip
    if not policy.resource_types or not (policy.requires or callable(policy.check)):
        raise InputError(
            "This policy would check nothing.", file=_file(module), key="resource_types", found=policy.resource_types
        )
    return policy


def _file(module: str) -> str:
    return f"{module.replace('.', '/')}.py"
