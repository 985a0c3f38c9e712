"""The permit of a tenancy, as the policy pack requires it: from the files of the estate, without a ledger and prices.

`sde up` compares more: what the ledger has of decisions, and the price. It renders the configuration of a stack itself;
the pack compares the file of it with the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from approvals.approvers import Anchor
from approvals.assessment import Template, UnknownSize, summary_of
from approvals.canonical import digest_of
from approvals.estate_files import ANCHOR, FOLDER, EstateFiles
from approvals.permit import Permit, Proposed, Refusals, other_versions, verify_permit, within
from approvals.request_files import REQUESTS, read_request
from approvals.rights import Context
from approvals.route import FILE_NAME
from approvals.versions import Versions
from formats.errors import InputError
from formats.plan import Plan
from formats.stack_config import Cloud
from formats.stack_names import TENANCY
from formats.yaml_reader import read_mapping
from policies.permitted_config import differences


class PermitCheck:
    """The permits of one estate's tenancies.

    `catalogue`: the digest of the catalogue of policies. `configs`: the folder of the stacks' configuration files.
    """

    def __init__(self, estate: Path, catalogue: str, environ: Mapping[str, str], configs: Path) -> None:
        self._estate, self._catalogue, self._environ, self._configs = estate, catalogue, environ, configs
        self._permits: dict[str, Permit | Refusals] = {}

    def missing(self, stack: str) -> tuple[str, ...]:
        """Return why a stack may not be changed at all; nothing if it has a permit or needs none."""
        if not self._needs_permit(stack):
            return ()
        found = self._permit(stack)
        return found.reasons if isinstance(found, Refusals) else ()

    def refusals(self, plan: Plan) -> tuple[str, ...]:
        """Return why a stack may not become what a plan has; nothing if that is within its permit or needs none."""
        if missing := self.missing(plan.stack):
            return missing
        found = self._permits.get(plan.stack)
        if not isinstance(found, Permit):
            return ()
        request = read_request(self._estate, found.project)
        try:
            template = Template.present(str(request.get("template")))
            proposed = Proposed(digest_of(request), template, self._catalogue, summary_of(plan), cost=None)
            return within(found, proposed, datetime.now(UTC), self._versions)
        except UnknownSize as unknown:
            return (f"a size follows only from the deployment: {unknown}",)
        except InputError as error:
            return (str(error),)

    def _needs_permit(self, stack: str) -> bool:
        """Return True for a tenancy, but for one of a local estate that has no approvals."""
        if not stack.startswith(TENANCY):
            return False
        has_route = (self._estate / FILE_NAME).exists() or (self._estate / FOLDER).exists()
        return has_route or ANCHOR in self._environ or not self._is_local

    @cached_property
    def _is_local(self) -> bool:
        try:
            return read_mapping(self._estate / "estate.yaml").get("cloud") == Cloud.LOCAL
        except InputError:
            return False

    def _permit(self, stack: str) -> Permit | Refusals:
        if stack not in self._permits:
            try:
                found = self._verified(stack.removeprefix(TENANCY))
                others = self._others(stack, found) if isinstance(found, Permit) else ()
                self._permits[stack] = Refusals(others) if others else found
            except InputError as error:
                self._permits[stack] = Refusals((str(error),))
        return self._permits[stack]

    def _verified(self, project: str) -> Permit | Refusals:
        context = self._context
        file = str(self._estate / REQUESTS / f"{project}.yaml")
        submission = self._files.submission(read_request(self._estate, project), file)
        return verify_permit(self._files.decisions(project), context, submission)

    def _others(self, stack: str, permit: Permit) -> tuple[str, ...]:
        """Return what of the configuration or of the present versions a permit does not have, in a sentence each."""
        template = Template.present(str(read_request(self._estate, permit.project).get("template")))
        return differences(stack, self._estate, self._configs) or other_versions(
            permit, template, self._catalogue, self._versions
        )

    @cached_property
    def _context(self) -> Context:
        if ANCHOR not in self._environ:
            raise InputError("Nothing says which approvers are the right ones.", key=ANCHOR, found="nothing",
                             allowed="the digest of their first version, from your own records")  # fmt: skip
        return self._files.context(Anchor(self._environ[ANCHOR]), datetime.now(UTC).replace(microsecond=0))

    @cached_property
    def _versions(self) -> Versions:
        return self._files.taken(self._context)

    @cached_property
    def _files(self) -> EstateFiles:
        file = self._estate / "estate.yaml"
        return EstateFiles(self._estate, str(read_mapping(file).get("code")))
