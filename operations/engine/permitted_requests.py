"""The requests of a program that are refused, because they use the credentials of `sde` before a policy sees a plan.

- A function of a provider runs in the provider, and some return tokens or keys. Permitted are the functions that the
  shipped programs use.
- A plugin that the program names would be downloaded, and started with the environment of the Pulumi CLI.
"""

from __future__ import annotations

from typing import Any

from formats.errors import InputError
from formats.urns import is_provider

FUNCTIONS = ("azure-native:authorization:getClientConfig", "azure-native:keyvault:getKey")
"""The tokens of the permitted functions. `getKey` returns the attributes and URIs of a key, and no key material."""
_URL = "pluginDownloadURL"


def refusal_of_function(token: str) -> InputError | None:
    """Return the refusal of a function; None for a permitted one."""
    if token in FUNCTIONS:
        return None
    return InputError(
        "The program calls a function of a provider that is not permitted",
        found=token,
        allowed=", ".join(FUNCTIONS),
        fix="take the value from the stack's configuration; the list is in operations/engine/permitted_requests.py",
    )


def refusal(method: str, request: Any) -> InputError | None:
    """Return the refusal of a request to `pulumirpc.ResourceMonitor`; None for a permitted one."""
    if method in ("Call", "Invoke"):
        return _refusal_of_plugin(request) or refusal_of_function(request.tok)
    if method == "RegisterPackage":
        return _plugin(request.download_url or request.name)
    if method in ("ReadResource", "RegisterResource"):
        return _refusal_of_plugin(request)
    return None


def _refusal_of_plugin(request: Any) -> InputError | None:
    url = request.pluginDownloadURL
    if not url and is_provider(getattr(request, "type", "")):
        inputs = request.object.fields if hasattr(request, "object") else {}
        url = next((key for key in (_URL, "__internal") if key in inputs), "")
    return _plugin(url) if url else None


def _plugin(found: str) -> InputError:
    return InputError("The program names a plugin to download", found=found, allowed="the providers that are installed",
                      fix="leave out plugin_download_url and parameterised packages")  # fmt: skip
