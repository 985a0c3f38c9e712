"""The release of keys to confidential virtual machines."""

from __future__ import annotations

import base64
import json

from formats.stack_config import Region

ATTESTATION_PROVIDERS = {
    Region.UKSOUTH: "https://shareduks.uks.attest.azure.net/",
    Region.UKWEST: "https://sharedukw.ukw.attest.azure.net/",
}
"""Azure's shared attestation providers, by region."""
ATTESTATION_TYPES = ("sevsnpvm", "tdxvm")
"""The attestation types of AMD SEV-SNP and Intel TDX."""


def release_policy(region: Region) -> str:
    """Return the policy, in base64url, that releases a key to confidential virtual machines attested in one region.

    The claims are those of Azure's default policy (github.com/Azure/confidential-computing-cvm,
    cvm_deployment/key/skr-policy.json), restricted to one region. Both attestation types must be named, or a
    key is never released to the other.
    """
    types = [{"claim": "x-ms-attestation-type", "equals": type_} for type_ in ATTESTATION_TYPES]
    compliant = {"claim": "x-ms-compliance-status", "equals": "azure-compliant-cvm"}
    policy = {
        "version": "1.0.0",
        "anyOf": [{"authority": ATTESTATION_PROVIDERS[region], "allOf": [compliant, {"anyOf": types}]}],
    }
    text = json.dumps(policy, sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
