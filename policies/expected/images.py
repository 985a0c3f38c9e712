"""The images of the marketplace that computers may start from: publisher, offer and sku, all in lower case.

Each is of generation 2, which secure boot requires, and gets security updates of its publisher. To permit another, add
it here with its source; the estate's own galleries need no entry, because their images are evaluated.

Sources: Azure's image aliases (github.com/Azure/azure-rest-api-specs, arm-compute/quickstart-templates/aliases.json);
learn.microsoft.com, "Azure Virtual Machine Scale Set automatic OS image upgrades", "Trusted Launch", "What is the Azure
Data Science Virtual Machine"; ubuntu.com, "Find Ubuntu images on Azure".
"""

from __future__ import annotations

from collections.abc import Mapping

IMAGES: Mapping[tuple[str, str], frozenset[str]] = {
    ("canonical", "ubuntu-24_04-lts"): frozenset({"server", "minimal", "cvm", "ubuntu-pro"}),
    ("canonical", "0001-com-ubuntu-server-jammy"): frozenset({"22_04-lts-gen2"}),
    ("canonical", "0001-com-ubuntu-confidential-vm-jammy"): frozenset({"22_04-lts-cvm"}),
    ("debian", "debian-12"): frozenset({"12-gen2"}),
    ("microsoft-dsvm", "ubuntu-2204"): frozenset({"2204-gen2"}),
    ("microsoft-dsvm", "dsvm-win-2022"): frozenset({"winserver-2022"}),
    ("microsoftwindowsdesktop", "windows-11"): frozenset({"win11-24h2-avd", "win11-24h2-ent"}),
    ("microsoftwindowsserver", "windowsserver"): frozenset(
        {
            "2022-datacenter-azure-edition",
            "2022-datacenter-azure-edition-core",
            "2022-datacenter-g2",
            "2025-datacenter-azure-edition",
            "2025-datacenter-g2",
        }
    ),
    ("redhat", "rhel"): frozenset({"8-lvm-gen2", "9-lvm-gen2"}),
}
"""The skus of each offer. The templates of this project use `server` and `cvm` of Ubuntu 24.04."""


def is_listed(publisher: object, offer: object, sku: object) -> bool:
    """True for an image on the list."""
    return str(sku).lower() in IMAGES.get((str(publisher).lower(), str(offer).lower()), frozenset())
