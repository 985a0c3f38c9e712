"""Weaknesses of DNS security policies.

Sources: learn.microsoft.com, "Azure DNS security policy", template references of Microsoft.Network/dnsResolverPolicies.
"""

from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Removal, Table, Weakening
from policies.mutations.table import external

ANSWERED = "data could leave in the names of DNS queries"
ELSEWHERE = f"{external.PROVIDERS}/Microsoft.Network/dnsResolverDomainLists/all"


def _blocks(rule: Resource, _: PolicyContext) -> bool:
    return str(rule.at("action.actionType")) == "Block"


def _is_of_a_block(domains: Resource, context: PolicyContext) -> bool:
    return any(
        _blocks(rule, context) for rule in context.referencing(RULE.type, "dnsResolverDomainLists[*].id", domains)
    )


POLICY = Table("dnsresolver:DnsResolverPolicy", weakenings=(), removal=Removal(ANSWERED))
RULE = Table(
    "dnsresolver:DnsSecurityRule",
    weakenings=(
        Weakening("action", (None,), ANSWERED, when=_blocks),
        Weakening("action.actionType", ("Allow", "Alert"), ANSWERED, when=_blocks),
        Weakening("dnsSecurityRuleState", ("Disabled",), ANSWERED, missing_ok="Azure's default is Enabled"),
        Weakening("dnsResolverDomainLists", ([], None), ANSWERED),
        Weakening("dnsResolverDomainLists[*].id", (ELSEWHERE,), "the list of another could name any domain"),
    ),
    harmless=(Harmless("priority", "each domain that a rule allows is an approved one, wherever the rule comes"),),
    removal=Removal(ANSWERED, when=_blocks),
)
DOMAINS = Table(
    "dnsresolver:DnsResolverDomainList",
    weakenings=(
        Weakening("domains", (["elsewhere.example."], ["net."], ["trafficmanager.net."]), ANSWERED),
        Weakening("domains", (["."],), ANSWERED, when=lambda one, context: not _is_of_a_block(one, context)),
    ),
    removal=Removal(ANSWERED),
)
LINK = Table(
    "dnsresolver:DnsResolverPolicyVirtualNetworkLink",
    weakenings=(Weakening("virtualNetwork.id", (external.NETWORK,), ANSWERED),),
    removal=Removal(ANSWERED),
)
TABLES = (POLICY, RULE, DOMAINS, LINK)
