"""`sde ledger` and `sde history`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from formats.errors import Failed
from formats.signed_notes import WITNESS as OF_WITNESS
from operations.cli.app import main
from operations.ledger.entry import Kind, Who
from operations.settings import Settings
from tests.made_once import deployed_estate
from tests.operations.cli.fakes import CliRunner
from tests.operations.ledger.logs import KEY, WITNESS, entry

LOG_KEY = str(KEY.verifier())


@pytest.fixture
def used(sde: CliRunner) -> CliRunner:
    """A run of two stacks, and a refusal."""
    assert sde("up", "platform", "safe-haven", "--yes") == 0
    assert sde.gate
    sde.gate.refuses = {"tre-heart"}
    assert sde("up", "tre-heart", "--yes") == 3
    return sde


def test_show_lists_the_entries_and_the_key(used: CliRunner) -> None:
    assert used("ledger", "show") == 0
    assert used.out.splitlines()[:2] == ["sde.test/ledger: 5 entries", f"key: {LOG_KEY}"]
    assert [line.split()[3] for line in used.out.splitlines()[3:]] == [
        "intent",
        "result",
        "intent",
        "result",
        "refusal",
    ]
    assert used("ledger", "show", "4") == 0
    assert "kind: refusal" in used.out
    assert "who.id: ann" in used.out
    assert used("ledger", "show", "--stack", "safe-haven", "--json") == 0
    assert [line["entry"] for line in used.lines] == [2, 3]
    assert used("ledger", "show", "5") == 2
    assert "allowed: 0 to 4" in used.err


def test_history_has_a_line_for_each_change(used: CliRunner) -> None:
    assert used("history") == 0
    lines = [line.split() for line in used.out.splitlines()[1:]]
    assert [(line[0], line[3], line[5]) for line in lines] == [
        ("0", "platform", "succeeded"), ("2", "safe-haven", "succeeded"), ("4", "tre-heart", "refusal"),
    ]  # fmt: skip
    assert used("history", "platform", "--json") == 0
    assert [(line["change"], line["result"]) for line in used.lines] == [(0, "succeeded")]


def test_a_ledger_without_entries(sde: CliRunner) -> None:
    assert sde("history") == 0
    assert sde.out == "The ledger has no entries.\n"
    assert sde("ledger", "verify") == 0


def test_verify_compares_the_states(used: CliRunner) -> None:
    assert used("ledger", "verify") == 0
    assert used.out.splitlines()[-1] == "The ledger verifies."
    used.engine.has["platform"] = ["other"]
    assert used("ledger", "verify") == 1
    assert "platform has another state now than after entry 1" in used.err
    used.engine.has |= {"platform": ["a", "b"], "tre-heart": ["a"]}
    assert used("ledger", "verify", "--json") == 1
    assert used.lines[0]["problems"][0]["text"] == "tre-heart is deployed, and no entry says so"


def test_an_exported_ledger_verifies_alone(used: CliRunner, tmp_path: Path) -> None:
    folder = str(tmp_path / "copy")
    assert used("ledger", "export", folder) == 0
    assert used("ledger", "export", folder) == 2
    assert used("ledger", "verify", "--folder", folder) == 2
    assert "--log-key" in used.err
    assert used("ledger", "verify", "--folder", folder, "--log-key", LOG_KEY) == 0
    (tmp_path / "copy" / "tile" / "0" / "000.p" / "5").write_bytes(bytes(160))
    assert used("ledger", "verify", "--folder", folder, "--log-key", LOG_KEY) == 1
    assert used("ledger", "show", "--folder", folder, "--log-key", LOG_KEY) == 0


def witness(sde: CliRunner, folder: Path, *more: str) -> int:
    key = ("--key", str(folder / "key.pem"), "--name", "auditor.test/w1")
    return sde("ledger", "witness", *key, "--folder", str(folder / "copy"), "--log-key", LOG_KEY, *more)


@pytest.fixture
def auditor(used: CliRunner, tmp_path: Path) -> CliRunner:
    used.settings = Settings.load({**used.settings.environ, "SDE_WITNESS_PASSPHRASE": "in a safe"})
    assert used("ledger", "export", str(tmp_path / "copy")) == 0
    return used


def test_a_witness_signs_what_extends_all_before(auditor: CliRunner, tmp_path: Path) -> None:
    assert witness(auditor, tmp_path) == 2
    assert witness(auditor, tmp_path, "--first") == 0
    key = auditor.out.splitlines()[-1].removeprefix("key: ")
    assert witness(auditor, tmp_path) == 0
    assert witness(auditor, tmp_path, "--first") == 2
    copy = ("--folder", str(tmp_path / "copy"), "--log-key", LOG_KEY)
    assert auditor("ledger", "verify", *copy, "--witness", key) == 0
    assert "witness auditor.test/w1 signed 5 entries" in auditor.out
    assert auditor("ledger", "verify", *copy, "--witness", str(WITNESS.verifier(OF_WITNESS))) == 1
    assert "has signed no checkpoint" in auditor.err
    assert auditor("ledger", "verify", *copy, "--witness", LOG_KEY) == 2
    assert auditor("ledger", "verify", *copy, "--seen", str(tmp_path / "key.pem.seen")) == 0


def test_a_witness_who_may_only_read_keeps_the_signature(
    auditor: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Failed("The ledger's container refused: 403.")

    monkeypatch.setattr("operations.ledger.files.FileStorage.create", refuse)
    assert witness(auditor, tmp_path, "--first") == 0
    assert f"The signature is not in the ledger: give {tmp_path}/key.pem.seen" in auditor.err
    assert "\u2014 auditor.test/w1 " in (tmp_path / "key.pem.seen").read_text()


def test_a_witness_refuses_an_older_ledger(auditor: CliRunner, tmp_path: Path) -> None:
    assert witness(auditor, tmp_path, "--first") == 0
    older = tmp_path / "copy"
    for name in ("tile", "checkpoints", "pending", "cosigned"):
        shutil.rmtree(older / name)
    (older / "checkpoint").unlink()
    from tests.operations.ledger.logs import log_in

    log_in(older).append([one for _, one in zip(range(3), auditor.ledger.log.entries(), strict=False)])
    assert witness(auditor, tmp_path) == 3
    assert "The witness does not sign: entry 3: is cut off: A witness's own record has 5 entries" in auditor.err


def test_a_witness_without_a_passphrase_signs_nothing(used: CliRunner, tmp_path: Path) -> None:
    used("ledger", "export", str(tmp_path / "copy"))
    assert witness(used, tmp_path, "--first") == 2
    assert "SDE_WITNESS_PASSPHRASE" in used.err
    assert not (tmp_path / "key.pem").exists()


HOSTILE = "\u202eevil\x1b[31m[red]x[/red]\n" + "y" * 3000


def test_hostile_words_break_no_output(sde: CliRunner) -> None:
    who = Who(kind="operating-system-user", id=HOSTILE[:100], host="[bold]h")
    sde.ledger.record(entry(Kind.REFUSAL, stacks=[HOSTILE[:100]], reason=HOSTILE, details=(HOSTILE[:90],), who=who))
    for arguments in (("ledger", "show"), ("ledger", "show", "0"), ("history",), ("ledger", "verify")):
        assert sde(*arguments) == 0
        assert not set(sde.out) & {"\x1b", "\u202e"}
    assert "[red]x[/red]" in sde.out or sde("ledger", "show") == 0
    assert sde("ledger", "show", "--json") == 0
    assert json.loads(sde.out)["reason"] == HOSTILE


def test_the_local_ledger_is_in_the_home_folder(sde: CliRunner, tmp_path: Path) -> None:
    from operations.cli.session import real_ledger

    sde.ledger = real_ledger("local", sde.settings, None)
    assert sde("up", "platform", "--yes") == 0
    again = replace(sde, ledger=real_ledger("local", sde.settings, None))
    assert again("ledger", "verify") == 0
    assert (tmp_path / "ledger" / "checkpoint").read_text().startswith("sde.local/ledger\n2\n")
    assert "ENCRYPTED" in (tmp_path / "local" / "ledger-key.pem").read_text()
    assert {(tmp_path / "local" / name).stat().st_mode & 0o777 for name in ("ledger-key.pem", "ledger-passphrase")} == {
        0o600
    }


def test_a_lost_key_is_not_replaced(sde: CliRunner, tmp_path: Path) -> None:
    from formats.errors import InputError
    from operations.cli.session import real_ledger

    real_ledger("local", sde.settings, None).record(entry())
    (tmp_path / "local" / "ledger-key.pem").unlink()
    with pytest.raises(InputError, match="key of this machine's ledger is missing"):
        real_ledger("local", sde.settings, None)


def test_runs_in_azure_need_a_ledger_there(sde: CliRunner) -> None:
    from formats.errors import InputError
    from operations.cli.session import real_ledger

    with pytest.raises(InputError, match="Runs in Azure are recorded in a ledger, and the estate names none"):
        real_ledger("azure", sde.settings, None)


def test_a_key_for_azure_is_made_once_and_printed_in_part(sde: CliRunner, tmp_path: Path) -> None:
    from operations.ledger.keys import key_of

    file = tmp_path / "key.pem"
    arguments = ("ledger", "key", "--name", "sde.test/azure", "--output", str(file))
    assert sde(*arguments) == 0
    made = key_of(file.read_bytes(), "sde.test/azure", None, where="file")
    assert sde.out == f"public_key: {made.verifier()}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert sde(*arguments) == 2
    assert "File exists" in sde.err


def test_a_use_of_the_break_glass_key_is_noted(sde: CliRunner) -> None:
    assert sde("ledger", "note", "platform", "--break-glass", "Ann Lee, desk 3, Entra was down") == 0
    assert sde("ledger", "note", "platform", "--break-glass", " ") == 2
    (found,) = [one for _, one in sde.ledger.entries()]
    assert (found.kind, found.reason, found.stacks) == (
        Kind.BREAK_GLASS, "Ann Lee, desk 3, Entra was down", ("platform",),
    )  # fmt: skip


def test_a_use_that_nobody_permitted_is_recorded_as_such_and_refused(
    sde: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.cli.permits.Permits.break_glass", lambda *_: (None, "no permit for break-glass"))
    assert sde("ledger", "note", "platform", "--break-glass", "Ann Lee") == 3
    assert "no permit for break-glass" in sde.err
    monkeypatch.setattr("operations.cli.permits.Permits.break_glass", lambda *_: ({"actions": ["a"]}, ""))
    assert sde("ledger", "note", "platform", "--break-glass", "Ben Day") == 0
    first, second = [one for _, one in sde.ledger.entries()]
    assert (first.kind, first.reason, first.objects) == (Kind.BREAK_GLASS, "WITHOUT A PERMIT: Ann Lee", {})
    assert sde.ledger.kept(second.objects["permit"]) == {"actions": ["a"]}


def test_the_ledger_of_a_deployed_estate_verifies(capsys: pytest.CaptureFixture[str]) -> None:
    folder = deployed_estate()
    settings = Settings.load({"SDE_HOME": str(folder / "home"), "PATH": "/nowhere"})
    assert main(["--estate", str(folder / "estate"), "ledger", "verify"], settings=settings) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "The ledger verifies."
    assert main(["--estate", str(folder / "estate"), "history", "--json"], settings=settings) == 0
    changes = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {change["result"] for change in changes if change["command"] == "up"} == {"succeeded"}
    assert {"plan", "verdict", "diff"} <= set(changes[0]["objects"])
