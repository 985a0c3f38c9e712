"""The route of an estate: shipped or its own, and never one in which something is decided unseen or by one person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from approvals.route import SHIPPED, Part, read_route, read_shipped, shipped_routes
from formats.errors import InputError


def test_the_shipped_routes_are_those_of_west_midlands_and_of_a_trust() -> None:
    assert shipped_routes() == ("trust-committee", "west-midlands")
    steps = {name: [step.name for step in read_shipped(name).steps] for name in shipped_routes()}
    assert steps["west-midlands"] == ["programme-review", "feasibility", "governance", "contract", "committee"]
    assert len({read_shipped(name).digest for name in shipped_routes()}) == 2


def own(folder: Path, edit: Callable[[Any], object]) -> Path:
    content = yaml.safe_load((SHIPPED / "west-midlands.yaml").read_text())
    edit(content)
    (folder / "route.yaml").write_text(yaml.safe_dump(content))
    return folder


def test_an_estate_names_a_shipped_route_or_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "route.yaml").write_text("route: west-midlands\n")
    assert read_route(tmp_path) == read_shipped("west-midlands") == read_route(own(tmp_path, lambda _: None))
    (tmp_path / "route.yaml").write_text("route: ../../estate/estate\n")
    with pytest.raises(InputError, match="There is no such route"):
        read_route(tmp_path)


def unseen(part: Part) -> Callable[[Any], object]:
    return lambda route: [step["sees"].remove(part.value) for step in route["steps"] if part.value in step["sees"]]


@pytest.mark.parametrize("part", Part)
def test_a_route_in_which_no_step_sees_a_part_is_refused(part: Part, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No step sees a part|sees"):
        read_route(own(tmp_path, unseen(part)))


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda route: route["steps"][0].update(after=["committee"]), "No earlier step has this name"),
        (lambda route: route["steps"][1].update(name="governance"), "steps"),
        (lambda route: route["steps"][4].update(agree=0), "agree"),
        (lambda route: route["steps"][4].update(roles=[]), "roles"),
        (lambda route: route["steps"][4].update(roles=["key-keepers"]), "roles"),
        (lambda route: route["steps"][4].update(role="committee"), "not known"),
        (lambda route: route["actions"].pop("break-glass"), "break-glass"),
        (lambda route: route["actions"]["destroy-data"].update(agree=1), "agree"),
        (lambda route: route.update(steps=[{**route["steps"][0], "sees": [part.value for part in Part]}]),
         "One person alone would approve"),
    ],
)  # fmt: skip
def test_a_route_that_would_skip_a_decision_is_refused(
    edit: Callable[[Any], object], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=problem):
        read_route(own(tmp_path, edit))
