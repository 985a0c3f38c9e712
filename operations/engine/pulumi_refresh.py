"""The Pulumi CLI's refresh that changes nothing: what differs in the cloud, from its event stream.

Its JSON document has no new state for a resource whose provider names no paths, and only one of the resources that have
one URN (`ShowPreviewDigest` of the CLI), so the events are streamed instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from formats import urns
from formats.drift import Present
from formats.plan import Operation
from operations.engine.pulumi_events import Listener

STREAMED = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
"""The environment in which the CLI prints the events of a preview, a JSON line each."""


@dataclass
class RefreshListener(Listener):
    """Forward the events of a refresh, and keep the resources that differ."""

    found: dict[str, Present | None] = field(default_factory=dict)
    """By URN; None for one that is gone from the cloud."""

    def _ended(self, step: Mapping[str, Any]) -> None:
        super()._ended(step)
        old, new = step.get("old") or {}, step.get("new") or {}
        if not old.get("custom") or old.get("external") or old.get("delete") or urns.is_provider(step["type"]):
            return
        operation = self._operation(step)
        if operation is Operation.DELETE:
            self.found[step["urn"]] = None
        elif operation is Operation.UPDATE:
            changed = self._step_facts(step)["changed"]
            self.found[step["urn"]] = Present(new.get("inputs") or {}, changed)
