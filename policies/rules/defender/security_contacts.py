"""Security contacts are people of the organisation, and are notified (MD2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import display, entries, lower_text, require, require_if_set
from policies.expected.contacts import MAIL_DOMAINS, is_permitted
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals_if_set

EMAILS, ROLES, STATE, SOURCES = (
    "emails",
    "notificationsByRole.roles",
    "notificationsByRole.state",
    "notificationsSources",
)
ENABLED = "isEnabled"


def check(contact: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require addresses of the organisation, or owners; and refuse a threshold above which nobody is notified."""
    yield from require_if_set(contact, ENABLED, True)
    found = contact.at(EMAILS)
    addresses = [one for one in str("" if found is MISSING else found).replace(",", ";").split(";") if one.strip()]
    for address in addresses:
        if not is_permitted(address):
            yield Violation(EMAILS, f"has {display(address.strip())}; it must be in {' or '.join(MAIL_DOMAINS)}")
    by_role = lower_text(contact, STATE) == "on" and bool(entries(contact, ROLES))
    if not addresses and not by_role:
        yield Violation(EMAILS, "is not set, and no role is notified, so nobody is")
    for role in entries(contact, ROLES):
        yield from require(contact, role, "Owner", "Contributor", "AccountAdmin", "ServiceAdmin")
    for source in entries(contact, SOURCES):
        yield from require(contact, f"{source}.sourceType", "Alert", "AttackPath")
        yield from require_if_set(contact, f"{source}.minimalSeverity", "Low", "Medium", "High")
        yield from require_if_set(contact, f"{source}.minimalRiskLevel", "Low", "Medium", "High", "Critical")


POLICY = Policy(
    id="MD2",
    title="Security contacts are people of the organisation, and are notified",
    why="Microsoft mails its findings on attacks to the contact, and nobody else (Microsoft Defender for Cloud, "
    "Configure email notifications for alerts and attack paths).",
    resource_types=("security:SecurityContact",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.5.03", "2.6.04"), ncsc=("5", "13"), caf=("C1.c",), iso27001=("5.14", "8.16"), five_safes=("settings",)
    ),
    fix=f"Set isEnabled to true, and emails to addresses in {' or '.join(MAIL_DOMAINS)}, or notify owners with "
    "notificationsByRole.",
    requires=(equals_if_set(STATE, "On"),),
    check=check,
    check_paths=(
        ENABLED,
        EMAILS,
        ROLES,
        f"{SOURCES}[*].sourceType",
        f"{SOURCES}[*].minimalSeverity",
        f"{SOURCES}[*].minimalRiskLevel",
    ),
)
