"""The only release of keys: to confidential virtual machines that Azure's shared attestation providers attest.

Anyone may create an attestation provider with a policy that issues any claim; only the shared ones of a region have a
fixed policy (learn.microsoft.com, "Azure Attestation basic concepts"). The claims are those of Azure's default policy
(github.com/Azure/confidential-computing-cvm, cvm_deployment/key/skr-policy.json).
"""

from __future__ import annotations

from typing import Any

AUTHORITIES = ("https://shareduks.uks.attest.azure.net", "https://sharedukw.ukw.attest.azure.net")
"""The shared attestation providers of UK South and UK West."""
CLAIMS: list[Any] = [
    {"claim": "x-ms-compliance-status", "equals": "azure-compliant-cvm"},
    {
        "anyOf": [
            {"claim": "x-ms-attestation-type", "equals": "sevsnpvm"},
            {"claim": "x-ms-attestation-type", "equals": "tdxvm"},
        ]
    },
]
"""All of these claims are required: a compliant machine, with AMD SEV-SNP or Intel TDX."""
