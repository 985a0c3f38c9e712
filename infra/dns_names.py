"""The domains that Azure's DNS server answers in a hub: for the firewall's DNS proxy, the firewall itself and Bastion.

In every other network it answers none, because the network's DNS server is the firewall. Domains end with a dot, and
contain all names below them. Only Microsoft runs name servers for these domains, and no customer's alias in them leads
to a name server outside: a query for one of them tells an outsider nothing. `trafficmanager.net`, `cloudapp.net`,
`cloudapp.azure.com` and `azure-api.net` are left out: customers choose names there.

Sources: learn.microsoft.com, "Azure Firewall DNS settings" (the domains that Azure Firewall's own traffic may need),
"Azure Private Endpoint private DNS zone values". Details: docs/azure-facts.md#dns-security-policies,
#names-that-a-firewalls-network-needs.
"""

from __future__ import annotations

from infra.network_services import REGISTRATION_HOST, SIGN_IN_HOSTS

SERVICE_DOMAINS = (
    "core.windows.net.",
    "blob.storage.azure.net.",
    "vault.azure.net.",
    "vaultcore.azure.net.",
    "monitor.azure.com.",
    "oms.opinsights.azure.com.",
    "ods.opinsights.azure.com.",
    "agentsvc.azure-automation.net.",
)
"""Stores, vaults and logs: their public names, and the private zones that these are aliases in."""
SIGN_IN_DOMAINS = (
    *(f"{host}." for host in SIGN_IN_HOSTS),
    "msidentity.com.",
    "www.tm.a.prd.aadg.akadns.net.",
    "www.tm.a.prd.aadg.trafficmanager.net.",
)
"""The hosts of Entra sign-in, and the names that they are aliases of."""
REGISTRATION_DOMAINS = (f"{REGISTRATION_HOST}.", "www.tm.prd.adrs.trafficmanager.net.")
"""The host at which Windows desks join Entra, and the name that it is an alias of beside one in `msidentity.com`
(docs/azure-facts.md#sign-in-of-windows-desks). For estates with Windows desks."""
FIREWALL_DOMAINS = (
    "arm-msedge.net.",
    "azclient.ms.",
    "management.azure.com.",
    "microsoftmetrics.com.",
    "servicebus.windows.net.",
    "time.windows.com.",
)
"""Further domains that the firewall's own traffic may need."""
HUB_DOMAINS = (*SERVICE_DOMAINS, *SIGN_IN_DOMAINS, *FIREWALL_DOMAINS)
