"""Weaknesses of explicit providers.

Source: https://www.pulumi.com/registry/packages/azure-native/installation-configuration/
"""

from policies.mutations.model import Harmless, Table, Weakening
from policies.mutations.table import external

ELSEWHERE = "resources would be in a subscription that nobody checks"
TABLES = (
    Table(
        "pulumi:providers:azure-native",
        weakenings=(
            Weakening("subscriptionId", (external.SUBSCRIPTION.rpartition("/")[2],), ELSEWHERE,
                      missing_ok="the provider then has the stack's subscription"),
            Weakening("environment", ("usgovernment",), "resources would be in another cloud",
                      missing_ok="the default is the public cloud"),
            Weakening("tenantId", (external.TENANT,), "another tenant would decide who has rights",
                      missing_ok="the provider then has the tenant of the sign-in"),
        ),
        harmless=(Harmless("version", "the plugin that the SDK asks for"), Harmless("__internal", "the engine's own")),
    ),
)  # fmt: skip
