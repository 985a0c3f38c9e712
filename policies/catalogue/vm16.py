"""VM16: a desk gives a terminal and nothing else, from its first boot."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from infra.terminal import COMMANDS, FILES, HEAD
from policies.catalogue._expect import holds_records
from policies.model import MISSING, Controls, Estate, Policy, Problem, Resource, Severity, Unknown, is_secret

BOOT, LINUX = "osProfile.customData", "osProfile.linuxConfiguration"
ALSO = ("apt",)
"""What else may be said: where packages are."""
ALSO_WRITTEN = ("/etc/pip.conf",)


def judge(computer: Resource, _: Estate) -> Iterator[Problem]:
    """Whatever else ran at the first boot could take back what makes SSH a terminal."""
    found = computer.at(BOOT)
    if is_secret(found):
        raise Unknown(BOOT, "is secret, and what a desk does at its first boot must be told")
    if found is MISSING:
        yield Problem(BOOT, "is not set, so SSH carries files, commands and ports past the airlock")
        return
    told = _told(found)
    if told is None:
        yield Problem(BOOT, "is not what infra/terminal.py makes, so nobody can say what SSH carries")
        return
    files = told.get("write_files")
    listed = files if isinstance(files, list) else []
    if any(dict(file) not in listed for file in FILES):
        yield Problem(BOOT, "does not make SSH a terminal alone: both files of infra/terminal.py must be written")
    if any(
        not isinstance(f, dict) or (f not in map(dict, FILES) and f.get("path") not in ALSO_WRITTEN) for f in listed
    ):
        yield Problem(BOOT, f"writes other files than SSH's and {', '.join(ALSO_WRITTEN)}")
    if told.get("runcmd") != [list(command) for command in COMMANDS]:
        yield Problem(BOOT, "runs other commands than the one that lets SSH read what was written")
    more = sorted(told.keys() - {"write_files", "runcmd", *ALSO})
    if more or not _archives(told.get("apt", {})):
        yield Problem(BOOT, f"does more at the first boot than say where packages are: {', '.join(more) or 'apt'}")


def _told(found: object) -> dict[str, Any] | None:
    try:
        text = base64.b64decode(str(found), validate=True).decode()
        told = json.loads(text.removeprefix(HEAD)) if text.startswith(HEAD) else None
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _archives(apt: object) -> bool:
    """Only where packages are: apt's other keys run commands, or trust a stranger's key."""
    if not isinstance(apt, dict) or not apt.keys() <= {"primary", "security"}:
        return False
    lists = [mirrors for mirrors in apt.values() if isinstance(mirrors, list)]
    places = [place for mirrors in lists for place in mirrors]
    return len(lists) == len(apt) and all(isinstance(p, dict) and p.keys() <= {"arches", "uri"} for p in places)


POLICY = Policy(
    id="VM16",
    title="A desk gives a terminal and nothing else",
    why="A shell that runs a command from afar copies files too, by scp, sftp or a forwarded port: a way out that no "
    "airlock sees.",
    on=("compute:VirtualMachine",),
    reads=(BOOT, LINUX),
    severity=Severity.HIGH,
    controls=Controls(
        satre=("2.1.14", "3.1.04", "3.3.05"), ncsc=("3", "11"), iso27001=("8.12", "8.20"),
        five_safes=("settings", "outputs"),
    ),
    fix="Set customData to first_boot() of infra/terminal.py.",
    judge=judge,
    applies=lambda computer, estate: computer.at(LINUX) is not MISSING and holds_records(computer, estate),
)  # fmt: skip
