"""A container registry for a project's images: private access only, with a customer-managed key and Entra sign-in."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerregistry

from infra.components.base_component import (
    BaseComponent,
    ComponentArgs,
    DiagnosticCategories,
    PrivateEndpointPlacement,
)
from infra.components.grants import Principal
from infra.components.key_vault import EncryptionKey
from infra.names import GloballyUnique
from infra.network_services import PrivateService
from infra.roles import Role

OFF = containerregistry.PolicyStatus.DISABLED


@dataclass(frozen=True, kw_only=True)
class ContainerRegistryArgs(ComponentArgs):
    """The arguments of `ContainerRegistry`."""

    endpoint: PrivateEndpointPlacement
    """The placement of the registry's private endpoint, which has two addresses: of the registry and of its data."""
    key: EncryptionKey
    """The key that encrypts the registry."""


class ContainerRegistry(BaseComponent):
    """A registry in the Premium tier, the only one with private endpoints and customer-managed keys. Access is by role
    assignment, over the private endpoint."""

    TYPE = "sde:infra:ContainerRegistry"

    def __init__(self, name: str, args: ContainerRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self.registry = self._registry(args.key)
        args.scope.lock_at_exit(name, self.registry)
        self.add_diagnostic_setting(name, self.registry.id, DiagnosticCategories.GENERAL, locked_parent=self.registry)
        self.add_private_endpoint(name, self.registry, PrivateService.REGISTRY, args.endpoint)
        self.register_outputs({"registry": self.registry.id})

    def _registry(self, key: EncryptionKey) -> containerregistry.Registry:
        scope = self.scope
        return containerregistry.Registry(
            self.name,
            registry_name=scope.names.globally_unique(GloballyUnique.REGISTRY, self.name),
            resource_group_name=scope.group_name,
            location=scope.location,
            sku=containerregistry.SkuArgs(name=containerregistry.SkuName.PREMIUM),
            identity=containerregistry.IdentityPropertiesArgs(
                type=containerregistry.ResourceIdentityType.USER_ASSIGNED,
                user_assigned_identities={
                    key.vault.encrypting_identity_id: containerregistry.UserIdentityPropertiesArgs()
                },
            ),
            encryption=_encryption(key),
            public_network_access=containerregistry.PublicNetworkAccess.DISABLED,
            network_rule_set=containerregistry.NetworkRuleSetArgs(
                default_action=containerregistry.DefaultAction.DENY, ip_rules=[]
            ),
            network_rule_bypass_options=containerregistry.NetworkRuleBypassOptions.NONE,
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            # Azure turns it on with the first private endpoint. The names of the data are the registry's own then, not
            # those of storage accounts.
            data_endpoint_enabled=True,
            policies=_policies(),
            zone_redundancy=(
                containerregistry.ZoneRedundancy.ENABLED if scope.zones else containerregistry.ZoneRedundancy.DISABLED
            ),
            tags=scope.tags,
            opts=self.protected_opts(depends_on=list(key.after)),
        )

    def grant_push(self, name: str, principal: Principal) -> pulumi.Resource:
        """Allow a principal to push and pull images. AcrPush has what AcrPull has."""
        return self.grant(f"{self.name}-{name}-pushes", Role.ACR_PUSH, principal, self.registry.id,
                          locked_parent=self.registry)  # fmt: skip


def _encryption(key: EncryptionKey) -> containerregistry.EncryptionPropertyArgs:
    """Return encryption with the customer-managed key, which can be chosen only when the registry is created."""
    return containerregistry.EncryptionPropertyArgs(
        status=containerregistry.EncryptionStatus.ENABLED,
        key_vault_properties=containerregistry.KeyVaultPropertiesArgs(
            identity=key.identity.client_id,
            # Without a version, the registry follows the key's rotation.
            key_identifier=f"{key.vault.uri}keys/{key.name_in_vault}",
        ),
    )


def _policies() -> containerregistry.PoliciesArgs:
    """Return the policies. A customer-managed key excludes content trust, and quarantine needs a scanner that releases
    images. Soft delete is a preview; nobody has a right to delete images, and without a retention policy Azure keeps
    overwritten ones (docs/azure-facts.md#container-registries)."""
    disabled = containerregistry.AzureADAuthenticationAsArmPolicyStatus.DISABLED
    return containerregistry.PoliciesArgs(
        # A token for Azure Resource Manager is none for images.
        azure_ad_authentication_as_arm_policy=containerregistry.AzureADAuthenticationAsArmPolicyArgs(status=disabled),
        export_policy=containerregistry.ExportPolicyArgs(status=containerregistry.ExportPolicyStatus.DISABLED),
        retention_policy=containerregistry.RetentionPolicyArgs(status=OFF),
        quarantine_policy=containerregistry.QuarantinePolicyArgs(status=OFF),
        trust_policy=containerregistry.TrustPolicyArgs(status=OFF),
    )
