"""The resource options and SDK features that this engine refuses by name.

docs/decisions/0006-what-the-embedded-engine-supports.md lists them with the supported ones. The tests compare it with
this list, and both with every field and method of the protocol.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message  # type: ignore[import-untyped]

from formats.errors import InputError
from operations.engine.embedded.model import Resource

OFFICIAL = "run this stack with the official Pulumi command line (--engine pulumi), or leave it out"


@dataclass(frozen=True)
class Option:
    """A resource option or a feature of the SDK, by its name in programs."""

    name: str
    fields: tuple[str, ...] = ()
    """Its fields in the protocol's requests."""
    method: str = ""
    """Its method of the protocol's `ResourceMonitor`."""
    key: str = ""
    """Its key in a resource of the state."""


REFUSED = (
    Option("component methods", method="Call"),
    Option("components of other languages", ("remote",)),
    Option("custom_timeouts", ("customTimeouts",), key="customTimeouts"),
    Option("env_var_mappings", ("envVarMappings",)),
    Option("error hooks", method="RegisterErrorHook"),
    Option("hide_diffs", ("hideDiffs",), key="hideDiff"),
    Option("hooks", ("hooks",), method="RegisterResourceHook", key="resourceHooks"),
    Option("invoke transforms", method="RegisterStackInvokeTransform"),
    Option("parameterised packages", ("packageRef",), method="RegisterPackage", key="extensionRef"),
    Option("refresh before update", key="refreshBeforeUpdate"),
    Option("replace_with", ("replace_with",), key="replaceWith"),
    Option("replacement_trigger", ("replacement_trigger",), key="replacementTrigger"),
    Option("retain_on_delete", ("retainOnDelete",), key="retainOnDelete"),
    Option("snippets", ("snippetId",), key="snippetID"),
    Option("stack transforms", method="RegisterStackTransform"),
    Option("state migrations", ("state_migrations",)),
    Option("tainted resources", key="taint"),
    Option("transforms", ("transforms",)),
    Option("views", key="viewOf"),
    Option("whether a resource exists", method="ExistsResource"),
)

_HARMLESS_KEYS = frozenset({"sourcePosition", "stackTrace", "aliases"})
"""For display only; and aliases, which were already resolved when the state was written."""

_BY_FIELD = {field: option for option in REFUSED for field in option.fields}
_BY_KEY = {option.key: option for option in REFUSED if option.key}


def refuse_request(request: Any, of: str) -> None:
    """Raise `InputError` for a request with unsupported options, with their names and the resource's."""
    if used := [_BY_FIELD[d.name] for d, value in request.ListFields() if d.name in _BY_FIELD and _is_set(value)]:
        raise InputError(
            f"The embedded engine does not support {' and '.join(o.name for o in used)}", key=of, fix=OFFICIAL
        )


def _is_set(value: Any) -> bool:
    """Return True if a field has content: the SDK sends some of them empty."""
    return bool(value.ByteSize()) if isinstance(value, Message) else bool(value)


def refuse_method(method: str) -> InputError:
    """Return the refusal of a method of the protocol, with the name of the feature."""
    names = [option.name for option in REFUSED if option.method == method]
    return InputError(f"The embedded engine does not support {' and '.join(names) or method}", fix=OFFICIAL)


def refuse_state(resources: Iterable[Resource]) -> None:
    """Raise `InputError` for a state in which the official engine saved an option that is not supported here."""
    for resource in resources:
        for key in sorted(k for k, v in resource.extra.items() if v and k not in _HARMLESS_KEYS):
            name = _BY_KEY[key].name if key in _BY_KEY else key
            problem = f"The state has an option that the embedded engine does not support: {name}"
            raise InputError(problem, key=resource.urn, fix=OFFICIAL)
