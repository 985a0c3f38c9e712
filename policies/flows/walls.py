"""What a firewall lets through, and what must fail before it lets through more.

Two controls at most: that it has no rule for the flow, and that a denial which acts before every rule forbids it. A
rule that somebody adds by mistake opens the first, and not the second.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from ipaddress import IPv4Network

from policies.facts import ids
from policies.facts.addresses import Span
from policies.facts.firewall import APPLICATION, NAT, NETWORK_RULE, Rule
from policies.flows.places import Wall
from policies.flows.ways import OPEN, Control, Layer, Ways, through

HARMLESS = ("azureactivedirectory", "azureplatformdns", "azureplatformimds", "azureplatformlkm", "gatewaymanager")
"""Service tags behind which nobody can keep what was sent there: no store, site or computer of another tenant."""
SHARED_HOSTS = (
    "core.windows.net",
    "azurewebsites.net",
    "azureedge.net",
    "azurefd.net",
    "cloudapp.azure.com",
    "vault.azure.net",
    "database.windows.net",
    "servicebus.windows.net",
    "amazonaws.com",
    "googleapis.com",
    "github.com",
    "github.io",
    "githubusercontent.com",
    "sharepoint.com",
    "dropbox.com",
)
"""Under these names anybody can have a place of their own. A name with a wildcard counts as one of them."""


class Passage:
    """What one firewall does with a flow."""

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self._sorted = tuple(r for r in wall.rules or ())
        label = ids.name(wall.id)
        self.missing = Control(Layer.FIREWALL, f"{wall.policy}#rule", f"{label} has no rule for it", wall.policy)
        self.untranslated = Control(
            Layer.FIREWALL,
            f"{wall.policy}#translation",
            f"{label} translates nothing that comes from outside",
            wall.policy,
        )
        self.denial = Control(
            Layer.FIREWALL_DENIAL,
            f"{wall.policy}#denial",
            f"{label} denies it before any rule can allow it",
            wall.policy,
        )

    def passes(self, source: IPv4Network, to: IPv4Network | None, port: int | None, host: str) -> Ways:
        """By the routes: network rules first, then application rules. `to` None: the Internet."""
        return self._decide((NETWORK_RULE, APPLICATION), source, to, port, host)

    def proxies(self, source: IPv4Network, host: str) -> Ways:
        """By the explicit proxy, where application rules alone decide. An empty host: the Internet."""
        return self._decide((APPLICATION,), source, None, None, host)

    def admits(self) -> Ways:
        """From the Internet, by a translation. One that exists leads anywhere; what is translated passes, and no denial
        is asked (learn.microsoft.com, "Azure Firewall rule processing logic")."""
        if self.wall.rules is None or any(rule.kind == NAT for rule in self._sorted):
            return OPEN
        return through(self.untranslated, step=f"through {ids.name(self.wall.id)}")

    def _decide(
        self, kinds: tuple[str, ...], source: IPv4Network, to: IPv4Network | None, port: int | None, host: str
    ) -> Ways:
        if self.wall.rules is None:
            return OPEN
        denied = stands = False
        for rule in (r for r in self._sorted if r.kind in kinds):
            if rule.allows and _may(rule, source, to, port, host):
                return through(self.denial) if denied else OPEN
            if not rule.allows and _must(rule, source, to, host):
                denied = True
                # A network rule that somebody adds would let through before any application rule denies.
                stands = stands or (rule.kind == kinds[0] and self._is_first(rule))
        return through(self.missing, *([self.denial] if stands else []))

    def _is_first(self, rule: Rule) -> bool:
        """Whether a denial acts before every rule of its kind that allows."""
        return not rule.allows and all(
            rule.priority < other.priority for other in self._sorted if other.allows and other.kind == rule.kind
        )


def _may(rule: Rule, source: IPv4Network, to: IPv4Network | None, port: int | None, host: str) -> bool:
    if rule.sources and not any(span.overlaps(source) for span in rule.sources):
        return False
    if rule.kind == APPLICATION:
        return bool(rule.bundles) or any(_names(name, host) for name in rule.names)
    fits = port is None or not rule.ports or any(low <= port <= high for low, high in rule.ports)
    if to is None:
        reaches = any(s.public and s.tag not in HARMLESS for s in rule.destinations)
        return fits and (reaches or any(_names(name, host) for name in rule.names))
    return fits and (any(s.overlaps(to) for s in rule.destinations) or any(_names(n, host) for n in rule.names))


def _must(rule: Rule, source: IPv4Network, to: IPv4Network | None, host: str) -> bool:
    if rule.sources and not _covers(rule.sources, source):
        return False
    if rule.kind == APPLICATION:
        return any(fnmatchcase(host, name) if host else name == "*" for name in rule.names)
    every_port = any(low <= 1 and high >= 65535 for low, high in rule.ports)
    every_protocol = not rule.protocols or "any" in rule.protocols or "tcp" in rule.protocols
    covered = _covers(rule.destinations, to) if to else any(s.everywhere for s in rule.destinations)
    return every_port and every_protocol and covered


def _names(name: str, host: str) -> bool:
    """Whether a name of a rule is the host's; without a host, whether anybody could have a place under it."""
    if host:
        return fnmatchcase(host, name)
    return "*" in name or any(name == shared or name.endswith(f".{shared}") for shared in SHARED_HOSTS)


def _covers(spans: tuple[Span, ...], network: IPv4Network) -> bool:
    return any(span.covers(network) for span in spans)
