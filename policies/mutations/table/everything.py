"""Weaknesses of every resource: its location, and the tags that name its project, owner and expiry."""

from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Table, Weakening

NOWHERE = "nobody could say which approved project it belongs to"


def _has_a_place(resource: Resource, _: PolicyContext) -> bool:
    return resource.at("location") not in ("global",) and "location" in resource.inputs


def _tagged(resource: Resource, _: PolicyContext) -> bool:
    return bool(resource.at("tags"))


EVERYTHING = (
    Weakening("location", ("westeurope", "eastus", "swedencentral"), "patients' records would leave the UK",
              when=_has_a_place),
    Weakening("tags", ({},), NOWHERE, when=_tagged),
    Weakening("tags.project", ("", "another-project"), NOWHERE, when=_tagged),
    Weakening("tags.request", ("",), NOWHERE, when=_tagged),
    Weakening("tags.controller", ("",), "nobody could say who answers for it", when=_tagged),
    Weakening('tags["data-class"]', ("", "synthetic", "public"), "it would be guarded as if it held less",
              when=_tagged),
    Weakening("tags.expiry", ("", "2020-01-01", "never", "2031-02-30"), "it would outlive its permission",
              when=_tagged),
    Weakening('tags["trusted-services"]', ("",), "why Microsoft's services are let in would not be said",
              when=lambda resource, _: bool(resource.at('tags["trusted-services"]'))),
)  # fmt: skip
HARMLESS = (
    Harmless("azureApiVersion", "which version of Azure's interface is spoken"),
    Harmless("__createBeforeDelete", "the provider's note to itself"),
    Harmless("resourceGroupName", "a name"),
    Harmless("location", "global: the service has no place"),
    Harmless("tags.service", "a name for the bill"),
    Harmless("tags.organisation", "a name for the bill"),
    Harmless("tags.cost-centre", "a name for the bill"),
)
GROUP = Table("resources:ResourceGroup")
TABLES = (GROUP,)
