"""Weaknesses of resources of all types: the location, and the tags for project, controller, data class and expiry."""

from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Table, Weakening

UNASSIGNED = "it could not be assigned to an approved project"


def _has_location(resource: Resource, _: PolicyContext) -> bool:
    return resource.at("location") not in ("global",) and "location" in resource.inputs


def _tagged(resource: Resource, _: PolicyContext) -> bool:
    return bool(resource.at("tags"))


FOR_ALL_TYPES = (
    Weakening("location", ("westeurope", "eastus", "swedencentral"), "patients' data would leave the UK",
              when=_has_location),
    Weakening("tags", ({},), UNASSIGNED, when=_tagged),
    Weakening("tags.project", ("", "another-project"), UNASSIGNED, when=_tagged),
    Weakening("tags.request", ("",), UNASSIGNED, when=_tagged),
    Weakening("tags.controller", ("",), "the responsible controller would be unknown", when=_tagged),
    Weakening('tags["data-class"]', ("", "synthetic", "public"), "it would be protected as less sensitive data",
              when=_tagged),
    Weakening("tags.expiry", ("", "2020-01-01", "never", "2031-02-30"), "it would exist longer than approved",
              when=_tagged),
    Weakening('tags["trusted-services"]', ("",), "the reason for the access of Microsoft's services would be missing",
              when=lambda resource, _: bool(resource.at('tags["trusted-services"]'))),
)  # fmt: skip
HARMLESS = (
    Harmless("azureApiVersion", "the API version only"),
    Harmless("__createBeforeDelete", "internal to the provider"),
    Harmless("resourceGroupName", "a name"),
    Harmless("location", "global: the service has no region"),
    Harmless("tags.service", "a name for the bill"),
    Harmless("tags.organisation", "a name for the bill"),
    Harmless("tags.cost-centre", "a name for the bill"),
)
GROUP = Table("resources:ResourceGroup")
TABLES = (GROUP,)
