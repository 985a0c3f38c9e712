"""`sde access`, and the access section of a preview: output and exit codes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from formats.deployed_stack import DeployedStack
from formats.errors import Failed
from formats.plan import Operation, Plan
from formats.pulumi_state import read_export
from operations.access.diff import Effect
from operations.cli.access_changes import access_changes, access_changes_of
from operations.ledger.entry import Kind, Result
from policies.estate_view import EstateView
from policies.model import Verdict
from policies.plan_evaluation import OF_ESTATE, Neighbours, evaluate_plans
from policies.reachability import flow_cache, forbidden_flows
from policies.reachability.control_sets import MIN_CONTROLS
from policies.reachability.forbidden_flows import FlowReport, analyse_view
from policies.rule_helpers import flow_findings
from policies.runner import Report
from policies.stack_cache import StackCache
from tests.operations.access.estates import NEW_GROUP, ROLE, changed
from tests.operations.cli.fakes import CliRunner, stack
from tests.operations.ledger.logs import entry
from tests.policies import shipped
from tests.policies.test_pending_deletes import with_left_grant


def no_records(cloud: str = "") -> Any:
    raise Failed("no ledger")


@pytest.fixture
def whole(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The shipped estate, up, on a wide terminal."""
    sde.catalog.stacks = [stack(name, config=shipped.configs()[name]) for name in shipped.STACKS]
    sde.engine.has = {name: ["a"] for name in shipped.STACKS}
    use(sde, monkeypatch, {name: shipped.deployed(name) for name in shipped.STACKS})
    return sde


def use(sde: CliRunner, monkeypatch: pytest.MonkeyPatch, states: dict[str, Plan]) -> None:
    """Have the engine read these states."""
    monkeypatch.setattr(sde.engine, "deployed", lambda stacks, **_: {
        s.name: DeployedStack.of(states[s.name]) for s in stacks if s.name in states})  # fmt: skip


def test_access_lists_who_may_do_what(whole: CliRunner) -> None:
    assert whole("access", "--person", "researchers of hcm") == 0
    assert "read, write, delete" in whole.out
    assert "signed in to desk of hcm-progression" in whole.out
    assert "stewards" not in whole.out
    assert "not recorded" in whole.out
    assert "known only where the ledger has that change" in whole.out


def test_json_has_a_line_for_each_row(whole: CliRunner) -> None:
    assert whole("access", "--stack", "junction-zone", "--json") == 0
    rows = [line for line in whole.lines if line["event"] == "access"]
    assert {row["on"]["stack"] for row in rows} == {"junction-zone"}
    assert whole.lines[-1]["rows"] == len(rows)
    assert {row["since"] for row in rows} == {None}


@pytest.mark.parametrize("form", ["markdown", "csv"])
def test_the_auditor_gets_a_file(whole: CliRunner, form: str, tmp_path: Path) -> None:
    file = tmp_path / "access"
    assert whole("access", "--format", form, "--output", str(file)) == 0
    assert "checkers of hcm-progression" in file.read_text()
    assert whole("access", "--format", form) == 0
    assert "checkers of hcm-progression" in whole.out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--person", "nobody at all"), "Nobody of this name has a right"),
        (("--as-of", "yesterday"), "This is not a day"),
        (("--stack", "tre-unknown"), "no such stack"),
        (("--output", "x"), "A table is for a terminal"),
    ],
)
def test_wrong_use_is_one_clear_message(whole: CliRunner, arguments: tuple[str, ...], problem: str) -> None:
    assert whole("access", *arguments) == 2
    assert problem in whole.err
    assert "Traceback" not in whole.err


