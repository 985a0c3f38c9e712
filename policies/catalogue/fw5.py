"""FW5: no rule allows a domain in which anybody can open an account."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import GROUPS, NAT, rules_of
from policies.model import Controls, Estate, Policy, Problem, Resource, Severity

SHARED = frozenset(
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
"""Domains whose hosts are their customers': under a wildcard, an attacker's own is allowed too."""
PATHED = frozenset(
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
"""Hosts that are their customers' all at once, each under a path: even the exact name lets data go to anybody's."""
PLAIN = ("http",)


def judge(group: Resource, estate: Estate) -> Iterator[Problem]:
    """One customer's host may be named exactly; all of them may not. Without TLS, no wildcard at all."""
    for rule in rules_of(group, estate):
        if not rule.allows or rule.kind == NAT:
            continue
        for name in rule.names:
            domain = name.removeprefix("*.")
            if name.startswith("*.") and any(_among(domain, shared) for shared in SHARED):
                yield Problem(rule.path, f"{rule.name} allows {name}, where anybody can open an account")
            if any(name == host or _is_above(name, host) for host in PATHED):
                yield Problem(rule.path, f"{rule.name} allows {name}, a host that takes data for anybody")
            if "*" in name and set(rule.protocols) & set(PLAIN):
                yield Problem(rule.path, f"{rule.name} allows {name} without TLS, so that anybody can answer for it")


def _is_above(name: str, host: str) -> bool:
    return name.startswith("*.") and (host == name[2:] or host.endswith(name[1:]))


def _among(domain: str, shared: str) -> bool:
    return domain == shared or domain.endswith(f".{shared}") or shared.endswith(f".{domain}")


POLICY = Policy(
    id="FW5",
    title="No rule allows a domain where anybody can open an account",
    why="Data leaves by a permitted name as well as by any other, if whoever takes it can rent a host under that name.",
    on=GROUPS,
    reads=("ruleCollections", "network:IpGroup:ipAddresses"),
    severity=Severity.CRITICAL,
    controls=Controls(satre=("2.2.11", "3.1.12"), ncsc=("11",), iso27001=("8.12", "8.23"), five_safes=("outputs",)),
    fix="Name the one host that is needed, and read it through a mirror where that host is its customers' too.",
    judge=judge,
    scope="stack",
)
