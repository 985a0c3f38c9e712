"""The pages that single commands write, with hostile names, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from formats.plan import Operation
from operations.diffs.pages import Title
from operations.diffs.pages import html as diff_page
from operations.diffs.stack_diff import stack_diff
from operations.reports.public_register import Project, Status, as_html
from operations.reports.report_formats import written
from tests.browser.checks import all_wrong, needs_browser
from tests.operations.diffs.test_stack_diff import plan, resource
from tests.operations.reports.samples import report

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


@pytest.mark.parametrize("write", [matrix, register, diff, empty_diff])
def test_a_page_of_a_command_works_for_everybody(tmp_path: Path, write: Callable[[], str]) -> None:
    (tmp_path / "page.html").write_text(write())
    assert all_wrong(tmp_path / "page.html") == []
