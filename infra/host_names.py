"""The host names that a virtual machine knows without DNS, in /etc/hosts, besides those of sign-in (`hosts_file.py`).

A desk has all its names there and sends no DNS query, because each could carry data out. A staff machine
has the hosts of package archives there, which no DNS server of the estate answers.

Sources: hosts(5); host.conf(5) (`multi`, which Ubuntu sets: every line of a name counts); cloud-init's module
reference, "Write Files", "Update Etc Hosts" (`localhost`: adds the own name, and keeps the rest);
systemd-resolved.service(8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from formats.addresses import REGISTRY_ENDPOINTS, TenancyEndpoint, TenancyRange
from formats.egress import EgressRule
from infra.hosts_file import PATH
from infra.names import GloballyUnique, Names

NO_RESOLVER = ("systemctl", "mask", "--now", "systemd-resolved.service")
"""Nothing listens at the resolver's address then, so that the lookup of an unlisted name fails at once."""


def host_settings(lines: Iterable[str]) -> dict[str, Any]:
    """Return the settings by cloud-init's keys."""
    own: dict[str, Any] = {"manage_etc_hosts": "localhost"}
    content = "".join(f"{line}\n" for line in lines)
    return own | ({"write_files": [{"path": PATH, "content": content, "append": True}]} if content else {})


def desk_lines(names: Names, addresses: TenancyRange, endpoints: Sequence[TenancyEndpoint]) -> list[str]:
    """Return the lines of the private endpoints that a desk reaches."""
    return [f"{addresses.address(one)} {_service_host(names, one)}" for one in endpoints]


def egress_lines(egress: Iterable[EgressRule]) -> Iterator[str]:
    """Yield a line for each address of a rule, with the hosts at the rule's addresses: which of them has which address
    is not known."""
    for rule in egress:
        hosts = _hosts_of(rule, rule.apt, rule.pip)
        for range_ in rule.addresses if hosts else ():
            yield from (f"{address} {' '.join(hosts)}" for address in range_)


def windows_egress_lines(egress: Iterable[EgressRule]) -> Iterator[str]:
    """Yield a line for each address of a rule and each of the rule's hosts that a Windows desk uses."""
    for rule in egress:
        for host in _hosts_of(rule, rule.pip, rule.wsus):
            yield from (f"{address} {host}" for range_ in rule.addresses for address in range_)


def _hosts_of(rule: EgressRule, *urls: str | None) -> list[str]:
    """Return the hosts of URLs, and the further ones of a rule, without duplicates."""
    named = (urlsplit(url).hostname for url in urls if url)
    return list(dict.fromkeys(host for host in (*named, *(rule.hosts or ())) if host))


def _service_host(names: Names, endpoint: TenancyEndpoint) -> str:
    """Return the public name of the service behind an endpoint, which has the endpoint's purpose."""
    if endpoint is TenancyEndpoint.KEYS:
        return f"{names.globally_unique(GloballyUnique.VAULT, endpoint.value)}.vault.azure.net"
    if endpoint in REGISTRY_ENDPOINTS:
        registry = names.globally_unique(GloballyUnique.REGISTRY, TenancyEndpoint.REGISTRY.value)
        data = f".{names.region}.data" if endpoint is TenancyEndpoint.REGISTRY_DATA else ""
        return f"{registry}{data}.azurecr.io"
    return f"{names.globally_unique(GloballyUnique.STORAGE, endpoint.value)}.blob.core.windows.net"
