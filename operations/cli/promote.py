"""`sde promote`: show that the present versions were applied and judged in the test estate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from approvals.assessment import Template
from approvals.promotion import evidence_name, verify_evidence
from approvals.route import FILE_NAME, TEST_ESTATE, EstateForTests
from approvals.versions import Promotion
from formats.errors import InputError, Refused
from operations.cli.estate_requests import EstateRequests, make_shared_folder
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.rows import Rows
from operations.cli.session import Session
from operations.settings import write_whole


@command("estate", "json_")
def promote(
    session: Session,
    *,
    ledger: Annotated[
        Path,
        typer.Option("--ledger", metavar="DIR", help="The exported ledger of the test estate.", show_default=False),
    ],
) -> None:
    """Show from the test estate's ledger that the present catalogue and templates were applied and judged there.

    Verifies the whole ledger with the key in route.yaml, and writes the evidence to approvals/promotions/ of the
    estate. Exits 3 if a template that a request names is missing. Example: sde promote --ledger ~/test-ledger, after
    sde ledger export ~/test-ledger in the test estate.
    """
    from operations.cli.promotions import ExportedLedger  # noqa: PLC0415 - imports the ledger
    from operations.ledger.files import FileStorage  # noqa: PLC0415
    from policies.catalogue import catalogue_digest  # noqa: PLC0415

    requests = EstateRequests(session)
    if not ledger.is_dir():
        raise InputError("This is not a folder.", key="--ledger", file=str(ledger), fix="sde ledger export writes it")
    found = ExportedLedger(FileStorage(ledger), _test_estate(requests))
    found.verify()
    rows, missing = Rows(("template", "version", "applied"), ("template", "version")), []
    for name in sorted({one.template for one in requests.estate.requests.values()}):
        template = Template.present(name)
        applied = found.applied.get(Promotion(template.digest, catalogue_digest()))
        if applied:
            _keep(requests, found.evidence(applied), found.tested_in)
        else:
            missing.append(name)
        session.output.emit({"event": "promotion", "template": name, "digest": template.digest,
                             "catalogue": catalogue_digest(), "entry": applied and applied.intent})  # fmt: skip
        where = f"{applied.stack}, entry {applied.intent} of {applied.entry.time}" if applied else "no"
        rows.add(printable(name), template.digest, printable(where))
    session.output.say_whole(f"catalogue {catalogue_digest()}")
    rows.show(session.output.text_console)
    if missing:
        raise Refused(f"Not applied in the test estate under this catalogue: {', '.join(missing)}.\n"
                      "  fix:     scripts/sde up a tenancy of each there, with this version")  # fmt: skip


def _test_estate(requests: EstateRequests) -> EstateForTests:
    """Return the test estate of the route that the approvers signed."""
    found = requests.context().route.test_estate
    if found is None:
        raise InputError("The route names no test estate.", file=str(requests.files.folder / FILE_NAME),
                         key=TEST_ESTATE, fix="docs/approvals.md, Test before production")  # fmt: skip
    return found


def _keep(requests: EstateRequests, content: bytes, tested_in: EstateForTests) -> None:
    """Write a file of evidence after it is verified as `up` does."""
    name = evidence_name(content)
    verify_evidence(content, tested_in, requests.now, file=name)
    folder = requests.files.promotions_folder
    make_shared_folder(folder)
    write_whole(folder / name, content.decode())
