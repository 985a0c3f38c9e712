"""One convention for every Azure name, within Azure's length and alphabet for any valid configuration.

Names read `<kind>-<estate>-<stack>-<noun>`, with the kinds of Microsoft's Cloud Adoption Framework. What is too long is
cut and ends with a hash of the whole, so that a cut never makes two names one. Names that the whole of Azure shares end
with a hash always. Rules: learn.microsoft.com, "Naming rules and restrictions for Azure resources".
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from infra.config import StackConfig

HASH_LENGTH = 9
"""Base32 letters, of 5 bits each: at 45 bits, 10,000 names collide once in about 700,000 estates."""
WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
RESERVED = ("microsoft", "windows", "login")
"""Azure refuses trademarks in names that become addresses (error ReservedResourceName)."""


class Kind(StrEnum):
    """A kind of resource whose name is unique within its resource group or its parent; the value begins the name."""

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
    PUBLIC_ADDRESS = "pip"
    IP_CONFIGURATION = "ipc"
    INTERFACE = "nic"
    COMPUTER = "vm"
    DISK = "disk"
    DISK_ENCRYPTION_SET = "des"
    IDENTITY = "id"
    KEY = "key"
    SECRET = "secret"  # noqa: S105 - the kind, not one
    LOG_WORKSPACE = "log"
    MONITOR_SCOPE = "ampls"
    ACTION_GROUP = "ag"
    FLOW_LOG = "fl"
    ENDPOINT = "pep"
    ENDPOINT_CONNECTION = "plc"
    DNS_GROUP = "pdzg"
    DNS_LINK = "link"
    DIAGNOSTICS = "diag"
    ACTIVITY_LOG = "activity"
    LOCK = "lock"
    BUDGET = "budget"
    GUARD = "policy"


class Public(StrEnum):
    """A kind of resource whose name is an address that all of Azure shares; the value begins the name."""

    STORAGE = "st"
    VAULT = "kv"
    HSM = "hsm"
    REGISTRY = "cr"
    DATA_FACTORY = "adf"
    POSTGRES = "psql"


LONGEST: dict[str, int] = {
    **dict.fromkeys(Kind, 80),
    Kind.NETWORK: 64,
    Kind.FIREWALL: 56,  # the portal and the verified modules accept no more
    Kind.INTERFACE: 64,
    Kind.COMPUTER: 64,
    Kind.ENDPOINT: 64,
    Kind.LOG_WORKSPACE: 63,
    Kind.BUDGET: 63,
    Kind.GUARD: 64,
    Public.STORAGE: 24,
    Public.VAULT: 24,
    Public.HSM: 24,
    Public.REGISTRY: 50,
    Public.DATA_FACTORY: 63,
    Public.POSTGRES: 63,
}
"""The most letters that Azure accepts, where two of its sources differ the lesser."""
GROUP_LONGEST = 90
COMPUTER_NAME_LONGEST = 15
"""What Windows accepts; Linux accepts more, but one rule holds for both."""
INSIDE_PARENT = frozenset({Kind.SUBNET, Kind.ROUTE, Kind.IP_CONFIGURATION, Kind.KEY, Kind.SECRET, Kind.RULE_GROUP,
                           Kind.DNS_GROUP, Kind.ENDPOINT_CONNECTION, Kind.DIAGNOSTICS, Kind.LOCK})  # fmt: skip
"""Kinds that live inside one resource of their own stack, so the noun alone tells them apart."""
HELD = frozenset({Kind.LOG_WORKSPACE})
"""Kinds that Azure gives back from its bin, with what they held, when their name is used again."""
SOLID = frozenset({Public.STORAGE, Public.REGISTRY})
"""Kinds whose names have letters and digits only."""


@dataclass(frozen=True)
class Names:
    """Every name of one stack. The same stack has the same names in each run; no two stacks share a public one."""

    estate: str
    stack: str
    region: str
    generation: int
    subscription: UUID

    @classmethod
    def of(cls, config: StackConfig, stack: str) -> Names:
        """The names of the stack so called and configured."""
        return cls(config.estate, stack, config.region.value, config.generation, config.subscription)

    def group(self, noun: str) -> str:
        """A resource group. One word only: `a-b` of stack `tre-x` would be taken for `b` of stack `tre-x-a`."""
        if "-" in noun or not noun:
            raise ValueError(f"a resource group is called by one word without hyphens, not {noun!r}")
        return self._fitted(("rg", self.estate, self.stack, _word(noun)), GROUP_LONGEST)

    def local(self, kind: str, noun: str = "") -> str:
        """A name that is unique within its resource group, or its parent, in this stack."""
        kind = Kind(kind)
        whose = () if kind in INSIDE_PARENT and noun else (self.estate, self.stack)
        held = (f"g{self.generation}",) if kind in HELD and self.generation > 1 else ()
        return self._fitted((kind.value, *whose, *((_word(noun),) if noun else ()), *held), LONGEST[kind])

    def globally(self, kind: str, noun: str = "") -> str:
        """A name unique in all of Azure: a beginning to read by, and a hash of what it belongs to.

        It changes with the generation, since Azure keeps the names of deleted vaults for up to 90 days.
        """
        kind = Public(kind)
        digest = self._hash(kind.value, noun)
        joint = "" if kind in SOLID else "-"
        room = LONGEST[kind] - len(kind.value) - 2 * len(joint) - HASH_LENGTH
        words = (self.estate, *((_word(noun),) if noun else ()), self.stack.removeprefix("tre-"))
        readable = _permitted("-".join(words).replace("-", joint))[:room].rstrip("-")
        return joint.join((kind.value, readable, digest))

    def computer(self, noun: str) -> str:
        """A computer's own name, which Windows keeps to 15 letters."""
        readable = _permitted(_word(noun))[: COMPUTER_NAME_LONGEST - HASH_LENGTH - 1].rstrip("-")
        return f"{readable}-{self._hash('computer', noun)}"

    def _fitted(self, words: tuple[str, ...], longest: int) -> str:
        """The words joined, if Azure takes them; else cut, and a hash of the whole."""
        whole = "-".join(words)
        allowed = _permitted(whole)
        if allowed == whole and len(whole) <= longest:
            return whole
        return f"{allowed[: longest - HASH_LENGTH - 1].rstrip('-')}-{self._hash(whole)}"

    def _hash(self, *parts: str) -> str:
        whole = "\n".join((self.estate, str(self.subscription), self.region, self.stack, str(self.generation), *parts))
        return base64.b32encode(hashlib.sha256(whole.encode()).digest()).decode().lower()[:HASH_LENGTH]


def _word(noun: str) -> str:
    if not WORD.fullmatch(noun):
        raise ValueError(f"a noun has lower-case letters, digits and single hyphens, not {noun!r}")
    return noun


def _permitted(text: str) -> str:
    """The text without the words that Azure keeps for itself."""
    for word in RESERVED:
        text = text.replace(word, word[:3])
    return text
