"""The `sde` command and its subcommands."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from formats.errors import Exit
from operations.cli import failures, options
from operations.cli.output import Output, replace_closed_streams, silence
from operations.cli.session import ChooseEngine, OpenCatalog, OpenGate, OpenLedger, Session, real_gate, real_ledger
from operations.cli.stack_catalog import StackCatalog
from operations.engine.port import Engine
from operations.settings import Settings

HELP = """The cloud of a regional NHS Secure Data Environment.

Exit codes: 0 done, 1 failed, 2 wrong use or bad input, 3 refused."""
_INTERRUPTED = 130
"""The exit code that Typer returns for an interruption."""
COMMANDS: Mapping[str, Mapping[str, str]] = {
    "": {
        "init": "init.init",
        "validate": "validating.validate",
        "stacks": "inspect.stacks",
        "preview": "lifecycle.preview",
        "diff": "diffing.diff",
        "up": "lifecycle.up",
        "provision": "provision.provision",
        "promote": "promote.promote",
        "refresh": "lifecycle.refresh",
        "drift": "lifecycle.drift",
        "destroy": "lifecycle.destroy",
        "outputs": "inspect.outputs",
        "access": "access.access",
        "import": "inspect.import_",
        "cancel": "inspect.cancel",
        "render": "inspect.render",
        "history": "history.history",
        "explain": "explain.explain",
        "completion": "completion.completion",
        "catalogue": "service_catalogue.catalogue",
        "cost": "cost.cost",
        "register": "public_register.register",
        "evidence": "evidence.evidence",
        "report": "report.report",
    },
    "request": {
        "new": "requests.new",
        "validate": "requests.validate",
        "schema": "requests.schema",
        "assess": "requests.assess",
        "show": "requests.show",
        "status": "requests.status",
        "approve": "request_decisions.approve",
        "reject": "request_decisions.reject",
        "return": "request_decisions.return_",
        "withdraw": "request_decisions.withdraw",
        "export": "request_crates.export",
        "import": "request_crates.import_",
    },
    "request keys": {"new": "request_keys.new"},
    "request actions": {
        "ask": "request_actions.ask",
        "sign": "request_actions.sign",
        "show": "request_actions.show",
    },
    "request approvers": {
        "show": "request_approvers.show",
        "change": "request_approvers.change",
        "sign": "request_approvers.sign",
    },
    "queue": {"work": "queue.work", "show": "queue.show"},
    "ledger": {
        "show": "ledger.show",
        "verify": "ledger.verify",
        "export": "ledger.export",
        "witness": "ledger.witness",
        "key": "ledgerkey.key",
        "note": "ledgernote.note",
    },
    "export": {
        "plan": "exporting.plan",
        "arm": "exporting.arm",
        "state": "exporting.state",
        "neighbours": "exportingneighbours.neighbours",
    },
    "local": {
        "env": "localazure.env",
        "list": "localazure.list_",
        "reset": "localazure.reset",
        "delete": "localazure.delete",
        "load": "localazure.load",
        "try": "localtry.try_",
        "connect": "localconnections.connect",
        "approve": "localconnections.approve",
    },
    "azure": {"check": "azurecheck.check"},
    "tenancy": {"add": "requests.new", "sleep": "tenancypower.sleep", "wake": "tenancypower.wake"},
    "prices": {"refresh": "prices.refresh"},
    "policy": {
        "check": "policy.check",
        "list": "policy.list_",
        "explain": "policy.explain",
        "new": "policynew.new",
        "flows": "policyflows.flows",
        "prove": "policyprove.prove",
        "checkov": "policycheckov.checkov",
    },
}
"""The module and function of each command, by group; a group inside another has its name after that one's.

