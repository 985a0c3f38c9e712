"""Record in the ledger what a command asks for, what it is about to do, and what became of it.

An intent is written before anything is applied, and a result after. Of a run that ended without a result, the next run
on the stack records that, with the state that it finds.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from approvals.canonical import time_text
from approvals.request_files import template_digest
from formats.errors import Failed, Refused, SdeError, error_type
from formats.plan import Plan, digest_of
from operations.cli.failures import scrubbed
from operations.cli.git import catalogue_revision
from operations.cli.output import printable
from operations.cli.revocations import is_revocation
from operations.cli.text import plural
from operations.estate.public_facts import OBJECT as PUBLIC_FACTS
from operations.ledger.entry import PERMIT, Digests, Entry, Kind, Result, Revision, shortened
from operations.ledger.who import pipeline

if TYPE_CHECKING:
    from formats.state_record import StateRecord
    from operations.cli.session import Session
    from operations.cli.stack_catalog import Stack
    from operations.diffs.model import StackDiff
    from operations.engine.port import Outcome
    from operations.ledger.ledger import Ledger
    from policies.runner import Report

_MOST_DETAILS = 50
_SHORTENED = 300
_STACK = re.compile(r"[a-z][a-z0-9-]{0,99}")
_FINDING = ("policy", "verdict", "stack", "name", "path", "message")
_EXEMPTION = ("id", "policy", "resource", "expires")


@dataclass
class _Evidence:
    """What a decision on a stack rests on."""

    digests: Digests = field(default_factory=Digests)
    objects: dict[str, str] = field(default_factory=dict)
    exemptions: tuple[str, ...] = ()
    revokes: tuple[str, ...] = ()
    """The ids of the role assignments that the plan deletes or replaces."""
    is_whole: bool = False
    """True for the plan of a whole stack: if it succeeds, what it does not revoke is a right again."""


@dataclass
class _Begun:
    """A change that has begun, by the number of its intent."""

    stack: Stack
    number: int
    before: str | None
    not_revoked: tuple[str, ...] = ()
    """The role assignments that earlier changes should have revoked, and that still existed before this one."""


@dataclass
class Recorder:
    """Records one command."""

    session: Session
    command: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    _evidence: dict[str, _Evidence] = field(default_factory=dict)
    _begun: dict[str, _Begun] = field(default_factory=dict)
    _settled: set[str] = field(default_factory=set)
    """The stacks of which this command has recorded what became of them."""
    _has_failed: bool = False
    """True if one of these records is not of a success."""

    def read_estate(self, names: Sequence[str]) -> None:
        """Load the estate, of which a change of some stacks is asked for. Record it as a refusal if that fails."""
        try:
            _ = self.session.catalog
        except SdeError as error:
            self._record_unreadable(names, error)
            raise

    def _record_unreadable(self, names: Sequence[str], error: SdeError) -> None:
        """Record which file and key refuse a change, and nothing of the file's content, which may be a secret."""
        try:
            ledger = self.session.ledger_of_unreadable()
            if ledger:
                ledger.record(self._bare_entry(Kind.REFUSAL, ledger, stacks=_stack_names(names),
                                               reason=self._source(error)))  # fmt: skip
        except SdeError as unrecorded:
            self._say_unrecorded(unrecorded)

    def _source(self, error: SdeError) -> str:
        file, key = (printable(str(getattr(error, name, None) or "")) for name in ("file", "key"))
        parts = [file.removeprefix(f"{self.session.estate_folder}/"), f"at {key}" if key else ""]
        where = " ".join(part[:_SHORTENED] for part in parts if part)
        return f"The estate cannot be read{f': {where}' if where else ''}."

    @contextmanager
    def recording(self, stacks: Sequence[Stack]) -> Iterator[None]:
        """Record what ends the command: the changes that it leaves without a result, or why it began none of them."""
        try:
            yield
        except BaseException as error:
            self._end(stacks, error)
            raise

    def _end(self, stacks: Sequence[Stack], error: BaseException) -> None:
        for begun in list(self._begun.values()):
            self.failed(begun.stack, error)
        left = [stack for stack in stacks if stack.name not in self._settled]
        if left or not self._has_failed:
            self._record_refusal(left or stacks, error)

    # What a decision rests on

    def evaluated(self, stack: Stack, plan: Plan, report: Report | None = None, *, is_whole: bool = False) -> None:
        """Keep a plan, and the verdict of the policies on it, for the entries on the stack.

        `is_whole`: the plan makes the whole stack as the estate has it.
        """
        ledger = self._ledger(stack)
        evidence = self._evidence[stack.name] = _Evidence()
        evidence.objects["plan"] = ledger.keep(plan.to_json())
        evidence.is_whole = is_whole
        evidence.revokes = tuple(str(r.id) for r in plan.resources if r.id and is_revocation(r))
        configuration = dict(stack.settings.config)
        evidence.objects["configuration"] = ledger.keep(configuration)
        if stack.public_facts:
            evidence.objects[PUBLIC_FACTS] = ledger.keep(stack.public_facts.model_dump(mode="json"))
        digests = {"plan": plan.digest, "configuration": digest_of(configuration)}
        if report is not None:
            verdict = _verdict(report)
            evidence.objects["verdict"] = ledger.keep(verdict)
            evidence.exemptions = tuple(e.id for e in report.exemptions)
            digests |= {"verdict": digest_of(verdict)}
            digests |= {"catalogue": report.catalogue.digest} if report.catalogue else {}
            digests |= {"template": template_digest(stack.template)} if stack.template and is_whole else {}
        evidence.digests = Digests.model_validate(digests)

    def attach(self, stack: Stack, name: str, value: Mapping[str, Any]) -> None:
        """Keep a further view of the evaluated plan, such as `diff` or `access`, as JSON without secrets."""
        self._evidence.setdefault(stack.name, _Evidence()).objects[name] = self._ledger(stack).keep(dict(value))

    def attach_diff(self, stack: Stack, diff: StackDiff) -> None:
        """Keep what the evaluated plan means, and what it does to access."""
        self.attach(stack, "diff", diff.to_json())
        if diff.access:
            self.attach(stack, "access", diff.access.to_json())

    # A change

    def asked(self, stack: Stack) -> None:
        """Record that a person is asked whether to apply the evaluated plan."""
        self._record(stack, self._entry(Kind.ASKED, [stack]))

    def intent(self, stack: Stack, reason: str | None = None) -> int:
        """Record that a change of a stack is about to begin, and return the number of the entry.

        Raises the error of the ledger: then it must not begin.
        """
        try:
            return self._intent(stack, reason)
        except SdeError as error:
            text = f"{stack.name} was not changed, because its change cannot be recorded.\n{error}"
            raise error_type(error.exit_code)(text) from None

    def _intent(self, stack: Stack, reason: str | None) -> int:
        before = self._state(stack)
        ledger = self._ledger(stack)
        entries = [
            self._entry(Kind.RESULT, [stack], of=number, result=Result.UNKNOWN, **_after(before),
                        reason="The run ended without recording its result. The state is what the next run found.")
            for number in ledger.unfinished([stack.name]).values()
        ]  # fmt: skip
        evidence = self._evidence.get(stack.name, _Evidence())
        if evidence.exemptions:
            entries.append(self._entry(Kind.EXEMPTIONS, [stack], details=evidence.exemptions[:_MOST_DETAILS]))
        digest = before.digest if before else None
        entries.append(self._entry(Kind.INTENT, [stack], state_before=digest, reason=reason))
        found = ledger.open_finding(stack.name)
        number = ledger.record(*entries) + len(entries) - 1
        self._begun[stack.name] = _Begun(stack, number, digest, found[1].details if found else ())
        self._settled.add(stack.name)
        return number

    def finished(self, stack: Stack, outcome: Outcome | None = None) -> None:
        """Record the result of a change that succeeded."""
        self._result(stack, Result.SUCCEEDED, None, outcome.counts if outcome else None)

    def failed(self, stack: Stack, error: BaseException) -> None:
        """Record that a change failed, or that it was refused or failed before it began."""
        self._settled.add(stack.name)
        self._has_failed = True
        if stack.name in self._begun:
            self._result(stack, Result.FAILED, self._reason(error))
        else:
            self._record_refusal([stack], error)

    def _record_refusal(self, stacks: Sequence[Stack], error: BaseException) -> None:
        """Record why changes were not begun. Where that cannot be recorded, the command says so beside its error."""
        by_cloud = {stack.cloud: [one for one in stacks if one.cloud == stack.cloud] for stack in stacks}
        try:
            for same in by_cloud.values():
                self._record(same[0], self._entry(_kind(error), same, reason=self._reason(error)))
        except SdeError as unrecorded:
            self._say_unrecorded(unrecorded)

    def _say_unrecorded(self, error: SdeError) -> None:
        self.session.output.error(f"This could not be recorded.\n{error}", code=int(error.exit_code))

    def break_glass(self, stack: Stack, reason: str, permit: Mapping[str, Any] | None) -> int:
        """Record that a person says that emergency access was used, and return the number of the entry.

        `permit`: what is recorded of the permit that this uses up.
        """
        ledger = self._ledger(stack)
        entry = self._entry(Kind.BREAK_GLASS, [stack], reason=shortened(reason))
        objects = {PERMIT: ledger.keep(dict(permit))} if permit else {}
        return ledger.record(entry.model_copy(update={"objects": objects}))

    def drifted(self, stack: Stack, counts: Mapping[str, int]) -> None:
        """Record that the cloud differed from the state."""
        self._record(stack, self._entry(Kind.DRIFT, [stack], counts=dict(counts)))

    def _result(
        self, stack: Stack, result: Result, reason: str | None, counts: Mapping[str, int] | None = None
    ) -> None:
        """Record a result. Where the state cannot be read, the next run does."""
        begun = self._begun.pop(stack.name)
        after = self._state(stack)
        if result is Result.FAILED and (after.digest if after else None) != begun.before:
            result = Result.PARTIAL
        entries = [self._entry(Kind.RESULT, [stack], of=begun.number, result=result, reason=reason,
                               counts=dict(counts or {}), **_after(after))]  # fmt: skip
        if after and (finding := self._open_finding(begun, result, after)):
            entries.append(finding)
        try:
            self._record(stack, *entries)
        except SdeError as error:
            raise Failed(f"{stack.name}: the change {begun.number} was made, and its result could not be recorded; the "
                         f"next run on the stack records it.\n{error}") from None  # fmt: skip

    def _open_finding(self, begun: _Begun, result: Result, after: StateRecord) -> Entry | None:
        """Return the entry on what a run, or an earlier one, should have deleted and what still exists."""
        evidence = self._evidence.get(begun.stack.name, _Evidence())
        if result is not Result.SUCCEEDED:
            revoked = (*begun.not_revoked, *evidence.revokes)
        else:
            revoked = () if evidence.is_whole else begun.not_revoked
        ids = set(map(_detail, after.ids))
        left = [id_ for id_ in dict.fromkeys(map(_detail, revoked)) if id_ in ids]
        details = (*left, *map(_detail, after.pending_deletes))[:_MOST_DETAILS]
        if not details:
            return None
        marked = len(after.pending_deletes)
        parts = [f"{plural(marked, 'resource')} marked for deletion"] if marked else []
        parts += [f"{plural(len(left), 'role assignment')} that should have been revoked"] if left else []
        text = f"Still in Azure: {' and '.join(parts)}"
        return self._entry(Kind.OPEN_FINDING, [begun.stack], details=details, reason=text)

    # Entries

    def _entry(self, kind: Kind, stacks: Sequence[Stack], **more: Any) -> Entry:
        first = stacks[0]
        evidence = self._evidence.get(first.name, _Evidence()) if len(stacks) == 1 else _Evidence()
        keeps = kind in (Kind.ASKED, Kind.INTENT, Kind.REFUSAL, Kind.FAILED, Kind.DRIFT)
        return self._bare_entry(
            kind,
            self._ledger(first),
            engine=self.session.engine(first).name,
            cloud=first.cloud,
            stacks=tuple(stack.name for stack in stacks),
            digests=evidence.digests if keeps else Digests(),
            objects=dict(evidence.objects) if keeps else {},
            **more,
        )

    def _bare_entry(self, kind: Kind, ledger: Ledger, **more: Any) -> Entry:
        return Entry(
            kind=kind,
            time=time_text(datetime.now(UTC)),
            run=self.run,
            command=self.command,
            version=self._version,
            who=ledger.who,
            pipeline=pipeline(self.session.settings.environ),
            revision=self._revision,
            **more,
        )

    @cached_property
    def _version(self) -> str:
        from operations.cli.app import version  # noqa: PLC0415 - imports the commands

        return version()

    @cached_property
    def _revision(self) -> Revision:
        commit, modified = catalogue_revision(self.session.settings.root, (".",))
        return Revision(commit=commit, clean=commit is not None and not modified)

    def _reason(self, error: BaseException) -> str:
        text = str(error) if isinstance(error, SdeError) else "interrupted, or an error of the program"
        return shortened(scrubbed(text, self.session.settings.environ))

    def _state(self, stack: Stack) -> StateRecord | None:
        return self.session.engine(stack).state_record(stack.name)

    def _ledger(self, stack: Stack) -> Ledger:
        return self.session.ledger(stack.cloud)

    def _record(self, stack: Stack, *entries: Entry) -> None:
        self._ledger(stack).record(*entries)


def _stack_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return those of some words of a command line that can be names of stacks."""
    from formats.stack_config import StackConfig, is_kind  # noqa: PLC0415 - imports pydantic

    return tuple(name for name in names[:_MOST_DETAILS] if _STACK.fullmatch(name) and is_kind(name, StackConfig))


def _detail(name: str) -> str:
    """Return a URN or an id as an entry has it."""
    return name[-_SHORTENED:]


def _after(state: StateRecord | None) -> dict[str, str | None]:
    return {"state": state.digest if state else None}


def _kind(error: BaseException) -> Kind:
    return Kind.REFUSAL if isinstance(error, Refused | KeyboardInterrupt) else Kind.FAILED


def _verdict(report: Report) -> dict[str, Any]:
    """Return the verdict, with what blocks. The findings that pass follow from the plan and the catalogue."""
    blocking = [{key: str(getattr(finding, key)) for key in _FINDING} for finding in report.blocking]
    exempt = [{key: str(getattr(exemption, key)) for key in _EXEMPTION} for exemption in report.exemptions]
    return {
        "passed": not blocking,
        "blocking": blocking,
        "exemptions": exempt,
        "resources": report.resources,
        "catalogue": report.catalogue.to_json() if report.catalogue else None,
    }
