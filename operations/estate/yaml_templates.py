"""Jinja templates of YAML files, whose every value is escaped for YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

_UNSAFE = re.compile("[^ -~\u00a1-\u2027\u2030-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML readers do not accept unescaped, or read as the end of a line."""


def yaml_environment(loader: jinja2.BaseLoader, scalar: Callable[[Any], str]) -> jinja2.Environment:
    """Return a sandboxed environment that refuses undefined values and prints every other value with `scalar`."""

    def finalize(value: Any) -> Any:
        return value if isinstance(value, jinja2.Undefined) else scalar(value)  # printing it raises an error

    return ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # the text is YAML, and `finalize` escapes for that
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def json_line(value: object) -> str:
    """Return a value of JSON as one line that is also YAML."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
