"""Settings of services that Azure makes by itself: Defender for Storage, and Network Watcher. And the identity with
which a firewall reads its certificate authority."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from operations.preflight.access import feature_state
from operations.preflight.findings import Finding, finding
from operations.preflight.needs import DEFENDER, FIREWALL_POLICY, FLOW_LOG, Declared, Needs
from operations.preflight.reads import Reads

SETTING_VERSION = "2024-10-01-preview"
MOST_SETTINGS = 5
"""Diagnostic settings that Azure takes for one resource, or one subscription."""
OPT_OUT = ("Microsoft.Network", "DisableNetworkWatcherAutocreation")
"""The feature of subscriptions in which Azure creates no Network Watcher."""


def defender(reads: Reads, needs: Needs, existing: frozenset[str]) -> Iterator[Finding]:
    """Check that no storage account would inherit a setting of Defender for Storage.

    The provider cannot create a setting that exists: `cannot create already existing subresource`.
    """
    settings = needs.of_type(DEFENDER)
    if not settings:
        return
    yield from _scanning(reads, needs, existing)
    answer = reads.get(
        f"/subscriptions/{needs.subscription}/providers/Microsoft.Security/pricings/StorageAccounts", "2024-01-01"
    )
    tier = _properties(answer.body).get("pricingTier")
    found = f"{tier} for the subscription" if tier else answer.why or "unknown"
    inherited = [one for one in settings if not _is_own(reads, one, existing)]
    if not tier:
        fix = f"az provider register --namespace Microsoft.Security --subscription {needs.subscription}"
        yield Finding(needs.subscription, "Defender for Storage", False, found, f"{fix}; or ask for Security Reader")
        return
    if tier == "Standard" and not inherited:
        found += "; every setting is the stacks' own"
    fix = (
        f"az security pricing create --name StorageAccounts --tier Free --subscription {needs.subscription} "
        "(after the up it can be Standard again: the stacks' settings override it)"
    )
    yield finding(needs.subscription, "Defender for Storage", tier == "Free" or not inherited, found, fix)


def _is_own(reads: Reads, setting: Declared, existing: frozenset[str]) -> bool:
    """Return True for a setting that is on and overrides the subscription's, as the stacks' settings do.

    Azure answers for an account without a setting too: with one that is off, or with the one that it inherits.
    """
    found = _read_setting(reads, setting, existing)
    return found.get("isEnabled") is True and found.get("overrideSubscriptionLevelSettings") is True


def _read_setting(reads: Reads, setting: Declared, existing: frozenset[str]) -> Mapping[str, Any]:
    """Return the properties of a setting; empty before its storage account exists."""
    if setting.id.rpartition("/providers/")[0].lower() not in existing:
        return {}
    return _properties(reads.get(setting.id, SETTING_VERSION).body)


def _scanning(reads: Reads, needs: Needs, existing: frozenset[str]) -> Iterator[Finding]:
    """Check that malware scanning is on where its setting exists."""
    for one in needs.of_type(DEFENDER):
        scanning = _read_setting(reads, one, existing).get("malwareScanning")
        upload = scanning.get("onUpload") if isinstance(scanning, Mapping) else None
        if _is_own(reads, one, existing) and one.at("properties.malwareScanning.onUpload.isEnabled") is True:
            on = isinstance(upload, Mapping) and upload.get("isEnabled") is True
            fix = (
                f"az resource update --ids {one.id} --api-version {SETTING_VERSION} "
                f"--set properties.malwareScanning.onUpload.isEnabled=true && scripts/sde refresh {one.stack}"
            )
            account = one.id.split("/providers/")[1].rpartition("/")[2]
            yield finding(needs.subscription, f"malware scanning of {account}", on, "on" if on else "off", fix)


def _properties(body: Mapping[str, Any] | None) -> Mapping[str, Any]:
    found = (body or {}).get("properties")
    return found if isinstance(found, Mapping) else {}


def activity_logs(reads: Reads, needs: Needs) -> Iterator[Finding]:
    """Check that the subscription takes the diagnostic settings of its activity log (400 BadRequest)."""
    path = f"/subscriptions/{needs.subscription}/providers/Microsoft.Insights/diagnosticSettings"
    wanted = {one.short_name.lower() for one in needs.resources if one.id.lower().startswith(f"{path.lower()}/")}
    if not wanted:
        return
    answer = reads.list(path, "2021-05-01-preview")
    present = {str(one.get("name")).lower() for one in answer.values}
    holds = answer.body is not None and len(present | wanted) <= MOST_SETTINGS
    found = answer.why or f"{len(present)} of {MOST_SETTINGS}, {len(wanted - present)} more needed"
    fix = f"az monitor diagnostic-settings subscription delete --name <name> --subscription {needs.subscription}"
    yield finding(needs.subscription, "diagnostic settings of the activity log", holds, found, fix)


def certificate_authorities(needs: Needs, existing: frozenset[str]) -> Iterator[Finding]:
    """Check that the identity exists with which a firewall reads its certificate authority, so that the owner of the
    vault can have given it the permission. Nothing here reads the vault."""
    for policy in needs.of_type(FIREWALL_POLICY):
        url = str(policy.at("transportSecurity.certificateAuthority.keyVaultSecretId") or "")
        for identity in (policy.at("identity.userAssignedIdentities") or ()) if url else ():
            vault = url.removeprefix("https://").partition(".")[0]
            holds, name = identity.lower() in existing, identity.rpartition("/")[2]
            fix = (
                "deploy with root_certificates alone in tenant_restrictions, then az keyvault set-policy --name "
                f"{vault} --object-id <ca_reader_principal_id of scripts/sde outputs {policy.stack}> "
                "--secret-permissions get, then name certificate_authority"
            )
            found = f"{name} exists; whether {vault} lets it get the secret is not read" if holds else f"no {name} yet"
            yield finding(needs.subscription, "certificate authority of the firewall", holds, found, fix)


def watchers(reads: Reads, needs: Needs) -> Iterator[Finding]:
    """Check that each flow log has its Network Watcher, or that Azure creates it with the first network."""
    for watcher in dict.fromkeys(one.id.rpartition("/flowLogs/")[0] for one in needs.of_type(FLOW_LOG)):
        name = watcher.rpartition("/")[2]
        answer = reads.get(watcher, "2024-05-01")
        found, holds = answer.why or "found", answer.body is not None
        if not holds and answer.why.startswith("404"):
            opted_out = feature_state(reads, needs.subscription, *OPT_OUT)
            holds = opted_out in ("NotRegistered", "Unregistered")
            found = "Azure creates it with the first network" if holds else f"{answer.why}, and Azure creates none"
        region = name.partition("_")[2]
        fix = (
            f"az network watcher configure --locations {region} --enabled true --resource-group NetworkWatcherRG "
            f"--subscription {needs.subscription}"
        )
        yield finding(needs.subscription, name, holds, found, fix)
