"""Microsoft.Compute: disks, disk encryption sets, disk accesses and SSH keys.

Facts: docs/azure-facts.md#names-of-disks-and-virtual-machines, #disks, #disk-encryption-sets, #fixed-properties.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_azure.fixed_properties import PROPERTY_FIXED, ZONES_FIXED
from local_azure.locations import normal_location
from local_azure.model import AzureType, Cloud, Json, NameRule, Request, StoredResource
from local_azure.types.common import (
    availability_zones_exist,
    guid,
    identity_outputs,
    principal_and_client_id,
    refuse,
    refuse_while_used,
    same,
    user_assigned_identity_ids,
    value_at,
    values_at,
)
from local_azure.types.data_disks import attached_disk_stays_below_4_tib
from local_azure.types.encryption import (
    KEY_URL,
    find_vault,
    may_use_key,
    require_key,
    require_key_access,
    require_protected,
)

DISK = "azure-native:compute:Disk"
ENCRYPTION_SET = "azure-native:compute:DiskEncryptionSet"
ACCESS = "azure-native:compute:DiskAccess"
SSH_KEY = "azure-native:compute:SshPublicKey"
VAULT = "azure-native:keyvault:Vault"
CREATED_AT = "2026-01-01T00:00:00+00:00"

CONFIDENTIAL_SET = "ConfidentialVmEncryptedWithCustomerKey"
ADJUSTABLE_SKUS = ("UltraSSD_LRS", "PremiumV2_LRS")

DISK_NAME = NameRule(r"(?=.{1,80}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", "1-80 letters, digits, _, . or -")
SET_NAME = NameRule(
    r"(?=.{1,80}$)[A-Za-z0-9]([\w.-]*\w)?", "1-80 letters, digits, _, . or -, starting with a letter or digit"
)


def is_valid_ssh_key(key: str) -> bool:
    """Return True for an OpenSSH key of type RSA (2048 bits or more) or Ed25519 (docs/azure-facts.md#logins)."""
    return (
        re.fullmatch(r"ssh-(rsa [A-Za-z0-9+/]{360,}={0,2}|ed25519 [A-Za-z0-9+/]{68}={0,2})( .*)?\s*", key) is not None
    )


# Disk encryption sets ------------------------------------------------------------------------------------------------


def _key_url_has_a_version(request: Request) -> None:
    """A key URL has a version, with or without rotation (docs/azure-facts.md#key-url-of-a-disk-encryption-set)."""
    url = str(value_at(request.new, "activeKey.keyUrl", ""))
    match = KEY_URL.fullmatch(url)
    if match is None:
        refuse("InvalidParameter", f"activeKey.keyUrl '{url}' is not a key's address.", target="activeKey.keyUrl")
    if not match.group(3):
        refuse("InvalidParameter", f"activeKey.keyUrl '{url}' has no key version.", target="activeKey.keyUrl")


def _confidential_set_does_not_rotate(request: Request) -> None:
    """Confidential disks have no automatic key rotation (docs/azure-facts.md#rotation-for-confidential-disks)."""
    rotates = request.new.get("rotationToLatestKeyVersionEnabled") is True
    if rotates and request.new.get("encryptionType") == CONFIDENTIAL_SET:
        text = f"A disk encryption set of type {CONFIDENTIAL_SET} cannot follow its key's rotation."
        refuse("InvalidParameter", text, target="rotationToLatestKeyVersionEnabled")


def _set_has_identity(request: Request) -> None:
    if not value_at(request.new, "identity.type"):
        refuse("InvalidParameter", f"Disk encryption set {request.name} needs an identity.", target="identity")


def _vault_is_protected_and_in_region(request: Request) -> None:
    """The vault has purge protection and the key, and is in the set's region."""
    url = str(value_at(request.new, "activeKey.keyUrl", ""))
    match, vault = KEY_URL.fullmatch(url), find_vault(request.cloud, url)
    vault = require_protected(vault, url)
    require_key(request.cloud, vault, match.group(2) if match else "")
    source = value_at(request.new, "activeKey.sourceVault.id")
    if source and not same(source, vault.id):
        refuse("InvalidParameter", f"activeKey.sourceVault {source} is not the vault of {url}.", target="activeKey")
    if normal_location(vault.location) != normal_location(request.location):
        text = f"Key vault {vault.id} is in {vault.location}; the disk encryption set is in {request.location}."
        refuse("KeyVaultAndDiskEncryptionSetNotInSameRegion", text, target=vault.id)


def _user_identity_may_use_key(request: Request) -> None:
    """A user-assigned identity has access to the key. A system identity gets it after the set is created."""
    url = str(value_at(request.new, "activeKey.keyUrl", ""))
    match, vault = KEY_URL.fullmatch(url), find_vault(request.cloud, url)
    if match is None or vault is None:
        return
    for id_ in user_assigned_identity_ids(request.new):
        key = require_key(request.cloud, vault, match.group(2))
        principal = str(principal_and_client_id(request.cloud, id_).get("principalId", ""))
        require_key_access(request, principal, vault, key, "KeyVaultAccessForbidden")


def _set_outputs(request: Request) -> Mapping[str, Json]:
    return {
        "provisioningState": "Succeeded",
        "previousKeys": [],
        "lastKeyRotationTimestamp": CREATED_AT,
        **identity_outputs(request),
    }


def require_usable_set(
    cloud: Cloud, id_: str, *, region: str | None, confidential: bool, code: str = "BadRequest"
) -> None:
    """Refuse a disk encryption set of another region, of the wrong type, or without access to its key."""
    stored = cloud.get(id_)
    if stored is None:
        refuse("NotFound", f"Disk encryption set {id_} was not found.", status=404, target=id_)
    kind = str(stored.properties.get("encryptionType") or "EncryptionAtRestWithCustomerKey")
    if (kind == CONFIDENTIAL_SET) != confidential:
        text = (
            f"Disk encryption set {id_} is of type {kind}, which a {'confidential' if confidential else 'plain'} disk "
        )
        refuse(code, text + "cannot use.", target=id_)
    if normal_location(stored.location) != normal_location(region):
        refuse(code, f"Disk encryption set {id_} is in {stored.location}; the disk is in {region}.", target=id_)
    _require_set_key_access(cloud, stored)


def _require_set_key_access(cloud: Cloud, stored: StoredResource) -> None:
    url = str(value_at(stored.properties, "activeKey.keyUrl", ""))
    match, vault = KEY_URL.fullmatch(url), find_vault(cloud, url)
    attached = value_at(stored.properties, "identity.userAssignedIdentities", {})
    principals = [str(item.get("principalId")) for item in attached.values()] if isinstance(attached, Mapping) else []
    principals += [str(principal) for principal in values_at(stored.properties, "identity.principalId")]
    key = cloud.get(f"{vault.id}/keys/{match.group(2)}") if match and vault else None
    if vault is None or key is None or not any(may_use_key(cloud, principal, vault, key) for principal in principals):
        text = f"The identity of disk encryption set {stored.id} has no right to get, wrap and unwrap key {url}."
        refuse("KeyVaultAccessForbidden", text, target=stored.id)


# Disks ---------------------------------------------------------------------------------------------------------------


def _sku(request: Request) -> str:
    return str(value_at(request.new, "sku.name", ""))


def _empty_disk_has_size(request: Request) -> None:
    if value_at(request.new, "creationData.createOption") == "Empty" and not request.new.get("diskSizeGB"):
        refuse("InvalidParameter", "Required parameter 'diskSizeGB' is missing (null).", target="diskSizeGB")


def _disk_never_shrinks(request: Request) -> None:
    before, after = value_at(request.old, "diskSizeGB", 0), request.new.get("diskSizeGB") or 0
    if after < before:
        text = (
            f"New disk size {after:g} GB is smaller than the present {before:g} GB. Shrinking a disk is not supported."
        )
        refuse("ResizeDiskError", text, status=409, target="diskSizeGB")


def _throughput_only_for_adjustable_skus(request: Request) -> None:
    for path in ("diskIOPSReadWrite", "diskMBpsReadWrite"):
        if request.new.get(path) and _sku(request) not in ADJUSTABLE_SKUS:
            text = f"{path} can be set only for {' and '.join(ADJUSTABLE_SKUS)}, not {_sku(request)}."
            refuse("InvalidParameter", text, target=path)


def _bursting_and_tier_need_premium(request: Request) -> None:
    premium = _sku(request) in ("Premium_LRS", "Premium_ZRS")
    if request.new.get("tier") and not premium:
        refuse("InvalidParameter", f"tier can be set only for Premium disks, not {_sku(request)}.", target="tier")
    if request.new.get("burstingEnabled") is True and (not premium or (request.new.get("diskSizeGB") or 0) <= 512):
        refuse("InvalidParameter", "burstingEnabled needs a Premium disk of over 512 GiB.", target="burstingEnabled")


def _disk_access_only_if_private(request: Request) -> None:
    private, access = request.new.get("networkAccessPolicy") == "AllowPrivate", request.new.get("diskAccessId")
    if private != bool(access):
        text = "diskAccessId is needed with networkAccessPolicy AllowPrivate, and only with it."
        refuse("InvalidParameter", text, target="diskAccessId")


def _encryption_set_fits(request: Request) -> None:
    set_id, kind = (
        value_at(request.new, "encryption.diskEncryptionSetId"),
        str(value_at(request.new, "encryption.type", "")),
    )
    needs = "CustomerKey" in kind
    if needs != bool(set_id):
        text = f"encryption.type {kind or 'unset'} and encryption.diskEncryptionSetId do not go together."
        refuse("InvalidParameter", text, target="encryption")
    if set_id:
        require_usable_set(request.cloud, set_id, region=request.location, confidential=False)


def _customer_key_is_permanent(request: Request) -> None:
    """A disk with a customer-managed key cannot return to a platform-managed key."""
    if value_at(request.old, "encryption.diskEncryptionSetId") and not value_at(
        request.new, "encryption.diskEncryptionSetId"
    ):
        text = "A disk that is encrypted with a customer-managed key cannot return to a platform-managed one."
        refuse("OperationNotAllowed", text, status=409, target="encryption")


def _confidential_set_fits(request: Request) -> None:
    kind, set_id = (
        value_at(request.new, "securityProfile.securityType"),
        value_at(request.new, "securityProfile.secureVMDiskEncryptionSetId"),
    )
    if (kind == "ConfidentialVM_DiskEncryptedWithCustomerKey") != bool(set_id):
        text = "Only ConfidentialVM_DiskEncryptedWithCustomerKey takes secureVMDiskEncryptionSetId, and needs it."
        refuse("InvalidParameter", text, target="securityProfile")
    if kind and value_at(request.new, "creationData.createOption") not in (
        "FromImage",
        "Import",
        "ImportSecure",
        "UploadPreparedSecure",
    ):
        text = "securityProfile.securityType needs createOption FromImage, Import or ImportSecure."
        refuse("InvalidParameter", text, target="securityProfile")
    if set_id:
        require_usable_set(request.cloud, set_id, region=request.location, confidential=True)


def _disk_outputs(request: Request) -> Mapping[str, Json]:
    size = int(request.new.get("diskSizeGB") or 0)
    stored = request.cloud.get(request.id)
    attached = {"managedBy": stored.properties["managedBy"]} if stored and stored.properties.get("managedBy") else {}
    sku = {"name": _sku(request), "tier": _sku(request).partition("_")[0]}
    return {
        "provisioningState": "Succeeded",
        "timeCreated": CREATED_AT,
        "uniqueId": guid(request.id, "unique"),
        "diskState": "Unattached",
        "diskSizeBytes": size * 1024**3,
        "sku": sku,
        **attached,
    }


def _is_not_attached(request: Request) -> None:
    for user in request.cloud.referencing(request.id):
        if user.token == "azure-native:compute:VirtualMachine":  # noqa: S105 a Pulumi type token
            text = f"Disk {request.name} is attached to VM {user.id}."
            refuse("OperationNotAllowed", text, status=409, target=user.id)


# Others --------------------------------------------------------------------------------------------------------------


def _public_key_is_valid(request: Request) -> None:
    key = str(request.new.get("publicKey") or "")
    if key and not is_valid_ssh_key(key):
        refuse(
            "InvalidParameter", "publicKey is not an OpenSSH key of type ssh-rsa (2048 bits or more) or ssh-ed25519."
        )


def _access_outputs(_: Request) -> Mapping[str, Json]:
    return {"provisioningState": "Succeeded", "timeCreated": CREATED_AT, "privateEndpointConnections": []}


TYPES = (
    AzureType(
        token=DISK,
        name=DISK_NAME,
        references={"diskAccessId": (ACCESS,)},
        # Exportable over the public network, with a platform-managed key.
        defaults={
            "sku.name": "Standard_LRS",
            "networkAccessPolicy": "AllowAll",
            "publicNetworkAccess": "Enabled",
            "encryption.type": "EncryptionAtRestWithPlatformKey",
        },
        immutable={
            "zones": ZONES_FIXED,
            **dict.fromkeys(
                (
                    "creationData",
                    "securityProfile.securityType",
                    "securityProfile.secureVMDiskEncryptionSetId",
                    "hyperVGeneration",
                ),
                PROPERTY_FIXED,
            ),
        },
        computed=_disk_outputs,
        constraints=(
            _empty_disk_has_size,
            _disk_never_shrinks,
            attached_disk_stays_below_4_tib,
            _throughput_only_for_adjustable_skus,
            _bursting_and_tier_need_premium,
            _disk_access_only_if_private,
            _encryption_set_fits,
            _customer_key_is_permanent,
            _confidential_set_fits,
            availability_zones_exist,
        ),
        delete_constraints=(_is_not_attached,),
    ),
    AzureType(
        token=ENCRYPTION_SET,
        name=SET_NAME,
        references={"activeKey.sourceVault.id": (VAULT,)},
        defaults={"encryptionType": "EncryptionAtRestWithCustomerKey", "rotationToLatestKeyVersionEnabled": False},
        immutable={"encryptionType": PROPERTY_FIXED},
        computed=_set_outputs,
        constraints=(
            _set_has_identity,
            _key_url_has_a_version,
            _confidential_set_does_not_rotate,
            _vault_is_protected_and_in_region,
            _user_identity_may_use_key,
        ),
        delete_constraints=(
            refuse_while_used("OperationNotAllowed", "Disk encryption set {name} is in use by {user}.", status=409),
        ),
    ),
    AzureType(
        token=ACCESS,
        name=SET_NAME,
        computed=_access_outputs,
        delete_constraints=(
            refuse_while_used("DiskAccessInUse", "Disk access {name} is in use by {user}.", status=409),
        ),
    ),
    AzureType(
        token=SSH_KEY,
        name=SET_NAME,
        constraints=(_public_key_is_valid,),
    ),
)
