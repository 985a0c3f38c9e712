"""Capacity of a subscription: sizes of virtual machines that a region offers, and quotas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from operations.preflight.findings import Finding, finding
from operations.preflight.needs import MACHINE, Declared, Needs
from operations.preflight.reads import Answer, Reads
from operations.vm_sizes import VmRequirement, unmet_requirements

USAGES: Mapping[str, str] = {
    "Microsoft.Compute": "2024-07-01",
    "Microsoft.Network": "2024-05-01",
    "Microsoft.Storage": "2023-05-01",
}
"""The resource providers that list their usages by region, with the version of that list. Most usages have the name of
a type, such as VirtualNetworks."""
ALSO_COUNTED = {
    "publicipaddresses": (
        "StaticPublicIPAddresses",
        "StandardSkuPublicIpAddresses",
        "IPv4StandardSkuPublicIpAddresses",
    ),
}
"""Usages with another name than the type's. All public addresses are Standard and static, as Azure requires."""
CORES = "cores"


def sizes(reads: Reads, needs: Needs) -> Iterator[Finding]:
    """Check that each region offers the sizes of its virtual machines (409 SkuNotAvailable)."""
    wanted = dict.fromkeys((machine.location, requirement(machine)) for machine in needs.of_type(MACHINE))
    for region, one in wanted:
        skus = _skus(reads, needs.subscription, region)
        problems = [skus.why] if skus.body is None else list(unmet_requirements(one, skus.values, region))
        found = ", ".join(problems) or f"offered in {region}"
        fix = (
            "choose another size for the project, or request this one from Azure's support. Those that are offered: "
            f"az vm list-skus --location {region} --resource-type virtualMachines --subscription {needs.subscription}"
        )
        yield finding(needs.subscription, f"size {one.size}", not problems, found, fix)


def requirement(machine: Declared) -> VmRequirement:
    """Return the size that a virtual machine requires."""
    zones = [int(zone) for zone in machine.inputs.get("zones") or () if str(zone).isdigit()]
    confidential = machine.at("securityProfile.securityType") == "ConfidentialVM"
    return VmRequirement(str(machine.at("hardwareProfile.vmSize")), confidential, zones[0] if zones else None)


def quotas(reads: Reads, needs: Needs, existing: frozenset[str]) -> Iterator[Finding]:
    """Check that the resources that do not exist yet fit in the quotas (409 OperationNotAllowed, QuotaExceeded)."""
    wanted: dict[tuple[str, str], Counter[str]] = {}
    for one in needs.resources:
        namespace, _, type_ = one.id.rpartition("/providers/")[2].partition("/")
        regional = one.location not in ("", "global")
        if namespace in USAGES and type_.count("/") == 1 and regional and one.id.lower() not in existing:
            counted = wanted.setdefault((namespace, one.location), Counter())
            for usage, number in _used_by(reads, needs.subscription, one):
                counted[usage.lower()] += number
    for (namespace, region), counted in wanted.items():
        path = f"/subscriptions/{needs.subscription}/providers/{namespace}/locations/{region}"
        usages = reads.list(f"{path}/usages", USAGES[namespace])
        what = f"quotas of {namespace} in {region}"
        if usages.body is None:
            yield Finding(needs.subscription, what, False, usages.why, "ask for Reader on the subscription")
            continue
        exceeded = [usage for usage in usages.values if _missing(usage, counted) > 0]
        found = ", ".join(_shortage(usage, counted) for usage in exceeded) or "enough"
        fix = " && ".join(_request(usage, counted, path) for usage in exceeded)
        yield finding(needs.subscription, what, not exceeded, found, fix)


def _used_by(reads: Reads, subscription: str, resource: Declared) -> Iterator[tuple[str, int]]:
    """Yield the usages that a resource counts for."""
    type_ = resource.type.rpartition("/")[2]
    yield from ((usage, 1) for usage in (type_, *ALSO_COUNTED.get(type_, ())))
    if resource.type == MACHINE:
        size = str(resource.at("hardwareProfile.vmSize"))
        skus = _skus(reads, subscription, resource.location).values
        sku = next((one for one in skus if one.get("name") == size), {})
        capabilities = {str(one.get("name")): str(one.get("value")) for one in sku.get("capabilities") or ()}
        cores = int(capabilities["vCPUs"]) if capabilities.get("vCPUs", "").isdigit() else 0
        yield from ((usage, cores) for usage in (str(sku.get("family")), CORES))


def _skus(reads: Reads, subscription: str, region: str) -> Answer:
    path = f"/subscriptions/{subscription}/providers/Microsoft.Compute/skus"
    return reads.list(path, "2021-07-01", **{"$filter": f"location eq '{region}'"})


def _name(usage: Mapping[str, Any]) -> str:
    name = usage.get("name")
    return str(name.get("value")) if isinstance(name, Mapping) else ""


def _missing(usage: Mapping[str, Any], counted: Mapping[str, int]) -> int:
    """Return how many more than the limit are needed; not positive if there are enough, no limit, or none is needed."""
    wanted, limit = counted.get(_name(usage).lower(), 0), _number(usage, "limit")
    return _number(usage, "currentValue") + wanted - limit if wanted and limit >= 0 else 0


def _number(usage: Mapping[str, Any], key: str) -> int:
    value = usage.get(key)
    return int(value) if isinstance(value, (int, float)) else 0


def _shortage(usage: Mapping[str, Any], counted: Mapping[str, int]) -> str:
    limit, used = _number(usage, "limit"), _number(usage, "currentValue")
    return f"{_name(usage)}: {counted[_name(usage).lower()]} more needed, {used} of {limit} used"


def _request(usage: Mapping[str, Any], counted: Mapping[str, int], scope: str) -> str:
    limit = _number(usage, "limit") + _missing(usage, counted)
    kind = " --resource-type dedicated" if "/Microsoft.Compute/" in scope else ""
    return f"az quota update --resource-name {_name(usage)} --scope {scope} --limit-object value={limit}{kind}"
