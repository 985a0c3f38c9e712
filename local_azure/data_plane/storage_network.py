"""The network rules and the TLS version of a storage account.

Facts: docs/azure-facts.md#requests-for-data, #network-rules-of-an-account, #tls-versions.
"""

from __future__ import annotations

from local_azure.data_plane.addresses import range_of
from local_azure.data_plane.answers import Attempt, Control
from local_azure.data_plane.names import Service
from local_azure.data_plane.reach import Arrival
from local_azure.model import StoredResource
from local_azure.types.common import value_at, values_at

LEAST_TLS = "1.2"
"""What every account requires since February 2026."""


def service_of(account: StoredResource, *, is_aliased: bool) -> Service:
    """Return the blob service of an account as name resolution knows it."""
    host = f"{account.name}.blob.core.windows.net"
    return Service(host, "privatelink.blob.core.windows.net", account.name, frozenset({"storage"}), is_aliased)


def admit(attempt: Attempt, account: StoredResource, arrival: Arrival, tls: str) -> None:
    """Apply an account's TLS version, and its network rules, which hold for its public address alone."""
    _check_tls(attempt, account, tls)
    if arrival.target is not None:
        attempt.passed(Control.NETWORK_RULES, "they do not apply to private endpoints")
        return
    access = account.properties.get("publicNetworkAccess")
    if access != "Enabled":
        _refuse(attempt, f"publicNetworkAccess of {account.name} is {access}")
    if value_at(account.properties, "networkRuleSet.defaultAction") == "Allow":
        attempt.passed(Control.NETWORK_RULES, f"{account.name} admits every address")
        return
    for text in values_at(account.properties, "networkRuleSet.ipRules[*].iPAddressOrRange"):
        network = range_of(str(text))
        if network is not None and arrival.source in network:
            attempt.passed(Control.NETWORK_RULES, f"the rule {text} of {account.name} admits {arrival.source}")
            return
    _refuse(attempt, f"no rule of {account.name} admits {arrival.source}")


def _check_tls(attempt: Attempt, account: StoredResource, tls: str) -> None:
    if not tls and account.properties.get("enableHttpsTrafficOnly") is not False:
        attempt.refuse(Control.TLS, f"{account.name} requires HTTPS", 400, "AccountRequiresHttps",
                       "The account being accessed does not support http.")  # fmt: skip
    least = str(account.properties.get("minimumTlsVersion", "TLS1_0")).removeprefix("TLS").replace("_", ".")
    if tls and tls < max(least, LEAST_TLS):
        attempt.refuse(Control.TLS, f"{account.name} requires TLS {least}, not {tls}", 400, "TlsVersionNotPermitted",
                       "The TLS version of the connection is not permitted on this storage account.")  # fmt: skip
    attempt.passed(Control.TLS, f"TLS {tls}" if tls else "HTTP")


def _refuse(attempt: Attempt, detail: str) -> None:
    attempt.refuse(Control.NETWORK_RULES, detail, 403, "AuthorizationFailure",
                   "This request is not authorized to perform this operation.")  # fmt: skip
