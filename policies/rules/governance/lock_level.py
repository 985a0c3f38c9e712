"""Locks have a level that prevents deletion (GV5)."""

from __future__ import annotations

from policies.azure_semantics.locks import LOCKS
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

POLICY = Policy(
    id="GV5",
    title="Locks have a level that prevents deletion",
    why="A lock with the level NotSpecified prevents nothing, but people rely on it.",
    resource_types=LOCKS,
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("3.1.09",), ncsc=("2", "5"), caf=("B3.c",), cis=("6.2",), iso27001=("8.9",), five_safes=("data",)
    ),
    fix="Set level to CanNotDelete.",
    requires=(equals("level", "CanNotDelete", "ReadOnly", default="no value, which Azure refuses"),),
)
