"""Microsoft.Compute: disks, encryption sets, disk accesses, SSH keys. Sources: azure-facts 1.1, 2.4, 2.6, 3, 6.3."""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Cloud, Json, Name, Stored
from local_azure.types.common import (
    guid,
    identity_ids,
    identity_outputs,
    one,
    place,
    refuse,
    refuse_while_used,
    same,
    user_identities,
    zones_exist,
)
from local_azure.types.encryption import KEY_URL, key_of, may_wrap, refuse_unprotected, refuse_without_grant, vault_at

DISK = "azure-native:compute:Disk"
ENCRYPTION_SET = "azure-native:compute:DiskEncryptionSet"
ACCESS = "azure-native:compute:DiskAccess"
GROUP_PATH = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/"
SSH_KEY = "azure-native:compute:SshPublicKey"
VAULT = "azure-native:keyvault:Vault"
MADE = "2026-01-01T00:00:00+00:00"

CONFIDENTIAL_SET = "ConfidentialVmEncryptedWithCustomerKey"
CHANGEABLE_RATE = ("UltraSSD_LRS", "PremiumV2_LRS")

DISK_NAME = Name(r"(?=.{1,80}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", "1-80 letters, digits, _, . or -")
SET_NAME = Name(
    r"(?=.{1,80}$)[A-Za-z0-9]([\w.-]*\w)?", "1-80 letters, digits, _, . or -, starting with a letter or digit"
)


def ssh_key_is_sound(key: str) -> bool:
    """RSA of at least 2048 bits or Ed25519, in OpenSSH form, are what Azure takes."""
    return (
        re.fullmatch(r"ssh-(rsa [A-Za-z0-9+/]{360,}={0,2}|ed25519 [A-Za-z0-9+/]{68}={0,2})( .*)?\s*", key) is not None
    )


# Disk encryption sets ------------------------------------------------------------------------------------------------


def _key_is_addressed_for_rotation(change: Change) -> None:
    """Rotation wants a key without a version, and its absence one with (azure-facts 2.4)."""
    url = str(one(change.new, "activeKey.keyUrl", ""))
    match = KEY_URL.fullmatch(url)
    if match is None:
        refuse("InvalidParameter", f"activeKey.keyUrl '{url}' is not a key's address.", target="activeKey.keyUrl")
    rotates = change.new.get("rotationToLatestKeyVersionEnabled") is True
    if rotates == bool(match.group(3)):
        text = "rotationToLatestKeyVersionEnabled takes a key address without a version, and else one with."
        refuse("InvalidParameter", text, target="activeKey.keyUrl")


def _confidential_keys_stay(change: Change) -> None:
    """ "Automatic key rotation isn't currently supported for confidential VMs" (Azure confidential computing, "Rotate
    customer-managed keys for confidential VMs")."""
    rotates = change.new.get("rotationToLatestKeyVersionEnabled") is True
    if rotates and change.new.get("encryptionType") == CONFIDENTIAL_SET:
        text = f"A disk encryption set of type {CONFIDENTIAL_SET} cannot follow its key's rotation."
        refuse("InvalidParameter", text, target="rotationToLatestKeyVersionEnabled")


def _set_has_an_identity(change: Change) -> None:
    if not one(change.new, "identity.type"):
        refuse("InvalidParameter", f"Disk encryption set {change.name} needs an identity.", target="identity")


def _set_and_vault_stand_together(change: Change) -> None:
    """A protected vault of the same region that holds the key (azure-facts 2.4)."""
    url = str(one(change.new, "activeKey.keyUrl", ""))
    match, vault = KEY_URL.fullmatch(url), vault_at(change.cloud, url)
    vault = refuse_unprotected(vault, url)
    key_of(change.cloud, vault, match.group(2) if match else "")
    source = one(change.new, "activeKey.sourceVault.id")
    if source and not same(source, vault.id):
        refuse("InvalidParameter", f"activeKey.sourceVault {source} is not the vault of {url}.", target="activeKey")
    if place(vault.location) != place(change.location):
        text = f"Key vault {vault.id} is in {vault.location}; the disk encryption set is in {change.location}."
        refuse("KeyVaultAndDiskEncryptionSetNotInSameRegion", text, target=vault.id)


def _user_identity_may_wrap(change: Change) -> None:
    """A system identity is granted after the set is made; a user-assigned one must hold its right before."""
    url = str(one(change.new, "activeKey.keyUrl", ""))
    match, vault = KEY_URL.fullmatch(url), vault_at(change.cloud, url)
    if match is None or vault is None:
        return
    for id_ in user_identities(change.new):
        key = key_of(change.cloud, vault, match.group(2))
        principal = str(identity_ids(change.cloud, id_).get("principalId", ""))
        refuse_without_grant(change, principal, vault, key, "KeyVaultAccessForbidden")


