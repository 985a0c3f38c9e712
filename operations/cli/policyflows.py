"""`sde policy flows`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from formats.errors import InputError, Refused
from operations.cli.deploy import Deployment
from operations.cli.estate_state import deployed_states
from operations.cli.gate import open_catalogue
from operations.cli.options import All, Stacks, command
from operations.cli.orphaned import refuse_orphaned, warn_of_orphaned
from operations.cli.session import Session
from operations.cli.targets import STDOUT, refuse_unwritable, write_json, write_text
from operations.reports.flowstable import Exempt, flows_table
from policies.exemptions import Exemptions
from policies.model import PolicyContext
from policies.plan_evaluation import exemptions_of
from policies.plan_resources import resources_of
from policies.reachability.allowed_flows import allowed_flows
from policies.reachability.certificate import certificate as certificate_of
from policies.reachability.certificate import digest_of
from policies.reachability.forbidden_flows import FlowReport, analyse_flows
from policies.reachability.graph import FlowGraph
from policies.rule_helpers.flow_findings import finding_of

ExemptionsFile = Annotated[
    Path | None,
    typer.Option("--exemptions", metavar="FILE", help="Instead of the estate's exemptions.yaml.", show_default=False),
]
ReportFile = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write JSON there; - is stdout.", show_default=False),
]
GraphFile = Annotated[
    str | None,
    typer.Option("--graph", metavar="FILE", help="Write the analysed graph as GraphML.", show_default=False),
]

CertificateFile = Annotated[
    str | None,
    typer.Option(
        "--certificate", metavar="FILE", help="Write a proof for scripts/check_certificate.py.", show_default=False
    ),
]


@command()
def flows(
    session: Session,
    *,
    stack: Stacks = None,
    everything: All = False,
    target: ReportFile = None,
    graph: GraphFile = None,
    certificate: CertificateFile = None,
    exemptions: ExemptionsFile = None,
) -> None:
    """Count the controls that prevent each forbidden flow of data, and list the ways in. Exits 3 if a flow has fewer
    than three.

    Flows pass between stacks, so the whole estate is analysed; named stacks select the flows that are shown.

    Example: sde policy flows --all --certificate proof.json.
    """
    for file in (target, graph, certificate):
        refuse_unwritable(file)
    for key, file in (("--graph", graph), ("--certificate", certificate)):
        if file == STDOUT:
            raise InputError("This needs a file: stdout is for the report.", key=key, found=file)
    catalogue = open_catalogue(session.estate_folder)
    granted = exemptions_of(exemptions, session.estate_folder)
    orphaned = warn_of_orphaned(session, everything)
    wanted = {one.name for one in (*session.selected(stack, everything), *orphaned)}
    stacks = session.selected(None, True)
    deployment = Deployment(session, stacks)
    plans = [deployment.plan(one) for one in stacks]
    plans += deployed_states(session, session.orphaned).values()
    context_ = PolicyContext(
        [r for plan in plans for r in resources_of(plan)],
        is_complete=True,
        configs=session.configs([plan.stack for plan in plans]),
    )
    with session.output.err.status("Analysing the flows"):
        found = analyse_flows(context_, exhaustive=bool(graph or certificate), stepwise=not graph)
    report = FlowReport(tuple(flow for flow in found.flows if flow.stacks & wanted), found.unknowns, found.accepted)
    allowed = [one for one in allowed_flows(found, context_) if one.stacks & wanted]
    exempt = _exempt(report, context_, granted)
    content = {
        **_as_json(report, exempt),
        "allowed": [flow.to_json() for flow in allowed],
        "plans": {plan.stack: plan.digest for plan in plans},
        "catalogue": catalogue.to_json(),
    }
    if certificate:
        estate = {
            "plans": content["plans"],
            "catalogue": catalogue.digest,
            "doubts": list(found.unknowns),
            "left_out": [one.to_json() for one in found.accepted],
        }
        content["certificate"] = _write_certificate(session, certificate, found, estate)
    if target is None:
        session.output.emit({"event": "flows", **content})
    else:
        write_json(session, target, "flows", content)
    if graph and found.graph:
        _write_graph(session, graph, found.graph)
    if not session.output.json and target != "-":
        session.output.text_console.print(flows_table(report, exempt, allowed))
    _refuse(report, exempt)
    refuse_orphaned(orphaned)


def _write_graph(session: Session, target: str, graph: FlowGraph) -> None:
    from operations.reports.flowsgraph import graphml  # noqa: PLC0415 - imports networkx

    write_text(session, target, "graph", graphml(graph))
    session.output.say(f"wrote {target}")


def _write_certificate(session: Session, target: str, report: FlowReport, estate: Mapping[str, Any]) -> str:
    """Write the certificate of the whole estate. Return its digest."""
    text = certificate_of(report, estate)
    digest = digest_of(text)
    write_text(session, target, "certificate", text)
    session.output.say(f"wrote {target}, {digest}")
    return digest


def _exempt(report: FlowReport, estate: PolicyContext, granted: Exemptions) -> Exempt:
    """Return the findings with an exemption, as the gate applies it."""
    found = ((flow, granted.of(finding_of(flow, estate))) for flow in report.findings)
    return {flow: exemption for flow, exemption in found if exemption}


def _as_json(report: FlowReport, exempt: Exempt) -> dict[str, object]:
    flows = [{**flow.to_json(), "exemption": exempt[flow].id if flow in exempt else None} for flow in report.flows]
    return {**report.to_json(), "flows": flows, "exempt": len(exempt)}


def _refuse(report: FlowReport, exempt: Exempt) -> None:
    found = len(report.findings) - len(exempt)
    if found or report.unknowns:
        raise Refused(
            f"{found} forbidden flows have too few controls, and {len(report.unknowns)} values are unknown.\n"
            "  fix:     see above: add a control that does not fail with the others, or remove a part of the path"
        )
