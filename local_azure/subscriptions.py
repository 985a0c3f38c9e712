"""The settings of local subscriptions: the preconditions that do not hold there, so that Azure refuses requests.

They are in `subscriptions.yaml` beside the database. Without that file, and in a subscription that it does not name,
every precondition holds. Facts: docs/azure-facts.md#preconditions-of-a-subscription.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from formats.errors import InputError
from formats.input_model import Guid, Model
from formats.validation import validated
from formats.yaml_reader import read_mapping
from local_azure.model import SUBSCRIPTION_PREFIX


class OperationStatus(Model):
    """The status that Defender for Storage reports for an operation, beside the status of the request."""

    code: str
    message: str = ""


class SubscriptionSettings(Model):
    """The preconditions of one subscription. By default all hold."""

    malware_scanning: OperationStatus | None = None
    """The status of a failure to turn malware scanning on; None if it succeeds."""


class SettingsFile(Model):
    """The content of `subscriptions.yaml`."""

    subscriptions: Mapping[Guid, SubscriptionSettings]


def read_settings(file: Path) -> Mapping[str, SubscriptionSettings]:
    """Return the settings by subscription id. `InputError` names the key of a value that cannot be used."""
    found = validated(SettingsFile, read_mapping(file), file=str(file)).subscriptions
    settings = {str(subscription): one for subscription, one in found.items()}
    for subscription in settings:
        if not subscription.startswith(SUBSCRIPTION_PREFIX):
            raise InputError("This subscription is not one of the local Azure.", file=str(file), key="subscriptions",
                             found=subscription, allowed=f"ids that begin with {SUBSCRIPTION_PREFIX}")  # fmt: skip
    return settings
