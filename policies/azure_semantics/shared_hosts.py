"""Hosts where anyone can open an account, for rules on firewalls and for the flow analysis.

A firewall rule that allows such a name lets data go to an outsider's account. The rules and the analysis differ in one
case: a rule may allow the exact host name of one customer, because a reviewer knows the customer. The analysis does
not, and counts the host as an outsider's.
"""

from __future__ import annotations

CUSTOMER_DOMAINS = frozenset(
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
"""Domains whose hosts belong to customers: a wildcard also allows an attacker's host."""
MULTI_CUSTOMER_HOSTS = frozenset(
    [
        "bitbucket.org",
        "docs.google.com",
        "drive.google.com",
        "dropbox.com",
        "github.com",
        "gitlab.com",
        "huggingface.co",
        "onedrive.live.com",
        "paste.ee",
        "pastebin.com",
        "raw.githubusercontent.com",
        "s3.amazonaws.com",
        "slack.com",
        "storage.googleapis.com",
        "transfer.sh",
    ]
)
"""Hosts with many customers, each under a path: even the exact name allows an attacker's account."""


def allows_every_customer(name: str) -> bool:
    """True for a wildcard that allows all hosts of a customer domain."""
    domain = name.removeprefix("*.")
    return domain != name and any(_overlaps(domain, shared) for shared in CUSTOMER_DOMAINS)


def allows_multi_customer_host(name: str) -> bool:
    """True for the name of a host with many customers, and for a wildcard that allows one."""
    suffix = name.removeprefix("*") if name.startswith("*.") else ""
    return any(name == host or (suffix and f".{host}".endswith(suffix)) for host in MULTI_CUSTOMER_HOSTS)


def may_belong_to_outsider(name: str) -> bool:
    """True if an outsider can have a host or account under a name: for a wildcard, and for any customer's host."""
    shared = CUSTOMER_DOMAINS | MULTI_CUSTOMER_HOSTS
    return "*" in name or any(name == domain or name.endswith(f".{domain}") for domain in shared)


def _overlaps(domain: str, shared: str) -> bool:
    return domain == shared or domain.endswith(f".{shared}") or shared.endswith(f".{domain}")
