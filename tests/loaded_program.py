"""Loads the program, and resolves the types of the SDK's classes that it calls: half of the time of a small stack."""

from __future__ import annotations

import importlib
import re
import sys

from pulumi import Resource, _types

from operations.settings import ROOT

_CALL = re.compile(r"\b([a-z]+)\.([A-Z]\w+)\(")
"""A call of a class of an SDK module, such as `network.Subnet(`."""


def _load() -> None:
    importlib.import_module("infra.stacks.programs")
    calls = {call for file in (ROOT / "infra").rglob("*.py") for call in _CALL.findall(file.read_text())}
    for module, name in calls:
        found = getattr(sys.modules.get(f"pulumi_azure_native.{module}"), name, None)
        if isinstance(found, type) and issubclass(found, Resource):
            _types.resource_types(found)
        elif isinstance(found, type) and _types.is_input_type(found):
            _types.input_type_types(found)


_load()
