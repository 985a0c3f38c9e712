"""The pages that single commands write, with hostile names, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from formats.plan import Operation
from operations.diffs.pages import Title
from operations.diffs.pages import html as diff_page
from operations.diffs.stack_diff import stack_diff
from operations.evidence.facts import Facts, StackFact
from operations.evidence.pack import Pack
from operations.evidence.page import html as evidence_page
from operations.evidence.standards import every_control
from operations.reports.public_register import Project, Status, as_html
from operations.reports.report_formats import written
from tests.browser.checks import all_wrong, needs_browser
from tests.operations.diffs.test_stack_diff import plan, resource
from tests.operations.reports.samples import report
from tests.policies.world import policy

pytestmark = needs_browser
HOSTILE = (
    "<script>document.title = 'ran'</script>",
    '"><img src="https://example.invalid/x.png" onerror="console.log(1)">',
    "</title></style><script src='https://example.invalid/x.js'></script>",
    "[x](javascript:alert(1)) {{ 7*7 }} ]]> \u202egnp.exe \u2066",
    "x" * 10_000,
)


def matrix() -> str:
    return written(replace(report(), plans=dict.fromkeys(HOSTILE, "sha256:" + "5" * 64)), "html")


def register() -> str:
    day = date(2026, 3, 1)
    projects = [Project(one, one, one, HOSTILE, day, day, Status.ACTIVE) for one in HOSTILE]
    return as_html(HOSTILE[0], day, projects)


def diff() -> str:
    resources = [resource(one, {"tags": {one: "a"}, "x": 1}, {"tags": {one: one}, "x": "z" * 400}) for one in HOSTILE]
    gone = replace(resources[0], urn=resources[0].urn + "x", operation=Operation.DELETE)
    return diff_page(stack_diff(plan(*resources, gone)), Title(HOSTILE[2], HOSTILE))


def empty_diff() -> str:
    return diff_page(stack_diff(plan()), Title("Changes of one"))


def evidence() -> str:
    flawed = replace(report(), plans=dict.fromkeys(HOSTILE, "sha256:" + "5" * 64))
    judged = replace(flawed, policies={one.id: one for one in (policy(), policy(id_="XX2"))})
    stacks = tuple(StackFact(one, None, True) for one in HOSTILE)
    facts = Facts(HOSTILE[0], datetime(2026, 3, 1, tzinfo=UTC), "0.1.0", stacks, judged, notes=HOSTILE,
                  state_problems=dict.fromkeys(HOSTILE, HOSTILE[1]))  # fmt: skip
    made = Pack(facts, [one for one in every_control() if one.standard in ("satre", "cis")])
    return evidence_page(made.claims, facts, made.outcomes, is_signed=False)


@pytest.mark.parametrize("write", [matrix, register, diff, empty_diff, evidence])
def test_a_page_of_a_command_works_for_everybody(tmp_path: Path, write: Callable[[], str]) -> None:
    (tmp_path / "page.html").write_text(write())
    assert all_wrong(tmp_path / "page.html") == []
