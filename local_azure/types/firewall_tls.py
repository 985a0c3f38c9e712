"""Microsoft.Network: TLS inspection of firewall policies, and the headers that their rules insert.

Facts: docs/azure-facts.md#certificate-authority-of-a-firewall, #headers-that-a-firewall-inserts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from local_azure.model import Json, Request
from local_azure.types.common import parent_id, refuse, user_assigned_identity_ids, value_at, values_at

Rules = Callable[[Request], Iterable[tuple[Mapping[str, Json], Mapping[str, Json]]]]
"""Returns the rules of a rule collection group, each with its collection."""
SECRET = re.compile(
    r"https://[A-Za-z0-9-]{3,24}\.vault\.azure\.net/(secrets|certificates)/[A-Za-z0-9-]{1,127}(/[^/]+)?/?"
)
MAX_NAME, MAX_VALUE, MAX_HEADERS = 100, 16_000, 16_384
RESERVED = frozenset(
    (
        *("host", "connection", "content-length", "transfer-encoding", "upgrade", "via", "te", "trailer"),
        *("proxy-authorization", "proxy-authenticate", "authorization", "cookie", "set-cookie"),
        *("content-security-policy", "strict-transport-security", "x-content-type-options", "x-frame-options"),
        *("referrer-policy", "x-xss-protection", "public-key-pins", "expect-ct", "x-xsrf-token"),
        *("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-scheme"),
        *("forwarded", "metadata"),
    )
)
"""The headers that no rule inserts."""


def _has_identity(request: Request) -> None:
    if value_at(request.new, "transportSecurity.certificateAuthority") and not user_assigned_identity_ids(request.new):
        text = "transportSecurity needs a user-assigned identity that may read its certificate."
        refuse("FirewallPolicyIdentityMissing", text)


def _can_read_certificate(request: Request) -> None:
    """The identity of the policy reads the secret of the certificate authority, which is not in this Azure."""
    url = value_at(request.new, "transportSecurity.certificateAuthority.keyVaultSecretId")
    if not url:
        return
    if not SECRET.fullmatch(str(url)):
        refuse(
            "FirewallPolicyInvalidKeyVaultSecretId", f"{url} is not the id of a secret or certificate in a key vault."
        )
    settings = request.cloud.settings(request.subscription)
    if settings and settings.has("unreadable_secrets", str(url)):
        text = (
            f"Firewall Policy {request.name} cannot read the secret {url} with its user-assigned identity. The secret "
            "does not exist, or an access policy of the vault does not permit the identity to get it."
        )
        refuse("FirewallPolicyKeyVaultSecretNotAccessible", text)


POLICY_CONSTRAINTS = (_has_identity, _can_read_certificate)


def rule_constraints(rules_of: Rules) -> tuple[Callable[[Request], None], ...]:
    """Return the constraints of a rule collection group."""

    def has_certificate(request: Request) -> None:
        policy = request.cloud.get(parent_id(request.id))
        inspected = [rule for _, rule in rules_of(request) if rule.get("terminateTLS")]
        if policy and inspected and not value_at(policy.properties, "transportSecurity.certificateAuthority"):
            text = f"Rule {inspected[0].get('name')} terminates TLS, which needs transportSecurity on the policy."
            refuse("FirewallPolicyTransportSecurityMissing", text)

    def headers_are_valid(request: Request) -> None:
        for _, rule in rules_of(request):
            headers = [
                (str(value_at(one, "headerName", "")), str(value_at(one, "headerValue", "")))
                for one in values_at(rule, "httpHeadersToInsert[*]")
            ]
            for name, value in headers:
                if not name or len(name) > MAX_NAME or len(value) > MAX_VALUE or name.lower() in RESERVED:
                    text = f"Rule {rule.get('name')} cannot insert the header {name or 'without a name'}."
                    refuse("FirewallPolicyRuleInvalidHttpHeader", text)
            if sum(len(name) + len(value) for name, value in headers) > MAX_HEADERS:
                text = f"The headers that rule {rule.get('name')} inserts are longer than {MAX_HEADERS} bytes."
                refuse("FirewallPolicyRuleInvalidHttpHeader", text)

    return has_certificate, headers_are_valid
