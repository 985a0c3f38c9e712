"""The first boot of a Windows desk: the command of the extension that runs its custom data, and the script in it.

The script is in infra/windows_first_boot.py, and here by its digest: whoever changes it also changes this list, which
the owners of the policies review. What it does to a guest is not tested here
(docs/decisions/0029-windows-desks.md).

Sources: learn.microsoft.com, "Custom data on Azure virtual machines", "Custom Script Extension for Windows".
"""

from __future__ import annotations

import hashlib

PUBLISHER, TYPE = "Microsoft.Compute", "CustomScriptExtension"
COMMAND = (
    "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "
    "Invoke-Expression ([IO.File]::ReadAllText('C:/AzureData/CustomData.bin'))"
)
SETTINGS = {"commandToExecute": COMMAND}
"""All settings of the extension."""
SCRIPTS = frozenset({"9fd8e166665b98c213ab856876e92e96d0d264136b1bddbaf6ca6803f7eacd32"})
"""The SHA-256 of each script that a desk may have: the present one, and those of desks from before."""
SETTING_NAMES = frozenset({"hosts", "roots", "wsus"})
"""The settings that the script applies: lines of the hosts file, certificates, and the server of updates."""
ADMINISTRATOR = "locked-account"
"""The account that Azure requires, which the script turns off."""


def digest(script: str) -> str:
    """Return the SHA-256 of a script."""
    return hashlib.sha256(script.encode()).hexdigest()
