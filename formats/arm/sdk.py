"""The types of the installed azure-native SDK."""

from __future__ import annotations

from collections.abc import Mapping

from formats.errors import InputError
from formats.pulumi_sdk import SdkProperty, SdkResource, installed

PREFIX = "azure-native:"
AZURE_NATIVE = installed("pulumi_azure_native")


def sdk_type(token: str) -> SdkResource:
    """Return the type of a token such as `azure-native:network:Subnet`.

    Raises `InputError` if the SDK lacks it, or if it is not made by a request to ARM.
    """
    found = AZURE_NATIVE.resource(token)
    if found is None:
        raise InputError(
            "a resource type that cannot be exported",
            key="type",
            found=token,
            allowed="types of the installed azure-native package",
        )
    if not found.api_version:
        raise InputError("azure-native has no API version for this type", key="type", found=token)
    return found


def has_type(token: str) -> bool:
    """Return True if the SDK has a type."""
    return AZURE_NATIVE.resource(token) is not None


def inputs_of(token: str) -> Mapping[str, SdkProperty]:
    """Return the inputs of a type by wire name; empty for a type that the SDK lacks."""
    found = AZURE_NATIVE.resource(token)
    return found.inputs if found else {}
