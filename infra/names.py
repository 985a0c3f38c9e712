"""The naming convention for all Azure resources, within Azure's length and character rules for any valid configuration.

The form is `<kind>-<estate>-<stack>-<purpose>`, with the abbreviations of Microsoft's Cloud Adoption Framework. A name
that is too long is truncated and ends with a hash of the whole, so that two names never become equal. A globally unique
name always ends with a hash. Rules: learn.microsoft.com, "Naming rules and restrictions for Azure resources".
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from formats.stack_config import StackConfig
from formats.stack_names import RESERVED

HASH_LENGTH = 9
"""In base32 letters of 5 bits each: with 45 bits, 10,000 names collide once in about 700,000 estates."""
WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class ResourceKind(StrEnum):
    """A kind of resource whose name is unique in its resource group or parent. The value is the name's prefix."""

    NETWORK = "vnet"
    SUBNET = "snet"
    PEERING = "peer"
    SECURITY_GROUP = "nsg"
    ROUTE_TABLE = "rt"
    ROUTE = "route"
    FIREWALL = "afw"
    FIREWALL_POLICY = "afwp"
    RULE_GROUP = "rcg"
    BASTION = "bas"
    GATEWAY = "vgw"
    LOCAL_GATEWAY = "lgw"
    CONNECTION = "con"
    PUBLIC_ADDRESS = "pip"
    IP_CONFIGURATION = "ipc"
    INTERFACE = "nic"
    VIRTUAL_MACHINE = "vm"
    DISK = "disk"
    DISK_ENCRYPTION_SET = "des"
    IDENTITY = "id"
    KEY = "key"
    SECRET = "secret"  # noqa: S105 - a prefix, not a secret
    LOG_WORKSPACE = "log"
    MONITOR_SCOPE = "ampls"
    FLOW_LOG = "fl"
    ENDPOINT = "pep"
    ENDPOINT_CONNECTION = "plc"
    DNS_GROUP = "pdzg"
    DNS_LINK = "link"
    DNS_POLICY = "dnssp"
    DNS_RULE = "dnsr"
    DOMAIN_LIST = "dnsdl"
    DIAGNOSTICS = "diag"
    ACTIVITY_LOG = "activity"
    LOCK = "lock"
    POLICY = "policy"
    BUDGET = "budget"


class GloballyUnique(StrEnum):
    """A kind of resource whose name is unique in all of Azure. The value is the name's prefix."""

    STORAGE = "st"
    VAULT = "kv"
    REGISTRY = "cr"


MAX_LENGTH: dict[str, int] = {
    **dict.fromkeys(ResourceKind, 80),
    ResourceKind.NETWORK: 64,
    ResourceKind.FIREWALL: 56,  # the portal and the verified modules accept no more
    ResourceKind.INTERFACE: 64,
    ResourceKind.VIRTUAL_MACHINE: 64,
    ResourceKind.ENDPOINT: 64,
    ResourceKind.LOG_WORKSPACE: 63,
    ResourceKind.POLICY: 64,
    ResourceKind.BUDGET: 63,
    GloballyUnique.STORAGE: 24,
    GloballyUnique.VAULT: 24,
    GloballyUnique.REGISTRY: 50,
}
"""The longest name that Azure accepts; the smaller number where its sources differ."""
RESOURCE_GROUP_MAX_LENGTH = 90
HOST_NAME_MAX_LENGTH = 15
"""The limit of Windows, used for Linux too, which accepts more."""
UNIQUE_IN_PARENT = frozenset(
    {
        ResourceKind.SUBNET,
        ResourceKind.ROUTE,
        ResourceKind.IP_CONFIGURATION,
        ResourceKind.KEY,
        ResourceKind.SECRET,
        ResourceKind.RULE_GROUP,
        ResourceKind.DNS_GROUP,
        ResourceKind.ENDPOINT_CONNECTION,
        ResourceKind.DIAGNOSTICS,
        ResourceKind.LOCK,
    }
)
"""Kinds of resources inside a parent of the same stack, so that the purpose alone makes the name unique."""
SOFT_DELETED = frozenset({ResourceKind.LOG_WORKSPACE})
"""Kinds that Azure soft-deletes and restores with their content when the name is used again."""
ALPHANUMERIC_ONLY = frozenset({GloballyUnique.STORAGE, GloballyUnique.REGISTRY})
"""Kinds whose names have letters and digits only."""


