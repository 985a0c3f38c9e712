"""The engine port implemented with the official Pulumi CLI.

The CLI's login and settings belong to the user: they are overridden only by environment variables, for one run at a
time. The program runs in the project's language host, so `sde` needs no `pulumi-language-python`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from formats.deployed_stack import DeployedStack, changed_meanwhile
from formats.drift import drift_plan
from formats.errors import Failed, InputError
from formats.plan import SECRET, Plan, canonical
from formats.pulumi_preview import after_refresh, deletion_of, plan_of
from formats.pulumi_state import has_resources, read_export, stack_outputs
from formats.state_record import StateRecord, record_of
from formats.urns import label
from operations.engine.port import OnEvent, Outcome, StackSettings, StackState, busy, state_digest
from operations.engine.program_process import DEFAULT_SECONDS
from operations.engine.project import client_project, sdk_version
from operations.engine.protection import released
from operations.engine.pulumi_commands import NO_ENVIRONMENT, PulumiCommands
from operations.engine.pulumi_errors import StackMissingError, protection_refusal
from operations.engine.pulumi_events import Listener, run_events
from operations.engine.pulumi_process import CommandFailed
from operations.engine.pulumi_refresh import STREAMED, RefreshListener
from operations.engine.pulumi_saved import UpdatePlans, content, violation
from operations.engine.targets import Targets
from operations.settings import PROJECT

_AT_ONCE = 4
"""Number of parallel exports: each is a process that mostly waits for the backend."""
_KEPT_TEXTS = 32
"""The most texts of exports that are kept: all of a large estate would fill the memory."""


class PulumiCli:
    """Runs the project's stacks with the Pulumi CLI that `command` names, or the `pulumi` on PATH."""

    name = "pulumi"

    def __init__(
        self,
        project_root: Path,
        environment: Mapping[str, str],
        *,
        creates_stacks: bool,
        command: Path | None = None,
        program_seconds: float = DEFAULT_SECONDS,
    ) -> None:
        """`environment` overrides the process's own. With `creates_stacks`, a missing stack is created."""
        executable = command or Path("pulumi")
        self._commands = PulumiCommands(
            project_root, environment, executable, creates_stacks=creates_stacks, program_seconds=program_seconds
        )
        self._saved = UpdatePlans()
        self._exported: dict[str, dict[str, Any]] = {}
        """The last export of each stack, until a run changes it."""
        self._text_of = lru_cache(maxsize=_KEPT_TEXTS)(lambda name, _: self._export_text(name))
        """Called with a stack and the digest of its state's file."""

    def prepare(self) -> None:
        """Start the host of the program, which takes about as long as the CLI before it requests the program."""
        self._commands.program.start()

    def close(self) -> None:
        """End the host of the program."""
        self._commands.program.close()

    def preview(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        refresh: bool = False,
        on_event: OnEvent | None = None,
    ) -> Plan:
        """Return the plan of an `up`, or of one after a `refresh`. A missing stack is created, empty."""
        file = self._saved.next_file()
        arguments = ["preview", "--json", "--show-sames", "--show-reads", "--save-plan", str(file)]
        arguments += ["--refresh"] if refresh else []
        with run_events(stack.name, on_event):
            digest = self._previewed(stack, [*arguments, *_targets(targets)], on_event)
        cloud = str(stack.config["sde:cloud"])
        steps = after_refresh(digest.get("steps") or ())
        plan = plan_of(steps, PROJECT, stack.name, cloud, digest.get("config"), update_plan=content(file))
        self._saved.keep(plan, file)
        return plan

    def _previewed(self, stack: StackSettings, arguments: Sequence[str], on_event: OnEvent | None) -> Mapping[str, Any]:
        """Return the JSON document of a preview, after its messages are sent."""
        listener = Listener(stack.name, on_event)
        error: CommandFailed | None = None
        try:
            text = self._commands.run_program(stack, arguments)
        except CommandFailed as failure:
            error, text = failure, failure.stdout
        digest = _json(text)
        for diagnostic in digest.get("diagnostics") or ():
            listener.message(diagnostic)
        if error:
            raise self._commands.failure(error, stack.name, listener.errors, stack.file) from None
        listener.send_errors()
        return digest

    def up(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        plan: Plan | None = None,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Deploy the program's resources; with a plan of this process's preview, only its steps."""
        held = ["--plan", str(self._saved.of(plan)), "--message", f"plan {plan.digest}"] if plan else []
        with run_events(stack.name, on_event):
            if not plan and any(r.get("protect") for r in self._resources(stack.name)):
                self.preview(stack, targets=targets)  # refuses to delete protected resources before any change
            return self._perform(stack, ["up", *held, *_targets(targets)], on_event, plan)

    def refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Outcome:
        """Update the state with the cloud's present properties."""
        with run_events(stack.name, on_event):
            return self._perform(stack, ["refresh"], on_event)

    def preview_refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Plan:
        """Return where the cloud differs from the state; change nothing."""
        with run_events(stack.name, on_event):
            state = self.current_state([stack]).get(stack.name)
            if state is None:
                raise InputError(f"Stack {stack.name} is not up", key=stack.name, fix=f"`sde up {stack.name}` first")
            listener = RefreshListener(stack.name, on_event)
            self._follow(stack, ["refresh", "--preview-only", "--json"], listener, environment=STREAMED)
            return drift_plan(state, listener.found)

    def preview_destroy(self, stack: StackSettings, *, targets: Sequence[str] = ()) -> Plan:
        """Return the plan of a `destroy`: the state's resources, or the targets among them."""
        chosen, resources = Targets(targets), self._resources(stack.name)
        chosen.must_match(r["urn"] for r in resources)
        going = [r for r in resources if not targets or chosen.named(r["urn"])]
        outputs = stack_outputs(resources)
        return deletion_of(going, PROJECT, stack.name, str(stack.config["sde:cloud"]), stack.config, outputs=outputs)

    def destroy(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        release_protected: bool = False,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Delete the stack's resources. If the destroy fails, the next `up` restores a released protection."""
        with run_events(stack.name, on_event):
            held = [r.urn for r in self.preview_destroy(stack, targets=targets).resources if r.protect]
            if held and not release_protected:
                raise protection_refusal([f"{label(urn)} would be deleted" for urn in held])
            if held and not targets:
                self._commands.run(stack.name, ["state", "unprotect", "--all", "--yes", "--stack", stack.name])
            elif held:
                self._set_protection(stack.name, held, protect=False)
            return self._perform(stack, ["destroy", *_targets(targets)], on_event)

    def release(self, stack: StackSettings, urns: Sequence[str]) -> AbstractContextManager[None]:
        """Take the protection of resources away in the state, and give it back at the end to those that are left."""
        return released(partial(self._set_protection, stack.name), urns)

    def _set_protection(self, name: str, urns: Sequence[str], *, protect: bool) -> list[str]:
        """Return the URNs of the resources whose protection changed."""
        found = [one for one in self._resources(name) if one["urn"] in urns and not one.get("delete")]
        changed = [one["urn"] for one in found if bool(one.get("protect")) != protect]
        if changed:
            command = "protect" if protect else "unprotect"
            self._commands.run(name, ["state", command, *changed, "--yes", "--stack", name])
            self._exported.pop(name, None)
        return changed

    def import_resource(self, stack: StackSettings, type_: str, name: str, id_: str) -> Outcome:
        """Import an existing cloud resource into the stack, protected."""
        with TemporaryDirectory() as folder:  # this command takes the program's address from Pulumi.yaml only
            Path(folder, "Pulumi.yaml").write_text(client_project(self._commands.root, self._commands.language.address))
            resource = {"type": type_, "name": name, "id": id_, "version": sdk_version(type_.partition(":")[0])}
            file = Path(folder, "resources.json")
            file.write_text(json.dumps({"resources": [resource]}))
            arguments = ["import", "--file", str(file), "--protect", "--generate-code=false", "--cwd", folder]
            return self._perform(stack, arguments, None)

    def state(self, name: str) -> StackState | None:
        """Return a stack's summary; None if the backend does not know it."""
        try:
            document = self._exported.get(name) or self._document(name)
        except StackMissingError:
            return None
        deployment = document.get("deployment") or {}
        resources = deployment.get("resources") or []
        own = [r for r in resources if not r["type"].startswith("pulumi:") and not r.get("delete")]
        locked_by = self._commands.locked_by(name)
        return StackState(name, len(own), _utc(deployment), stack_outputs(resources), locked_by)

    def deployed(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, DeployedStack]:
        """Return the deployed stacks: from a folder's files, else from parallel exports. Secrets stay encrypted."""
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            found = pool.map(lambda stack: self._deployed(stack, being_updated=stack.name in being_updated), stacks)
            return {one.name: one for one in found if one}

    def current_state(
        self, stacks: Sequence[StackSettings], *, being_updated: Collection[str] = ()
    ) -> Mapping[str, Plan]:
        """Return the current state of the stacks, by name, from parallel exports. Secrets stay encrypted."""
        deployed = self.deployed(stacks, being_updated=being_updated)
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return dict(zip(deployed, pool.map(lambda one: one.load(), deployed.values()), strict=True))

    def _deployed(self, stack: StackSettings, *, being_updated: bool) -> DeployedStack | None:
        if not being_updated and (holder := self._commands.locked_by(stack.name)):
            raise busy(stack.name, holder)
        if self._commands.lacks(stack.name):
            return None
        content = self._commands.checkpoint(stack.name)
        if content is None or not has_resources(content):
            return self._exported_stack(stack)
        digest = hashlib.sha256(content).hexdigest()

        def load() -> Plan:
            plan = _plan_of(stack, self._export(stack.name))
            after = self._commands.checkpoint(stack.name)
            if plan is None or after is None or hashlib.sha256(after).hexdigest() != digest:
                raise changed_meanwhile(stack.name)
            return plan

        return DeployedStack(stack.name, state_digest(PROJECT, stack, digest), load)

    def _exported_stack(self, stack: StackSettings) -> DeployedStack | None:
        """Return a stack by its export; None if it has no resources, or is missing."""
        try:
            document = self._export(stack.name)
        except StackMissingError:
            return None
        plan = _plan_of(stack, document)
        if plan is None:
            return None
        digest = hashlib.sha256(canonical(document).encode()).hexdigest()
        return DeployedStack(stack.name, state_digest(PROJECT, stack, digest), lambda: plan)

    def export_state(self, name: str) -> dict[str, Any]:
        """Return the stack's deployment in Pulumi's export format, secrets encrypted."""
        return self._document(name)

    def outputs(self, name: str, *, show_secrets: bool = False) -> Mapping[str, Any]:
        """Return the stack's outputs; secrets are masked unless `show_secrets`."""
        arguments = ["stack", "output", "--json", "--stack", name, *(["--show-secrets"] if show_secrets else [])]
        outputs = json.loads(self._commands.run(name, arguments))
        return outputs if show_secrets else {k: SECRET if v == SECRET else v for k, v in outputs.items()}

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Hold a stack's lock while something other than a run changes the cloud, if the backend is a folder."""
        return self._commands.hold(name)

    def cancel(self, name: str) -> None:
        """Remove the lock that a killed run left. The state does not change."""
        try:
            self._commands.run(name, ["cancel", "--yes", name])
        except StackMissingError:
            if not self._commands.creates:
                raise  # a stack in real Azure: the backend may be the wrong one

    def make_missing(self, names: Sequence[str]) -> list[str]:
        """Create the stacks that the backend lacks, so that `pulumi up -s NAME` finds them; return their names."""
        found = json.loads(self._commands.run(PROJECT, ["stack", "ls", "--json"]))
        known = {s["name"].rsplit("/", 1)[-1] for s in found}
        missing = [name for name in names if name not in known]
        for name in missing:
            self._commands.create_stack(name, self._commands.root / f"Pulumi.{name}.yaml")
        return missing

    def _perform(
        self, stack: StackSettings, arguments: Sequence[str], on_event: OnEvent | None, plan: Plan | None = None
    ) -> Outcome:
        """Run a command that changes the stack, sending its events when they arrive."""
        self._exported.pop(stack.name, None)
        listener, begun = Listener(stack.name, on_event), time.monotonic()
        with self._commands.language.held_to(plan):
            self._follow(stack, [*arguments, "--yes", "--skip-preview", "--json"], listener, plan)
        seconds = time.monotonic() - begun
        after = self.state(stack.name)
        return Outcome(
            stack.name, listener.counts, seconds, after.resources if after else 0, after.outputs if after else {}
        )

    def _follow(
        self,
        stack: StackSettings,
        arguments: Sequence[str],
        listener: Listener,
        plan: Plan | None = None,
        *,
        environment: Mapping[str, str] = NO_ENVIRONMENT,
    ) -> None:
        """Run a command that streams its events, and send them when they arrive."""
        try:
            self._commands.run_program(stack, arguments, listener.receive, environment=environment)
        except CommandFailed as error:
            if plan and (refusal := violation(plan, listener.errors, is_silent=error.is_silent)):
                raise refusal from None
            raise self._commands.failure(error, stack.name, listener.errors, stack.file) from None
        listener.send_errors()

    def _document(self, name: str) -> dict[str, Any]:
        """Return the result of `_export`, and keep it."""
        self._exported[name] = document = self._export(name)
        return document

    def state_record(self, name: str) -> StateRecord | None:
        """Return what the ledger records of a stack's state: from a folder's file, else from an export."""
        if self._commands.lacks(name):
            return None
        content = self._commands.checkpoint(name)
        if content is None:
            try:
                return record_of(self._export(name).get("deployment") or {})
            except StackMissingError:
                return None
        try:
            return record_of(json.loads(content)["checkpoint"].get("latest") or {})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError("The state is damaged.", key=name, fix="restore it from its .bak file") from None

    def _export(self, name: str) -> dict[str, Any]:
        """Return the result of `pulumi stack export`. `StackMissingError` if the backend does not know the stack.

        The same file of a state is exported once.
        """
        content = self._commands.checkpoint(name)  # before the export, so that a change during it has another digest
        digest = hashlib.sha256(content).hexdigest() if content is not None else None
        text = self._text_of(name, digest) if digest else self._export_text(name)
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Failed(f"The Pulumi CLI exported no state for {name}.")
        return document

    def _export_text(self, name: str) -> str:
        return self._commands.run(name, ["stack", "export", "--stack", name])

    def _resources(self, name: str) -> list[dict[str, Any]]:
        try:
            return (self._document(name).get("deployment") or {}).get("resources") or []
        except StackMissingError:
            return []


def _plan_of(stack: StackSettings, document: Mapping[str, Any]) -> Plan | None:
    """Return an exported state as a Plan; None if it has no resources."""
    return read_export(document, cloud=str(stack.config["sde:cloud"]), file=f"pulumi stack export -s {stack.name}")


def _targets(targets: Sequence[str]) -> list[str]:
    return [word for urn in targets for word in ("--target", urn)]


def _json(text: str) -> dict[str, Any]:
    """Return the JSON document of a preview; empty if it was stopped before it printed one."""
    start = text.find("{")
    try:
        document = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _utc(deployment: Mapping[str, Any]) -> str | None:
    return (deployment.get("manifest") or {}).get("time")
