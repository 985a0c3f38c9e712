"""`sde validate`: report every error of every file of the estate."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rich.text import Text

from approvals.assessment import Assessment
from approvals.canonical import MAX_BYTES, read_canonical
from approvals.decision import read_bundle
from approvals.envelope import Signed
from approvals.estate_files import FOLDER, EstateFiles
from approvals.request_files import REQUESTS
from approvals.route import FILE_NAME, read_route
from formats.errors import ErrorCollector, joined
from formats.yaml_reader import within
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.text import plural


@command("estate", "json_")
def validate(session: Session) -> None:
    """Check every file of the estate, and report all errors at once. Reads files only. Exits 2 if there is an error.

    It reads estate, requests, people, route, exemptions, allocations and the documents of approvals, and renders the
    stacks without writing them. It asks neither an engine nor a cloud, and verifies no signature: sde request status
    does.

    Example: sde validate, or sde --estate my-estate validate --json for one line each.
    """
    folder = session.estate_folder
    errors = ErrorCollector()
    stacks = 0
    with errors.collecting():
        stacks = _check_estate(folder)
    if (folder / FILE_NAME).exists():
        with errors.collecting():
            read_route(folder)
    with errors.collecting():
        _check_exemptions(folder)
    _check_documents(folder, errors)
    for error in errors.each:
        found = {key: value for key, value in error.parts.items() if value is not None}
        session.output.emit({"event": "invalid", **found})
    errors.raise_any()
    session.output.emit({"event": "valid", "folder": str(folder), "stacks": stacks})
    session.output.say(Text.assemble(("valid ", "green"), f"{printable(folder)}: {plural(stacks, 'stack')}"))


def _check_estate(folder: Path) -> int:
    """Load and render an estate, and return the number of its stacks."""
    from operations.estate import load, render  # noqa: PLC0415 - imports templates

    return len(render(load(folder)))


def _check_exemptions(folder: Path) -> None:
    from policies.plan_evaluation import exemption_errors  # noqa: PLC0415 - imports the policies

    if found := exemption_errors(folder):
        raise joined(found)


def _check_documents(folder: Path, errors: ErrorCollector) -> None:
    """Collect what is wrong with the documents of approvals: each is whole, canonical and named after its content."""
    files, decided = EstateFiles(folder, ""), folder / FOLDER / REQUESTS
    for path, content in errors.result(files.versions) or ():
        with errors.collecting():
            Signed.read(content, file=path)
    for project in sorted(one.name for one in decided.iterdir()) if decided.is_dir() else ():
        for path, content in (errors.result(partial(files.decisions, project)) or {}).items():
            with errors.collecting():
                read_bundle({path: content})
    for documents in (errors.result(files.actions) or {}).values():
        for path, content in documents.items():
            with errors.collecting():
                Signed.read(content, file=path)
    for file in sorted((folder / FOLDER / "assessments").glob("*.json")):
        with errors.collecting(), within(folder, file, str(file)).open("rb") as stream:
            read_canonical(Assessment, stream.read(MAX_BYTES + 1).removesuffix(b"\n"), file=str(file))