@dataclass(frozen=True)
class Names:
    """The names of one stack's resources. They are the same in each run; no two stacks share a globally unique one."""

    estate: str
    stack: str
    region: str
    generation: int
    subscription: UUID

    @classmethod
    def of(cls, config: StackConfig, stack: str) -> Names:
        """Return the names for a stack's configuration and name."""
        return cls(config.estate, stack, config.region.value, config.generation, config.subscription)

    def resource_group(self, purpose: str) -> str:
        """Return the name of a resource group. `purpose` has no hyphen: the names for `a-b` of stack `tre-x` and for
        `b` of stack `tre-x-a` would be equal."""
        if "-" in purpose or not purpose:
            raise ValueError(f"the purpose of a resource group is one word without hyphens, not {purpose!r}")
        return self._shortened(("rg", self.estate, self.stack, _word(purpose)), RESOURCE_GROUP_MAX_LENGTH)

    @property
    def resource_group_prefix(self) -> str:
        """How the name of each resource group of the estate begins, in every stack."""
        return _without_reserved_words(f"rg-{self.estate}-")

    def local(self, kind: str, purpose: str = "") -> str:
        """Return a name that is unique in its resource group or parent. `kind` is a `ResourceKind`."""
        kind = ResourceKind(kind)
        owner = () if kind in UNIQUE_IN_PARENT and purpose else (self.estate, self.stack)
        words = (_word(purpose),) if purpose else ()
        generation = (f"g{self.generation}",) if kind in SOFT_DELETED and self.generation > 1 else ()
        return self._shortened((kind.value, *owner, *words, *generation), MAX_LENGTH[kind])

    def shared_subnet(self, purpose: str) -> str:
        """Return the name of a subnet in a network that has subnets of several stacks."""
        return self._shortened(
            (ResourceKind.SUBNET.value, self.estate, self.stack, _word(purpose)), MAX_LENGTH[ResourceKind.SUBNET]
        )

    def globally_unique(self, kind: str, purpose: str = "") -> str:
        """Return a name that is unique in all of Azure: readable words, then a hash of estate, subscription, region,
        stack, generation, kind and purpose. `kind` is a `GloballyUnique`.

        It changes with the generation, since Azure reserves the names of deleted key vaults for up to 90 days.
        """
        kind = GloballyUnique(kind)
        digest = self._hash(kind.value, purpose)
        separator = "" if kind in ALPHANUMERIC_ONLY else "-"
        space = MAX_LENGTH[kind] - len(kind.value) - 2 * len(separator) - HASH_LENGTH
        words = (self.estate, *((_word(purpose),) if purpose else ()), self.stack.removeprefix("tre-"))
        readable = _without_reserved_words("-".join(words).replace("-", separator))[:space].rstrip("-")
        return separator.join((kind.value, readable, digest))

    def host_name(self, purpose: str) -> str:
        """Return the host name of a virtual machine."""
        readable = _without_reserved_words(_word(purpose))[: HOST_NAME_MAX_LENGTH - HASH_LENGTH - 1].rstrip("-")
        return f"{readable}-{self._hash('computer', purpose)}"

    def _shortened(self, words: tuple[str, ...], max_length: int) -> str:
        """Return the words joined; if that is too long or has a reserved word, shortened and with a hash."""
        whole = "-".join(words)
        allowed = _without_reserved_words(whole)
        if allowed == whole and len(whole) <= max_length:
            return whole
        return f"{allowed[: max_length - HASH_LENGTH - 1].rstrip('-')}-{self._hash(whole)}"

    def _hash(self, *parts: str) -> str:
        whole = "\n".join((self.estate, str(self.subscription), self.region, self.stack, str(self.generation), *parts))
        return base64.b32encode(hashlib.sha256(whole.encode()).digest()).decode().lower()[:HASH_LENGTH]


def _word(purpose: str) -> str:
    if not WORD.fullmatch(purpose):
        raise ValueError(f"a purpose has lower-case letters, digits and single hyphens, not {purpose!r}")
    return purpose


def _without_reserved_words(text: str) -> str:
    """Return the text with each reserved word shortened to three letters."""
    for word in RESERVED:
        text = text.replace(word, word[:3])
    return text
