"""Sign-in with Entra: its hosts, which the firewall allows by name, and the address at which computers know them.

Sources: learn.microsoft.com, "Sign in to a Linux virtual machine in Azure by using Microsoft Entra ID and OpenSSH",
Network; "Azure Firewall DNS Proxy details" (an application rule ignores the address); RFC 5737 (no network has it).
"""

from __future__ import annotations

from ipaddress import IPv4Network

from formats.addresses import HubRange, staff_beside
from formats.stack_config import PlatformConfig, StackConfig

HOSTS = frozenset({"login.microsoftonline.com", "pas.windows.net"})
REGISTRATION_HOST = "enterpriseregistration.windows.net"
"""The host at which Windows desks join Entra (learn.microsoft.com, "Sign in to a Windows virtual machine in Azure by
using Microsoft Entra ID", Network requirements)."""
RESTRICTED_HOSTS = frozenset({"login.microsoftonline.com"})
"""Those that read the headers of tenant restrictions."""
TENANT_HEADERS = ("restrict-access-context", "restrict-access-to-tenants")
"""The headers of tenant restrictions, in lower case and sorted (learn.microsoft.com, "Restrict access to a tenant")."""
ADDRESS = IPv4Network("192.0.2.1/32")
HOSTS_FILE = {
    "path": "/etc/hosts",
    "content": "192.0.2.1 login.microsoftonline.com pas.windows.net\n",
    "append": True,
}
"""The entry of cloud-init's `write_files` by which a computer knows the hosts."""


def tenant_headers(tenant: object) -> tuple[tuple[str, str], ...]:
    """Return the names and values of the headers that restrict sign-in to a tenant."""
    return tuple((name, str(tenant)) for name in TENANT_HEADERS)


def hosts(config: StackConfig | None) -> frozenset[str]:
    """Return the hosts that the firewall of a platform may allow by name. Without a configuration, any estate's."""
    joins = config.windows_desks if isinstance(config, PlatformConfig) else config is None
    return HOSTS | {REGISTRATION_HOST} if joins else HOSTS


def join_sources(config: StackConfig | None) -> frozenset[IPv4Network]:
    """Return the sources that may join Entra: the ranges of tenancies. Staff have no Windows desks."""
    return frozenset(config.tenancy_ranges.values()) if isinstance(config, PlatformConfig) else frozenset()


def sources(config: StackConfig | None) -> frozenset[IPv4Network]:
    """Return the sources that may sign in through the firewall of a platform: the ranges of tenancies, and that of the
    staff machines, used or not."""
    if not isinstance(config, PlatformConfig):
        return frozenset()
    return frozenset((*config.tenancy_ranges.values(), staff_beside(HubRange(config.addresses)).machines))
