"""Which Azure answers: a stack for the real one never runs against the local one, nor the other way round."""

from __future__ import annotations

from pulumi_azure_native import authorization

from infra.config import LOCAL_SUBSCRIPTIONS, Cloud, StackConfig
from infra.errors import BadInput


def refuse_the_wrong_cloud(config: StackConfig) -> None:
    """`BadInput` if the Azure that answers, or the subscription it answers for, is not the one the stack is for."""
    answers_for = str(authorization.get_client_config().subscription_id)
    answering = Cloud.LOCAL if answers_for.startswith(LOCAL_SUBSCRIPTIONS) else Cloud.AZURE
    if answering is not config.cloud:
        raise BadInput(
            f"This stack is for cloud {config.cloud}, but cloud {answering} answers.",
            key="sde:cloud",
            found=f"subscription {answers_for}",
            allowed="a subscription that begins with 10ca1 for cloud local, and only for it",
            fix='For the local Azure: eval "$(scripts/sde local env)". For the real one: a new shell, and az login.',
        )
    if answers_for != str(config.subscription):
        raise BadInput("The provider works in another subscription than the stack is for.", key="sde:subscription",
                       found=answers_for, allowed=str(config.subscription))  # fmt: skip
