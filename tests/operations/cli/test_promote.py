"""After an upgrade: the test estate's ledger proves the versions, and people let the permits hold under them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from approvals.request_files import template_digest
from formats.errors import InputError, Refused
from formats.plan import digest_of
from operations.cli.estate_requests import EstateRequests
from operations.cli.request_versions import links_to_take
from operations.cli.requests import _show_status
from operations.ledger.entry import Digests, Kind
from operations.ledger.ledger import Ledger
from policies.catalogue import catalogue_digest
from policies.permit import PermitCheck
from tests.approvals.site import CATALOGUE
from tests.operations.cli.approved_estate import PROJECT, STACK, TEMPLATE, ApprovedEstate
from tests.operations.cli.fakes import stack
from tests.operations.estates import copy_estate
from tests.operations.ledger.logs import KEY, WHO, entry, log_in, result
from tests.policies import shipped
from tests.policies.test_pack_permit import anchor_of


@pytest.fixture
def site(tmp_path: Path) -> ApprovedEstate:
    """An estate with a test estate, whose request was approved before an upgrade of the catalogue."""
    found = ApprovedEstate(copy_estate(tmp_path / "estate"), tmp_path / "home")
    (found.estate / "route.yaml").write_text(f"route: west-midlands\ntest_estate: {{ledger: {KEY.verifier()}}}\n")
    found.assess()
    found.approve()
    (found.home / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": dict(shipped.settings(STACK))}))
    return found


def ledger_in(folder: Path, catalogue: str = catalogue_digest()) -> Path:
    """Return the exported ledger of a test estate that applied the present template, judged by a catalogue."""
    ledger = Ledger(log_in(folder), WHO)
    verdict = {"passed": True, "blocking": [], "catalogue": {"digest": catalogue}}
    digests = Digests(catalogue=catalogue, template=template_digest(TEMPLATE), verdict=digest_of(verdict))
    begun = entry(Kind.INTENT, stacks=["tre-rehearsal"], digests=digests, objects={"verdict": ledger.keep(verdict)})
    number = ledger.record(begun)
    ledger.record(result("tre-rehearsal", number, None))
    return folder


def refused(site: ApprovedEstate, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        site.require(catalogue=catalogue_digest())


def test_an_upgrade_is_tested_signed_and_then_permitted(
    site: ApprovedEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = PermitCheck(site.estate, catalogue_digest(), anchor_of(site), site.home)
    assert "was not applied in the test estate" in str(pack.missing(STACK))
    refused(site, "was not applied in the test estate")
    ask = ("request", "actions", "ask", "take-version", "--reason", "Release 0.2, reviewed by both", "--demo-keys")
    assert site.sde(*ask) == 3
    assert "sde promote" in capsys.readouterr().err

    other = ledger_in(tmp_path / "other", CATALOGUE)
    assert site.sde("promote", "--ledger", str(other)) == 3
    assert f"Not applied in the test estate under this catalogue: {TEMPLATE}" in capsys.readouterr().err
    assert site.sde("promote", "--ledger", str(ledger_in(tmp_path / "ledger")), "--json") == 0
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["template"], line["entry"]) == (TEMPLATE, 0)
    refused(site, "no signed take-version leads there")
    assert site.sde("request", "status", PROJECT) == 3
    assert "no signed take-version" in capsys.readouterr().out
    assert "no signed take-version" in str(site.permits.why_not(stack(STACK)))

    assert site.sde(*ask) == 0
    permit = site.require(catalogue=catalogue_digest())
    assert len(permit["links"]) == 2
    assert permit["versions"]["catalogue"] == catalogue_digest()
    assert site.permits.why_not(stack(STACK)) == ()
    assert site.sde("request", "status", PROJECT) == 0
    assert PermitCheck(site.estate, catalogue_digest(), anchor_of(site), site.home).refusals(site.plan) == ()

    site.record(permit, "2026-11-01T00:00:00Z")
    with pytest.raises(Refused, match="with which a change began already"):
        site.require()
    (answer, _) = (site.estate / "approvals/actions").glob("*/*.json")
    answer.unlink()
    refused(site, "missing, which the ledger has")
    site.settings.ledger_folder.mkdir(parents=True)
    assert not _show_status(EstateRequests(site.session), PROJECT)
    assert "missing, which the ledger has" in capsys.readouterr().err
    with pytest.raises(InputError, match="missing, which the ledger has"):
        links_to_take(EstateRequests(site.session))


def test_only_the_whole_ledger_of_the_test_estate_promotes(
    site: ApprovedEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ledger_in(tmp_path / "ledger")
    bundle = next(one for one in (folder / "tile/entries").rglob("*") if one.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b"rehearsal", b"rehearsed"))
    assert site.sde("promote", "--ledger", str(folder)) == 1
    assert "does not verify" in capsys.readouterr().err
    assert site.sde("promote", "--ledger", str(tmp_path / "none")) == 2
    assert not (site.estate / "approvals/promotions").exists()
    (site.estate / "route.yaml").write_text("route: west-midlands\n")
    assert site.sde("promote", "--ledger", str(folder)) == 2
    assert "The route is not the one that the approvers signed" in capsys.readouterr().err
