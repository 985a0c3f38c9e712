"""The project's program, run in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from formats.errors import Failed, InputError
from operations.engine.project import program_of
from tests.operations.engine.embedded.fake_cloud import Lab

MAIN = """
import sys
import pulumi
import zones  # in the same folder
assert __name__ == "__main__"
print("hello from the program")
zones.counter += 1
pulumi.export("count", zones.counter)
pulumi.export("stack", pulumi.get_stack())
"""


@pytest.fixture
def project(lab: Lab) -> Lab:
    (lab.folder / "Pulumi.yaml").write_text("name: lab\nruntime: python\nmain: prog/\n")
    (lab.folder / "prog").mkdir()
    (lab.folder / "prog" / "__main__.py").write_text(MAIN)
    (lab.folder / "prog" / "zones.py").write_text("counter = 0\n")
    return lab


def test_every_run_starts_fresh_in_another_process(project: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    before = (Path.cwd(), list(sys.argv), list(sys.path))
    engine = project.engine(None)
    for _ in range(2):
        outcome = engine.up(project.stack, on_event=project.events.append)
        assert outcome.outputs == {"count": 1, "stack": "dev"}
    assert (Path.cwd(), sys.argv, sys.path) == before
    assert "zones" not in sys.modules
    assert capfd.readouterr() == ("", "")
    assert "hello from the program" in [e.message for e in project.events]


def test_program_error_names_its_line(project: Lab) -> None:
    (project.folder / "prog" / "zones.py").write_text("def cut():\n    raise LookupError('no room')\ncut()\n")
    with pytest.raises(Failed) as caught:
        project.engine(None).preview(project.stack)
    text = str(caught.value)
    assert "LookupError: no room" in text and "zones.py:2 in cut" in text and "runpy" not in text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: [", "not well-formed YAML"),
        ("runtime: python", "no name"),
        ("name: lab\nmain: nowhere", "does not exist"),
    ],
)
def test_a_wrong_project_file_is_bad_input(lab: Lab, text: str, problem: str) -> None:
    (lab.folder / "Pulumi.yaml").write_text(text)
    with pytest.raises(InputError, match=problem):
        program_of(lab.folder)
