"""AL4: what others bring into a store is scanned for malware, and read by nobody before."""

from __future__ import annotations

from collections.abc import Iterator

from infra.malware_scanning import CLEAN_BLOBS_ONLY
from policies.azure_semantics.blob_grants import grants_on
from policies.azure_semantics.properties import must, shown
from policies.azure_semantics.scanning import SETTING, is_scanner, settings_of
from policies.catalogue.al1 import ASKED, is_stage
from policies.catalogue.al2 import is_intake
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

STORE = "storage:StorageAccount"
ON_UPLOAD = "properties.malwareScanning.onUpload"
UNCAPPED, LEAST_CAP = -1, 1000
"""GB a month. A cap that is soon reached is scanning switched off, a few days later."""
RULES = "networkRuleSet.resourceAccessRules"


def check(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Defender is on for this very store, scans each upload, and can get at it."""
    settings = settings_of(store, context)
    if not settings:
        yield Violation("", "receives what others bring, and nothing scans it for malware")
        return
    for setting in settings:
        yield from _scans(setting)
    if not any(is_scanner(found, store) for found in store.each(f"{RULES}[*].resourceId")):
        yield Violation(RULES, "does not let the malware scanner in: the next update shuts out what Azure itself added")
    if is_stage(store, context) == ASKED:
        yield from _unread(store, context)


def _scans(setting: Resource) -> Iterator[Violation]:
    for path in ("properties.isEnabled", f"{ON_UPLOAD}.isEnabled", "properties.overrideSubscriptionLevelSettings"):
        for problem in must(setting, path, True, default=False):
            yield Violation("", f"the setting {setting.name}: {path} {problem.message}")
    cap = setting.at(f"{ON_UPLOAD}.capGBPerMonth")
    enough = isinstance(cap, int | float) and not isinstance(cap, bool) and (cap == UNCAPPED or cap >= LEAST_CAP)
    if cap is not MISSING and not enough:
        found = f"the setting {setting.name}: {ON_UPLOAD}.capGBPerMonth is {shown(cap)}"
        yield Violation("", f"{found}; it must be at least {LEAST_CAP} GB, or -1 for none")


def _unread(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Who checks reads what was found clean alone; what was not scanned, for whatever reason, waits."""
    for grant in grants_on(store, context):
        said = grant.assignment.at("condition")
        if not grant.writes and (not isinstance(said, str) or said.split() != CLEAN_BLOBS_ONLY.split()):
            yield Violation("", f"the role {grant.assignment.name} reads more than what the scanner found clean")


POLICY = Policy(
    id="AL4",
    title="What others bring is scanned for malware before anybody reads it",
    why="Data that comes in from elsewhere, and results that go out, can carry programs; whoever opens them to check "
    "them would be the first to run them.",
    on=(STORE,),
    reads=(
        f"{SETTING}:resourceId", f"{SETTING}:properties.isEnabled", f"{SETTING}:{ON_UPLOAD}.isEnabled",
        f"{SETTING}:{ON_UPLOAD}.capGBPerMonth", f"{SETTING}:properties.overrideSubscriptionLevelSettings", RULES,
        "authorization:RoleAssignment:condition",
    ),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.05", "3.3.05"), ncsc=("5",), iso27001=("8.7",), five_safes=("data", "outputs")
    ),
    fix="Give the account a DefenderForStorage setting that is enabled, overrides the subscription's, and scans on "
    "upload with a cap of -1 or 1000 GB and more; let the scanner of the subscription in by resourceAccessRules; and "
    "let who checks read only blobs whose tag says No threats found.",
    check=check,
    applies=lambda store, context: is_stage(store, context) == ASKED or is_intake(store, context),
    scope="stack",
)  # fmt: skip
