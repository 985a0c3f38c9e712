"""Regions of Azure's public cloud."""

from __future__ import annotations

# As `az account list-locations` names them.
_REGIONS = """
australiacentral australiacentral2 australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth
brazilsoutheast canadacentral canadaeast centralindia centralus chilecentral eastasia eastus eastus2
francecentral francesouth germanynorth germanywestcentral indonesiacentral israelcentral italynorth japaneast
japanwest jioindiacentral jioindiawest koreacentral koreasouth malaysiawest mexicocentral newzealandnorth
northcentralus northeurope norwayeast norwaywest polandcentral qatarcentral southafricanorth southafricawest
southcentralus southeastasia southindia spaincentral swedencentral swedensouth switzerlandnorth
switzerlandwest uaecentral uaenorth uksouth ukwest westcentralus westeurope westindia westus westus2 westus3
"""
REGIONS = frozenset(_REGIONS.split())


def normal_location(location: str | None) -> str:
    """Return a location's name as Azure returns it: `uksouth` for `UK South`."""
    return (location or "").replace(" ", "").lower()
