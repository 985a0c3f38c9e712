"""Import the modules that the stack programs use before they run. A language host does so while the engine starts.

The generated azure-native modules load at their first use, which takes half of a program's time.
"""

from __future__ import annotations

from pulumi_azure_native import authorization, compute, keyvault, monitor, network, resources, storage

import infra.stacks.programs  # noqa: F401 - loads its imports

for module in (network, compute, monitor, authorization, storage, resources, keyvault):
    getattr(module, "__all__", None)  # any attribute loads the module
