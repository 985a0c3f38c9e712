"""Keys rotate automatically before they expire: within a year for identifiable data (KV4)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.properties import display, same
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import Operator, Requirement, not_empty
from policies.rule_helpers.durations import iso_days
from policies.rule_helpers.encryption_keys import is_released

POLICY_PATH = "properties.rotationPolicy"
EXPIRY, ACTIONS = f"{POLICY_PATH}.attributes.expiryTime", f"{POLICY_PATH}.lifetimeActions"
MAX_DAYS = {DataClass.SYNTHETIC: 1095, DataClass.DE_IDENTIFIED: 730, DataClass.IDENTIFIABLE: 366}


def check(key: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse rotation of keys that Azure releases to attested machines: the machines must be stopped first."""
    if not is_released(key):
        yield from _check_rotation(key, context)
    elif key.at(POLICY_PATH) is not MISSING:
        yield Violation(POLICY_PATH, "rotates a key that confidential machines start with, which they cannot follow; "
                      "leave it out, and rotate the key manually")  # fmt: skip


def _check_rotation(key: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a policy that rotates each version before it expires. Without one, a key never expires."""
    max_days = MAX_DAYS[context.data_class(key)]
    expiry = iso_days(key.at(EXPIRY))
    if expiry is None or expiry > max_days:
        yield Violation(
            EXPIRY, f"is {display(key.at(EXPIRY))}; versions must expire within {max_days} days, such as P1Y"
        )
    rotations = [i for i, kind in _action_types(key) if same(kind, "Rotate")]
    if not any(_rotates_before(key, f"{ACTIONS}[{index}].trigger", expiry or max_days) for index in rotations):
        yield Violation(ACTIONS, "no action rotates the key before its version expires; add one")


def _action_types(key: Resource) -> Iterator[tuple[int, object]]:
    for index in range(len(key.each(f"{ACTIONS}[*]"))):
        yield index, key.at(f"{ACTIONS}[{index}].action.type")


def _rotates_before(key: Resource, trigger: str, expiry: float) -> bool:
    after = iso_days(key.at(f"{trigger}.timeAfterCreate"))
    before = iso_days(key.at(f"{trigger}.timeBeforeExpiry"))
    return (after is not None and after < expiry) or (before is not None and before < expiry)


POLICY = Policy(
    id="KV4",
    title="Keys rotate automatically before they expire: within a year for identifiable data",
    why="A leaked key then exposes a year's data at most, without anyone having to remember to rotate it.",
    resource_types=("keyvault:Key",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.8.05",), ncsc=("2",), caf=("B3.c",), cis=("8.3.1", "8.3.9"), iso27001=("8.24",)
    ),
    fix="Give the key a rotationPolicy with expiryTime P1Y and an action that rotates, timeAfterCreate P11M; "
    "give none to a key that is released to confidential virtual machines.",
    check=check,
    required_by_check=(not_empty(EXPIRY), Requirement(ACTIONS, Operator.NOT_EMPTY)),
    check_paths=(
        "properties.attributes.exportable",
        "properties.releasePolicy.data",
        *(f"{ACTIONS}[*].{part}" for part in ("action.type", "trigger.timeAfterCreate", "trigger.timeBeforeExpiry")),
    ),
    checkov=("CKV_AZURE_40",),
)