def _set_outputs(change: Change) -> Mapping[str, Json]:
    return {
        "provisioningState": "Succeeded",
        "previousKeys": [],
        "lastKeyRotationTimestamp": MADE,
        **identity_outputs(change),
    }


def refuse_unusable_set(
    cloud: Cloud, id_: str, *, region: str | None, confidential: bool, code: str = "BadRequest"
) -> None:
    """A disk's encryption set: of its region, of the right type, and with a right to its key (azure-facts 2.4, 2.6)."""
    stored = cloud.get(id_)
    if stored is None:
        refuse("NotFound", f"Disk encryption set {id_} was not found.", status=404, target=id_)
    kind = str(stored.properties.get("encryptionType") or "EncryptionAtRestWithCustomerKey")
    if (kind == CONFIDENTIAL_SET) != confidential:
        text = (
            f"Disk encryption set {id_} is of type {kind}, which a {'confidential' if confidential else 'plain'} disk "
        )
        refuse(code, text + "cannot use.", target=id_)
    if place(stored.location) != place(region):
        refuse(code, f"Disk encryption set {id_} is in {stored.location}; the disk is in {region}.", target=id_)
    _refuse_set_without_grant(cloud, stored)


def _refuse_set_without_grant(cloud: Cloud, stored: Stored) -> None:
    url = str(one(stored.properties, "activeKey.keyUrl", ""))
    match, vault = KEY_URL.fullmatch(url), vault_at(cloud, url)
    attached = one(stored.properties, "identity.userAssignedIdentities", {})
    principals = [str(item.get("principalId")) for item in attached.values()] if isinstance(attached, Mapping) else []
    principals += (
        [str(one(stored.properties, "identity.principalId"))] if one(stored.properties, "identity.principalId") else []
    )
    key = cloud.get(f"{vault.id}/keys/{match.group(2)}") if match and vault else None
    if vault is None or key is None or not any(may_wrap(cloud, principal, vault, key) for principal in principals):
        text = f"The identity of disk encryption set {stored.id} has no right to get, wrap and unwrap key {url}."
        refuse("KeyVaultAccessForbidden", text, target=stored.id)


# Disks ---------------------------------------------------------------------------------------------------------------


def _sku(change: Change) -> str:
    return str(one(change.new, "sku.name", ""))


def _empty_has_a_size(change: Change) -> None:
    if one(change.new, "creationData.createOption") == "Empty" and not change.new.get("diskSizeGB"):
        refuse("InvalidParameter", "Required parameter 'diskSizeGB' is missing (null).", target="diskSizeGB")


def _disk_never_shrinks(change: Change) -> None:
    before, after = one(change.old, "diskSizeGB", 0), change.new.get("diskSizeGB") or 0
    if after < before:
        text = (
            f"New disk size {after:g} GB is smaller than the present {before:g} GB. Shrinking a disk is not supported."
        )
        refuse("ResizeDiskError", text, status=409, target="diskSizeGB")


def _rates_only_where_settable(change: Change) -> None:
    for path in ("diskIOPSReadWrite", "diskMBpsReadWrite"):
        if change.new.get(path) and _sku(change) not in CHANGEABLE_RATE:
            text = f"{path} can be set only for {' and '.join(CHANGEABLE_RATE)}, not {_sku(change)}."
            refuse("InvalidParameter", text, target=path)


def _bursting_and_tier_need_premium(change: Change) -> None:
    premium = _sku(change) in ("Premium_LRS", "Premium_ZRS")
    if change.new.get("tier") and not premium:
        refuse("InvalidParameter", f"tier can be set only for Premium disks, not {_sku(change)}.", target="tier")
    if change.new.get("burstingEnabled") is True and (not premium or (change.new.get("diskSizeGB") or 0) <= 512):
        refuse("InvalidParameter", "burstingEnabled needs a Premium disk of over 512 GiB.", target="burstingEnabled")


def _access_only_if_private(change: Change) -> None:
    private, access = change.new.get("networkAccessPolicy") == "AllowPrivate", change.new.get("diskAccessId")
    if private != bool(access):
        text = "diskAccessId is needed with networkAccessPolicy AllowPrivate, and only with it."
        refuse("InvalidParameter", text, target="diskAccessId")


def _encryption_set_fits(change: Change) -> None:
    set_id, kind = one(change.new, "encryption.diskEncryptionSetId"), str(one(change.new, "encryption.type", ""))
    needs = "CustomerKey" in kind
    if needs != bool(set_id):
        text = f"encryption.type {kind or 'unset'} and encryption.diskEncryptionSetId do not go together."
        refuse("InvalidParameter", text, target="encryption")
    if set_id:
        refuse_unusable_set(change.cloud, set_id, region=change.location, confidential=False)


