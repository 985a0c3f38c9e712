"""Tenancies of the service templates come up, change, pass gate, flows and Checkov, go down at the first try, and come
back under their names. Azure is under load.

`SDE_LIVES=all` has the examples of all templates in one estate, with each engine (`scripts/soak`); otherwise there is
the one whose whole life no other test has.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_azure.admin import resources, set_load
from local_azure.load.setting import Load
from operations.estate.shared_tenancy_schema import example_tenancy
from operations.estate.templates import ServiceTemplate, names, service_template
from operations.settings import ROOT
from tests.journeys.conftest import Workspace
from tests.operations.estates import change
from tests.pulumi_cli import CLI, needs_cli

IS_SOAK = os.environ.get("SDE_LIVES") == "all"
ENGINES = ["embedded", *([pytest.param("pulumi", marks=needs_cli)] if IS_SOAK else [])]
TEMPLATES = names() if IS_SOAK else ("bespoke-confidential",)
ORCHESTRATOR = "6c2f3f0e-5a52-4c60-9f1d-1de0b7c3a201"
DATABASE = "local/azure.db"
TODAY = datetime.now(UTC).date()
APPROVAL = {"owner": "f46d0e82-360a-50ca-9f92-a60d3f71f8eb", "approver": "a901f6e6-2c6f-54fb-bfee-6b0112cd08fb",
            "purpose": "Licences for the desks", "expires": TODAY + timedelta(days=365)}  # fmt: skip
LICENCES = {"name": "licences", "addresses": ["198.51.100.7"], "approval": APPROVAL}


@dataclass
class Lives(Workspace):
    """A deployed estate with the examples of some service templates."""

    engine: str = ""
    templates: Sequence[ServiceTemplate] = ()

    def sde(self, *arguments: str, code: int = 0) -> str:
        return super().sde("--engine", self.engine, *arguments, code=code)

    def request_of(self, template: ServiceTemplate) -> Path:
        return self.estate / f"requests/{template.example['project']}.yaml"

    @property
    def stacks(self) -> list[str]:
        """The stacks of the examples, with those of shared tenancies."""
        shared = {f"shared-{one.example['tenancy']}" for one in self.templates if "tenancy" in one.example}
        return [*sorted(shared), *(f"tre-{one.example['project']}" for one in self.templates)]

    def add_examples(self) -> None:
        """Add the requests, and the shared tenancies that they name."""
        requests = [one.example_request(TODAY) for one in self.templates]
        for request in requests:
            (self.estate / f"requests/{request['project']}.yaml").write_text(yaml.safe_dump(request))
        ends = TODAY + timedelta(days=500)
        shared = [example_tenancy(one["tenancy"], ends) for one in requests if "tenancy" in one]
        keys = {"shared_tenancies": shared, "confidential_orchestrator": ORCHESTRATOR}
        change(self.estate / "estate.yaml", lambda data: data.update(keys))

    def change_examples(self) -> None:
        """Change what projects ask for in time: a desk, a registry, a budget, tiers, a later end, and a way out."""
        for one in self.templates:
            change(self.request_of(one), partial(ask_for_more, keeps_end=one.longest_days is not None))
        kinds = {one.kind.value for one in self.templates}
        change(self.estate / "estate.yaml", lambda data: [data["egress"][kind].append(LICENCES) for kind in kinds])

    def end_and_ask_again(self) -> None:
        """Remove the requests, as a person does after the end of a project, and make the same ones again."""
        files = {self.request_of(one): self.request_of(one).read_text() for one in self.templates}
        for file in files:
            file.unlink()
        self.sde("render")
        for file, text in files.items():
            file.write_text(text)

    def ids(self) -> set[str]:
        """Return the ids of all resources in the local Azure, without the ways out, which are the estate's."""
        return {one.id for one in resources(self.home / DATABASE) if "/ruleCollectionGroups/" not in one.id}

    def has_nothing_to_change(self) -> bool:
        plans = self.plans("--all")
        assert set(self.stacks) < set(plans)
        return not any(plans.values())


def ask_for_more(request: dict[str, Any], *, keeps_end: bool) -> None:
    request["desks"].append(request["desks"][0] | {"name": "second", "shutdown": "19:00"})
    request["services"] = {"registry": {}}
    request["budget"] = {"monthly_gbp": 900, "alerts": ["a.person@trust.example"]}
    request["tiers"] = {"cool_after_days": 30}
    if not keeps_end:
        request["expires"] += timedelta(days=30)


@pytest.mark.parametrize("engine", ENGINES)
def test_tenancies_come_up_change_go_down_and_come_back(deployed: Workspace, engine: str) -> None:
    tools = str(CLI.parent) if CLI else os.devnull
    path = {"PATH": os.pathsep.join([tools, os.environ["PATH"]]), "HOME": str(deployed.folder)}
    lives = Lives(deployed.folder, path, engine=engine, templates=[service_template(name) for name in TEMPLATES])
    set_load(lives.home / DATABASE, Load.BUSY)
    lives.add_examples()
    at_first = lives.ids()
    lives.sde("up", *lives.stacks, "--yes")
    assert lives.has_nothing_to_change()

    lives.change_examples()
    lives.sde("up", "--all", "--yes")  # ends with the gate on the whole estate
    assert lives.has_nothing_to_change()
    if IS_SOAK:
        lives.sde("policy", "check", *lives.stacks)
        lives.sde("policy", "flows", "--all")
    if IS_SOAK or (ROOT / ".venv-checkov").exists():  # scripts/checkov would make it
        lives.sde("policy", "checkov", *lives.stacks)

    before = lives.ids()
    lives.sde("destroy", *lives.stacks, "--yes")
    assert lives.ids() == at_first
    lives.end_and_ask_again()
    lives.sde("up", *lives.stacks, "--yes")
    assert len(lives.ids()) == len(before)
    assert lives.has_nothing_to_change()
