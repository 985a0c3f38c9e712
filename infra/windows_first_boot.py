"""The custom data of a Windows desk: its settings, and the script that applies them.

Azure writes custom data to a file that only the system and administrators can read, and runs nothing. An extension runs
it before the one for sign-in, with a fixed command. Nothing here can run it: **it is untested**
(docs/decisions/0029-windows-desks.md, "What is not tested").

Sources, learn.microsoft.com: "Custom data on Azure virtual machines" (Process custom data: Windows), "Custom Script
Extension for Windows" (runs once, as LocalSystem), "Policy CSP - ADMX_TerminalServer" and "RemoteDesktopServices" (the
redirections), "Manage additional Windows Update settings" (WUServer), icacls (`AD`: create folders). Details:
docs/azure-facts.md#first-boot-of-windows-desks.
"""

from __future__ import annotations

from collections.abc import Sequence

from formats.egress import SIGN_IN_ADDRESS, EgressRule
from formats.first_boot_settings import windows_custom_data
from infra.host_names import windows_egress_lines
from infra.network_services import REGISTRATION_HOST, SIGN_IN_HOSTS

COMMAND = (
    "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "
    "Invoke-Expression ([IO.File]::ReadAllText('C:/AzureData/CustomData.bin'))"
)
"""The command of the extension: it runs the custom data. Without quotation marks and backslashes, because a guardrail
compares it as JSON."""
SCRIPT = r"""$ErrorActionPreference = 'Stop'
# The desk asks no DNS server: it has the names that it needs in a file. Nothing answers at the address of its resolver.
[IO.File]::WriteAllLines("$env:SystemRoot\System32\drivers\etc\hosts", [string[]]$settings.hosts)
Get-NetAdapter | Set-DnsClientServerAddress -ServerAddresses '127.0.0.1'
Clear-DnsClientCache
$policies = 'HKLM:\SOFTWARE\Policies\Microsoft'
# A remote desktop session shows the screen and takes keys, and carries nothing else.
$key = "$policies\Windows NT\Terminal Services"
New-Item -Path $key -Force | Out-Null
$redirections = 'fDisableClip', 'fDisableCdm', 'fDisableCcm', 'fDisableLPT', 'fDisableCpm', 'fDisablePNPRedir',
    'fDisableAudioCapture', 'fDisableCameraRedir', 'fDisableLocationRedir'
foreach ($name in $redirections) { Set-ItemProperty -Path $key -Name $name -Value 1 -Type DWord }
# Updates come from the estate's server, or from nowhere.
$key = "$policies\Windows\WindowsUpdate"
New-Item -Path "$key\AU" -Force | Out-Null
Set-ItemProperty -Path $key -Name DoNotConnectToWindowsUpdateInternetLocations -Value 1 -Type DWord
if ($settings.wsus) {
    foreach ($name in 'WUServer', 'WUStatusServer') { Set-ItemProperty -Path $key -Name $name -Value $settings.wsus }
    Set-ItemProperty -Path "$key\AU" -Name UseWUServer -Value 1 -Type DWord
}
foreach ($pem in $settings.roots) {
    $root = New-Object Security.Cryptography.X509Certificates.X509Certificate2 (, [Text.Encoding]::ASCII.GetBytes($pem))
    $store = New-Object Security.Cryptography.X509Certificates.X509Store ('Root', 'LocalMachine')
    $store.Open('ReadWrite'); $store.Add($root); $store.Close()
}
# The data disk outlives the virtual machine: it is formatted when it is blank, and never again.
Get-Disk | Where-Object IsOffline | Set-Disk -IsOffline $false
Get-Disk | Where-Object IsReadOnly | Set-Disk -IsReadOnly $false
if (-not (Get-Volume | Where-Object FileSystemLabel -EQ 'home')) {
    Get-Disk | Where-Object { $_.PartitionStyle -eq 'RAW' -and $_.FriendlyName -notlike '*NVMe Direct*' } |
        Select-Object -First 1 | Initialize-Disk -PartitionStyle GPT -PassThru | New-Partition -UseMaximumSize |
        Format-Volume -FileSystem NTFS -NewFileSystemLabel home | Out-Null
}
$partition = Get-Volume | Where-Object FileSystemLabel -EQ 'home' | Get-Partition
if ($partition.DriveLetter -ne 'H') { $partition | Set-Partition -NewDriveLetter H }
# Each person makes a folder, which nobody else can read.
icacls.exe H:\ /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-32-545:(RX,AD)' `
    '*S-1-3-0:(OI)(CI)(IO)F' | Out-Null
if ($LASTEXITCODE) { throw "icacls: $LASTEXITCODE" }
# People sign in with Entra. No local account signs in, so that the password that Azure requires opens nothing.
Get-LocalUser | Where-Object Enabled | Disable-LocalUser
"""


def windows_first_boot(egress: Sequence[EgressRule], hosts: Sequence[str] = (), roots: Sequence[str] = ()) -> str:
    """Return the custom data of a Windows desk. `hosts`: the lines of its private endpoints. `roots`: the certificates
    that it trusts besides Microsoft's."""
    # A line for each name: Windows reads the first nine names of a line.
    sign_in = [f"{SIGN_IN_ADDRESS} {host}" for host in (*SIGN_IN_HOSTS, REGISTRATION_HOST)]
    updates = next((rule.wsus for rule in egress if rule.wsus), None)
    settings = {"hosts": [*sign_in, *hosts, *windows_egress_lines(egress)], "roots": list(roots), "wsus": updates}
    return windows_custom_data(settings, SCRIPT)
