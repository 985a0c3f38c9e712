"""Azure providers for subscriptions other than the stack's own."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import Provider


def provider_for(name: str, subscription: pulumi.Input[str]) -> Provider:
    """Return an azure-native provider for another subscription.

    An explicit provider ignores the stack's `azure-native:` configuration, so the sign-in method is passed on.
    """
    return Provider(
        name,
        subscription_id=subscription,
        use_default_azure_credential=pulumi.Config("azure-native").get_bool("useDefaultAzureCredential"),
    )
