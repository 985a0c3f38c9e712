"""The domains that Azure's DNS server may answer in a network, and the names of sign-in hosts.

A DNS query carries data to whoever runs the name server of the name, or of a name that it is an alias of. Here
that is Microsoft alone, and no customer chooses an alias that leads elsewhere, as in `trafficmanager.net`.

Sources: learn.microsoft.com, "Azure DNS security policy" (a rule for a domain applies to all names below it),
"Azure Firewall DNS settings" (domains of its own traffic), "Azure Private Endpoint private DNS zone values".
"""

from __future__ import annotations

ANSWERED_DOMAINS = frozenset({
    # Stores, vaults and logs, by their public names and by the zones that these are aliases in.
    "core.windows.net", "blob.storage.azure.net", "vault.azure.net", "vaultcore.azure.net", "monitor.azure.com",
    "oms.opinsights.azure.com", "ods.opinsights.azure.com", "agentsvc.azure-automation.net",
    # Entra's sign-in hosts, and the names that they are aliases of.
    "login.microsoftonline.com", "pas.windows.net", "msidentity.com", "www.tm.a.prd.aadg.akadns.net",
    "www.tm.a.prd.aadg.trafficmanager.net",
    # The host at which Windows desks join Entra, and the name that it is an alias of.
    "enterpriseregistration.windows.net", "www.tm.prd.adrs.trafficmanager.net",
    # The firewall's own traffic.
    "arm-msedge.net", "azclient.ms", "management.azure.com", "microsoftmetrics.com", "servicebus.windows.net",
    "time.windows.com",
})  # fmt: skip
"""Without the final dot."""
EVERY_NAME = ""
"""The domain of all names, `.`, without the final dot."""
