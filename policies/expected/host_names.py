"""The host names that a desk has in /etc/hosts, since it asks no DNS server: its endpoints, and Entra's sign-in.

Source: learn.microsoft.com, "Microsoft 365 URLs and IP address ranges" (addresses of Entra; which one a desk uses does
not matter, since the firewall looks the names up itself: "Azure Firewall DNS Proxy details").
"""

from __future__ import annotations

from ipaddress import IPv4Network

HOSTS_PATH = "/etc/hosts"
SIGN_IN_HOSTS = ("login.microsoftonline.com", "pas.windows.net")
SIGN_IN_RANGE = IPv4Network("20.190.128.0/18")
NO_RESOLVER = ["systemctl", "mask", "--now", "systemd-resolved.service"]
"""The command without which lookups of unlisted names wait for an answer that never comes."""