A module is imported only if its command may be called."""
GROUPS = {
    "request": "Data access requests, and the decisions on them.",
    "request keys": "Keys to sign decisions with.",
    "request actions": "Permits to destroy, replace, close, break glass and take a version.",
    "request approvers": "Who decides: people, roles and public keys.",
    "export": "Write a stack's plan, ARM template or state to a file.",
    "local": "The local Azure on this machine.",
    "queue": "Bring up tenancies by workers on several machines.",
    "ledger": "What was asked, changed and refused, so that others can verify it.",
    "azure": "Real Azure, before the first up.",
    "tenancy": "Add a tenancy (as sde request new does), and stop and start its desks.",
    "prices": "The price book, from which preview shows idle prices.",
    "policy": "Check stacks against the policies.",
}


def main(
    arguments: Sequence[str] | None = None,
    *,
    settings: Settings | None = None,
    open_catalog: OpenCatalog | None = None,
    choose_engine: ChooseEngine | None = None,
    open_gate: OpenGate | None = None,
    open_ledger: OpenLedger | None = None,
) -> int:
    """Run one command and return its exit code. Tests replace its dependencies with the keywords."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    settings = settings or Settings.load()
    replace_closed_streams()
    output = Output(json="--json" in arguments)
    session = Session(settings, output, open_catalog or _catalog, choose_engine or _engine, open_gate or real_gate,
                      open_ledger or real_ledger)  # fmt: skip
    try:
        return _run(arguments, session)
    except (BrokenPipeError, SystemExit) as error:
        if not failures.is_closed_pipe(error):
            raise
        silence(sys.stdout)
        return Exit.FAILED
    finally:
        session.close()


def _run(arguments: Sequence[str], session: Session) -> int:
    """Run the command, and print its error. A closed pipe is raised: no error can be printed to it."""
    try:
        code = int(_app(arguments)(arguments, prog_name="sde", standalone_mode=False, obj=session) or Exit.DONE)
    except (
        Exception,
        KeyboardInterrupt,
        SystemExit,
    ) as error:  # also code that ends the process: no exit code of its own
        if failures.is_closed_pipe(error):
            raise
        return failures.end(error, session.output, session.settings)
    return failures.end(KeyboardInterrupt(), session.output, session.settings) if code == _INTERRUPTED else code


def _app(arguments: Sequence[str]) -> typer.Typer:
    """Return the app with the commands that the arguments name, or with all of a group for its help."""
    app = _group(HELP)
    app.callback()(_before)
    groups = {"": app}
    for group, commands in COMMANDS.items():
        outer, _, name = group.rpartition(" ")
        if group:
            groups[group] = _group(GROUPS[group])
            groups[outer].add_typer(groups[group], name=name)
        if set(group.split()) <= set(arguments):
            for one in [one for one in commands if one in arguments] or commands:
                groups[group].command(one)(_function(commands[one]))  # type: ignore[type-var]
    return app


def whole_app() -> typer.Typer:
    """Return the app with every command, for what describes them all."""
    words = [
        *(word for group in COMMANDS for word in group.split()),
        *(one for found in COMMANDS.values() for one in found),
    ]
    return _app(words)


def _function(path: str) -> object:
    module, _, function = path.partition(".")
    return getattr(import_module(f"operations.cli.{module}"), function)


def _group(help_: str) -> typer.Typer:
    return typer.Typer(name="sde", help=help_, no_args_is_help=True, add_completion=False)


def _catalog(folder: Path | None, settings: Settings) -> StackCatalog:
    from operations.cli.estate import open_estate  # noqa: PLC0415 - imports validation and templates, which --help does not need

    return open_estate(folder, settings)


def _engine(choice: str, cloud: str, settings: Settings) -> Engine:
    from operations.engine.choose import choose  # noqa: PLC0415 - imports the engines

    return choose(choice, cloud, settings)


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"sde {version()}")
        raise typer.Exit


def version() -> str:
    """Return the version from pyproject.toml: the project runs from its folder and is never installed."""
    import tomllib  # noqa: PLC0415

    from operations.settings import ROOT  # noqa: PLC0415

    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _before(
    context: typer.Context,
    *,
    json_: options.Json = False,
    engine: options.Engine = None,
    cloud: options.Cloud = None,
    estate: options.Estate = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version
    options.session_of(context, engine=engine, cloud=cloud, estate=estate, json_=json_)