def _customer_key_stays(change: Change) -> None:
    """A disk under a customer's key cannot go back to the platform's (azure-facts 2.4)."""
    if one(change.old, "encryption.diskEncryptionSetId") and not one(change.new, "encryption.diskEncryptionSetId"):
        text = "A disk that is encrypted with a customer-managed key cannot return to a platform-managed one."
        refuse("OperationNotAllowed", text, status=409, target="encryption")


def _secure_set_fits(change: Change) -> None:
    kind, set_id = (
        one(change.new, "securityProfile.securityType"),
        one(change.new, "securityProfile.secureVMDiskEncryptionSetId"),
    )
    if (kind == "ConfidentialVM_DiskEncryptedWithCustomerKey") != bool(set_id):
        text = "ConfidentialVM_DiskEncryptedWithCustomerKey, and it alone, takes secureVMDiskEncryptionSetId."
        refuse("InvalidParameter", text, target="securityProfile")
    if kind and one(change.new, "creationData.createOption") not in (
        "FromImage",
        "Import",
        "ImportSecure",
        "UploadPreparedSecure",
    ):
        text = "securityProfile.securityType needs createOption FromImage, Import or ImportSecure."
        refuse("InvalidParameter", text, target="securityProfile")
    if set_id:
        refuse_unusable_set(change.cloud, set_id, region=change.location, confidential=True)


def _disk_outputs(change: Change) -> Mapping[str, Json]:
    size = int(change.new.get("diskSizeGB") or 0)
    stored = change.cloud.get(change.id)
    attached = {"managedBy": stored.properties["managedBy"]} if stored and stored.properties.get("managedBy") else {}
    sku = {"name": _sku(change), "tier": _sku(change).partition("_")[0]}
    return {
        "provisioningState": "Succeeded",
        "timeCreated": MADE,
        "uniqueId": guid(change.id, "unique"),
        "diskState": "Unattached",
        "diskSizeBytes": size * 1024**3,
        "sku": sku,
        **attached,
    }


def _no_machine_holds_it(change: Change) -> None:
    for user in change.cloud.users(change.id):
        if user.token == "azure-native:compute:VirtualMachine":  # noqa: S105 a Pulumi type token
            text = f"Disk {change.name} is attached to VM {user.id}."
            refuse("OperationNotAllowed", text, status=409, target=user.id)


# Others --------------------------------------------------------------------------------------------------------------


def _public_key_is_sound(change: Change) -> None:
    key = str(change.new.get("publicKey") or "")
    if key and not ssh_key_is_sound(key):
        refuse(
            "InvalidParameter", "publicKey is not an OpenSSH key of type ssh-rsa (2048 bits or more) or ssh-ed25519."
        )


def _access_outputs(_: Change) -> Mapping[str, Json]:
    return {"provisioningState": "Succeeded", "timeCreated": MADE, "privateEndpointConnections": []}


TYPES = (
    AzureType(
        token=DISK,
        name=DISK_NAME,
        references={"diskAccessId": (ACCESS,)},
        # Exportable by anyone with the right, over the public network, under Microsoft's key.
        defaults={
            "sku.name": "Standard_LRS",
            "networkAccessPolicy": "AllowAll",
            "publicNetworkAccess": "Enabled",
            "encryption.type": "EncryptionAtRestWithPlatformKey",
        },
        fixed=(
            "creationData",
            "zones",
            "securityProfile.securityType",
            "securityProfile.secureVMDiskEncryptionSetId",
            "hyperVGeneration",
            "osType",
        ),
        computed=_disk_outputs,
        rules=(
            _empty_has_a_size,
            _disk_never_shrinks,
            _rates_only_where_settable,
            _bursting_and_tier_need_premium,
            _access_only_if_private,
            _encryption_set_fits,
            _customer_key_stays,
            _secure_set_fits,
            zones_exist,
        ),
        delete_rules=(_no_machine_holds_it,),
    ),
    AzureType(
        token=ENCRYPTION_SET,
        name=SET_NAME,
        references={"activeKey.sourceVault.id": (VAULT,)},
        defaults={"encryptionType": "EncryptionAtRestWithCustomerKey", "rotationToLatestKeyVersionEnabled": False},
        fixed=("encryptionType",),
        computed=_set_outputs,
        rules=(
            _set_has_an_identity,
            _key_is_addressed_for_rotation,
            _confidential_keys_stay,
            _set_and_vault_stand_together,
            _user_identity_may_wrap,
        ),
        delete_rules=(
            refuse_while_used("OperationNotAllowed", "Disk encryption set {name} is in use by {user}.", status=409),
        ),
    ),
    AzureType(
        token=ACCESS,
        name=SET_NAME,
        computed=_access_outputs,
        delete_rules=(refuse_while_used("DiskAccessInUse", "Disk access {name} is in use by {user}.", status=409),),
    ),
    AzureType(
        token=SSH_KEY,
        name=SET_NAME,
        rules=(_public_key_is_sound,),
        path=GROUP_PATH + "Microsoft.Compute/sshPublicKeys/{sshPublicKeyName}",
    ),
)
