"""`sde preview --page`: one page of Markdown for the comment on a pull request, within the size that Git hosts take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formats.errors import Refused, SdeError
from formats.plan import Operation
from formats.stack_config import TenancyConfig
from operations.cli.session import Session
from operations.cli.targets import refuse_unwritable
from operations.cli.text import plural
from operations.settings import write_whole

if TYPE_CHECKING:
    from operations.cli.deploy import Deployment
    from operations.diffs.model import StackDiff
    from policies.model import Finding
    from policies.runner import Report

MOST_BYTES = 60_000
"""GitHub takes comments of up to 65,536 characters, and the pipeline adds some lines."""
_MOST_FINDINGS, _MOST_COSTS, _MOST_OF_LINE = 50, 20, 600
_OPERATIONS = (Operation.CREATE, Operation.IMPORT, Operation.UPDATE, Operation.REPLACE, Operation.DELETE)


@dataclass
class ChangePage:
    """The page of one preview. Every text on it may be hostile, and is escaped."""

    session: Session
    file: str | None
    """None: no page is asked for."""
    previewed: Deployment | None = None
    """What is previewed; None until the estate is loaded."""

    @contextmanager
    def at_the_end(self) -> Iterator[None]:
        """Write the page at the end, also where the preview is refused or fails."""
        if self.file is not None:
            refuse_unwritable(self.file)
        try:
            yield
        except SdeError as error:
            self._write(error)
            raise
        self._write(None)

    def _write(self, error: SdeError | None) -> None:
        if self.file is not None:
            write_whole(Path(self.file), self._text(error))
            self.session.output.emit({"event": "exported", "what": "page", "file": self.file})

    def _text(self, error: SdeError | None) -> str:
        from operations.diffs.pages import Title, markdown  # noqa: PLC0415 - imports Jinja2
        from operations.diffs.stack_diff import together  # noqa: PLC0415 - imports the policies

        diffs = self.previewed.diffs if self.previewed else []
        reports = self.previewed.reports if self.previewed else []
        parts = [_verdict(error, reports), _findings(reports), self._costs(diffs)]
        head = "\n".join(line for part in parts for line in part)
        if not diffs:
            return shortened(head, MOST_BYTES)
        access = _AccessLines(tuple(line for diff in diffs for line in diff.access_lines))
        changes = markdown(replace(together(diffs), access=access), Title("What changes", (_counts(diffs),)))
        return shortened(f"{head}\n\n{changes}", MOST_BYTES)

    def _costs(self, diffs: Sequence[StackDiff]) -> Iterator[str]:
        """Yield what each changed tenancy costs with the change, as a table."""
        from operations.cli.cost import cost_of_stack  # noqa: PLC0415 - imports the price book
        from operations.diffs.pages import markdown_text  # noqa: PLC0415

        names = {name for diff in diffs for name in diff.stacks}
        tenancies = [s for s in self.previewed.stacks if isinstance(s.config, TenancyConfig)] if self.previewed else []
        changed = [stack for stack in tenancies if stack.name in names]
        if not changed:
            return
        yield from ("", "## Cost", "", "| tenancy | a month | until its end |", "|---|--:|--:|")
        for stack in changed[:_MOST_COSTS]:
            try:
                found = cost_of_stack(self.session, stack)
                least = "" if found.is_complete else "at least "
                amounts = [f"{least}{found.currency} {one:,.2f}" for one in (found.monthly, found.until_end)]
            except SdeError as error:
                amounts = [f"unknown: {str(error).splitlines()[0]}", ""]
            yield "| " + " | ".join(map(markdown_text, (stack.name, *amounts))) + " |"
        if len(changed) > _MOST_COSTS:
            yield f"\nOf {len(changed) - _MOST_COSTS:,} more: `scripts/sde cost PROJECT`."
        yield "\nList prices, with each desk on all month, and without what is stored: `scripts/sde cost --help`."


@dataclass(frozen=True)
class _AccessLines:
    """The changes of access of several stacks, as lines."""

    found: tuple[str, ...] = field(default=())

    def to_json(self) -> Mapping[str, Any]:
        return {"lines": list(self.found)}

    def lines(self) -> Sequence[str]:
        return self.found


def _verdict(error: SdeError | None, reports: Sequence[Report]) -> Iterator[str]:
    """Yield the heading, then the verdict with its catalogue or the error."""
    from operations.diffs.pages import markdown_text  # noqa: PLC0415 - imports Jinja2
    from operations.reports.table import verdict_line  # noqa: PLC0415 - imports the policies

    words = "passed" if error is None else "refused" if isinstance(error, Refused) else "not evaluated"
    yield from (f"# Preview: {words}", "")
    catalogue = next((report.catalogue for report in reversed(reports)), None)
    if error is None or reports:
        yield markdown_text(verdict_line("passed" if error is None else "refused", catalogue))
    if error is not None:
        yield from ("", *(f"> {markdown_text(line[:_MOST_OF_LINE])}<br>" for line in str(error).splitlines()[:20]))


def _findings(reports: Sequence[Report]) -> Iterator[str]:
    """Yield the findings that block, each with its fix."""
    found = [(report, finding) for report in reports for finding in report.blocking]
    if not found:
        return
    yield from ("", f"## {plural(len(found), 'finding')} of the policies {'block' if len(found) > 1 else 'blocks'}", "")
    yield from (_finding(*one) for one in found[:_MOST_FINDINGS])
    if len(found) > _MOST_FINDINGS:
        yield f"- and {len(found) - _MOST_FINDINGS:,} more, in the run's log"


def _finding(report: Report, finding: Finding) -> str:
    from operations.diffs.pages import markdown_text  # noqa: PLC0415 - imports Jinja2
    from operations.reports.table import place  # noqa: PLC0415 - imports the policies

    policy = report.policies[finding.policy]
    where = "".join(one if isinstance(one, str) else one[0] for one in map(_plain, place(finding)))
    text = f"{where} {finding.path} {finding.message}"[:_MOST_OF_LINE]
    title = f"**{markdown_text(finding.policy)}** {markdown_text(policy.title)} ({policy.severity}, {finding.verdict})"
    return f"- {title}<br>{markdown_text(text)}<br>fix: {markdown_text(policy.fix)}"


def _plain(part: Any) -> str:
    return str(part[0] if isinstance(part, tuple) else part)


def _counts(diffs: Sequence[StackDiff]) -> str:
    """Return the number of changed stacks, and of resources for each operation."""
    counts = sum((Counter(diff.counts) for diff in diffs), Counter[Operation]())
    each = [f"{counts[one]:,} to {one}" for one in _OPERATIONS if counts[one]]
    return f"{plural(len(diffs), 'stack')}: {', '.join(each) or 'outputs only'}"


def shortened(text: str, most: int) -> str:
    """Return a page of at most `most` bytes, without its last entries where it is longer, and say that."""
    text = text.rstrip() + "\n"
    if len(text.encode()) <= most:
        return text
    note = "\n**The page ends here: it is too long for a comment.** The run's log has all.\n"
    room, size, kept, whole = most - len(note.encode()), 0, 0, text.splitlines(keepends=True)
    for number, line in enumerate(whole):
        if line.startswith(("- ", "#")):  # an entry begins, and nothing before it is open
            kept = number
        size += len(line.encode())
        if size > room:
            break
    return "".join(whole[:kept]) + note
