"""`sde completion`: a script with which a shell completes the command line.

The script has every command and option in it, so that Tab starts no Python. The names of stacks and projects are read
from the estate's folder when they are completed.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from operations.cli.options import command
from operations.cli.session import Session
from operations.settings import ROOT

STACK, PROJECT, FILE = ":stacks", ":projects", ":files"
"""In place of words: the names of stacks, of projects, or of files."""
_METAVARS = {"STACK": STACK, "PROJECT": PROJECT, "STACK|FILE.json": STACK, "PROJECT|FILE.yaml": PROJECT,
             "FILE": FILE, "DIR": FILE, "FOLDER": FILE, "KEY|FILE": FILE}  # fmt: skip


class Shell(StrEnum):
    """A shell that completes."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@dataclass(frozen=True)
class Option:
    """An option of a command."""

    names: tuple[str, ...]
    help: str
    values: tuple[str, ...] | None
    """The values that it takes, as a command's arguments; None for a flag."""

    def cases(self, path: str) -> str:
        """Return the pattern of a shell's `case` for its names after a command."""
        return "|".join(shlex.quote(f"{path}:{name}") for name in self.names)


@dataclass(frozen=True)
class Node:
    """A command, or a group of them."""

    path: str
    """The words that name it, after `sde`; empty for `sde` itself."""
    help: str
    commands: tuple[str, ...]
    options: tuple[Option, ...]
    argument: tuple[str, ...]
    """The values of its arguments: words, or `STACK`, `PROJECT` or `FILE`; empty if any text is one."""

    @property
    def valued(self) -> tuple[str, ...]:
        """The options after which a value follows."""
        return tuple(name for one in self.options if one.values is not None for name in one.names)

    @property
    def flags(self) -> tuple[str, ...]:
        """Every option, as it is typed."""
        return tuple(name for one in self.options for name in one.names)


@command("json_")
def completion(
    session: Session,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print a script with which a shell completes commands, options, stacks and projects of sde and scripts/sde.

    bash: sde completion bash > ~/.local/share/bash-completion/completions/sde, which the package bash-completion loads.
    zsh: sde completion zsh > ~/.sde.zsh, with `source ~/.sde.zsh` in ~/.zshrc. fish: sde completion fish >
    ~/.config/fish/completions/sde.fish. Write it again after an upgrade.

    Example: sde completion bash > ~/.local/share/bash-completion/completions/sde.
    """
    for line in script(shell, tuple(nodes())).splitlines():
        session.output.line(line)


def nodes() -> Iterator[Node]:
    """Yield `sde` with every group and command below it."""
    from operations.cli.app import whole_app  # noqa: PLC0415 - it imports every command, this one too

    yield from _nodes("", typer.main.get_command(whole_app()))


def _nodes(path: str, found: Any) -> Iterator[Node]:
    inner = getattr(found, "commands", {})
    options: list[Option] = []
    argument: tuple[str, ...] = ()
    for parameter in found.params:
        if parameter.param_type_name == "argument":
            argument = argument or _values(parameter)
        elif not parameter.hidden:
            values = None if parameter.is_flag else _values(parameter)
            options.append(Option(tuple(parameter.opts), _short(parameter.help), values))
    options.append(Option(("--help",), "Show the help.", None))
    yield Node(path, _short(found.help), tuple(inner), tuple(options), argument)
    for name, one in inner.items():
        yield from _nodes(f"{path} {name}".strip(), one)


def _values(parameter: Any) -> tuple[str, ...]:
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(one.value) for one in kind)
    known = FILE if kind is Path else _METAVARS.get(parameter.metavar or "")
    return (known,) if known else ()


def _short(help_: str | None) -> str:
    """Return the first sentence of a help."""
    return (help_ or "").strip().partition("\n")[0].partition(". ")[0].rstrip(".")


def script(shell: Shell, known: Sequence[Node]) -> str:
    """Return the script of a shell."""
    from operations.text_templates import templates_in  # noqa: PLC0415 - imports jinja2, for this command alone

    folder = Path(__file__).parent / "completion_scripts"
    environment = templates_in(folder, html=False, keep_trailing_newline=True)  # `quoted` escapes the values
    environment.filters["quoted"] = fish_quoted if shell is Shell.FISH else shlex.quote
    name = "bash" if shell is Shell.ZSH else shell.value
    return environment.get_template(f"{name}.j2").render(
        nodes=known, root=str(ROOT), zsh=shell is Shell.ZSH, stack=STACK, project=PROJECT, file=FILE
    )


def fish_quoted(text: str) -> str:
    """Return a text as one word of fish."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
