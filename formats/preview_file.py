"""Read an untrusted file with the output of `pulumi preview --json` as a Plan.

Source: pulumi.com/docs/cli/commands/pulumi_preview; the shape is that of the CLI's own `previewDigest`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict

from formats.errors import InputError
from formats.plan import Plan
from formats.pulumi_preview import OPERATIONS, plan_of, state_of
from formats.pulumi_state import StateResource
from formats.urns import project_of, stack_of
from formats.validation import of_type

WHOLE = "pulumi preview --json --show-sames --show-reads > FILE"
_Texts = list[str] | None


class _Kind(TypedDict):
    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)  # type: ignore[misc]

    kind: str


class _Step(TypedDict):
    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)  # type: ignore[misc]

    op: str
    urn: str
    oldState: NotRequired[StateResource | None]
    newState: NotRequired[StateResource | None]
    detailedDiff: NotRequired[dict[str, _Kind] | None]
    diffReasons: NotRequired[_Texts]
    replaceReasons: NotRequired[_Texts]


class _Message(TypedDict):
    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)  # type: ignore[misc]

    severity: NotRequired[str]


class _Preview(TypedDict):
    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)  # type: ignore[misc]

    config: NotRequired[dict[str, Any] | None]
    steps: list[_Step]
    changeSummary: dict[str, int]
    diagnostics: NotRequired[list[_Message] | None]


_PREVIEW = TypeAdapter(_Preview)


def is_preview(content: object) -> bool:
    """Return True if this looks like a preview of the Pulumi CLI."""
    return isinstance(content, Mapping) and "steps" in content


def read_preview(content: Mapping[str, Any], file: str) -> Plan:
    """Return the Plan. `InputError` for a failed or incomplete preview, and for a shape that is not Pulumi's."""
    preview = of_type(_PREVIEW, content, lambda key, found: InputError(
        "This is not a preview of the Pulumi CLI.", file=file, key=key, found=found, fix=f"Write it again: {WHOLE}"
    ))  # fmt: skip
    if any(message.get("severity") == "error" for message in preview.get("diagnostics") or ()):
        raise InputError("This preview failed, so it is incomplete.", file=file, key="diagnostics",
                         fix="Fix the errors of the preview first.")  # fmt: skip
    _refuse_gaps(preview, file)
    project, stack = _owner(preview["steps"], file)
    config = preview.get("config") or {}
    return plan_of(preview["steps"], project, stack, _cloud(config, project), config)


def _refuse_gaps(preview: _Preview, file: str) -> None:
    """Refuse a preview with fewer steps than it counts: the CLI omits unchanged resources by default."""
    steps = preview["steps"]
    unknown = next((s["op"] for s in steps if s["op"] not in OPERATIONS), None)
    if unknown is not None:
        raise InputError("This preview has an unknown step.", file=file, key="steps", found=unknown,
                         allowed=", ".join(sorted(OPERATIONS)))  # fmt: skip
    shown = Counter(step["op"] for step in steps)
    missing = {op: count - shown[op] for op, count in preview["changeSummary"].items() if count > shown[op]}
    if missing:
        omitted = ", ".join(f"{count} of {op}" for op, count in sorted(missing.items()))
        raise InputError("This preview has fewer steps than it counts.", file=file, key="steps",
                         found=f"steps left out: {omitted}", fix=f"Write it again: {WHOLE}")  # fmt: skip
    stateless = next((s["urn"] for s in steps if state_of(s).get("urn") != s["urn"]), None)
    if stateless is not None:
        raise InputError("A step of this preview has no state.", file=file, key="steps",
                         found=stateless[:200], allowed="newState of that URN; for a delete oldState")  # fmt: skip


def _owner(steps: list[_Step], file: str) -> tuple[str, str]:
    """Return the project and stack of all steps."""
    owners = {(project_of(step["urn"]), stack_of(step["urn"])) for step in steps}
    if len(owners) != 1:
        raise InputError("The steps of a preview must be of one stack.", file=file, key="steps",
                         found=f"{len(owners)} stacks")  # fmt: skip
    return owners.pop()


def _cloud(config: Mapping[str, Any], project: str) -> Literal["local", "azure", ""]:
    cloud = config.get(f"{project}:cloud")
    return cloud if cloud in ("local", "azure") else ""
