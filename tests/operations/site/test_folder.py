"""The folder of a report: nothing that no report wrote is deleted, and a report is there whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from formats.errors import InputError
from operations.settings import ROOT
from operations.site.folder import FORMAT, MARKER, refuse_other_files, replacement


def write(folder: Path, *names: str) -> None:
    """Write a report with these files."""
    with replacement(folder) as new:
        _fill(new, *names)


def _fill(folder: Path, *names: str) -> None:
    for name in (*names, MARKER):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"format": FORMAT, "files": [*names, MARKER]}))


def _mine(folder: Path) -> None:
    (folder / "thesis.docx").write_text("mine")


def _symlink(folder: Path) -> None:
    (folder / "index.html").symlink_to(folder.parent / "mine.html")


def _folder_symlink(folder: Path) -> None:
    (folder / "assets").symlink_to(folder.parent)


FORGERIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a listed file that no report has": (_mine, "thesis.docx"),
    "a listed symlink": (_symlink, "index.html"),
    "a listed symlink to a folder": (_folder_symlink, "assets"),
    "a listed pipe": (lambda folder: os.mkfifo(folder / "map.html"), "map.html"),
    "a listed folder": (lambda folder: (folder / "a.html").mkdir(), "a.html"),
    "an empty folder": (lambda folder: (folder / "My work").mkdir(), "My work"),
}


@pytest.mark.parametrize(("make", "name"), FORGERIES.values(), ids=FORGERIES)
def test_a_list_of_files_that_no_report_wrote_deletes_nothing(
    tmp_path: Path, make: Callable[[Path], object], name: str
) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    listed = ["thesis.docx", "index.html", "assets", "map.html", "a.html", "My work", "../mine.html", "/etc/hosts"]
    (folder / MARKER).write_text(json.dumps({"format": FORMAT, "files": [*listed, MARKER]}))
    (tmp_path / "mine.html").write_text("mine")
    make(folder)
    with pytest.raises(InputError) as error:
        write(folder, "index.html")
    assert error.value.parts["found"] == name
    assert os.path.lexists(folder / name)
    assert (tmp_path / "mine.html").read_text() == "mine"


def test_a_pipe_as_list_of_files_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MARKER)
    with pytest.raises(InputError, match="something else"):
        refuse_other_files(tmp_path)


def test_the_folder_of_the_command_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    for folder in (Path(), Path(".."), Path("/")):
        with pytest.raises(InputError, match="that the command runs in"):
            refuse_other_files(folder)


def test_what_cannot_be_a_folder_is_refused_in_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for folder, words in ((tmp_path / "loop", "symlink to itself"), (tmp_path / "file/report", "is no folder"),
                          (Path("/proc"), "mount point")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            refuse_other_files(folder)


def test_a_name_as_long_as_any_is_written(tmp_path: Path) -> None:
    write(tmp_path / ("é" * 127), "index.html")
    assert [one.name for one in tmp_path.iterdir()] == ["é" * 127]


def test_a_file_that_comes_while_a_report_is_written_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    write(folder, "index.html")
    with pytest.raises(InputError, match=r"notes\.txt"), replacement(folder) as new:
        _fill(new, "index.html")
        (folder / "notes.txt").write_text("mine")
    assert (folder / "notes.txt").read_text() == "mine"
    assert [one.name for one in tmp_path.iterdir()] == ["report"]


def test_a_full_disk_is_named_by_the_folder_of_the_report(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    with pytest.raises(OSError, match="No space") as error, replacement(folder) as new:
        Path("/dev/full").write_text("x")
        _fill(new)
    assert error.value.filename == str(folder)
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from operations.site.folder import replacement
with replacement(Path(sys.argv[1])) as new:
    (new / "index.html").write_text("a part")
    print("started", flush=True)
    sys.stdin.read()
    (new / "report.json").write_text('{"format": "sde-report-1", "files": ["index.html", "report.json"]}')
"""


def test_a_killed_run_leaves_the_report_and_the_next_removes_its_part(tmp_path: Path) -> None:
    folder, other = tmp_path / "report", tmp_path / ".report.12345678.tmp"
    write(folder, "index.html")
    other.mkdir()
    _mine(other)
    before = (folder / "index.html").read_text()
    with subprocess.Popen([sys.executable, "-c", KILLED, folder], cwd=ROOT, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as run:  # fmt: skip
        assert run.stdout
        assert run.stdout.readline() == b"started\n"
        run.send_signal(signal.SIGKILL)
    assert (folder / "index.html").read_text() == before
    assert len(list(tmp_path.iterdir())) == 3
    write(folder, "index.html")
    assert sorted(one.name for one in tmp_path.iterdir()) == [other.name, "report"]
    assert (other / "thesis.docx").read_text() == "mine"


def test_two_runs_at_once_leave_the_later_report(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    with subprocess.Popen([sys.executable, "-c", KILLED, folder], cwd=ROOT, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as run:  # fmt: skip
        assert run.stdout
        assert run.stdin
        assert run.stdout.readline() == b"started\n"
        run.stdin.close()  # it ends while the other waits
        write(folder, "index.html", "map.html")
    assert run.returncode == 0
    assert (folder / "map.html").exists()
    assert [one.name for one in tmp_path.iterdir()] == ["report"]
