"""A guard against the wrong cloud: a stack for real Azure never runs against the local Azure, and the reverse."""

from __future__ import annotations

from pulumi_azure_native import authorization

from formats.errors import InputError
from formats.local_cloud import SUBSCRIPTION_PREFIX
from formats.stack_config import Cloud, StackConfig


def require_configured_cloud(config: StackConfig) -> None:
    """Raise `InputError` if the provider's cloud or subscription is not the one in the stack's configuration."""
    found = str(authorization.get_client_config().subscription_id)
    cloud = Cloud.LOCAL if found.startswith(SUBSCRIPTION_PREFIX) else Cloud.AZURE
    if cloud is not config.cloud:
        raise InputError(
            f"This stack is for cloud {config.cloud}, but cloud {cloud} answers.",
            key="sde:cloud",
            found=f"subscription {found}",
            allowed="a subscription that begins with 10ca1 for cloud local, and only for it",
            fix='For the local Azure: eval "$(scripts/sde local env)". For the real one: a new shell, and az login.',
        )
    if found != str(config.subscription):
        raise InputError("The provider uses another subscription than the stack.", key="sde:subscription",
                         found=found, allowed=str(config.subscription))  # fmt: skip
