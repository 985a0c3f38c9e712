"""Weaknesses that resources of all types can have: in the location and the tags."""

from policies.model import PolicyContext, Resource
from policies.mutations.model import Harmless, Table, Weakening

NO_APPROVED_PROJECT = "it could not be assigned to an approved project"
"""The harm if a tag does not tell which approved project a resource is for."""


def _has_location(resource: Resource, _: PolicyContext) -> bool:
    return resource.at("location") not in ("global",) and "location" in resource.inputs


def _tagged(resource: Resource, _: PolicyContext) -> bool:
    return bool(resource.at("tags"))


COMMON_WEAKENINGS = (
    Weakening("location", ("westeurope", "eastus", "swedencentral"), "patients' data would leave the UK",
              when=_has_location),
    Weakening("tags", ({},), NO_APPROVED_PROJECT, when=_tagged),
    Weakening("tags.project", ("", "another-project"), NO_APPROVED_PROJECT, when=_tagged),
    Weakening("tags.request", ("",), NO_APPROVED_PROJECT, when=_tagged),
    Weakening("tags.controller", ("",), "the responsible controller would be unknown", when=_tagged),
    Weakening('tags["data-class"]', ("", "synthetic", "public"), "it would be protected as less sensitive data",
              when=_tagged),
    Weakening("tags.expiry", ("", "2020-01-01", "never", "2031-02-30"), "it would exist longer than approved",
              when=_tagged),  # 2031-02-30 is no date
    Weakening('tags["trusted-services"]', ("",), "the reason for the access of Microsoft's services would be missing",
              when=lambda resource, _: bool(resource.at('tags["trusted-services"]'))),
    Weakening('tags["public-access"]', ("",), "the reason for public network access would be missing",
              when=lambda resource, _: bool(resource.at('tags["public-access"]'))),
)  # fmt: skip
"""The weakenings of resources of every type, in addition to those in the table of the type."""
COMMON_HARMLESS = (
    Harmless("azureApiVersion", "the API version only"),
    Harmless("__createBeforeDelete", "internal to the Pulumi provider"),
    Harmless("resourceGroupName", "a name"),
    Harmless("location", "only `global` is not weakened: the service has no region"),
    Harmless("tags.service", "only for cost reports"),
    Harmless("tags.organisation", "only for cost reports"),
    Harmless("tags.cost-centre", "only for cost reports"),
)
"""The properties that weaken no type of resource. A location and tags that `COMMON_WEAKENINGS` has are weakened too."""
TABLES = (Table("resources:ResourceGroup"),)
"""A resource group has no other properties."""
