"""Jinja templates of YAML files, whose every value is escaped for YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment


def yaml_environment(loader: jinja2.BaseLoader, scalar: Callable[[Any], Any]) -> jinja2.Environment:
    """Return a sandboxed environment that refuses undefined values and prints every value with `scalar`."""
    return ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # the text is YAML, and `finalize` escapes for that
        finalize=scalar,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
