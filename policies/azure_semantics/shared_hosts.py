"""Domains and hosts where anyone can open an account, for the policies on firewalls and for the flow analysis.

A firewall rule that allows such a name lets data go to an outsider's account. The policies and the flow analysis differ
in one case, the exact host name of one customer. The policies accept it, because a reviewer can know whose it is. The
flow analysis does not know, and counts the host as an outsider's.
"""

from __future__ import annotations

MULTI_CUSTOMER_DOMAINS = frozenset(
    [
        "amazonaws.com",
        "appspot.com",
        "azure-api.net",
        "azureedge.net",
        "azurefd.net",
        "azurewebsites.net",
        "azurecontainerapps.io",
        "azurecr.io",
        "azuredatabricks.net",
        "b-cdn.net",
        "backblazeb2.com",
        "cloudapp.azure.com",
        "cloudapp.net",
        "cloudflare.com",
        "cloudflarestorage.com",
        "cloudfront.net",
        "core.windows.net",
        "database.windows.net",
        "digitaloceanspaces.com",
        "dropboxusercontent.com",
        "fastly.net",
        "firebaseapp.com",
        "firebaseio.com",
        "fly.dev",
        "github.io",
        "githubusercontent.com",
        "gitlab.io",
        "googleapis.com",
        "googleusercontent.com",
        "herokuapp.com",
        "netlify.app",
        "ngrok.io",
        "ngrok-free.app",
        "oraclecloud.com",
        "pages.dev",
        "r2.dev",
        "servicebus.windows.net",
        "sharepoint.com",
        "trafficmanager.net",
        "vault.azure.net",
        "vercel.app",
        "web.app",
        "workers.dev",
    ]
)
"""Domains in which each customer gets a host name: a wildcard also allows an attacker's host."""
MULTI_CUSTOMER_HOSTS = frozenset(
    [
        "bitbucket.org",
        "docs.google.com",
        "drive.google.com",
        "dropbox.com",
        "github.com",
        "gitlab.com",
        "graph.microsoft.com",
        "graph.windows.net",
        "huggingface.co",
        "management.azure.com",
        "onedrive.live.com",
        "outlook.office.com",
        "outlook.office365.com",
        "paste.ee",
        "pastebin.com",
        "raw.githubusercontent.com",
        "s3.amazonaws.com",
        "slack.com",
        "storage.googleapis.com",
        "transfer.sh",
    ]
)
"""Hosts that many customers share: even the exact name allows an attacker's account."""


def is_multi_customer_wildcard(fqdn: str) -> bool:
    """Return True for a wildcard of a domain that equals, contains or is below a multi-customer domain."""
    domain = fqdn.removeprefix("*.")
    return domain != fqdn and any(_overlaps(domain, shared) for shared in MULTI_CUSTOMER_DOMAINS)


def allows_multi_customer_host(fqdn: str) -> bool:
    """Return True for the name of a multi-customer host, and for a wildcard that matches one."""
    suffix = fqdn.removeprefix("*") if fqdn.startswith("*.") else ""
    return any(fqdn == host or (suffix and f".{host}".endswith(suffix)) for host in MULTI_CUSTOMER_HOSTS)


def may_belong_to_outsider(fqdn: str) -> bool:
    """Return True for every wildcard, and for every name that equals or is below a multi-customer domain or host."""
    shared = MULTI_CUSTOMER_DOMAINS | MULTI_CUSTOMER_HOSTS
    return "*" in fqdn or any(fqdn == domain or fqdn.endswith(f".{domain}") for domain in shared)


def _overlaps(domain: str, shared: str) -> bool:
    return domain == shared or domain.endswith(f".{shared}") or shared.endswith(f".{domain}")
