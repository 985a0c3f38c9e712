"""The Pulumi program. It declares the resources of the stack that the engine runs, chosen by the stack's name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Pulumi runs this folder as a program, so the project's root is not on the module search path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from infra import sdk_patches

sdk_patches.apply()  # before the SDK's classes are used: see infra/sdk_patches.py

import pulumi

from formats.errors import InputError
from infra import stale_configuration
from infra.stacks.programs import declare_stack, running_config


class ConfigError(InputError, pulumi.RunError):
    """Unusable input. Pulumi's language host prints a `RunError` without a traceback."""


def main() -> None:
    """Declare the resources of the current stack."""
    if found := stale_configuration.warning(pulumi.get_stack(), Path.cwd(), os.environ):
        pulumi.warn(found)
    try:
        declare_stack(running_config(pulumi.get_stack()))
    except InputError as error:
        raise ConfigError(error.problem, file=error.file, key=error.key, found=error.found, allowed=error.allowed,
                          fix=error.fix) from None  # fmt: skip


if __name__ == "__main__":
    main()
