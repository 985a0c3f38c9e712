"""Assess requests: plan their tenancies in a local Azure that is thrown away, price each plan, and check it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from approvals.assessment import MAX_LINES, Assessment, Cost, Network, UnknownSize, Verdict, summary_of
from approvals.canonical import digest_of
from approvals.estate_files import assessment_text
from formats.errors import InputError, Refused
from formats.plan import Plan
from formats.stack_names import TENANCY
from operations.cli.estate_requests import EstateRequests, make_shared_folder
from operations.cli.request_versions import present_template
from operations.cli.stack_catalog import with_required
from operations.engine.scratch import planned
from operations.estate.templates import service_template
from operations.prices import book
from operations.prices.estimate import price_of
from operations.settings import write_whole

if TYPE_CHECKING:
    from policies.runner import Report

QUOTAS = {"storage accounts": ":storage:StorageAccount", "private endpoints": ":network:PrivateEndpoint",
          "virtual machines": ":compute:VirtualMachine", "key vaults": ":keyvault:Vault",
          "virtual networks": ":network:VirtualNetwork"}  # fmt: skip
"""What Azure limits by subscription and region, with the type that counts."""
_LONGEST = 200


def assess(requests: EstateRequests, projects: Sequence[str]) -> Iterator[tuple[str, Assessment]]:
    """Yield each project with the assessment of its request. `Refused` if a plan has a size that is not known."""
    from policies.plan_evaluation import Neighbours  # noqa: PLC0415 - the policies

    session = requests.session
    gate = session.gate()  # before the program runs, which could rewrite the policies
    stacks = [session.named(TENANCY + project) for project in projects]
    required = [one for one in with_required(session.catalog.stacks, stacks) if one not in stacks]
    plans = planned([one.settings for one in stacks], [one.settings for one in required],
                           session.settings.root, session.settings.program_seconds)  # fmt: skip
    for project, (plan, states) in zip(projects, plans, strict=True):
        report = gate.evaluate([plan], neighbours=Neighbours.of_plans(states))
        yield project, _assessment(requests, project, plan, report)


def is_assessed(requests: EstateRequests, project: str) -> bool:
    """Return True if a request has an assessment, of the present request, template and catalogue."""
    try:
        found = requests.submission(project).assessment
    except InputError:
        return False
    catalogue = requests.session.gate().catalogue
    template = present_template(requests, project)
    return catalogue is not None and (found.template, found.verdict.catalogue) == (template, catalogue.digest)


def write_assessment(requests: EstateRequests, project: str, found: Assessment) -> Path:
    """Write the assessment of a project's request, and return its file."""
    file = requests.files.assessment_file(project)
    make_shared_folder(file.parent)
    write_whole(file, assessment_text(found))
    return file


def _assessment(requests: EstateRequests, project: str, plan: Plan, report: Report) -> Assessment:
    request = requests.request(project)
    try:
        summary = summary_of(plan)
    except UnknownSize as unknown:
        raise Refused(f"A size follows only from the deployment, so that nobody can approve it: {unknown}.") from None
    assert report.catalogue  # noqa: S101 - the gate of a session has one
    found = Assessment(
        request=digest_of(request),
        template=present_template(requests, project),
        plan=summary,
        network=Network(addresses=_addresses(plan), quotas={
            name: count for name, type_ in QUOTAS.items()
            if (count := sum(n for each, n in summary.resources.items() if each.endswith(type_)))
        }),
        cost=cost_of_plan(plan),
        verdict=Verdict(passed=not report.blocks, catalogue=report.catalogue.digest, findings=_findings(report)),
        summary=("",),
    )  # fmt: skip
    return found.model_copy(update={"summary": _page(request, found)})


def _addresses(plan: Plan) -> tuple[str, ...]:
    """Return the address ranges of the plan's networks, or of its subnets in a network of another stack."""
    subnet = ":network:Subnet"
    for type_, keys in ((":network:VirtualNetwork", ("addressSpace", "addressPrefixes")),
                        (subnet, ("addressPrefixes",)), (subnet, ("addressPrefix",))):  # fmt: skip
        found: set[str] = set()
        for one in plan.resources:
            value: Any = one.inputs if one.type.endswith(type_) else None
            for key in keys:
                value = value.get(key) if isinstance(value, Mapping) else None
            found |= {value} if isinstance(value, str) else set(value or ())
        if found:
            return tuple(sorted(found))
    return ()


def cost_of_plan(plan: Plan) -> Cost:
    """Return the idle price a month of what a plan leaves."""
    price = price_of(plan, book.load())
    pence = (price.total.after * 100).to_integral_value(ROUND_CEILING)
    unpriced = sorted(item for item, change in price.unknown.items() if change.after)
    return Cost(currency=str(price.currency), monthly_pence=int(Decimal(pence)), unpriced=tuple(unpriced))


def _findings(report: Report) -> tuple[str, ...]:
    """Return what blocks and what is exempt, in a line each; of very many, the first."""
    lines = sorted({f"{one.policy} {one.verdict}: {one.stack}, {one.name}"[:_LONGEST] for one in report.findings
                    if one.verdict.blocks or one.exemption})  # fmt: skip
    more = [f"and {len(lines) - 198} more"] if len(lines) > 198 else []
    return (*lines[:198], *more)


def _page(request: Mapping[str, Any], found: Assessment) -> tuple[str, ...]:
    """Return one page for the committee."""
    return tuple(line[:_LONGEST] for line in _lines(request, found))[:MAX_LINES]


def _lines(request: Mapping[str, Any], found: Assessment) -> Iterator[str]:
    template, cost = service_template(found.template.name), found.cost
    yield f"{request['title']} ({request['request']})"
    yield f"For {request['controller']}, paid by {request['cost_centre']}, until {request['expires']}"
    if organisation := request.get("organisation"):
        yield f"Asked by {organisation}, funded by {request.get('funding', 'nobody named')}"
    if benefit := request.get("public_benefit"):
        yield from textwrap.wrap(f"Public benefit: {benefit}", _LONGEST)[:10]
    yield f"Data: {request['data_class']}"
    yield from (f"  {_data_set(one)}" for one in (request.get("data_sets") or ())[:10])
    if people := request.get("people"):
        leads = [one["name"] for one in people if one["id"].lower() == str(request.get("lead")).lower()]
        yield f"People: {len(people)}, led by {', '.join(leads) or 'nobody named'}"
    yield f"Environment: {template.title} ({template.name}), for {template.audience}"
    yield from (f"  {line}" for line in template.limits)
    for desk in request["desks"]:
        yield f"Desk {desk['name']}: {desk['size']}"
    if recipients := request.get("recipients"):
        yield f"Results go to the group {recipients['group']} at {', '.join(map(str, recipients['ranges']))}"
    else:
        yield "Results go to nobody outside: the project's stewards read them in the staff network"
    least = "at least " if cost.unpriced else ""
    yield f"Idle price a month: {least}{cost.currency} {cost.monthly_pence / 100:,.2f}"
    yield f"Policies: {'passed' if found.verdict.passed else 'refused'}, {len(found.verdict.findings)} findings"


def _data_set(one: Mapping[str, Any]) -> str:
    stored = f", {one['volume_gb']:,} GB in the {one['tier']} tier" if one.get("tier") else ""
    return f"{one['name']} ({one['data_class']}{stored})"
