"""The language runtime that `pulumi … --client=ADDRESS` connects to: it has the program run in a child process.

With it `sde` needs no `pulumi-language-python`, which only an official installation has.
"""
# ruff: noqa: N802 - the protocol names its methods

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from formats.plan import Plan
from operations.engine.derived_values import DerivedValues
from operations.engine.engine_proxy import EngineProxy
from operations.engine.program_error import error_text, reported_error
from operations.engine.program_run import ProgramRun
from operations.engine.program_services import CHANNEL_OPTIONS, ProgramRunner

_REQUESTS_AT_ONCE = 4
"""Requests of a program for each of the CLI's parallel steps, as in Pulumi's own language host."""


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The `pulumirpc.LanguageRuntime` service, for one program."""

    def __init__(self, program: ProgramRunner) -> None:
        self._program = program
        self.derived_values: DerivedValues | None = None
        """The values that the next run must have, if it executes an evaluated plan."""
        self._running = threading.Lock()

    def Handshake(self, _request: Any, _context: Any) -> Any:
        """Accept the engine."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:
        """Return no version: this host is part of the project."""
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(self, _request: Any, _context: Any) -> Any:
        """Return none: a provider is resolved when a resource needs it, in the version that its SDK names."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, _request: Any, _context: Any) -> Any:
        """Return none, as `GetRequiredPackages`."""
        return language_pb2.GetRequiredPluginsResponse()

    def About(self, _request: Any, _context: Any) -> Any:
        """Return the interpreter and its version."""
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def InstallDependencies(self, _request: Any, _context: Any) -> Any:
        """Do nothing: `scripts/sde` has installed them."""
        return iter(())

    def Cancel(self, _request: Any, _context: Any) -> Any:
        """Do nothing: the program ends with the command of the CLI."""
        return empty_pb2.Empty()

    def Run(self, request: Any, context: Any) -> Any:
        """Run the program once. Log a failure, with its kind, to the engine."""
        if not self._running.acquire(blocking=False):
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "a run of the program has not ended")
        try:
            return language_pb2.RunResponse(bail=not self._run(request))
        finally:
            self._running.release()

    def _run(self, request: Any) -> bool:
        run = ProgramRun(
            project=request.project,
            stack=request.stack,
            organization=request.organization or "organization",
            root=request.info.root_directory,
            dry_run=request.dryRun,
            config=dict(request.config),
            secret_keys=list(request.configSecretKeys),
            parallel=max(request.parallel, 1) * _REQUESTS_AT_ONCE,
        )
        secrets = [request.config[key] for key in request.configSecretKeys]
        derived = None if request.dryRun else self.derived_values
        proxy = EngineProxy(
            request.monitor_address, request.args[0], secrets, project=run.project, stack=run.stack,
            derived_values=derived,
        )  # fmt: skip
        with proxy as engine:
            try:
                self._program.run(run, engine)
            except Exception as error:  # without a response the CLI would wait for ever
                engine.error(error_text(reported_error(engine.refusal or error)))
                return False
            engine.look_back()
            if engine.refusal:
                engine.error(error_text(engine.refusal))
            return engine.refusal is None


class LanguageServer:
    """A language host on a free port of 127.0.0.1."""

    def __init__(self, program: ProgramRunner) -> None:
        self._server = grpc.server(ThreadPoolExecutor(max_workers=4), options=CHANNEL_OPTIONS)
        self._host = LanguageHost(program)
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(self._host, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        """Its address for the CLI."""
        self._server.start()

    @contextmanager
    def held_to(self, plan: Plan | None) -> Iterator[None]:
        """Hold the values of the program to an evaluated plan, if there is one, while the CLI runs."""
        self._host.derived_values = DerivedValues(plan) if plan else None
        try:
            yield
        finally:
            self._host.derived_values = None
