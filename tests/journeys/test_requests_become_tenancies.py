"""From an empty folder: requests of each service template, decisions by people with their own keys, `sde provision`.

`SDE_LIVES=all` has all templates, with each engine (`scripts/soak`); otherwise there are two, with the embedded engine:
tests/operations/cli/test_whole_estate.py has the others.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from approvals.canonical import content_of
from approvals.public_keys import Algorithm
from approvals.signers import KeySigner
from local_azure.admin import resources
from operations.estate.shared_tenancy_schema import example_tenancy
from operations.estate.templates import names, service_template
from tests.approvals.site import person_id
from tests.journeys.conftest import Workspace
from tests.operations.estates import change, copy_estate, group_of
from tests.pulumi_cli import CLI, needs_cli

IS_SOAK = os.environ.get("SDE_LIVES") == "all"
ENGINES = ["embedded", *([pytest.param("pulumi", marks=needs_cli)] if IS_SOAK else [])]
TEMPLATES = names() if IS_SOAK else ("bespoke-tabular", "synthetic")
ORCHESTRATOR = "6c2f3f0e-5a52-4c60-9f1d-1de0b7c3a201"
CHANGES = ("create", "update", "replace", "delete")
PASSPHRASE = "correct horse battery"
TODAY = datetime.now(UTC).date()
COMMITTEE = ("Dev Dogwood", "Eve Elm", "Finn Fir")
PEOPLE = {"Ada Alder": "key-keepers", "Ben Birch": "key-keepers", "Cara Cedar": "platform-lead",
          **dict.fromkeys(COMMITTEE, "trust-committee")}  # fmt: skip
APPROVED = tuple(f"a-{name}" for name in TEMPLATES)
OTHERS = ("rejected", "withdrawn", "half-signed", "unseen")


@dataclass
class Site(Workspace):
    """An estate without any request, and people with keys."""

    engine: str = ""

    def sde(self, *arguments: str, code: int = 0) -> str:
        engine = () if arguments[0] == "request" else ("--engine", self.engine)
        return super().sde(*engine, *arguments, code=code)

    def ask(self, project: str, template: str) -> None:
        """Write a request with `sde request new`."""
        groups = [text for role in ("researchers", "stewards", "checkers")
                  for text in (f"--{role}", group_of(project, role))]  # fmt: skip
        tenancy = ("--tenancy", service_template("shared").example["tenancy"]) if template == "shared" else ()
        self.sde("request", "new", project, "--template", template, "--title", f"A study: {project}", "--number",
                 f"DAR-{project}", "--controller", "An ICB", "--cost-centre", "RES-1", *groups, *tenancy)  # fmt: skip

    def make_approvers(self) -> None:
        """Make a key for each person, and have both keepers sign who decides."""
        until, keys = f"{TODAY + timedelta(days=300)}T00:00:00Z", []
        for number, name in enumerate(PEOPLE):
            signer = KeySigner.new(Algorithm.ES256 if number % 2 else Algorithm.ED25519)
            (self.folder / name).write_bytes(signer.encrypted(PASSPHRASE))
            keys.append({"person": str(person_id(name)), "key": content_of(signer.key), "valid_until": until})
        people = [{"id": str(person_id(name)), "name": name, "roles": [{"role": role, "valid_until": until}]}
                  for name, role in PEOPLE.items()]  # fmt: skip
        draft = self.folder / "draft.yaml"
        draft.write_text(yaml.safe_dump({"keepers": 2, "people": people, "keys": keys}))
        self.sde("request", "approvers", "change", str(draft), *self.by("Ada Alder"))
        self.sde("request", "approvers", "sign", *self.by("Ben Birch"))

    def by(self, name: str) -> tuple[str, ...]:
        return "--key", str(self.folder / name), "--yes"

    def decide(self, verb: str, project: str, step: str, name: str) -> None:
        self.sde("request", verb, project, "--step", step, "--reason", "Minutes of 12 May", *self.by(name))

    def approve(self, project: str, committee: tuple[str, ...] = COMMITTEE) -> None:
        self.decide("approve", project, "feasibility", "Cara Cedar")
        for name in committee:
            self.decide("approve", project, "committee", name)

    def provision(self, *options: str) -> dict[str, Any]:
        """Provision, and return the number of changes of each stack by kind."""
        lines = self.sde("provision", *options, "--json").splitlines()
        records = [json.loads(line) for line in lines if line.startswith("{")]
        (summary,) = [one for one in records if one.get("event") == "summary"]
        return {one["stack"]: {name: count for name, count in one["counts"].items() if count and name in CHANGES}
                for one in summary["stacks"]}  # fmt: skip

    def ids(self) -> set[str]:
        return {one.id for one in resources(self.home / "local/azure.db")}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An estate for every kind of tenancy, with the route of a trust's committee."""
    tools = str(CLI.parent) if CLI else os.devnull
    found = Site(tmp_path, {"PATH": os.pathsep.join([tools, os.environ["PATH"]]), "HOME": str(tmp_path),
                            "SDE_APPROVER_PASSPHRASE": PASSPHRASE})  # fmt: skip
    copy_estate(found.estate)
    (found.estate / "requests/hcm-progression.yaml").unlink()
    (found.estate / "allocations.yaml").unlink()
    shared = example_tenancy(service_template("shared").example["tenancy"], TODAY + timedelta(days=500))
    keys = {"shared_tenancies": [shared], "confidential_orchestrator": ORCHESTRATOR}
    change(found.estate / "estate.yaml", lambda estate: estate.update(keys))
    (found.estate / "route.yaml").write_text("route: trust-committee\n")
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_a_request_becomes_a_tenancy_only_with_every_decision_of_its_route(site: Site, engine: str) -> None:
    site.engine = engine
    site.make_approvers()
    for project, template in zip(APPROVED, TEMPLATES, strict=True):
        site.ask(project, template)
    for project in OTHERS:
        site.ask(project, "bespoke-tabular")
    site.sde("request", "assess", "--all")
    for project in APPROVED:
        site.approve(project)
    site.approve("half-signed", COMMITTEE[:2])
    site.approve("withdrawn")
    site.decide("withdraw", "withdrawn", "committee", COMMITTEE[0])
    site.decide("approve", "rejected", "feasibility", "Cara Cedar")
    site.decide("reject", "rejected", "committee", COMMITTEE[0])

    made = site.provision("--with-platform")
    assert set(made) >= {f"tre-{project}" for project in APPROVED}
    assert not {f"tre-{project}" for project in OTHERS} & set(made)
    before = site.ids()
    assert not [one for one in before for project in OTHERS if project in one]

    amended = APPROVED[0]
    change(site.estate / f"requests/{amended}.yaml", lambda request: request["tiers"].update(cool_after_days=30))
    again = site.provision()  # the amended one waits for decisions
    assert set(again) == {f"tre-{project}" for project in APPROVED[1:]}
    assert not any(again.values())
    site.sde("request", "assess", amended)
    site.approve(amended)
    assert {stack for stack, changes in site.provision().items() if changes} == {f"tre-{amended}"}
    assert site.ids() == before
