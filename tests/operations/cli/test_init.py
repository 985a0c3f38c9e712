"""`sde init`: an estate of any size and data class, which the loader takes; or nothing."""

from __future__ import annotations

import io
from itertools import product
from pathlib import Path

import pytest

from formats.errors import InputError
from operations.cli.estate import open_estate
from operations.estate import load, render
from tests.operations.cli.fakes import CliRunner
from tests.operations.estates import snapshot

BASICS = ["--code", "newsde", "--organisation", "A new SDE: north", "--route", "trust-committee"]
GUID = "6a1f0b52-0000-4000-8000-{:012}"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1IDdGQtx8ZP40TV/bhwypYQXJXy1kTySdCW0L+8XBK break-glass"
GROUPS = ["platform-team", "desk-users", "junction-stewards", "landing-stewards", "warehouse-stewards",
          "staging-stewards", "archive-stewards", "staff-zones", "staff-projects", "staff-checks", "RXX"]  # fmt: skip
AZURE = [
    *BASICS, "--cloud", "azure", "--region", "uksouth", "--data-class", "identifiable", "--tenant", GUID.format(1),
    "--cost-centre", "0365", "--approval", "DPIA-7", "--controller", "No", "--until", "2028-01-31",
    "--addresses", "10.0.0.0/14", "--cell", "north=10.0.0.0/16", "--cell", "south", "--subscription",
    f"north={GUID.format(2)}", "--subscription", f"north={GUID.format(3)}", "--subscription", f"south={GUID.format(4)}",
    *(part for number, name in enumerate(GROUPS, 10) for part in ("--group", f"{name}={GUID.format(number)}")),
    "--owner", f"{GUID.format(5)}=Ada Byron", "--approver", f"{GUID.format(6)}=Mary Somerville", "--system", "North",
    "--provider", "RXX=A trust", "--way-in", "RXX=198.51.100.16/28", "--admin-key", KEY, "--orchestrator",
    GUID.format(7), "--ledger-container", "https://ledger.blob.core.windows.net/ledger", "--ledger-key",
    "https://vault.vault.azure.net/secrets/ledger", "--ledger-public-key", "sde.example/ledger+1+A",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "new"


@pytest.mark.parametrize(
    ("region", "data_class", "cells"),
    [*product(("uksouth",), ("synthetic", "de-identified", "identifiable"), (1, 3)), ("ukwest", "synthetic", 12)],
)
def test_a_local_estate_of_any_size_and_data_class_is_valid(
    sde: CliRunner, folder: Path, region: str, data_class: str, cells: int
) -> None:
    named = [part for number in range(cells) for part in ("--cell", f"cell-{number}")]
    assert sde("init", str(folder), *BASICS, "--cloud", "local", "--region", region, "--data-class", data_class,
               *named) == 0, sde.err  # fmt: skip
    estate = load(folder)
    assert estate.file.organisation == "A new SDE: north"
    assert len(render(estate)) == cells + 2
    assert (folder / "route.yaml").read_text().endswith("route: trust-committee\n")
    assert len({cell.subscriptions.platform for cell in estate.file.cells}) == cells
    people, other = (estate.people.people[index].id for index in (0, 1))
    assert people != other
    before = snapshot(folder)
    assert sde("init", str(folder), *BASICS, "--cloud", "local", "--region", region, "--data-class", data_class) == 2
    assert "never overwritten" in sde.err
    assert snapshot(folder) == before


def test_an_estate_of_real_azure_states_what_its_site_gave(sde: CliRunner, folder: Path) -> None:
    assert sde("init", str(folder), *AZURE) == 0, sde.err
    file = load(folder).file
    assert (file.cost_centre, file.approval.controller) == ("0365", "No")
    north, south = file.cells
    assert [str(cell.addresses) for cell in (north, south)] == ["10.0.0.0/16", "10.2.0.0/15"]
    assert [str(one) for one in (north.subscriptions.platform, *north.subscriptions.tenancies)] == [
        GUID.format(2), GUID.format(3)
    ]  # fmt: skip
    assert str(south.subscriptions.tenancies[0]) == GUID.format(4)
    assert str(file.staff[2].users) == GUID.format(10 + GROUPS.index("staff-checks"))
    assert file.ledger is not None
    assert file.ledger.key == "https://vault.vault.azure.net/secrets/ledger"
    assert not any("made up" in text.decode() for text in snapshot(folder).values())
    assert open_estate(folder, sde.settings).ledger == file.ledger


def test_a_tenancy_is_added_with_the_groups_of_its_site_or_made_up_ones_in_a_local_estate(
    sde: CliRunner, folder: Path
) -> None:
    new = ["--template", "bespoke-tabular", "--title", "T", "--number", "DAR-1", "--controller", "C", "--cost-centre",
           "R", "--cell", "south"]  # fmt: skip
    groups = [part for number, role in enumerate(("researchers", "stewards", "checkers"), 50)
              for part in (f"--{role}", GUID.format(number))]  # fmt: skip
    local, azure = folder / "local", folder / "azure"
    assert sde("init", str(azure), *AZURE) == 0
    assert sde("--estate", str(azure), "tenancy", "add", "study", *new, *groups[:2]) == 2
    assert "--stewards, --checkers" in sde.err
    assert sde("--estate", str(azure), "tenancy", "add", "study", *new, *groups) == 0, sde.err
    assert load(azure).allocations.stacks["tre-study"].cell == "south"
    assert sde("init", str(local), *BASICS, "--cloud", "local", "--region", "uksouth", "--data-class", "de-identified",
               "--cell", "north", "--cell", "south") == 0  # fmt: skip
    assert sde("--estate", str(local), "tenancy", "add", "study", *new, *groups[:2]) == 0, sde.err
    request = load(local).requests["study"]
    assert str(request.researchers) == GUID.format(50)
    assert len({request.researchers, request.stewards, request.checkers}) == 3


def test_without_a_terminal_every_missing_flag_is_in_one_message(sde: CliRunner, folder: Path) -> None:
    assert sde("init", str(folder)) == 2
    assert all(flag in sde.err for flag in ("--code", "--organisation", "--region", "--cloud", "--data-class"))
    given = AZURE[: AZURE.index("--tenant")]
    assert sde("init", str(folder), *given) == 2
    asked = {*AZURE[AZURE.index("--tenant") :: 2]} - {"--cell", "--way-in", "--ledger-container"}
    assert all(flag in sde.err for flag in asked if flag.startswith("--") and not flag.startswith("--ledger"))
    assert all(f"--group {name}" in sde.err for name in GROUPS if name != "RXX")
    assert not folder.exists()


WRONG = {
    "--code": ("Newsde", "--code"),
    "--data-class": ("secret", "synthetic, de-identified, identifiable"),
    "--until": ("2099-01-01", "--until"),
    "--owner": (f"{GUID.format(6)}=Mary Somerville", "on the roster twice"),
    "--addresses": ("8.8.0.0/14", "--addresses"),
    "--admin-key": ("ssh-rsa AAAA", "--admin-key"),
    "--tenant": ("contoso.com", "--tenant"),
    "--route": ("nobody", "trust-committee, west-midlands"),
    "--provider": ("RXX", "NAME=VALUE"),
    "--way-in": ("RYY=198.51.100.1", "RXX"),
    "--orchestrator": ("none", "--orchestrator"),
}


@pytest.mark.parametrize("flag", WRONG)
def test_a_wrong_answer_names_its_flag_and_writes_nothing(sde: CliRunner, folder: Path, flag: str) -> None:
    value, said = WRONG[flag]
    given = [*AZURE]
    given[given.index(flag) + 1] = value
    assert sde("init", str(folder), *given) == 2
    assert said in " ".join(sde.err.split())
    assert list(folder.parent.iterdir()) == []


def test_a_home_with_the_stacks_of_another_estate_is_named(sde: CliRunner, folder: Path) -> None:
    local = [*BASICS, "--cloud", "local", "--region", "uksouth", "--data-class", "synthetic"]
    assert sde("init", str(folder / "first"), *local) == 0
    assert "SDE_HOME" not in sde.out
    states = sde.settings.home / "state/.pulumi/stacks/sde"
    states.mkdir(parents=True)
    (states / "platform.json").touch()
    assert sde("init", str(folder / "second"), *local) == 0
    assert f"export SDE_HOME={sde.settings.home}/newsde" in sde.out


def test_what_the_estate_has_no_use_for_is_refused(sde: CliRunner, folder: Path) -> None:
    local = [*BASICS, "--cloud", "local", "--region", "uksouth", "--data-class", "synthetic"]
    assert sde("init", str(folder), *local, "--orchestrator", GUID.format(1)) == 2
    assert sde("init", str(folder), *local, "--ledger-container", "https://a") == 2
    assert sde("init", str(folder), *local, *(part for n in range(40) for part in ("--cell", f"c{n}")), "--addresses",
               "10.0.0.0/16") == 2  # fmt: skip
    assert "no room" in sde.err
    assert not folder.exists()


def test_at_a_terminal_it_asks_for_what_no_flag_states(
    sde: CliRunner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = io.StringIO("mars\nlocal\nasked\nAn asked SDE\nukwest\nsynthetic\n\nwest-midlands\none; two\n")
    monkeypatch.setattr(answers, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", answers)
    assert sde("init", str(folder)) == 0, sde.err
    assert "Nothing was written" not in sde.err
    found = load(folder)
    assert (found.file.code, [*found.cells]) == ("asked", ["one", "two"])


def test_nobody_answers_twice(sde: CliRunner, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("Wrong\nAn asked SDE\nukwest\nsynthetic\nwest-midlands\none; two\n", "asked\nAn asked SDE\n"):
        answers = io.StringIO(text)
        monkeypatch.setattr(answers, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", answers)
        assert sde("init", str(folder), "--cloud", "local") in (2, 130)
        assert f"init {folder} --cloud local --code {text[:5]} --organisation 'An asked SDE'" in sde.err
        assert not folder.exists()
    assert "--cell" not in sde.err


def test_a_file_of_a_private_key_is_refused_and_never_printed(sde: CliRunner, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n")
    for wrong in (str(tmp_path / "key"), (tmp_path / "key").read_text()):
        given = [wrong if one == KEY else one for one in AZURE]
        assert sde("init", str(folder), *given) == 2
        assert "private half" in sde.err
        assert "c2VjcmV0" not in sde.err + sde.out


def test_a_folder_with_something_in_it_stays_as_it_is(sde: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert sde("init", str(tmp_path), *AZURE) == 2
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(InputError):
        load(tmp_path)
