"""A random walk of changes to an estate: what the gate permits is deployed; what it refuses changes nothing.

`SDE_WALK_STEPS` is the number of steps (`scripts/soak` takes 500), each of which is then printed.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from formats.plan import Plan
from operations.engine.choose import choose
from operations.engine.port import StackSettings
from operations.settings import Settings
from policies.estate_evaluation import EstateEvaluation, planned_stack
from policies.model import Finding
from policies.plan_evaluation import today
from policies.rules import load
from policies.stack_cache import StackCache
from tests.kept_hosts import main
from tests.made_once import deployed_estate
from tests.operations.estates import add_request, change, snapshot

STEPS = int(os.environ.get("SDE_WALK_STEPS", "6"))
IS_SOAK = "SDE_WALK_STEPS" in os.environ
PROJECTS = ("hcm-progression", "heart", "lung")
GROUPS = ("researchers", "stewards", "checkers")
FREE = [f"5bbb7694-f292-5ef8-995d-{number:012x}" for number in range(12)]
ZONES = {
    "staging": "5bbb7694-f292-5ef8-995d-ea3581a724bc",
    "archive": "8cdc5e19-d1ff-5fda-9ace-58ed5c2f2b9e",
    "junction": "87f58276-b955-51fd-a7f0-46d3e8bb480b",
}


SHARED = ("platform", "junction-zone", "safe-haven")
EDITS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(PROJECTS[1:]), st.integers(0, 9)),
    st.tuples(
        st.just("change_group"),
        st.sampled_from(PROJECTS),
        st.sampled_from(GROUPS),
        st.sampled_from([*FREE, *ZONES.values()]),
    ),
    st.tuples(
        st.just("change_size"), st.sampled_from(PROJECTS), st.sampled_from(["Standard_D4s_v5", "Standard_E8s_v5"])
    ),
    st.tuples(st.just("change_tag"), st.sampled_from(["SDE-0001", "SDE-0002"])),
)
"""A change of the estate's files: the name of the method that makes it, and its arguments."""


