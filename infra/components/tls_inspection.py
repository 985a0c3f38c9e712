"""TLS inspection of sign-ins: the certificate authority of a firewall policy, and the headers of tenant restrictions.

Facts: docs/azure-facts.md#certificate-authority-of-a-firewall, #headers-that-a-firewall-inserts, #tenant-restrictions.
"""

from __future__ import annotations

from uuid import UUID

from pulumi_azure_native import managedidentity, network

from formats.tenant_restrictions import TenantRestrictions

TENANT_HEADERS = ("Restrict-Access-To-Tenants", "Restrict-Access-Context")
"""The tenants of which Entra issues tokens, and the tenant whose sign-in logs have the refusals: both the estate's."""


def tenant_headers(tenant: UUID) -> list[network.FirewallPolicyHttpHeaderToInsertArgs]:
    """Return the headers with which Entra issues tokens of this tenant alone."""
    return [
        network.FirewallPolicyHttpHeaderToInsertArgs(header_name=header, header_value=str(tenant))
        for header in TENANT_HEADERS
    ]


def reader_identity(reader: managedidentity.UserAssignedIdentity) -> network.ManagedServiceIdentityArgs:
    """Return the identity of a policy with which its firewall reads the certificate authority."""
    return network.ManagedServiceIdentityArgs(
        type=network.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[reader.id]
    )


def transport_security(restrictions: TenantRestrictions) -> network.FirewallPolicyTransportSecurityArgs:
    """Return the certificate authority of a policy, by the URL of its secret. Nothing reads the secret here."""
    return network.FirewallPolicyTransportSecurityArgs(
        certificate_authority=network.FirewallPolicyCertificateAuthorityArgs(
            name=restrictions.authority_name, key_vault_secret_id=restrictions.certificate_authority
        )
    )
