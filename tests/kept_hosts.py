"""The command line for tests in one process, whose commands use one host of the program.

A run leaves nothing in its host (`test_program_attacks.py`), and starting a host takes longer than the program itself.
The host of the project's own program has loaded it too (`warm_host.py`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from operations.cli import app
from operations.engine.choose import choose
from operations.engine.embedded.engine import EmbeddedEngine
from operations.engine.port import Engine
from operations.engine.program_process import COMMAND, ProgramProcess
from operations.engine.pulumi_cli import PulumiCli
from operations.settings import ROOT

_MOST = 3
"""Hosts that are kept. An earlier one is ended, and starts again at its next use."""
_HOSTS: OrderedDict[tuple[Any, ...], ProgramProcess] = OrderedDict()


class _Kept:
    """A host that an engine does not end."""

    def __init__(self, host: ProgramProcess) -> None:
        self._host = host

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def close(self) -> None:
        """Leave the host to the next command."""


def main(arguments: Sequence[str], **keywords: Any) -> int:
    """Run one command as `operations.cli.app.main` does."""
    choose_engine = keywords.pop("choose_engine", choose)
    return app.main(arguments, choose_engine=lambda *chosen: with_kept_host(choose_engine(*chosen)), **keywords)


def with_kept_host(engine: Engine) -> Engine:
    """Have an engine use the host that another engine of the same project has started."""
    owner: Any = engine._commands if isinstance(engine, PulumiCli) else engine
    if isinstance(engine, PulumiCli | EmbeddedEngine):
        owner.program = _Kept(_kept(owner.program))
    return engine


def _kept(host: ProgramProcess) -> ProgramProcess:
    """Return the host of the same folder: a folder that was moved has another one."""
    key = (host._root, host._root.stat().st_ino, host._seconds)
    kept = _HOSTS[key] = _HOSTS.pop(key, host)
    if host._root == ROOT:
        kept.command = (*COMMAND[:-1], "tests.warm_host")
    if len(_HOSTS) > _MOST:
        _HOSTS.popitem(last=False)[1].close()
    return kept
