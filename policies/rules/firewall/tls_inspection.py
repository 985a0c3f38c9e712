"""The firewall decrypts sign-ins as the estate says, and nothing else (FW16)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from formats.stack_config import PlatformConfig
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.azure_semantics.firewall import RULE_PATHS, FirewallRule, rules_of_policy
from policies.azure_semantics.properties import display, same
from policies.expected.sign_in import RESTRICTED_HOSTS, tenant_headers
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import not_empty

TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
AUTHORITY = "transportSecurity.certificateAuthority"
SECRET, NAME = f"{AUTHORITY}.keyVaultSecretId", f"{AUTHORITY}.name"


def check(policy: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare the certificate authority, the rules that decrypt, and the headers with the estate's tenant restrictions.

    Without a configuration, as of a template, only the form is known: any one tenant and any certificate authority.
    """
    config, rules = context.configs.get(policy.stack), rules_of_policy(policy, context)
    restrictions = config.tenant_restrictions if isinstance(config, PlatformConfig) else None
    if config is None:
        headers = _own_headers(rules) if policy.at(SECRET) is not MISSING else ()
    else:
        wanted = restrictions.certificate_authority if restrictions else None
        yield from _authority(policy, SECRET, wanted)
        yield from _authority(policy, NAME, restrictions.authority_name if restrictions else None)
        headers = tenant_headers(config.home_tenant) if wanted else ()
    for rule in rules:
        if problem := _problem(rule, headers):
            yield Violation("ruleCollectionGroups", f"{rule.name} {problem}")


def _own_headers(rules: Iterable[FirewallRule]) -> tuple[tuple[str, str], ...]:
    """Return the headers for the tenant that the rules themselves name."""
    values = (value for rule in rules for _, value in rule.headers)
    return tenant_headers(next((value for value in values if TENANT.fullmatch(value)), ""))


def _authority(policy: Resource, path: str, wanted: str | None) -> Iterator[Violation]:
    found = policy.at(path)
    if wanted is None and found is not MISSING:
        yield Violation(path, "is set, and the estate names no certificate authority for the firewall")
    elif wanted is not None and not same(found, wanted):
        yield Violation(path, f"is {display(found)}; the estate names {wanted}")


def _problem(rule: FirewallRule, headers: tuple[tuple[str, str], ...]) -> str:
    """Return how a rule differs from the estate's tenant restrictions, or an empty text. `headers`: none if the estate
    has no certificate authority for the firewall."""
    restricted = RESTRICTED_HOSTS.intersection(rule.names)
    if headers and restricted and rule.allows:
        if set(rule.names) != RESTRICTED_HOSTS:
            return f"allows {', '.join(sorted(rule.names))}; sign-in with tenant restrictions has a rule of its own"
        if not rule.decrypts:
            return "does not decrypt sign-ins, so they get no header"
        return "" if rule.headers == headers else "inserts other headers than those of the estate's tenant"
    if rule.decrypts:
        return "decrypts connections, which the estate permits for sign-in with tenant restrictions alone"
    return "inserts headers, which the estate does not name" if rule.headers else ""


POLICY = Policy(
    id="FW16",
    title="The firewall decrypts sign-ins as the estate says, and nothing else",
    why="What the firewall decrypts, it has in plain text, and a certificate authority that it uses can forge every "
    "host for the computers that trust it. A missing header lets people sign in to a tenant of their own.",
    resource_types=(FIREWALL_POLICY,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11", "3.2.03"),
        ncsc=("1", "11"),
        caf=("B3.b", "B4.a"),
        iso27001=("8.23", "8.24"),
        five_safes=("settings", "outputs"),
    ),
    fix="Set tenant_restrictions of estate.yaml, and let the program set the policy and its rules.",
    check=check,
    optional_controls=(not_empty(SECRET),),
    check_paths=(
        SECRET,
        NAME,
        *(path if ":" in path else f"network:FirewallPolicyRuleCollectionGroup:{path}" for path in RULE_PATHS),
    ),
    evaluation_scope="stack",
)
