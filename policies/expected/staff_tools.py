"""The cloud-init data that installs Azure's command line on a staff machine, from the estate's archives.

Another package or command could run any program as root. Sources: packages.ubuntu.com, "python3-venv"; pypi.org,
"azure-cli"; cloud-init's module reference, "Package Update Upgrade Install", "Runcmd".
"""

from __future__ import annotations

PACKAGES = ["python3-venv"]
COMMANDS = [
    ["python3", "-m", "venv", "/opt/azure-cli"],
    ["/opt/azure-cli/bin/pip", "install", "azure-cli>=2.86"],
    ["ln", "-sf", "/opt/azure-cli/bin/az", "/usr/local/bin/az"],
]
