"""Hosts where anyone can open an account: for rules on firewalls and for the flow analysis.

A rule that allows such a name lets data go to an account of an outsider's. The two differ in one name only: a rule may
allow the exact host of one customer, since a reviewer knows whose it is; the analysis does not know it, and counts the
host as an outsider's.
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
"""Domains whose hosts belong to their customers: a wildcard also allows a host of an attacker's."""
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
"""Hosts with many customers, each under a path: even the exact name lets data go to an account of anyone's."""


def allows_every_customer(name: str) -> bool:
    """True for a wildcard that allows all hosts of a customer domain."""
    domain = name.removeprefix("*.")
    return domain != name and any(_related(domain, shared) for shared in CUSTOMER_DOMAINS)


def allows_multi_customer_host(name: str) -> bool:
    """True for the name of a host with many customers, and for a wildcard that allows one."""
    above = name.removeprefix("*") if name.startswith("*.") else ""
    return any(name == host or (above and f".{host}".endswith(above)) for host in MULTI_CUSTOMER_HOSTS)


def may_be_an_outsider(name: str) -> bool:
    """True if an outsider can have a host or account under a name: for any wildcard, and any host of a customer's."""
    shared = CUSTOMER_DOMAINS | MULTI_CUSTOMER_HOSTS
    return "*" in name or any(name == domain or name.endswith(f".{domain}") for domain in shared)


def _related(domain: str, shared: str) -> bool:
    return domain == shared or domain.endswith(f".{shared}") or shared.endswith(f".{domain}")
