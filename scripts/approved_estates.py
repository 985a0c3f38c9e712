"""Approve the requests of a local estate with throw-away keys, for benchmarks and tests.

The requests are not planned: each has an assessment that permits far more than any plan needs.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from approvals.assessment import Assessment, Cost, Network, PlanSummary, Template, Verdict
from approvals.canonical import digest_of
from approvals.estate_files import assessment_text
from local_azure.types import TYPES
from operations.cli.demo_approvers import approve_with_demo_keys
from operations.cli.estate import open_estate
from operations.cli.estate_requests import EstateRequests, add_file
from operations.cli.output import Output
from operations.cli.session import Session, real_gate
from operations.engine.choose import choose
from operations.prices.book import load
from operations.prices.charges import disk_item, vm_item
from operations.settings import Settings
from policies.catalogue import catalogue_digest

MANY = 1_000_000
_OTHER_TYPES = ("random:index/randomPassword:RandomPassword", "random:index/randomBytes:RandomBytes")


def approve_all(estate: Path, settings: Settings, leave: Collection[str] = ()) -> None:
    """Assess and approve the requests of an estate, but for those of some projects."""
    session = Session(settings, Output(), open_estate, choose, real_gate, estate=estate)
    requests = EstateRequests(session)
    for project in requests.estate.requests:
        if project in leave:
            continue
        file = requests.files.assessment_file(project)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(assessment_text(_assessment(requests.request(project))))
        for made in approve_with_demo_keys(requests, project, None, "Approved for a measurement"):
            add_file(requests.files.decisions_folder(project) / made.file_name, made.content)


def _assessment(request: dict[str, Any]) -> Assessment:
    """Return an assessment with more of everything than a plan has."""
    return Assessment(
        request=digest_of(request),
        template=Template.present(str(request["template"])),
        plan=PlanSummary(
            resources=dict.fromkeys((*TYPES, *_OTHER_TYPES), MANY),
            machines={desk["size"]: MANY for desk in request["desks"]}, disk_gib=MANY, nodes=MANY,
        ),
        network=Network(),
        cost=Cost(currency=load().currency, monthly_pence=100 * MANY, unpriced=_unpriced(request)),
        verdict=Verdict(passed=True, catalogue=catalogue_digest()),
        summary=("Approved without a plan.",),
    )  # fmt: skip


def _unpriced(request: dict[str, Any]) -> tuple[str, ...]:
    """Return the desks and disks, for which a price book need not have a price."""
    disks = [disk_item("Premium_LRS", f"P{tier}") for tier in (4, 6, 10, 15, 20, 30, 40, 50)]
    return tuple(sorted({vm_item(desk["size"]) for desk in request["desks"]}.union(disks)))
