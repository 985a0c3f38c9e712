"""KV4: keys rotate by themselves, and expire."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.properties import same, shown
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.durations import iso_days
from policies.rules.key_vault.key_export import is_released

POLICY_PATH = "properties.rotationPolicy"
EXPIRY, ACTIONS = f"{POLICY_PATH}.attributes.expiryTime", f"{POLICY_PATH}.lifetimeActions"
LONGEST_DAYS = {DataClass.SYNTHETIC: 1095, DataClass.DE_IDENTIFIED: 730, DataClass.IDENTIFIABLE: 366}


def check(key: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Keys that Azure releases to attested computers must not rotate by themselves: computers are stopped for it."""
    if not is_released(key):
        yield from _rotates(key, context)
    elif key.at(POLICY_PATH) is not MISSING:
        yield Violation(POLICY_PATH, "rotates a key that confidential computers start with, which they cannot follow; "
                      "leave it out, and rotate it by hand")  # fmt: skip


def _rotates(key: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A policy that rotates each version some time before it expires. Missing means that a key lives for ever."""
    longest = LONGEST_DAYS[context.data_class(key)]
    expiry = iso_days(key.at(EXPIRY))
    if expiry is None or expiry > longest:
        yield Violation(EXPIRY, f"is {shown(key.at(EXPIRY))}; versions must expire within {longest} days, such as P1Y")
    rotations = [i for i, kind in _kinds(key) if same(kind, "Rotate")]
    if not any(_in_time(key, f"{ACTIONS}[{index}].trigger", expiry or longest) for index in rotations):
        yield Violation(ACTIONS, "no action rotates the key before its version expires; there must be one")


def _kinds(key: Resource) -> Iterator[tuple[int, object]]:
    for index in range(len(key.each(f"{ACTIONS}[*]"))):
        yield index, key.at(f"{ACTIONS}[{index}].action.type")


def _in_time(key: Resource, trigger: str, expiry: float) -> bool:
    after = iso_days(key.at(f"{trigger}.timeAfterCreate"))
    before = iso_days(key.at(f"{trigger}.timeBeforeExpiry"))
    return (after is not None and after < expiry) or (before is not None and before < expiry)


POLICY = Policy(
    id="KV4",
    title="Keys rotate by themselves before they expire, within a year for identifiable data",
    why="A key that leaked unseen then opens a year's data at most, and nobody has to remember anything.",
    on=("keyvault:Key",),
    reads=(EXPIRY, ACTIONS),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.05",), ncsc=("2",), cis=("8.3.1", "8.3.9"), iso27001=("8.24",)),
    fix="Give the key a rotationPolicy with expiryTime P1Y and an action that rotates, timeAfterCreate P11M; give "
    "none to a key that is released to confidential computers.",
    check=check,
    checkov=("CKV_AZURE_40",),
)
