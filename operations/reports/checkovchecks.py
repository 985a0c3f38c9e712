"""Checkov's custom checks as data, out of the catalogue and what it expects of single properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from formats.arm.routes import route
from formats.arm.sdk import PREFIX
from operations.export.paths import arm_path
from operations.settings import ROOT
from policies.rules import load
from policies.expectations import EXPECTATIONS, Expectation

FILE = ROOT / "policies" / "checkov" / "checks.json"
PREFIX_OF_IDS = "CKV_SDE_"


def checks() -> list[dict[str, Any]]:
    """One check a policy, with its conditions by ARM type; in the catalogue's order."""
    return [_check(id_) for id_ in load() if any(e.policy == id_ for e in EXPECTATIONS)]


def written() -> str:
    """`checks.json` as it must be."""
    return json.dumps(checks(), indent=2, ensure_ascii=False) + "\n"


def _check(id_: str) -> dict[str, Any]:
    policy = load()[id_]
    on: dict[str, list[dict[str, Any]]] = {}
    for expectation in EXPECTATIONS:
        if expectation.policy == id_:
            on.setdefault(arm_type(expectation.on), []).append(_condition(expectation))
    return {"id": PREFIX_OF_IDS + id_, "policy": id_, "title": policy.title, "severity": policy.severity.value,
            "fix": policy.fix, "on": on}  # fmt: skip


def arm_type(type_: str) -> str:
    """The ARM type behind a type as expectations have it."""
    return type_ if "/" in type_ else route(PREFIX + type_).arm_type


def _condition(expectation: Expectation) -> dict[str, Any]:
    found = {"path": _path(expectation.on, expectation.path), "asks": expectation.asks.value,
             "values": list(expectation.values)}  # fmt: skip
    if expectation.unless is None:
        return found
    path, values = expectation.unless
    return found | {"unless": [["name"] if path == "name" else _path(expectation.on, path), list(values)]}


def _path(type_: str, path: str) -> list[str]:
    return path.split(".") if "/" in type_ else arm_path(PREFIX + type_, path)


def read(file: Path = FILE) -> list[dict[str, Any]]:
    """The checks as Checkov reads them."""
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found
