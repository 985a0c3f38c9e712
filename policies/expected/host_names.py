"""The names of a desk in /etc/hosts, since it asks no DNS server.

Source: cloud-init's module reference, "Write Files"; systemd-resolved.service(8).
"""

from __future__ import annotations

HOSTS_PATH = "/etc/hosts"
NO_RESOLVER = ["systemctl", "mask", "--now", "systemd-resolved.service"]
"""The command without which lookups of unlisted names wait for an answer that never comes."""
