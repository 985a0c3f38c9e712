"""The versions of the catalogue and of templates that this product has now, beside those that permits bind."""

from __future__ import annotations

from collections.abc import Iterator

from approvals.assessment import Template
from approvals.permit import Permit, verify_permit
from approvals.versions import CATALOGUE, Link, Versions, template_subject
from formats.errors import InputError, Refused
from operations.cli.estate_requests import EstateRequests
from policies.catalogue import catalogue_digest


def present_template(requests: EstateRequests, project: str) -> Template:
    """Return the template of a request in its present version."""
    return Template.present(requests.estate.requests[project].template)


def versions_not_approved(requests: EstateRequests, project: str, permit: Permit) -> tuple[str, ...]:
    """Return which of the present versions a permit does not hold under, in a sentence each, as `up` compares them."""
    return requests.versions.outside(permit, present_template(requests, project), catalogue_digest())


def links_to_take(requests: EstateRequests) -> list[str]:
    """Return the links from the versions that permits of the estate bind to the present ones, in their order.

    `InputError` if no permit needs one. `Refused` for a version that was not applied in the test estate.
    """
    versions = requests.versions.held
    found = sorted(set(_needed(requests, versions)))
    if not found:
        raise InputError("No permit of the estate binds another version.", key="--target", found="nothing",
                         allowed="catalogue BEFORE AFTER, or template NAME BEFORE AFTER")  # fmt: skip
    if untested := [str(link) for link in found if not versions.is_promoted(link)]:
        raise Refused("These versions were not applied in the test estate:" + "".join(f"\n  {one}" for one in untested)
                      + "\n  fix:     sde up there, then sde promote here")  # fmt: skip
    return [str(link) for link in found]


def _needed(requests: EstateRequests, versions: Versions) -> Iterator[Link]:
    for project in requests.estate.requests:
        try:
            context, documents = requests.context_of(project), requests.files.decisions(project)
            permit = verify_permit(documents, context, requests.submission(project))
        except InputError:
            continue
        if isinstance(permit, Permit):
            bound, template = permit.assessment, present_template(requests, project)
            for subject, before, after in (
                (CATALOGUE, bound.verdict.catalogue, catalogue_digest()),
                (template_subject(template.name), bound.template.digest, template.digest),
            ):
                if not versions.holds(subject, before, after):
                    yield Link(subject, before, after)
