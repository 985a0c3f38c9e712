"""How a command ends when it cannot do what was asked, and the exit code that says so."""

from __future__ import annotations

from enum import IntEnum

from infra.errors import BadInput

__all__ = ["BadInput", "Exit", "Failed", "Refused"]


class Exit(IntEnum):
    """The exit codes of every `sde` command."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    REFUSED = 3


class Failed(Exception):  # noqa: N818
    """The work was begun and did not succeed: the cloud or the engine said no. The message is the whole story."""


class Refused(Exception):  # noqa: N818
    """The work is possible but not permitted: it would delete or replace what holds data, or a person said no."""
