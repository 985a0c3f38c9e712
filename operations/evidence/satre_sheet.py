"""The evaluation of SATRE as a workbook, in the columns of the spreadsheet that SATRE publishes for it.

Source of the columns and scores: https://github.com/sa-tre/satre-specification, its page on evaluation and the script
that writes its `satre.xlsx`. Every statement has a row. A score is of the part that infrastructure code implements, and
is given only where a policy judged something.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from operations.access.formats import cut, no_formula
from operations.evidence.claims import Claim, Outcome
from operations.evidence.facts import Facts
from operations.evidence.standards import Statement, statements
from operations.evidence.zip_files import zip_of
from policies.controls import standards as named_by_policies

COLUMNS = ("Section", "Item", "Statement", "Guidance", "Importance", "Score", "Response", "Improvements")
SCORES: Mapping[Outcome, int] = {Outcome.MET: 2, Outcome.WITH_EXEMPTIONS: 1, Outcome.NOT_MET: 0}
"""2 satisfied, 1 sufficient, 0 not met."""
NOT_CHOSEN = "Not chosen; not evidenced by this pack."
ORGANISATIONAL = "Organisational; not evidenced by this pack."
NO_POLICY = "No policy judges it; not evidenced by this pack."
_WIDTHS = (18, 10, 50, 50, 14, 10, 50, 50)
_LONGEST = 30_000
"""Below the 32,767 characters that a cell holds."""
_ABOUT = (
    ("Statements", "SATRE 2.0.1, by its contributors: https://github.com/sa-tre/satre-specification"),
    ("Licence of the statements", "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"),
    ("Score", "2 met, 1 met with exemptions, 0 not met; empty where no policy judged anything."),
    ("Scope", "The score is of what is deployed. What people and procedures do is for the organisation to add."),
)  # fmt: skip


def workbook(claims: Sequence[Claim], facts: Facts) -> bytes:
    """Return the workbook: the same bytes for the same claims and time."""
    book, by_number = Workbook(), {one.control.number: one for one in claims if one.control.standard == "satre"}
    sheet = book.active
    sheet.title = "SATRE evaluation"
    _append(sheet, COLUMNS)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for number, statement in statements().items():
        score, response, improvements = _judged(by_number.get(number), number)
        _append(sheet, (*_own(number, statement), score, response, improvements))
    for column, width in zip("ABCDEFGH", _WIDTHS, strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "C2"
    about = book.create_sheet("About")
    for row in (("Organisation", facts.organisation), ("Made", facts.made.isoformat()), *_ABOUT):
        _append(about, row)
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 26, 90
    return _saved(book, facts.made)


def _own(number: str, statement: Statement) -> tuple[str, ...]:
    return (statement.section, number, statement.statement, statement.guidance, statement.importance)


def _judged(claim: Claim | None, number: str) -> tuple[int | None, str, str]:
    """Return the score, the response and the improvements of a statement."""
    if claim is None:
        return None, NOT_CHOSEN, ""
    if claim.outcome is Outcome.NOT_JUDGED:
        return None, NO_POLICY if number in named_by_policies()["satre"].controls else ORGANISATIONAL, ""
    told = [one.policy.id for one in claim.evidence if one.resources]
    silent = len(claim.evidence) - len(told)
    policies = ", ".join(told) or "none judged anything"
    others = f" ({silent} judged nothing)" if told and silent else ""
    response = (
        f"{claim.outcome.value.capitalize()}, for what is deployed. Policies: {policies}{others}; {claim.judged:,} "
        f"verdicts on resources of {len(claim.stacks)} stacks. Evidence: {claim.control.path}"
    )
    ends = [f"Exemption {one.id} from {one.policy} ends on {one.expires}." for one in claim.exemptions]
    improvements = [f"{reason[:1].upper()}{reason[1:]}." for reason in claim.reasons] + ends
    return SCORES[claim.outcome] if claim.judged else None, response, " ".join(improvements)


def _append(sheet: Worksheet, row: Sequence[str | int | None]) -> None:
    """Append a row of texts, none of which a spreadsheet reads as a formula."""
    number = sheet.max_row + 1 if sheet["A1"].value is not None else 1
    for column, value in enumerate(row, 1):
        cell = sheet.cell(number, column)
        cell.value = no_formula(cut(value, _LONGEST)) if isinstance(value, str) else value
        if isinstance(value, str):
            cell.data_type = "s"
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _saved(book: Workbook, made: datetime) -> bytes:
    """Return the workbook's file without the time of the machine, which `Workbook.save` writes."""
    book.properties.creator = "sde evidence"
    book.properties.created = book.properties.modified = made.replace(tzinfo=None)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        ExcelWriter(book, archive).save()
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as parts:
        return zip_of({name: parts.read(name) for name in parts.namelist()}, made)
