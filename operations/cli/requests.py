"""`sde request new`, `show`, `validate`, `assess` and `status`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.text import Text

from approvals.canonical import content_of
from approvals.permit import Permit, Refusals, verify_permit
from approvals.request_files import REQUESTS, json_of
from approvals.verification import Progress, StepProgress, verify
from formats.errors import InputError, Refused, SdeError, moved
from formats.yaml_reader import parse_mapping, read_text
from formats.yaml_scalars import CoreDumper
from operations.cli.estate_requests import AllRequests, EstateRequests, Project, Projects, make_shared_folder
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.request_decisions import show_view
from operations.cli.rows import Rows
from operations.cli.session import Session
from operations.cli.text import plural
from operations.settings import write_whole

AnyProjects = Annotated[
    list[str] | None, typer.Argument(metavar="PROJECT", help="Requests; all by default.", show_default=False)
]
ProjectsOrFiles = Annotated[
    list[str] | None,
    typer.Argument(metavar="PROJECT|FILE.yaml", help="Requests, or files outside the estate.", show_default=False),
]


def _group(flag: str, help_: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(flag, metavar="ID", help=help_, show_default=False)
    return option


_HEADER = "# docs/estate.md explains every key; tre_templates/examples/ has a whole request for each template.\n"


@command("estate", "json_")
def new(
    session: Session,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The name, such as hcm-progression.")],
    *,
    template: Annotated[str, typer.Option("--template", help="A service template: sde catalogue lists them.")],
    title: Annotated[str, typer.Option("--title", help="What the project does.")],
    number: Annotated[str, typer.Option("--number", help="The number of the request, such as DAR-2026-0031.")],
    controller: Annotated[str, typer.Option("--controller", help="The organisation that is the controller.")],
    cost_centre: Annotated[str, typer.Option("--cost-centre", help="Who pays.")],
    researchers: Annotated[str | None, _group("--researchers", "Their Entra group.")] = None,
    stewards: Annotated[str | None, _group("--stewards", "The group that lets data in.")] = None,
    checkers: Annotated[str | None, _group("--checkers", "The group that checks results.")] = None,
    expires: Annotated[str | None, typer.Option("--expires", metavar="DAY", help="Its end.", show_default="a year, or "
                                                "as long as the template allows")] = None,
    cell: Annotated[str | None, typer.Option("--cell", help="Its cell.",
                                             show_default="the first one with room")] = None,
    tenancy: Annotated[str | None, typer.Option("--tenancy", help="The shared tenancy, for the template shared.",
                                                show_default=False)] = None,
) -> None:  # fmt: skip
    """Write a request with a template's example of desks and data: requests/PROJECT.yaml of the estate, to be edited.

    The tenancy is deployed when its approvers have decided (sde request approve). In a local estate, groups that are
    left out are made up.

    Example: sde request new asthma-two --template bespoke-tabular --title "Asthma in two winters" --number DAR-2026-31
    --controller "An ICB" --cost-centre RES-1 --researchers ID --stewards ID --checkers ID.
    """
    from operations.estate.templates import names, service_template  # noqa: PLC0415 - beside the estate

    if template not in names():
        raise InputError("There is no such template.", key="--template", found=template, allowed=", ".join(names()))
    example = service_template(template).example_request(_today())
    groups = {"researchers": researchers, "stewards": stewards, "checkers": checkers}
    given = {"project": project, "title": title, "request": number, "controller": controller,
             "cost_centre": cost_centre, **_groups(session, project, groups)}  # fmt: skip
    content = {**example, **given, "expires": _day(expires) or example["expires"]}
    content |= {key: value for key, value in (("tenancy", tenancy), ("cell", cell)) if value}
    file = session.estate_folder / REQUESTS / f"{project}.yaml"
    if file.exists():
        raise InputError("There is such a request already.", file=str(file), fix="name another project, or edit it")
    text = _HEADER + request_text(json_of_dates(content))
    validate_copy(session.estate_folder, {file.name: text})
    write_whole(file, text)
    session.output.emit({"event": "new", "project": project, "file": str(file)})
    session.output.say(Text.assemble(("wrote ", "green"), printable(file)))


def _groups(session: Session, project: str, groups: Mapping[str, str | None]) -> dict[str, str]:
    """Return the groups of a request; in a local estate with made-up ones for those that are left out."""
    from operations.estate import load  # noqa: PLC0415 - imports templates
    from operations.estate.new_estate import made_up_id  # noqa: PLC0415

    missing = [role for role, group in groups.items() if group is None]
    file = load(session.estate_folder).file
    if missing and str(file.cloud) != "local":
        raise InputError("A request names its groups.", key=", ".join(f"--{role}" for role in missing),
                         found="nothing", allowed="the object ids of Entra groups of this project alone",
                         fix="az ad group show --group NAME --query id")  # fmt: skip
    return {
        role: made_up_id(file.code, f"{project} {role}") if group is None else group for role, group in groups.items()
    }


@command("json_")
def schema(session: Session) -> None:
    """Print the JSON Schema of requests, with which editors complete and check them: tre_templates/request.schema.json.

    Example: sde request schema > request.schema.json.
    """
    from operations.estate.request_document import text  # noqa: PLC0415 - beside the estate

    for line in text().splitlines():
        session.output.line(line)


@command("estate", "json_")
def validate(session: Session, *, projects: ProjectsOrFiles = None) -> None:
    """Check requests: each by itself, by its template, and beside the others of the estate. Writes nothing.

    Example: sde request validate hcm-progression, or sde request validate ~/Downloads/request.yaml for a file from
    elsewhere, in a copy of the estate.
    """
    requests = EstateRequests(session)
    found = projects or list(requests.estate.requests)
    for name in found:
        if name.endswith((".yaml", ".yml")):
            name = _validate_file(session, Path(name))  # noqa: PLW2901 - the project in the file
        else:
            requests.request_file(name)
        session.output.emit({"event": "valid", "project": name})
        session.output.say(Text.assemble(("valid ", "green"), printable(name)))


@command("estate", "json_")
def show(session: Session, project: Project, *, step: Annotated[
    str | None, typer.Option("--step", help="Only what this step sees.", show_default=False)
] = None) -> None:  # fmt: skip
    """Show a request and its assessment, or what one step of the route sees of them.

    Example: sde request show hcm-progression --step committee.
    """
    requests = EstateRequests(session)
    submission, route = requests.submission(project), requests.files.route()
    if step is not None and step not in route.by_name:
        raise InputError("The route has no such step.", key="--step", found=step, allowed=", ".join(route.by_name))
    view = submission.view(route.by_name[step]) if step else {
        "request": dict(submission.request), "assessment": content_of(submission.assessment)
    }  # fmt: skip
    session.output.emit({"event": "request", "project": project, "step": step, **view})
    show_view(session, view)


@command("estate", "json_")
def assess(session: Session, *, projects: Projects = None, everything: AllRequests = False) -> None:
    """Plan requests' tenancies, price and check them, and write that down for those who decide. Deploys nothing.

    Example: sde request assess hcm-progression. After a change of the request it is assessed again; the steps that see
    no change stay approved.
    """
    from operations.cli import request_assessment as assessing  # noqa: PLC0415 - imports the engine

    requests = EstateRequests(session)
    chosen = requests.chosen(projects, everything)
    refused: list[str] = []
    with session.output.err.status(f"Planning {plural(len(chosen), 'tenancy')}"):
        for project, found in assessing.assess(requests, chosen):
            file = assessing.write_assessment(requests, project, found)
            session.output.emit({"event": "assessed", "project": project, "file": str(file), **content_of(found)})
            for line in found.summary:
                session.output.say(f"  {printable(line)}")
            session.output.say(f"wrote {printable(file)}", style="dim")
            if not found.verdict.passed:
                refused.append(f"The policies refuse {project}: {'; '.join(found.verdict.findings[:3])}.")
    if refused:
        raise Refused("\n".join(refused))


@command("estate", "json_")
def status(session: Session, *, projects: AnyProjects = None) -> None:
    """Show how far requests are on their route, who approved, and what is missing. Exits 3 if one is not approved.

    Example: sde request status hcm-progression.
    """
    requests = EstateRequests(session)
    open_ = [name for name in projects or list(requests.estate.requests) if not _show_status(requests, name)]
    if open_:
        raise Refused(f"{plural(len(open_), 'request')} without a permit: {', '.join(open_)}.")


def _show_status(requests: EstateRequests, project: str) -> bool:
    """Print the status of one request, and return True if it has a permit."""
    output = requests.session.output
    try:
        submission, context = requests.submission(project), requests.context_of(project)
        files = requests.files.decisions(project)
        progress = verify(files, context, submission)
        permit = verify_permit(files, context, submission)
        held = _held(requests, project, permit)
    except SdeError as error:
        output.error(f"{project}: {error}")
        return False
    people = {one.id: one.name for one in context.approvers.people}
    rows = Rows(("step", "state", "approved by", "missing"), ("step", "state"))
    for one in progress.steps:
        names = ", ".join(printable(people[each.person]) for each in one.approvals) or "nobody"
        rows.add(one.step.name, str(one.state), names, _missing(one))
    reasons = held if isinstance(permit, Permit) else permit.reasons
    digest = permit.digest if isinstance(permit, Permit) and not held else None
    output.emit({"event": "status", "project": project, "permit": digest, "reasons": reasons,
                 "steps": [_step_json(one) for one in progress.steps], "void": dict(progress.void)})  # fmt: skip
    output.say(f"{project} ({submission.number})", style="bold")
    rows.show(output.text_console)
    for line in (*_void_lines(progress, people), *reasons):
        output.say(f"  {printable(line)}", style="yellow")
    if isinstance(permit, Permit) and digest:
        output.say(f"  permitted until {permit.expires}: {digest}", style="green")
    return digest is not None


def _held(requests: EstateRequests, project: str, permit: Permit | Refusals) -> tuple[str, ...]:
    """Return why a permit does not hold under the present versions of the catalogue and of its template."""
    from operations.cli.request_versions import versions_not_approved  # noqa: PLC0415 - imports the policies

    if isinstance(permit, Refusals):
        return ()
    return versions_not_approved(requests, project, permit)


def _missing(one: StepProgress) -> str:
    roles = " or ".join(one.step.roles)
    outdated = f"; {len(one.outdated)} approved what it saw before" if one.outdated else ""
    return f"{one.missing} with the role {roles}{outdated}" if one.missing else ""


def _step_json(one: StepProgress) -> dict[str, Any]:
    return {"step": one.step.name, "state": str(one.state), "view": one.view, "missing": one.missing,
            "approved_by": [str(each.person) for each in one.approvals]}  # fmt: skip


def _void_lines(progress: Progress, people: Mapping[Any, str]) -> list[str]:
    found = {one.digest: one for one in progress.decisions}
    return [f"void: {found[digest].decision.verb} by {people[found[digest].person]}: {why}"
            for digest, why in progress.void.items()]  # fmt: skip


def _validate_file(session: Session, file: Path) -> str:
    """Check a file in a copy of the estate, and return its project."""
    text = read_text(file, str(file))
    project = project_of(parse_mapping(text, str(file)), str(file))
    validate_copy(session.estate_folder, {f"{project}.yaml": text})
    return project


def project_of(content: Mapping[str, Any], file: str) -> str:
    """Return the project of a request. `InputError` for what cannot be the name of a file."""
    project = content.get("project")
    name = f"{project}.yaml"
    if not isinstance(project, str) or Path(name).name != name or project.startswith("."):
        raise InputError("This is not the name of a project.", file=file, key="project", found=project,
                         allowed="lower-case letters, digits and single hyphens")  # fmt: skip
    return project


def request_text(content: Mapping[str, Any]) -> str:
    """Return the text of a request's file, with the keys in their order."""
    text: str = yaml.dump(dict(content), Dumper=CoreDumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def validate_copy(estate: Path, files: Mapping[str, str]) -> None:
    """Load a copy of the estate with further requests. `InputError` as for the estate itself."""
    from operations.estate import load  # noqa: PLC0415 - imports templates

    with tempfile.TemporaryDirectory(prefix="sde-") as name:
        folder = Path(name) / estate.name
        shutil.copytree(estate, folder, symlinks=True, ignore=shutil.ignore_patterns(".*", "approvals"))
        make_shared_folder(folder / REQUESTS)
        for file, text in files.items():
            (folder / REQUESTS / file).write_text(text, encoding="utf-8")
        try:
            load(folder)
        except InputError as error:
            raise moved(error, str(folder), str(estate)) from None


def json_of_dates(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return content for a YAML file, with what JSON can express and days."""
    plain = json_of(content)
    return {key: content[key] if isinstance(content[key], date) else plain[key] for key in content}


def _today() -> date:
    return datetime.now(UTC).date()


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise InputError("This is not a day.", key="--expires", found=text,
                         allowed=f"a date, such as {_today() + timedelta(days=365)}") from None  # fmt: skip
