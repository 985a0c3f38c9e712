"""Action groups notify people of the organisation only (MO2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import display, entries
from policies.expected.contacts import MAIL_DOMAINS, is_permitted
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals_if_set

REFUSED = (
    "automationRunbookReceivers",
    "azureAppPushReceivers",
    "azureFunctionReceivers",
    "eventHubReceivers",
    "incidentReceivers",
    "itsmReceivers",
    "logicAppReceivers",
    "smsReceivers",
    "voiceReceivers",
    "webhookReceivers",
)
ROLES = (
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",  # Owner
    "b24988ac-6180-42a0-ab88-20f7382dd24c",  # Contributor
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",  # Reader
    "749f88d5-cbae-40b8-bcfc-e573ddc772fa",  # Monitoring Contributor
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05",  # Monitoring Reader
)
"""The roles whose holders Azure Monitor mails (learn.microsoft.com, "Action groups", Email Azure Resource Manager)."""


def check(group: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require mail addresses of the organisation, or the holders of a role of the subscription."""
    mails, roles = entries(group, "emailReceivers"), entries(group, "armRoleReceivers")
    if not mails and not roles:
        yield Violation("emailReceivers", "has no entry, and no role is mailed, so nobody is notified")
    for mail in mails:
        if not is_permitted(group.at(f"{mail}.emailAddress")):
            found = display(group.at(f"{mail}.emailAddress"))
            yield Violation(f"{mail}.emailAddress", f"is {found}; it must be in {' or '.join(MAIL_DOMAINS)}")
    for role in roles:
        if ids.name(group.at(f"{role}.roleId")) not in ROLES:
            yield Violation(f"{role}.roleId", f"is {display(group.at(f'{role}.roleId'))}, which is not a listed role")


POLICY = Policy(
    id="MO2",
    title="Action groups notify people of the organisation only",
    why="An alert has names of resources, people and operations, and an alert rule on logs has their content. Whoever "
    "receives it, or a service that it calls, gets them past the airlock (Azure Monitor, Action groups).",
    resource_types=("monitor:ActionGroup",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.5.03", "3.1.12"),
        ncsc=("5", "13"),
        caf=("C1.c",),
        iso27001=("5.14", "8.16"),
        five_safes=("settings", "outputs"),
    ),
    fix=f"Notify by emailReceivers with addresses in {' or '.join(MAIL_DOMAINS)} (policies/expected/contacts.py) or by "
    "armRoleReceivers, and leave out all other receivers and the identity.",
    requires=(
        equals_if_set("enabled", True),
        *(empty(path, "alerts would be sent to a service or a telephone outside the estate") for path in REFUSED),
        empty("identity", "an action group that only mails needs no identity"),
    ),
    check=check,
    check_paths=("emailReceivers[*].emailAddress", "armRoleReceivers[*].roleId"),
)
