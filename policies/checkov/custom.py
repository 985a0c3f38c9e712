"""Register a Checkov check for each entry of `checks.json`. Only Checkov imports this file."""

# mypy: ignore-errors
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from checkov.arm.base_resource_check import BaseResourceCheck
from checkov.common.bridgecrew.severities import Severities
from checkov.common.models.enums import CheckCategories, CheckResult
from conditions import holds

CHECKS = json.loads(Path(__file__).with_name("checks.json").read_text(encoding="utf-8"))


class RequirementsCheck(BaseResourceCheck):
    """The requirements of one policy. A missing value fails, and so does one that is unknown before deployment."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.conditions = {type_.lower(): conditions for type_, conditions in entry["on"].items()}
        super().__init__(
            name=entry["title"],
            id=entry["id"],
            categories=(CheckCategories.GENERAL_SECURITY,),
            supported_resources=tuple(entry["on"]),
            guideline=entry["fix"],
        )
        self.severity = Severities[entry["severity"].upper()]

    def scan_resource_conf(self, conf: dict[str, Any]) -> CheckResult:
        conditions = self.conditions.get(str(conf.get("type", self.entity_type)).lower(), [])
        return CheckResult.PASSED if conditions and holds(conditions, conf) else CheckResult.FAILED


REGISTERED = [RequirementsCheck(entry) for entry in CHECKS]
