"""`sde policy flows`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from formats.errors import InputError, Refused
from operations.cli.options import All, Cloud, Engine, Estate, Json, Stacks, session_of
from operations.cli.orphaned import refuse_orphaned, warn_of_orphaned
from operations.cli.targets import STDOUT, refuse_unwritable, write_json, write_text

if TYPE_CHECKING:
    from operations.cli.session import Session
    from operations.reports.flowstable import Exempt
    from policies.exemptions import Exemptions
    from policies.model import PolicyContext
    from policies.reachability.assertions import FlowReport
    from policies.reachability.graph import FlowGraph

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


def flows(
    context: typer.Context,
    *,
    stack: Stacks = None,
    everything: All = False,
    target: ReportFile = None,
    graph: GraphFile = None,
    exemptions: ExemptionsFile = None,
    json_: Json = False,
    engine: Engine = None,
    cloud: Cloud = None,
    estate: Estate = None,
) -> None:
    """Count the controls that prevent each forbidden flow of data. Exits 3 if a flow has fewer than three.

    Flows pass between stacks, so the whole estate is analysed; named stacks select the flows that are shown.
    """
    from operations.cli.deploy import Deployment  # noqa: PLC0415 - imports the engines
    from operations.cli.estate_state import deployed_states  # noqa: PLC0415
    from operations.reports.flowstable import flows_table  # noqa: PLC0415
    from policies.model import PolicyContext  # noqa: PLC0415
    from policies.plan_evaluation import exemptions_of  # noqa: PLC0415
    from policies.plan_resources import resources_of  # noqa: PLC0415
    from policies.reachability.assertions import FlowReport, analyse_flows  # noqa: PLC0415

    session = session_of(context, engine=engine, cloud=cloud, estate=estate, json_=json_)
    for file in (target, graph):
        refuse_unwritable(file)
    if graph == STDOUT:
        raise InputError("The graph needs a file: stdout is for the report.", key="--graph", found=graph)
    granted = exemptions_of(exemptions, session.estate or session.settings.root / "estate")
    orphaned = warn_of_orphaned(session, everything)
    wanted = {one.name for one in (*session.selected(stack, everything), *orphaned)}
    stacks = session.selected(None, True)
    deployment = Deployment(session, stacks)
    plans = [deployment.plan(one) for one in stacks]
    plans += deployed_states(session, session.orphaned).values()
    context_ = PolicyContext([r for plan in plans for r in resources_of(plan)], is_complete=True)
    with session.output.err.status("Analysing the flows"):
        found = analyse_flows(context_, exhaustive=graph is not None)
    report = FlowReport(tuple(flow for flow in found.flows if flow.stacks & wanted), found.unknowns)
    exempt = _exempt(report, context_, granted)
    content = {**_as_json(report, exempt), "plans": {plan.stack: plan.digest for plan in plans}}
    if target is None:
        session.output.emit({"event": "flows", **content})
    else:
        write_json(session, target, "flows", content)
    if graph and found.graph:
        _write_graph(session, graph, found.graph)
    if not session.output.json and target != "-":
        session.output.text_console.print(flows_table(report, exempt))
    _refuse(report, exempt)
    refuse_orphaned(orphaned)


def _write_graph(session: Session, target: str, graph: FlowGraph) -> None:
    from operations.reports.flowsgraph import graphml  # noqa: PLC0415

    write_text(session, target, "graph", graphml(graph))
    session.output.say(f"wrote {target}")


def _exempt(report: FlowReport, estate: PolicyContext, granted: Exemptions) -> Exempt:
    """Return the findings with an exemption, as the gate applies it."""
    from policies.rule_helpers.flow_findings import finding_of  # noqa: PLC0415

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
