"""An estate in which one request is assessed, and approved by made-up people."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from approvals.assessment import summary_of
from approvals.canonical import content_of
from approvals.estate_files import EstateFiles, assessment_text
from approvals.request_files import json_of, template_digest
from formats.plan import Plan
from formats.yaml_reader import read_mapping
from operations.cli.app import main
from operations.cli.demo_approvers import approve_with_demo_keys
from operations.cli.estate_requests import EstateRequests, add_file
from operations.cli.output import Output
from operations.cli.permits import Permits
from operations.cli.request_assessment import cost_of_plan
from operations.cli.session import Session
from operations.ledger.entry import PERMIT, Entry, Kind, Result
from operations.ledger.ledger import Ledger
from operations.settings import Settings
from tests.approvals.site import CATALOGUE, assessment
from tests.operations.cli.fakes import FakeCatalog, stack
from tests.operations.estates import change
from tests.operations.ledger.logs import WHO, memory_ledger
from tests.policies import shipped

PROJECT, STACK, TEMPLATE = "hcm-progression", "tre-hcm-progression", "bespoke-imaging"


@dataclass
class ApprovedEstate:
    """An estate in which one request is assessed, the plan of its tenancy, and a ledger."""

    estate: Path
    home: Path
    ledger: Ledger = field(default_factory=memory_ledger)
    plan: Plan = field(default_factory=lambda: shipped.before(STACK))

    def __post_init__(self) -> None:
        change(self.request, lambda request: request.update(services={"registry": {}}))

    @property
    def request(self) -> Path:
        return self.estate / f"requests/{PROJECT}.yaml"

    @property
    def settings(self) -> Settings:
        return Settings.load({"SDE_HOME": str(self.home), "PATH": "/nowhere"})

    def assess(self, **other: Any) -> None:
        """Write an assessment of the request, by default one that the plan is within."""
        fields = {"plan": content_of(summary_of(self.plan)), "cost": content_of(cost_of_plan(self.plan)),
                  "template": {"name": TEMPLATE, "digest": template_digest(TEMPLATE)}}  # fmt: skip
        file = EstateFiles(self.estate, "wmsde").assessment_file(PROJECT)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(assessment_text(assessment(json_of(read_mapping(self.request)), **{**fields, **other})))

    def approve(self, step: str | None = None) -> None:
        """Have made-up people approve the request as it was assessed, by any version of the policies."""
        requests = EstateRequests(self.session)
        for made in approve_with_demo_keys(requests, PROJECT, step, "Approved in a test"):
            add_file(requests.files.decisions_folder(PROJECT) / made.file_name, made.content)

    def sde(self, *arguments: str) -> int:
        return int(main(["--estate", str(self.estate), *arguments], settings=self.settings))

    def permit_action(self, *arguments: str) -> None:
        command = ["--estate", str(self.estate), "request", "actions", "ask", *arguments, "--demo-keys"]
        assert main([*command, "--reason", "The study has ended; see the minutes"], settings=self.settings) == 0

    @property
    def session(self) -> Session:
        """The session of a fresh command."""
        session = Session(self.settings, Output(), *[lambda *_: FakeCatalog([])] * 3, lambda *_: self.ledger)  # type: ignore[arg-type, return-value]
        session.estate = self.estate
        return session

    @property
    def permits(self) -> Permits:
        """The permits of a fresh command."""
        return Permits(self.session)

    def require(
        self, plan: Plan | None = None, name: str = STACK, catalogue: str = CATALOGUE, cloud: str = "local"
    ) -> Any:
        """Return what the permit check of a fresh command records; `Refused` as `up`."""
        report: Any = SimpleNamespace(catalogue=SimpleNamespace(digest=catalogue))
        return self.permits.require(replace(stack(name), cloud=cloud), plan or self.plan, report)

    def record(self, permit: Any, time: str, result: Result | None = None) -> None:
        """Record an intent with a permit, as `up` does, and its result if there is one."""
        about: dict[str, Any] = {
            "time": time,
            "run": "r",
            "command": "up",
            "version": "1",
            "who": WHO,
            "stacks": (STACK,),
        }
        kept = self.ledger.keep(permit)
        number = self.ledger.record(Entry(kind=Kind.INTENT, objects={PERMIT: kept}, **about))
        if result:
            self.ledger.record(Entry(kind=Kind.RESULT, of=number, result=result, **about))
