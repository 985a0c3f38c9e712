"""The assessment of a request: what its plan would make, what it costs, and what the policies say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from approvals.canonical import Digest
from approvals.request_files import template_digest
from formats.input_model import Line, Model, Slug, one_line
from formats.plan import UNKNOWN, Operation, Plan, Value

Count = Annotated[int, Field(ge=0, le=10**9)]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/-]{1,200}$")]
"""A Pulumi type token, or a virtual machine size."""
SummaryLine = Annotated[str, StringConstraints(max_length=200), AfterValidator(one_line)]
MAX_LINES = 60
"""Lines of one page."""


class Template(Model):
    """The service template, in one version."""

    name: Slug
    digest: Digest

    @classmethod
    def present(cls, name: str) -> Template:
        """Return a service template in its present version. `InputError` if there is none."""
        return cls(name=name, digest=template_digest(name))


class PlanSummary(Model):
    """The resources of a stack after its plan is applied: their number by type, and sizes."""

    resources: dict[Token, Count]
    """The number of resources by type."""
    machines: dict[Token, Count] = Field(default_factory=dict)
    """The number of virtual machines by size."""
    disk_gib: Count = 0
    """All disks together."""
    nodes: Count = 0
    """The most nodes of clusters and pools together."""


class Network(Model):
    """Addresses and quotas."""

    addresses: Annotated[tuple[Token, ...], Field(max_length=20)] = ()
    quotas: dict[Line, Count] = Field(default_factory=dict)
    """The use of the subscription's quotas, by their names."""


class Cost(Model):
    """The idle price a month."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    monthly_pence: Count
    """In hundredths of the currency."""
    unpriced: Annotated[tuple[Line, ...], Field(max_length=200)] = ()
    """Items without a price in the price book."""


class Verdict(Model):
    """The verdict of the policies on the plan."""

    passed: bool
    catalogue: Digest
    findings: Annotated[tuple[Line, ...], Field(max_length=200)] = ()
    """Findings that do not block, exemptions among them."""


class Assessment(Model):
    """The assessment of one request."""

    request: Digest
    """The digest of the assessed request."""
    template: Template
    plan: PlanSummary
    network: Network
    cost: Cost
    verdict: Verdict
    summary: Annotated[tuple[SummaryLine, ...], Field(min_length=1, max_length=MAX_LINES)]
    """One page for the committee, in lines."""


class UnknownSize(ValueError):  # noqa: N818 - it names what is wrong with the plan
    """The size of a resource is not known before the deployment."""


MACHINE_SIZE = "vmSize"
DISK_SIZE = "diskSizeGB"
NODE_COUNTS = ("maxNodeCount", "targetDedicatedNodes", "targetLowPriorityNodes")
"""The sizes of clusters and pools: each may grow to these by itself."""


def summary_of(plan: Plan) -> PlanSummary:
    """Return what a plan leaves in the cloud. `UnknownSize` if a size follows only from the deployment."""
    left = [one for one in plan.resources if one.custom and one.operation is not Operation.DELETE]
    left = [one for one in left if not one.type.startswith("pulumi:")]
    sizes = [(one.urn, name, value) for one in left for name, value in _sizes(one.inputs)]
    for urn, name, value in sizes:
        if not (isinstance(value, str) if name == MACHINE_SIZE else isinstance(value, int | float)) or value == UNKNOWN:
            raise UnknownSize(f"{name} of {urn}")
    machines = Counter(str(value) for _, name, value in sizes if name == MACHINE_SIZE)
    return PlanSummary(
        resources=dict(sorted(Counter(one.type for one in left).items())),
        machines=dict(sorted(machines.items())),
        disk_gib=sum(int(value) for _, name, value in sizes if name == DISK_SIZE),
        nodes=sum(int(value) for _, name, value in sizes if name in NODE_COUNTS),
    )


def _sizes(value: Value) -> Iterator[tuple[str, Value]]:
    """Yield the sizes at any depth, without those of disks that are resources of their own."""
    if isinstance(value, Mapping):
        attached = (value.get("managedDisk") or {}) if isinstance(value.get("managedDisk"), Mapping) else {}
        for key, inner in value.items():
            if key in (MACHINE_SIZE, *NODE_COUNTS) or (key == DISK_SIZE and not attached.get("id")):
                yield key, inner
            else:
                yield from _sizes(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _sizes(inner)