class EstateWalk(RuleBasedStateMachine):
    """One estate, its stacks, and the changes that a team makes to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="sde-walk-"))
        self.settings = Settings.load({"SDE_HOME": str(self.folder / "home"), "PATH": "/nowhere"})
        self.cache = StackCache()
        self.deployments = 0
        self.plans: dict[str, Plan] = {}
        """The deployed stacks after the last step."""
        self.is_changed = False
        """True if the last step changed a deployed stack: otherwise there is nothing new to evaluate."""

    @initialize(number=st.integers(0, 2**32))
    def deploy(self, number: int) -> None:
        """Start with a deployed estate.

        `number` is 0 in the simplest example alone, which Hypothesis tries first: it would repeat one rule.
        """
        assume(number)
        shutil.copytree(deployed_estate(), self.folder, dirs_exist_ok=True)
        self.read_deployed()
        self.files = snapshot(self.estate)

    def teardown(self) -> None:
        """Remove the estate."""
        shutil.rmtree(self.folder)

    @rule(edit=EDITS, deploy=st.none() | st.sampled_from(["--all", *SHARED, *(f"tre-{name}" for name in PROJECTS)]))
    def step(self, edit: tuple[str, ...], deploy: str | None) -> None:
        """Change the estate's files, and deploy one stack, all or none. Take back what makes the files invalid.

        This is one rule, because Hypothesis leaves some rules out of each walk.
        """
        self.is_changed = False
        name, *arguments = edit
        getattr(self, name)(*arguments)
        if deploy == "--all":
            self.keep_or_take_back(self.up_all())
        elif deploy in SHARED or (deploy and self.request(deploy.removeprefix("tre-")).exists()):
            self.keep_or_take_back(self.up(str(deploy)))

    def keep_or_take_back(self, code: int) -> None:
        """Return to the last valid files after exit code 2. They may be invalid since an edit some steps ago."""
        if code != 2:
            self.files = snapshot(self.estate)
            return
        shutil.rmtree(self.estate)
        for file, content in self.files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    # Changes of the estate's files

    def add(self, project: str, first: int) -> None:
        """Add a request, with groups that another request may have too."""
        if not self.request(project).exists():
            add_request(self.estate, project, **dict(zip(GROUPS, FREE[first:], strict=False)))

    def change_group(self, project: str, group: str, id_: str) -> None:
        """Give a role of a project to another group, perhaps one that has access elsewhere."""
        self.edit(project, **{group: id_})

    def change_size(self, project: str, size: str) -> None:
        """Change a desk's size."""
        if self.request(project).exists():
            change(
                self.request(project),
                lambda content: (content["desks"][0].update(size=size), content.update(template="bespoke-tabular")),
            )

    def change_tag(self, cost_centre: str) -> None:
        """Change a tag of every stack of the organisation."""
        change(self.estate / "estate.yaml", lambda content: content.update(cost_centre=cost_centre))

    # Deployments

    def up_all(self) -> int:
        """Deploy everything, and return the exit code. What is refused does not stop the others."""
        code = self.sde("up", "--all", "--yes")
        self.told("up --all", code)
        assert code in (0, 2, 3)
        before, after = self.read_deployed()
        if code == 2:
            assert after == before
        return code

    def up(self, stack: str) -> int:
        """Deploy one stack, and return the exit code."""
        code = self.sde("up", stack, "--yes")
        self.told(f"up {stack}", code)
        before, after = self.read_deployed()
        if code == 0:
            assert stack in after
            assert {name: plan for name, plan in after.items() if name != stack} == {
                name: plan for name, plan in before.items() if name != stack
            }
            assert self.sde("preview", stack) == 0
        else:
            assert code in (2, 3)
            assert after == before
        return code

    # What holds after each step

    @invariant()
    def incremental_evaluation_equals_a_fresh_one(self) -> None:
        """The evaluation with kept shapes and folded tenancies gives the findings of a fresh and complete one."""
        if not self.is_changed:
            return
        plans = self.plans
        stacks = [planned_stack(plan) for plan in plans.values()]

        def findings(cache: StackCache | None = None, *, exhaustive: bool = False) -> set[Finding]:
            evaluation = EstateEvaluation.of(load().values(), today(), cache)
            found = evaluation.findings(stacks, own=list(plans), exhaustive=exhaustive)
            return {*found.own, *found.elsewhere}

        fresh = findings(exhaustive=True)
        assert findings(self.cache) == fresh
        assert not [finding for finding in fresh if finding.verdict.blocks]

    # Helpers

    def told(self, step: str, code: int) -> None:
        """Count a deployment and, in the soak, print it."""
        self.deployments += 1
        if IS_SOAK:
            print(f"{self.deployments}: {step}: exit {code}", file=sys.__stderr__, flush=True)

    @property
    def estate(self) -> Path:
        return self.folder / "estate"

    def request(self, project: str) -> Path:
        return self.estate / f"requests/{project}.yaml"

    def edit(self, project: str, **values: Any) -> None:
        if self.request(project).exists():
            change(self.request(project), lambda content: content.update(values))

    def sde(self, *arguments: str) -> int:
        return main([*arguments, "--engine", "embedded", "--estate", str(self.estate)], settings=self.settings)

    def read_deployed(self) -> tuple[dict[str, Plan], dict[str, Plan]]:
        """Return the states of the stacks before the present step, and now."""
        before, self.plans = self.plans, self.deployed()
        self.is_changed = before != self.plans
        return before, self.plans

    def deployed(self) -> dict[str, Plan]:
        """Return the state of each stack."""
        names = [*SHARED, *(f"tre-{project}" for project in PROJECTS)]
        config = {"sde:cloud": "local", "sde:subscription": "10ca1000-0000-4000-8000-000000000001"}
        stacks = [StackSettings(name, config, self.folder / f"Pulumi.{name}.yaml") for name in names]
        return dict(choose("embedded", "local", self.settings).current_state(stacks))


def test_a_random_walk_of_changes_keeps_the_estate_safe(capsys: pytest.CaptureFixture[str]) -> None:
    walk = settings(
        max_examples=1,
        stateful_step_count=STEPS,
        derandomize=not IS_SOAK,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(EstateWalk, settings=walk)
    capsys.readouterr()
