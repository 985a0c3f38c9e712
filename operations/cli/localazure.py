"""`sde local env`, `list` and `reset`: the local Azure on this machine."""

from __future__ import annotations

import shlex

import typer

from operations.cli.options import Estate, session_of


def env(context: typer.Context, estate: Estate = None) -> None:
    """Print exports that point the Pulumi CLI at the local Azure. Use: eval "$(scripts/sde local env)"."""
    session = session_of(context, estate=estate)
    session.output.out = session.output.err  # what stdout says is run by a shell: words go to stderr
    variables = session.settings.local_environment()
    session.bring_up_to_date()
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
