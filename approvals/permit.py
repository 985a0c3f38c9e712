"""The permit of a tenancy: what follows from a complete set of decisions, and whether a plan is within it.

A permit is never read from a file: it is computed from the decisions each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from approvals.assessment import Assessment, Cost, PlanSummary, Template
from approvals.canonical import content_of, digest_of
from approvals.rights import Context
from approvals.submission import Submission
from approvals.verification import verify
from approvals.versions import CATALOGUE, Promotion, Versions, template_subject
from formats.errors import InputError


@dataclass(frozen=True)
class Permit:
    """The limits within which the tenancy of an approved request may be changed."""

    estate: str
    project: str
    number: str
    request: str
    """The digest of the request."""
    assessment: Assessment
    """The limits: kinds and numbers of resources, sizes, cost, template and catalogue."""
    cost_margin_percent: int
    """By how much the price may have risen."""
    expires: date
    """The first day on which nothing runs."""
    decisions: tuple[str, ...]
    """The digests of the approvals that it follows from."""

    @property
    def digest(self) -> str:
        """The digest of the permit, for the ledger: of what is permitted, and of who permitted it."""
        about = [self.estate, self.project, self.number, self.request, self.expires.isoformat()]
        return digest_of([*about, self.cost_margin_percent, content_of(self.assessment), list(self.decisions)])


@dataclass(frozen=True)
class Refusals:
    """Why there is no permit."""

    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Proposed:
    """The deployment that is compared with a permit."""

    request: str
    """The digest of the request."""
    template: Template
    catalogue: str
    """The digest of the catalogue of policies."""
    plan: PlanSummary
    cost: Cost | None
    """None without a price book, as in the policy pack: then all but the cost is compared."""


def verify_permit(files: Mapping[str, bytes], context: Context, submission: Submission) -> Permit | Refusals:
    """Return the permit of a request, or why there is none. `files`: every file of the project's decisions."""
    try:
        progress = verify(files, context, submission)
    except InputError as error:
        return Refusals((str(error),))
    reasons = list(progress.why_incomplete())
    if not submission.assessment.verdict.passed:
        reasons.append("the policies refused the assessed plan")
    expires = _end(submission)
    if expires is None or context.now.date() >= expires:
        reasons.append(f"the request ended on {expires or 'no day'}")
    if reasons or not progress.is_complete or expires is None:
        return Refusals(tuple(reasons))
    decisions = sorted(one.digest for step in progress.steps for one in step.approvals)
    return Permit(submission.estate, submission.project, submission.number, submission.digest, submission.assessment,
                  context.route.cost_margin_percent, expires, tuple(decisions))  # fmt: skip


def _end(submission: Submission) -> date | None:
    try:
        return date.fromisoformat(str(submission.request.get("expires")))
    except ValueError:
        return None


def within(permit: Permit, proposed: Proposed, now: datetime, versions: Versions | None = None) -> tuple[str, ...]:
    """Return what of a deployment is outside its permit, in a sentence each; nothing if it is within.

    `versions`: the signed links between versions; None: the permit holds under the versions that it binds alone.
    """
    approved = permit.assessment
    found = []
    if now.date() >= permit.expires:
        found.append(f"the permit ended on {permit.expires}")
    if proposed.request != permit.request:
        found.append(f"the request is not the approved one: {proposed.request} instead of {permit.request}")
    found += other_versions(permit, proposed.template, proposed.catalogue, versions or Versions())
    found += _larger(proposed.plan, approved.plan)
    return (*found, *(_dearer(proposed.cost, approved.cost, permit.cost_margin_percent) if proposed.cost else ()))


def other_versions(permit: Permit, template: Template, catalogue: str, versions: Versions) -> tuple[str, ...]:
    """Return which of the present versions a permit does not hold under, in a sentence each."""
    bound, found = permit.assessment, []
    if template.name != bound.template.name:
        found.append(f"the template is not the approved one: {template.name} instead of {bound.template.name}")
    for what, subject, one, other in (
        (f"version of the template {bound.template.name}", template_subject(bound.template.name), template.digest,
         bound.template.digest),
        ("catalogue of policies", CATALOGUE, catalogue, bound.verdict.catalogue),
    ):  # fmt: skip
        if not versions.holds(subject, other, one):
            found.append(
                f"the {what} is not the approved one: {one} instead of {other}, and no signed take-version leads there"
            )
    if versions.promoted is not None and Promotion(template.digest, catalogue) not in versions.promoted:
        found.append(f"the template {template.name} of this version was not applied in the test estate under the "
                     f"catalogue {catalogue}: sde promote")  # fmt: skip
    return tuple(found)


def _larger(plan: PlanSummary, approved: PlanSummary) -> Iterator[str]:
    for what, counts, limits in (
        ("resources of type", plan.resources, approved.resources),
        ("virtual machines of size", plan.machines, approved.machines),
    ):
        for name, count in counts.items():
            if count > limits.get(name, 0):
                yield f"{count} {what} {name}, approved {limits.get(name, 0)}"
    for what, size, limit in (
        ("GiB of disks", plan.disk_gib, approved.disk_gib),
        ("nodes", plan.nodes, approved.nodes),
    ):
        if size > limit:
            yield f"{size:,} {what}, approved {limit:,}"


def _dearer(cost: Cost, approved: Cost, margin: int) -> Iterator[str]:
    limit = approved.monthly_pence * (100 + margin) // 100
    if cost.currency != approved.currency:
        yield f"the price is in {cost.currency}, approved in {approved.currency}"
    elif cost.monthly_pence > limit:
        yield f"{cost.currency} {cost.monthly_pence / 100:,.2f} a month, approved up to {limit / 100:,.2f}"
    for item in sorted(set(cost.unpriced) - set(approved.unpriced)):
        yield f"no price is known for {item}, which was not approved"
