"""`sde request export` and `import`: a request as a Five Safes RO-Crate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from approvals.canonical import digest_of
from approvals.request_files import REQUESTS, json_of
from formats.errors import InputError
from formats.yaml_reader import read_mapping
from operations.cli.estate_requests import EstateRequests, Project, make_shared_folder
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.requests import project_of, request_text, validate_copy
from operations.cli.session import Session
from operations.settings import write_new

Crate = Annotated[Path, typer.Argument(metavar="CRATE", help="A folder, or a ZIP file.", show_default=False)]
Target = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FOLDER|FILE.zip", help="A new folder or ZIP file.", show_default=False),
]
Supplement = Annotated[
    Path | None,
    typer.Option("--with", metavar="FILE.yaml", help="Keys that the crate lacks, or that replace its own.",
                 show_default=False),
]  # fmt: skip
DAYS = frozenset({"approved_on", "expires", "accreditation_expires", "training_expires"})


@command("estate", "json_")
def export(session: Session, project: Project, *, output: Target) -> None:
    """Write a request as a Five Safes RO-Crate, in a BagIt bag. Overwrites nothing.

    Example: sde request export hcm-progression -o hcm-progression.zip. It has the request as its file states it,
    without assessment and decisions.
    """
    from operations.crates.reading import refuse_loss  # noqa: PLC0415 - imports the library of crates
    from operations.crates.writing import write_bag  # noqa: PLC0415

    requests = EstateRequests(session)
    request = requests.request(project)
    refuse_loss(request, str(requests.request_file(project)))
    digest = digest_of(request)
    write_bag(request, digest, output)
    session.output.emit({"event": "exported", "project": project, "file": str(output), "request": digest})
    session.output.say(Text.assemble(("wrote ", "green"), printable(output)))
    if request.get("lead") is None:
        session.output.say("The profile asks for the person who requests: the request has no `lead`.", style="yellow")


@command("estate", "json_")
def import_(session: Session, crate: Crate, *, supplement: Supplement = None) -> None:
    """Write the request in an RO-Crate to the estate, if all of it is valid there. Overwrites nothing.

    Example: sde request import crate.zip, or for a crate of another tool, such as cr8tor: sde request import crate.zip
    --with rest.yaml. It lists what it does not read. Sign-offs are among that: decisions are signed here.
    """
    from operations.crates.crate_files import read_crate  # noqa: PLC0415 - imports the library of crates
    from operations.crates.reading import request_in  # noqa: PLC0415

    found = request_in(read_crate(crate))
    given = read_mapping(supplement) if supplement else {}
    replaced = [f"{key}, which {supplement} replaces" for key in sorted(given) if key in found.request]
    content = _in_order({**found.request, **given}, str(crate))
    file = session.estate_folder / REQUESTS / f"{project_of(content, str(crate))}.yaml"
    if file.exists() or file.is_symlink():
        raise InputError("There is such a request already.", file=str(file), found=str(crate),
                         fix="nothing is overwritten: remove the request, or edit it")  # fmt: skip
    text = request_text(_with_days(content))
    validate_copy(session.estate_folder, {file.name: text})
    make_shared_folder(file.parent)
    write_new(file, text.encode())
    file.chmod(0o644)
    left = [*found.left, *replaced]
    session.output.emit({"event": "imported", "project": content["project"], "file": str(file),
                         "request": digest_of(json_of(content)), "not_imported": left})  # fmt: skip
    session.output.say(Text.assemble(("wrote ", "green"), printable(file)))
    for line in left:
        session.output.say(f"  not imported: {printable(line)}", style="yellow")


def _in_order(content: Mapping[str, Any], crate: str) -> dict[str, Any]:
    """Return the keys in the order of the model. `InputError` for required ones that are missing, all by name."""
    from operations.estate.request_model import RequestFile  # noqa: PLC0415 - beside the estate

    fields = RequestFile.model_fields
    if missing := [key for key, field in fields.items() if field.is_required() and key not in content]:
        raise InputError("The crate does not state all of a request.", file=crate, key=missing[0], found="nothing",
                         allowed=", ".join(missing), fix="--with FILE.yaml states these keys")  # fmt: skip
    order = [*fields, *content]
    return {key: content[key] for key in sorted(content, key=order.index)}


def _with_days(value: Any, key: str = "") -> Any:
    """Return content for a YAML file, with days as such."""
    if isinstance(value, Mapping):
        return {str(name): _with_days(one, str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_days(one) for one in value]
    try:
        return date.fromisoformat(value) if key in DAYS and isinstance(value, str) else value
    except ValueError:
        return value  # validation says what is wrong with it
