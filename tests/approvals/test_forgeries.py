"""No forged bundle is accepted, and each honest one is: a sample here, all in scripts/soak."""

from __future__ import annotations

import os
import random
import time
from functools import cache

import pytest

from approvals.permit import Permit, Refusals, verify_permit, within
from formats.errors import InputError
from tests.approvals.forgeries import KINDS, copied, honest
from tests.approvals.link_forgeries import LINK_KINDS
from tests.approvals.site import Site, proposed
from tests.approvals.tested import LINKS, TestedSite

FORGED = int(os.environ.get("SDE_FORGED", "300"))
HONEST = int(os.environ.get("SDE_HONEST", "30"))
SEED = 17
VERIFIED_WITHIN = float(os.environ.get("SDE_VERIFY_MS", "20")) / 1000
"""Four times the goal by default: here other tests have the processor too."""
POOL = min(HONEST, 40)
"""How many honest bundles the forged ones are made from."""


@cache
def pool(number: int) -> Site:
    return honest(SEED + number)


def result(site: Site) -> Permit | Refusals:
    try:
        return verify_permit(site.files, site.context, site.submission)
    except InputError as refused:  # the route itself
        return Refusals((str(refused),))


def test_every_honest_bundle_is_accepted() -> None:
    for number in range(HONEST):
        site = pool(number) if number < POOL else honest(SEED + number)
        found = result(site)
        assert isinstance(found, Permit), (number, found)
        assert within(found, proposed(site), site.now) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_no_forged_bundle_is_accepted(kind: str) -> None:
    for number in range(-(-FORGED // len(KINDS))):
        rng = random.Random(f"{SEED} {kind} {number}")  # noqa: S311 - the same in each run
        site = copied(pool(rng.randrange(POOL)))
        KINDS[kind](site, rng)
        found = result(site)
        assert isinstance(found, Refusals), (kind, number)
        assert found.reasons


@cache
def promoted_site() -> TestedSite:
    found = TestedSite.of()
    assert set(LINKS) == found.versions.links
    return found


@pytest.mark.parametrize("kind", LINK_KINDS)
def test_no_forged_link_or_evidence_leads_to_a_later_version(kind: str) -> None:
    for number in range(-(-FORGED // len(KINDS))):
        site = promoted_site().copied()
        LINK_KINDS[kind](site, random.Random(f"{SEED} {kind} {number}"))  # noqa: S311 - the same in each run
        try:
            found = site.versions
        except InputError:
            continue
        assert not set(LINKS) & found.links, (kind, number)


def test_a_bundle_is_verified_in_milliseconds() -> None:
    site, took = Site.of().approve(), []
    for _ in range(10):
        before = time.process_time()
        site.progress()
        took.append(time.process_time() - before)
    assert min(took) < VERIFIED_WITHIN, took
