"""Confidential computing: which computers have it, and to which of them a key may go."""

from __future__ import annotations

import base64
import json
import re

from infra.config import Region

CONFIDENTIAL_SIZES = re.compile(r"Standard_[DE]C\d+(a|e)d?s_v[56]")
"""AMD SEV-SNP and Intel TDX families (learn.microsoft.com, "About Azure confidential VMs")."""
ATTESTATION = {
    Region.UKSOUTH: "https://shareduks.uks.attest.azure.net/",
    Region.UKWEST: "https://sharedukw.ukw.attest.azure.net/",
}
"""Azure's shared attestation providers, by region."""
HARDWARE = ("sevsnpvm", "tdxvm")
"""What an attestation calls AMD SEV-SNP and Intel TDX."""


def is_confidential(size: str) -> bool:
    """Whether computers of this size keep their memory from Azure itself."""
    return CONFIDENTIAL_SIZES.fullmatch(size) is not None


def release_policy(region: Region) -> str:
    """Releases a key to computers that the region's provider attests as Azure's confidential ones, base64url.

    The claims are those of Azure's own default policy, kept to one region (github.com/Azure/confidential-computing-cvm,
    cvm_deployment/key/skr-policy.json): a policy that names one kind of hardware never releases a key to the other.
    """
    hardware = [{"claim": "x-ms-attestation-type", "equals": kind} for kind in HARDWARE]
    compliant = {"claim": "x-ms-compliance-status", "equals": "azure-compliant-cvm"}
    policy = {
        "version": "1.0.0",
        "anyOf": [{"authority": ATTESTATION[region], "allOf": [compliant, {"anyOf": hardware}]}],
    }
    text = json.dumps(policy, sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