def test_a_failed_revocation_is_refused_after_the_view(whole: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    left = read_export(with_left_grant("safe-haven", "staging-stewards-writes", str(UUID(int=7))), cloud="local")
    assert left
    use(whole, monkeypatch, {name: shipped.deployed(name) for name in shipped.STACKS} | {"safe-haven": left})
    assert whole("access") == 3
    assert "revocation failed" in whole.out
    assert "1 revocation failed, so the rights are still in force: staging-stewards-writes" in whole.err
    assert "scripts/sde up safe-haven" in whole.err


def test_an_orphaned_stack_is_in_the_view(whole: CliRunner) -> None:
    last = whole.catalog.stacks[-1]
    whole.catalog.stacks = list(whole.catalog.stacks)[:-1]
    whole.catalog.orphaned_stacks = [replace(last, is_orphaned=True, config=None)]
    assert whole("access", "--stack", last.name) == 0
    assert "desk of hcm-progression" in whole.out
    assert "names of its groups are not known" in whole.out


def record(sde: CliRunner, plan: Plan, day: str, result: Result = Result.SUCCEEDED, **more: Any) -> int:
    """Record a change of a stack that ended at noon of a day, and return its number."""
    time, ledger = f"{day}T12:00:00Z", sde.ledger
    kept = {"plan": plan.to_json(), "configuration": dict(shipped.settings(plan.stack)), **more}
    before = next((one.state for _, one in reversed([*ledger.changes()])), None)
    number = ledger.record(entry(Kind.INTENT, stacks=[plan.stack], time=time, state_before=before,
                                 objects={name: ledger.keep(value) for name, value in kept.items()}))  # fmt: skip
    ledger.record(
        entry(Kind.RESULT, stacks=[plan.stack], time=time, of=number, result=result, state=f"sha256:{number + 1:064x}")
    )
    return number


def test_since_when_and_by_which_change_is_what_the_ledger_has(whole: CliRunner) -> None:
    record(whole, shipped.before("safe-haven"), "2026-01-02")
    plan = next(p for p in changed("safe-haven", "staging-stewards-writes", ROLE, Operation.REPLACE)
                if p.stack == "safe-haven")  # fmt: skip
    assert record(whole, plan, "2026-01-03") == 2
    assert whole("access", "--stack", "safe-haven", "--json") == 0
    rows = [line for line in whole.lines if line["event"] == "access" and "safe-haven" in line["assignments"][0]["urn"]]
    found = {row["who"]["name"]: (row["since"], row["change"]) for row in rows if row["who"]["name"].startswith("stew")}
    assert found["stewards of staging"] == ("2026-01-03T12:00:00Z", "change 2")
    assert found["stewards of landing"] == ("2026-01-02T12:00:00Z", "change 0")


def test_as_of_a_day_composes_what_the_ledger_has(whole: CliRunner) -> None:
    record(whole, shipped.before("safe-haven"), "2026-01-02")
    assert whole("access", "--as-of", "2026-01-02", "--json") == 0
    rows = [line for line in whole.lines if line["event"] == "access" and line["who"]["name"] == "stewards of staging"]
    assert {(row["since"], row["change"]) for row in rows} == {("2026-01-02T12:00:00Z", "change 0")}
    notes = str(whole.lines[-1]["notes"])
    assert "safe-haven: after change 0, 2026-01-02 12:00 UTC." in notes
    assert "platform: nothing is recorded on 2026-01-02 or before." in notes
    assert whole("access", "--as-of", "2026-01-01") == 0
    assert "safe-haven: nothing is recorded on 2026-01-01 or before; the first record is of 2026-01-02." in whole.out


def test_as_of_a_day_says_what_is_not_certain(whole: CliRunner) -> None:
    record(whole, shipped.before("safe-haven"), "2026-01-02", Result.PARTIAL, configuration={})
    assert whole("access", "--as-of", "2026-01-02", "--stack", "safe-haven", "--format", "markdown") == 0
    assert "after change 0 (partial), 2026-01-02 12:00 UTC. Not certain: change 0 ended partial" in whole.out
    assert "safe-haven: its groups have the names of today; the ledger has none of then." in whole.out


def test_a_ledger_that_cannot_be_read_does_not_hide_who_has_access(
    whole: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole.ledger, "changes", no_records)
    assert whole("access", "--person", "stewards of staging") == 0
    assert "The ledger of runs in local cannot be read: no ledger" in whole.out
    assert whole("access", "--as-of", "2026-01-02") == 1


def test_a_group_has_the_name_of_before_from_the_ledger(whole: CliRunner) -> None:
    settings = dict(shipped.settings("junction-zone"))
    before = json.loads(json.dumps(settings).replace("Aldergate", "Former"))
    assert before != settings
    record(whole, shipped.before("junction-zone"), "2026-01-02", configuration=before)
    plan = shipped.after("junction-zone")
    edited = [replace(r, operation=Operation.UPDATE, changed=("tags.x",)) if r.type.endswith(":StorageAccount") else r
              for r in plan.resources]  # fmt: skip
    whole.engine.plans["junction-zone"] = tuple(edited)
    assert whole("preview", "junction-zone") == 0
    assert "is now called" in whole.out


def test_a_diff_between_changes_of_the_ledger_has_the_access_diff(whole: CliRunner) -> None:
    record(whole, shipped.before("safe-haven"), "2026-01-02")
    plan = next(p for p in changed("safe-haven", "staging-stewards-writes", ROLE, Operation.REPLACE,
                                   principalId=NEW_GROUP) if p.stack == "safe-haven")  # fmt: skip
    record(whole, plan, "2026-01-03")
    assert whole("diff", "safe-haven", "--from", "0", "--to", "2") == 0
    assert f"+ unknown {NEW_GROUP} can now read, write, delete" in whole.out
    assert "- stewards of staging can no longer read, write, delete" in whole.out
    assert "the identity" not in whole.out  # of the first plan, in which their ids were unknown


def _planned(sde: CliRunner, principal: str) -> None:
    after = changed("safe-haven", "staging-stewards-writes", ROLE, Operation.UPDATE, principalId=principal)
    sde.engine.plans["safe-haven"] = next(p for p in after if p.stack == "safe-haven").resources


def test_a_preview_says_who_can_newly_do_what(whole: CliRunner) -> None:
    _planned(whole, NEW_GROUP)
    assert whole("preview", "safe-haven") == 0
    assert "Who can now read, write or reach which data" in whole.out
    assert f"+ unknown {NEW_GROUP} can now read, write, delete" in whole.out
    assert "- stewards of staging can no longer read, write, delete" in whole.out
    assert whole("preview", "safe-haven", "--summary") == 0
    assert whole.out.count("Who can now read, write or reach which data") == 1


def test_a_preview_that_changes_no_access_has_no_such_section(whole: CliRunner) -> None:
    plan = shipped.after("safe-haven")
    edited = [replace(r, operation=Operation.UPDATE, changed=("tags.x",), inputs={**r.inputs, "tags": {"x": "y"}},
                      old_inputs=r.inputs) if r.type.endswith(":StorageAccount") else r
              for r in plan.resources]  # fmt: skip
    whole.engine.plans["safe-haven"] = tuple(edited)
    assert whole("preview", "safe-haven", "--json") == 0
    assert [line["diff"]["access"] for line in whole.lines if line["event"] == "diff"] == [None]


def test_the_json_of_a_preview_has_the_access_diff(whole: CliRunner) -> None:
    _planned(whole, NEW_GROUP)
    assert whole("preview", "safe-haven", "--json") == 0
    (found,) = [line["diff"]["access"] for line in whole.lines if line["event"] == "diff"]
    assert found["opens"] is True
    assert {change["effect"] for change in found["changes"]} == {"gained", "lost"}
    json.dumps(found)


def test_the_gate_uses_the_analysis_of_the_access_diff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each estate, before and after the change, is analysed once, and the verdicts are those of an own analysis."""
    analysed: list[int] = []

    def counted(view: EstateView, limit: int) -> FlowReport:
        analysed.append(limit)
        return analyse_view(view, limit)

    monkeypatch.setattr(forbidden_flows, "analyse_view", counted)
    monkeypatch.setattr(flow_cache, "analyse_view", counted)
    after = changed("safe-haven", "staging-stewards-writes", ROLE, Operation.UPDATE, principalId=NEW_GROUP)
    plan = next(p for p in after if p.stack == "safe-haven")
    others = [shipped.deployed(name) for name in shipped.STACKS if name != plan.stack]
    neighbours, cache = Neighbours.of_plans(others, [shipped.deployed(plan.stack)]), StackCache()
    access_changes(plan, neighbours, shipped.configs(), cache, no_records)

    def report(cache: StackCache) -> Report:
        configs = shipped.configs()
        return evaluate_plans([plan], neighbours=neighbours, scopes=OF_ESTATE, cache=cache, configs=configs)

    shared = report(cache)
    assert analysed == [MIN_CONTROLS, MIN_CONTROLS]
    assert shared == report(StackCache())
    assert len(analysed) > 2
    assert {f.verdict for f in shared.findings if f.policy in flow_findings.POLICIES.values()} >= {Verdict.PASS}


def test_many_stacks_are_compared_beside_the_shared_ones() -> None:
    """With all stacks of a large estate, a plan does not read every tenancy again."""
    after = changed("safe-haven", "staging-stewards-writes", ROLE, Operation.UPDATE, principalId=NEW_GROUP)
    plan = next(p for p in after if p.stack == "safe-haven")
    shared = [DeployedStack.of(shipped.deployed(name)) for name in ("platform", "junction-zone")]
    tenancies = [DeployedStack(f"tre-{n}", str(n), lambda: pytest.fail("was read")) for n in range(9)]
    neighbours = Neighbours((*shared, *tenancies), (DeployedStack.of(shipped.deployed("safe-haven")),))
    found = access_changes_of(plan, neighbours, shipped.configs(), StackCache(), no_records, alone=True)
    assert {change.effect for change in found.changes} == {Effect.GAINED, Effect.LOST}


@pytest.mark.usefixtures("local_azure")
def test_a_refresh_compares_access_and_flows_and_revokes_nothing(
    whole: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role assignment whose delete failed is there before the drift and after it."""
    left = read_export(with_left_grant("safe-haven", "staging-stewards-writes", NEW_GROUP), cloud="local")
    assert left
    use(whole, monkeypatch, {**{name: shipped.deployed(name) for name in shipped.STACKS}, "safe-haven": left})
    opened = {"publicNetworkAccess": "Enabled", "networkRuleSet": {"defaultAction": "Allow"}}
    whole.engine.drifts["safe-haven"] = tuple(
        replace(
            r, operation=Operation.UPDATE, old_inputs=r.inputs, inputs={**r.inputs, **opened}, changed=tuple(opened)
        )
        if r.type.endswith(":StorageAccount") and r.name == "staging"
        else r
        for r in left.resources
    )
    assert whole("refresh", "safe-haven", "--yes") == 0
    intent = next(one for _, one in whole.ledger.entries() if one.kind is Kind.INTENT)
    found = whole.ledger.kept(intent.objects["access"])
    assert any(flow["weakens"] for flow in found["flows"])
    assert not [change for change in found["changes"] if change["effect"] == "lost"]


def tenancy(number: int) -> Plan:
    """Return a copy of the shipped tenancy with its own names, addresses and groups."""
    text = json.dumps({**shipped.deployed("tre-hcm-progression").to_json(), "digest": ""})
    for guid in ("db7a0118-c48f-5463-aec7-50d383efab17", "187bd0fc-1ebd-5a71-9c61-2df03104f43d",
                 "071dd6ac-566d-5e75-a517-c5d424eb8b15"):  # fmt: skip
        text = text.replace(guid, f"{number:08x}{guid[8:]}")
    text = re.sub(r"\b10\.65\.0\.", f"10.65.{number}.", text).replace("hcm-progression", f"copy-{number}")
    return Plan._read(json.loads(re.sub(r"(st|kv-)wmsde\w+", rf"\g<0>{number}", text)))


def test_one_of_equivalent_tenancies_is_read_for_all() -> None:
    """A change of a shared stack reads two tenancies of each class, and says what it does to their people."""
    plan = next(p for p in changed("platform", "bastion-desk-users-see", ROLE, Operation.DELETE, principalId="")
                if p.stack == "platform")  # fmt: skip
    loaded: list[str] = []

    def deployed(found: Plan) -> DeployedStack:
        return DeployedStack(found.stack, found.digest, lambda: (loaded.append(found.stack), found)[1])

    copies = [tenancy(number) for number in range(1, 12)]
    others = [shipped.deployed(name) for name in ("junction-zone", "safe-haven")]
    neighbours = Neighbours(tuple(map(deployed, [*others, *copies])), (DeployedStack.of(shipped.deployed("platform")),))
    cache = StackCache()
    access_changes(plan, neighbours, shipped.configs(), cache, no_records, with_flows=False)
    loaded.clear()
    access_changes(plan, neighbours, shipped.configs(), cache, no_records, with_flows=False)
    read = {name for name in loaded if name.startswith("tre-")}
    assert 0 < len(read) < len(copies)
