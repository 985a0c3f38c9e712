"""`sde policy check --catalogue REV`: evaluate plans with the policies of another revision of the repository.

The evaluating code is that revision's own, in a process of its own and in a private folder, with a private home: of the
working tree it gets the plans, the estate and the exemptions, which are data. Programs of stacks run before, and in
their own processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from formats.errors import Exit, Failed, InputError, error_type
from formats.plan import Plan
from operations.cli.git import commit_of, extract
from operations.cli.session import Session
from operations.settings import make_folder, write_whole

REQUIRED = ("formats", "operations", "policies", "tre_templates")
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TERM", "COLUMNS", "NO_COLOR", "TMPDIR")
"""The variables of the environment that an evaluation may need. It needs no credentials."""
_PASSED = ("verdict: passed", '"verdict": "passed"', 'name="verdict" value="passed"')
"""An explicit verdict in the formats of a report."""
_PAGES = ("html", "markdown")


@dataclass(frozen=True)
class OtherCatalogue:
    """The policies of a revision."""

    session: Session
    revision: str
    commit: str

    @classmethod
    def at(cls, session: Session, revision: str) -> OtherCatalogue:
        """Return the policies of a revision. `InputError` where the repository has no such revision."""
        return cls(session, revision, commit_of(session.settings.root, revision))

    def check_plans(self, plans: Sequence[Plan], options: Sequence[str]) -> None:
        """Evaluate the plans and states of all stacks of an estate."""
        with TemporaryDirectory(prefix="sde-plans-") as folder:
            files = [Path(folder) / f"{plan.stack}.json" for plan in plans]
            for file, plan in zip(files, plans, strict=True):
                write_whole(file, json.dumps(plan.to_json(), ensure_ascii=False) + "\n")
            self.check_files(files, [*options, "--whole"])

    def check_files(self, files: Sequence[Path], options: Sequence[str]) -> None:
        """Evaluate files, and print the report. Raise the error that the evaluation ended with.

        Success is an explicit verdict, not the exit code alone.
        """
        self.session.output.err.print(f"policies of {self.revision}: {self.commit}", style="dim")
        estate = self.session.estate_folder.absolute()
        shared = [*(["--json"] if self.session.output.json else []), "--estate", str(estate)]
        with TemporaryDirectory(prefix="sde-catalogue-") as folder:
            code = Path(folder) / "code"
            make_folder(code)
            extract(self.session.settings.root, self.commit, code, REQUIRED)
            done = self._run(code, [*shared, "policy", "check", *(str(f.absolute()) for f in files), *options])
        self._print(done)
        if done.returncode != Exit.DONE:
            raise error_type(done.returncode)(f"The policies of {self.revision} did not pass this: see above.")
        if not any(passed in done.stdout for passed in _PASSED) and not set(_PAGES) & set(options):
            raise Failed(f"The policies of {self.revision} ended without a verdict, so nothing was passed.")

    def _run(self, code: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        environ = {name: self.session.settings.environ[name] for name in _KEPT if name in self.session.settings.environ}
        environ |= {"PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1", "SDE_HOME": str(code.parent / "home")}
        command = [sys.executable, "-s", "-m", "operations", *arguments]
        return subprocess.run(command, cwd=code, env=environ, capture_output=True, text=True, check=False)  # noqa: S603

    def _print(self, done: subprocess.CompletedProcess[str]) -> None:
        if done.stdout:
            self.session.output.line(done.stdout.rstrip("\n"))
        if done.stderr:
            self.session.output.err.print(done.stderr.rstrip("\n"), soft_wrap=True)


def refuse_unusable(revision: str | None, target: str | None) -> None:
    """Refuse options that do not go with another catalogue: its report is printed, so that the verdict is read."""
    if revision is not None and target not in (None, "-"):
        raise InputError("--catalogue prints its report.", key="--output", found=target, allowed="- or nothing",
                         fix="redirect stdout to the file")  # fmt: skip
