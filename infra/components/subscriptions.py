"""Azure subscriptions beside the stack's own: what a stack makes there, it makes through a provider of that one."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import Provider


def works_in(name: str, subscription: pulumi.Input[str]) -> Provider:
    """The provider for another subscription than the stack's.

    An explicit provider reads none of the stack's own `azure-native:` settings, so it is told how to sign in.
    """
    return Provider(
        name,
        subscription_id=subscription,
        use_default_azure_credential=pulumi.Config("azure-native").get_bool("useDefaultAzureCredential"),
    )
