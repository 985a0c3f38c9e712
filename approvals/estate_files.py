"""The files of approvals in an estate's folder.

route.yaml                                    the route, or the name of a shipped one
approvals/approvers/<version>.json            the people, roles and keys
approvals/assessments/<project>.json          what was assessed; the views of decisions bind it
approvals/requests/<project>/<digest>.json    the decisions
approvals/actions/<request>/<digest>.json     the answers to requests of an action
approvals/promotions/<digest>.json            the evidence that a version was applied in the test estate
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from approvals.approvers import Anchor, Approvers, verify_approvers
from approvals.assessment import Assessment
from approvals.canonical import MAX_BYTES, canonical, content_of, read_canonical
from approvals.decision import SUFFIX, read_files
from approvals.promotion import verify_versions
from approvals.rights import Context, History
from approvals.route import Route, read_route
from approvals.submission import Submission
from approvals.versions import Versions
from formats.errors import InputError
from formats.yaml_reader import within

FOLDER, ACTIONS = "approvals", "actions"
ANCHOR = "SDE_APPROVERS_ANCHOR"
"""The variable with the digest of the first version of the approvers, from outside the estate."""
_FOLDER = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class EstateFiles:
    """The approvals in an estate's folder. `estate`: the code of the estate."""

    folder: Path
    estate: str

    @property
    def approvers_folder(self) -> Path:
        """The versions of the approvers."""
        return self._inside("approvers")

    def decisions_folder(self, project: str) -> Path:
        """The decisions on a project's requests."""
        return self._inside("requests", project)

    def assessment_file(self, project: str) -> Path:
        """The assessment of a project's request."""
        return self._inside("assessments", project + SUFFIX)

    def action_folder(self, digest: str) -> Path:
        """The answers to a request of an action."""
        return self._inside(ACTIONS, digest.removeprefix("sha256:"))

    def _inside(self, *names: str) -> Path:
        path = self.folder.joinpath(FOLDER, *names)
        return within(self.folder, path, str(path))

    def route(self) -> Route:
        """Return the estate's route. `InputError` if it has none."""
        return read_route(self.folder)

    def versions(self) -> list[tuple[str, bytes]]:
        """Return the files of the approvers, the first version first. `InputError` for a gap or another name."""
        files = {Path(path).stem: (path, content) for path, content in read_files(self.approvers_folder).items()}
        names = [str(number) for number in range(1, len(files) + 1)]
        if stranger := sorted(set(files) - set(names)):
            raise InputError("This is not the next version of the approvers.", file=files[stranger[0]][0],
                             allowed=f"1{SUFFIX}, 2{SUFFIX} and so on")  # fmt: skip
        return [files[name] for name in names]

    def approvers(self, anchor: Anchor, now: datetime) -> Approvers:
        """Return the newest approvers, verified from the anchor."""
        return verify_approvers(self.versions(), anchor, estate=self.estate, now=now)

    def context(self, anchor: Anchor, now: datetime, history: History | None = None) -> Context:
        """Return what signed documents are verified with."""
        return Context(self.approvers(anchor, now), self.route(), now, history or History())

    def decisions(self, project: str) -> dict[str, bytes]:
        """Return the files of the decisions on a project, by path."""
        return read_files(self.decisions_folder(project))

    def submission(self, request: Mapping[str, Any], file: str) -> Submission:
        """Return a request with its assessment. `InputError` if there is none, or of another version."""
        project = str(request.get("project"))
        path = self.assessment_file(project)
        if not path.is_file():
            raise InputError("The request was not assessed.", file=file, fix=f"sde request assess {project}")
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1).removesuffix(b"\n")
        return Submission(self.estate, request, read_canonical(Assessment, text, file=str(path)), file)

    def actions(self) -> dict[str, dict[str, bytes]]:
        """Return the files of the answers to each request of an action, by its digest."""
        folder, found = self._inside(ACTIONS), {}
        for one in sorted(folder.iterdir()) if folder.is_dir() else ():
            if not (one.is_dir() and _FOLDER.fullmatch(one.name)):
                raise InputError(
                    "This is not the folder of a permit.", file=str(one), allowed="64 digits of 0-9 and a-f"
                )
            found[f"sha256:{one.name}"] = read_files(within(self.folder, one, str(one)))
        return found

    @property
    def promotions_folder(self) -> Path:
        """The evidence of promotions."""
        return self._inside("promotions")

    def taken(self, context: Context) -> Versions:
        """Return the versions that permits may hold under."""
        return verify_versions(self.actions().values(), read_files(self.promotions_folder), context, self.estate)


def assessment_text(assessment: Assessment) -> str:
    """Return the text of an assessment's file."""
    return canonical(content_of(assessment)).decode() + "\n"
