"""`sde request`: from a new request to one with a permit, by made-up people and by people with keys of their own."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from approvals.assessment import PlanSummary
from approvals.canonical import digest_of, time_text
from approvals.decision import read_bundle
from approvals.estate_files import EstateFiles, assessment_text
from approvals.request_files import json_of, template_digest
from formats.errors import Failed
from formats.yaml_reader import read_mapping
from operations.cli import request_assessment
from operations.cli.app import main
from operations.ledger.entry import PERMIT, Entry, Kind, Result
from operations.ledger.files import FileStorage
from operations.ledger.ledger import open_local
from operations.settings import Settings
from policies.catalogue import catalogue_digest
from tests.approvals.site import assessment, person_id
from tests.operations.estates import change, copy_estate, snapshot
from tests.operations.ledger.logs import WHO
from tests.policies import shipped

PROJECT = "hcm-progression"
PASSPHRASE = "correct horse battery"
NEW = ["new", "asthma-two", "--title", "Asthma in two winters", "--number", "DAR-2026-0031", "--controller", "An ICB",
       "--cost-centre", "RES-1", "--researchers", "11d41eb1-10ea-53d1-8238-4d1aa26ef1cf", "--stewards",
       "d111970b-cc15-5bc6-95dd-943c88f3dae0", "--checkers", "af122644-c8d1-55d2-be54-edd493429432"]  # fmt: skip


@dataclass
class Requests:
    """An estate with one request, and its command line."""

    estate: Path
    home: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, code: int = 0, anchor: str | None = None, passphrase: str = PASSPHRASE) -> str:
        environ = {"SDE_HOME": str(self.home), "PATH": "/nowhere", "SDE_APPROVER_PASSPHRASE": passphrase}
        environ |= {"SDE_APPROVERS_ANCHOR": anchor} if anchor else {}
        found = main(["--estate", str(self.estate), "request", *arguments], settings=Settings.load(environ))
        captured = self.capsys.readouterr()
        assert found == code, captured
        return captured.err + captured.out if code else captured.out

    @property
    def request(self) -> Path:
        return self.estate / "requests" / f"{PROJECT}.yaml"

    def assessed(self, **other: Any) -> None:
        """Write an assessment of the request as it is now."""
        fields = {"template": {"name": "bespoke-imaging", "digest": template_digest("bespoke-imaging")},
                  "verdict": {"passed": True, "catalogue": catalogue_digest()}}  # fmt: skip
        found = assessment(json_of(read_mapping(self.request)), **{**fields, **other})
        file = EstateFiles(self.estate, "wmsde").assessment_file(PROJECT)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(assessment_text(found))


@pytest.fixture
def sde_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Requests:
    return Requests(copy_estate(tmp_path / "estate"), tmp_path / "home", capsys)


def test_made_up_people_approve_a_request_of_a_local_estate_and_an_amendment_of_it(sde_request: Requests) -> None:
    assert "was not assessed" in sde_request("status", PROJECT, code=3)
    sde_request.assessed()
    assert "worth nothing outside this machine" in sde_request("approve", PROJECT, "--demo-keys")
    status = json.loads(sde_request("status", PROJECT, "--json"))
    assert status["permit"].startswith("sha256:")
    assert {step["state"] for step in status["steps"]} == {"approved"}
    decisions = snapshot(sde_request.estate / "approvals/requests")
    assert len(decisions) == 6
    change(sde_request.request, lambda data: data["tiers"].update(cool_after_days=91))
    assert "of another version of the request" in sde_request("status", PROJECT, code=3)
    sde_request.assessed()
    assert "without a permit" in sde_request("status", PROJECT, code=3)
    sde_request("approve", PROJECT, "--demo-keys", "--step", "programme-review")
    sde_request("approve", PROJECT, "--demo-keys")
    assert "permitted until" in sde_request("status", PROJECT)
    after = snapshot(sde_request.estate / "approvals/requests")
    assert decisions.items() <= after.items()
    assert len(after) == len(decisions) + 5, "all but feasibility see the data"
    assert '"monthly_pence": 123456' in sde_request("show", PROJECT, "--step", "feasibility")


def test_made_up_people_decide_in_no_estate_with_people_of_its_own_or_in_azure(sde_request: Requests) -> None:
    sde_request.assessed()
    sde_request("approve", PROJECT, "--demo-keys")
    shutil.rmtree(sde_request.home / "local")
    assert "approvers of its own" in sde_request("approve", PROJECT, "--demo-keys", code=3)
    assert "Nothing says which approvers" in sde_request("status", PROJECT, code=3)

    def in_azure(data: Any) -> None:
        text = json.dumps(data, default=str).replace("10ca1000-", "20ca1000-")
        data.clear()
        data.update(json.loads(text), cloud="azure")

    change(sde_request.estate / "estate.yaml", in_azure)
    shutil.rmtree(sde_request.estate / "approvals/approvers")
    before = snapshot(sde_request.estate)
    assert "`cloud: local` alone" in sde_request("approve", PROJECT, "--demo-keys", code=3)
    assert snapshot(sde_request.estate) == before


PEOPLE = {"Ada Alder": "key-keepers", "Ben Birch": "key-keepers", "Cara Cedar": "platform-lead",
          "Dev Dogwood": "trust-committee", "Eve Elm": "trust-committee", "Finn Fir": "trust-committee"}  # fmt: skip


def keys_of(sde_request: Requests, folder: Path) -> dict[str, Any]:
    """Make a key for each person, and return their public halves."""
    found = {}
    for number, name in enumerate(PEOPLE):
        algorithm = "ecdsa-sha2-nistp256" if number % 2 else "ed25519"
        said = json.loads(sde_request("keys", "new", "-o", str(folder / name), "--algorithm", algorithm, "--json"))
        found[name] = {key: said[key] for key in ("id", "algorithm", "public")}
    return found


def draft(folder: Path, keys: dict[str, Any], **other: Any) -> str:
    until = f"{date.today() + timedelta(days=300)}T00:00:00Z"
    people = [{"id": str(person_id(name)), "name": name, "roles": [{"role": role, "valid_until": until}]}
              for name, role in PEOPLE.items()]  # fmt: skip
    held = [{"person": str(person_id(name)), "key": key, "valid_until": until} for name, key in keys.items()]
    (folder / "draft.yaml").write_text(yaml.safe_dump({"keepers": 2, "people": people, "keys": held, **other}))
    return str(folder / "draft.yaml")


def test_people_with_keys_of_their_own_decide_after_their_keepers_signed_them_in(
    sde_request: Requests, tmp_path: Path
) -> None:
    (sde_request.estate / "route.yaml").write_text("route: trust-committee\n")
    keys = keys_of(sde_request, tmp_path)

    def by(name: str) -> tuple[str, str, str]:
        return "--key", str(tmp_path / name), "--yes"

    assert "1 more keepers sign" in sde_request("approvers", "change", draft(tmp_path, keys), *by("Ada Alder"))
    sde_request.assessed()
    approve = ("approve", PROJECT, "--reason", "Minutes of 12 May", "--step")
    assert "Too few key-keepers" in sde_request(*approve, "feasibility", *by("Cara Cedar"), code=2)
    assert "not of a person with the role" in sde_request("approvers", "sign", *by("Eve Elm"), code=3)
    assert "is in effect" in sde_request("approvers", "sign", *by("Ben Birch"))
    anchor = json.loads(sde_request("approvers", "show", "--json"))["anchor"]
    assert "not the anchor" in sde_request(
        *approve, "feasibility", *by("Cara Cedar"), code=2, anchor=digest_of("another")
    )
    assert "it waits for feasibility" in sde_request(*approve, "committee", *by("Eve Elm"), code=3, anchor=anchor)
    assert "will approve this" in sde_request(*approve, "feasibility", *by("Cara Cedar"))
    for name in ("Dev Dogwood", "Eve Elm"):
        sde_request(*approve, "committee", *by(name))
    assert "1 with the role trust-committee" in sde_request("status", PROJECT, code=3)
    assert "approvers of its own" in sde_request("approve", PROJECT, "--demo-keys", code=3)
    ended = ("reject", PROJECT, "--step", "committee", "--reason", "No public benefit")
    assert "needs confirmation" in sde_request(*ended, "--key", str(tmp_path / "Finn Fir"), code=2)
    sde_request(*ended, *by("Finn Fir"))
    assert "committee: reject by" in sde_request("status", PROJECT, code=3)
    assert "has ended" in sde_request(*approve, "committee", *by("Finn Fir"), code=3)


def test_two_people_permit_an_action_and_one_withdraws_it(sde_request: Requests) -> None:
    ask = ("actions", "ask", "--reason", "The study ended, as the minutes say")
    assert "no such stack" in sde_request(*ask, "close-tenancy", "tre-x", "--demo-keys", code=2)
    assert "for destroy-data" in sde_request(*ask, "destroy-data", f"tre-{PROJECT}", "--demo-keys", code=2)
    assert not (sde_request.estate / "approvals").exists()
    lines = sde_request(*ask, "close-tenancy", f"tre-{PROJECT}", "--demo-keys", "--json").splitlines()
    signed = [json.loads(line) for line in lines]
    assert [one["permitted"] for one in signed] == [False, True]
    assert len({one["person"] for one in signed}) == 2
    assert "longer than 30 days" in sde_request(
        *ask, "close-tenancy", f"tre-{PROJECT}", "--days", "31", "--demo-keys", code=3
    )
    digest = signed[0]["digest"]
    (shown,) = sde_request("actions", "show", "--json").splitlines()
    assert (json.loads(shown)["digest"], json.loads(shown)["permitted"]) == (digest, True)
    (keys,) = (sde_request.home / "local/approvers").iterdir()
    by = ("--key", str(keys / "programmeteam-alder.pem"), "--yes")
    assert "cannot be decrypted" in sde_request("actions", "sign", digest, "--withdraw", *by, code=2)
    passphrase = (keys / "passphrase").read_text().strip()
    assert "it was withdrawn" in sde_request("actions", "sign", digest, "--withdraw", *by, passphrase=passphrase)
    assert "Nobody asked for this" in sde_request("actions", "sign", digest[:-1] + "x", *by, code=2)
    (sde_request.estate / "approvals/actions/other").mkdir()
    assert "not the folder of a permit" in sde_request("actions", "show", code=2)


def test_a_new_request_is_written_when_it_is_valid_and_nothing_is_when_it_is_not(sde_request: Requests) -> None:
    before = snapshot(sde_request.estate)
    for wrong, problem in (
        (["--template", "bespoke"], "no such template"),
        (["--template", "../stacks/platform"], "no such template"),
        (["--template", "shared"], "tenancy"),
        (["--template", "bespoke-tabular", "--expires", "2026-02-30"], "not a day"),
        (["--template", "bespoke-tabular", "--expires", "2099-01-01"], "too long"),
    ):
        assert problem in sde_request(*NEW, *wrong, code=2)
    for name in ("../evil", "Asthma", PROJECT):
        sde_request(*[name if one == "asthma-two" else one for one in NEW], "--template", "bespoke-tabular", code=2)
    assert snapshot(sde_request.estate) == before
    assert "wrote" in sde_request(*NEW, "--template", "bespoke-tabular")
    assert sde_request("validate").splitlines() == ["valid asthma-two", f"valid {PROJECT}"]


def test_hostile_files_are_refused_and_nothing_is_written(sde_request: Requests, tmp_path: Path) -> None:
    valid = sde_request.request.read_text()
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    hostile = {
        "bomb": bomb, "deep": "a: " + "[" * 5000, "twice": valid + "project: other\n",
        "code": "project: !!python/name:os.system\n",
        "place": valid.replace(f"project: {PROJECT}", "project: ../../etc/passwd"),
        "reads": valid.replace("template: bespoke-imaging", "template: ../../../etc/passwd"),
        "jinja": valid.replace("title: ", "title: {{ cycler.__init__.__globals__.os.popen('id').read() }} #"),
        "looks": valid.replace(f"project: {PROJECT}", "project: hcm-prоgression"),
        "nul": valid.replace("title: ", "title: \"a\\0b\" #"),
    }  # fmt: skip
    before = snapshot(sde_request.estate)
    for name, text in hostile.items():
        file = tmp_path / f"{name}.yaml"
        file.write_text(text)
        assert sde_request("validate", str(file), code=2).startswith("error: "), name
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as stream:
        stream.truncate(100 << 20)
    assert "too long" in sde_request("validate", str(huge), code=2)
    (tmp_path / "link.yaml").symlink_to("/dev/zero")
    assert "not a file" in sde_request("validate", str(tmp_path / "link.yaml"), code=2)
    assert snapshot(sde_request.estate) == before
    assert not sde_request.home.exists() or not list(sde_request.home.glob("local/*"))


def test_links_and_strange_files_among_the_decisions_are_refused(sde_request: Requests, tmp_path: Path) -> None:
    sde_request.assessed()
    sde_request("approve", PROJECT, "--demo-keys", "--step", "programme-review")
    folder = sde_request.estate / "approvals/requests" / PROJECT
    (one,) = folder.iterdir()
    (folder / "another.json").write_bytes(one.read_bytes())
    assert "not named after its content" in sde_request("status", PROJECT, code=3)
    (folder / "another.json").unlink()
    outside = tmp_path / one.name
    one.rename(outside)
    one.symlink_to(outside)
    assert "not a signed document" in sde_request("status", PROJECT, code=3)
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path)
    assert "outside the estate" in sde_request("status", PROJECT, code=3)


def test_who_signs_is_held_to_what_the_ledger_has(sde_request: Requests) -> None:
    sde_request.assessed()
    step = ("approve", PROJECT, "--demo-keys", "--step")
    sde_request(*step, "programme-review")
    (review,) = (sde_request.estate / "approvals/requests" / PROJECT).iterdir()
    ledger = open_local(Settings.load({"SDE_HOME": str(sde_request.home), "PATH": "/nowhere"}))

    def record(time: str, *, of: int | None = None, **permit: list[str]) -> None:
        said: dict[str, Any] = {"kind": Kind.INTENT, "objects": {PERMIT: ledger.keep(permit)}}
        said = said if of is None else {"kind": Kind.RESULT, "of": of, "result": Result.SUCCEEDED}
        stacks = (f"tre-{PROJECT}",)
        ledger.record(Entry(**said, time=time, run="r", command="up", version="1", who=WHO, stacks=stacks))

    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=60)
    record(time_text(soon), documents=[f"sha256:{review.stem}"])
    sde_request(*step, "governance")
    (governance,) = (file for file in review.parent.iterdir() if file != review)
    assert read_bundle({governance.name: governance.read_bytes()})[0].time == soon  # not before the last entry
    content = review.read_bytes()
    review.unlink()
    assert "recorded decision is missing" in sde_request(*step, "contract", code=2)
    assert "recorded decision is missing" in sde_request("status", PROJECT, code=3)
    review.write_bytes(content)
    ask = (
        "actions",
        "ask",
        "close-tenancy",
        f"tre-{PROJECT}",
        "--reason",
        "The study has ended; see the minutes",
        "--demo-keys",
    )
    digest = json.loads(sde_request(*ask, "--json").splitlines()[-1])["digest"]
    record(time_text(soon), actions=[digest])
    assert "permitted" in sde_request("actions", "show")
    record(time_text(soon), of=ledger.log.head().size - 1)
    assert "used already" in sde_request("actions", "show")
    record("2999-01-01T00:00:00Z")
    files = snapshot(sde_request.estate)
    assert "clock of this machine is behind" in sde_request(*ask, code=3)
    assert "clock of this machine is behind" in sde_request(*step, "contract", code=3)
    assert snapshot(sde_request.estate) == files


def test_who_signs_without_the_ledger_in_reach_is_told(sde_request: Requests, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise Failed("The ledger's container does not answer")

    sde_request.assessed()
    settings = Settings.load({"SDE_HOME": str(sde_request.home), "PATH": "/nowhere"})
    open_local(settings)
    settings.ledger_folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(FileStorage, "newest", refuse)
    assert "was not read" in sde_request("approve", PROJECT, "--demo-keys", "--step", "programme-review")


def test_a_request_is_assessed_by_its_plan_its_price_and_the_policies(
    sde_request: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(sde_request.request, lambda request: request.update(services={"registry": {}}))
    monkeypatch.setattr(request_assessment, "planned", lambda stacks, required, *_: (
        (shipped.before(stack.name), tuple(shipped.deployed(one.name) for one in required)) for stack in stacks
    ))  # fmt: skip
    said = json.loads(sde_request("assess", PROJECT, "--json"))
    assert said["verdict"]["passed"]
    assert said["plan"]["machines"] == {"Standard_NC24ads_A100_v4": 1}
    assert said["plan"]["disk_gib"] >= 1024
    assert said["network"]["quotas"]["virtual machines"] == 1
    assert said["network"]["addresses"][0].startswith("10.65.")
    assert said["cost"]["monthly_pence"] > 100_000
    assert any("DAR-2026-0017" in line for line in said["summary"])
    assert PlanSummary.model_validate(said["plan"]).resources["azure-native:compute:VirtualMachine"] == 1
