"""The official Pulumi CLI behind the engine port, through the Automation API.

Its login and its settings are the user's: they are told only by environment variables, and for one run at a time.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pulumi import automation
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from operations.engine.embedded import locks
from operations.engine.embedded.backend import folder_of
from operations.engine.embedded.values import mask
from operations.engine.port import Event, OnEvent, Outcome, StackSettings, StackState, busy
from operations.engine.pulumi_events import Listener, plain
from operations.engine.pulumi_saved import Saved, violation
from operations.errors import BadInput, Failed, Refused
from operations.plan import SECRET, Plan
from operations.pulumi_preview import deletion_of, plan_of
from operations.settings import PROJECT
from operations.standing import read_export

_ALWAYS = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "false",  # one document at the end, with every step
    "NO_COLOR": "1",
}
_QUIET = ["--color", "never"]
_LOCKS = Path(".pulumi", "locks", "organization")
_AT_ONCE = 4
"""Exports that run side by side: each is a process that mostly waits for the backend."""
T = TypeVar("T")


class PulumiCli:
    """Runs the project's stacks with the Pulumi CLI that `command` names, or the `pulumi` on PATH."""

    name = "pulumi"

    def __init__(
        self,
        project_root: Path,
        environment: Mapping[str, str],
        *,
        creates_stacks: bool,
        command: automation.PulumiCommand | None = None,
    ) -> None:
        """`environment` is laid over the process's own. `creates_stacks`: whether a stack that is not there is made."""
        self._root = project_root
        self._creates = creates_stacks
        self._saved = Saved()
        self._workspace = automation.LocalWorkspace(
            work_dir=str(project_root), env_vars={**_ALWAYS, **environment}, pulumi_command=command
        )

    def preview(self, stack: StackSettings, *, targets: Sequence[str] = (), on_event: OnEvent | None = None) -> Plan:
        """What `up` would do. An empty stack is entered in the backend where it has none yet."""
        self._select(stack.name)
        room = self._saved.room()
        arguments = ["preview", "--json", "--show-sames", "--show-reads", "--stack", stack.name, *_QUIET]
        arguments += ["--save-plan", str(room)]
        if config_file := self._config_file(stack):
            arguments += ["--config-file", config_file]
        lines: list[str] = []
        error: CommandError | None = None
        try:
            self._run([*arguments, *_targets(targets)], lines.append)
        except CommandError as failure:
            error = failure
        digest = _document("\n".join(lines))
        messages = [d for d in digest.get("diagnostics") or () if d.get("severity") == "error"]
        for diagnostic in digest.get("diagnostics") or ():
            _pass_on(diagnostic, stack.name, on_event)
        if error:
            raise _explained(error, stack.name, [plain(m.get("message", "")) for m in messages])
        plan = plan_of(digest.get("steps") or (), PROJECT, stack.name, str(stack.config["sde:cloud"]))
        self._saved.keep(plan, room)
        return plan

    def up(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        plan: Plan | None = None,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Make the cloud as the program says; with a plan of this process's preview, as far as the CLI finds it so."""
        chosen = list(targets) or None
        held = str(self._saved.of(plan)) if plan else None
        return self._perform(
            stack,
            lambda s, hear: s.up(
                target=chosen,
                plan=held,
                message=f"plan {plan.digest}" if plan else None,
                color="never",
                show_secrets=False,
                on_event=hear,
                config_file=self._config_file(stack),
            ),
            on_event,
            plan,
        )

    def refresh(self, stack: StackSettings, *, on_event: OnEvent | None = None) -> Outcome:
        """Take the cloud's present properties into the state."""
        return self._perform(
            stack,
            lambda s, hear: s.refresh(
                color="never", show_secrets=False, on_event=hear, config_file=self._config_file(stack)
            ),
            on_event,
        )

    def preview_destroy(self, stack: StackSettings, *, targets: Sequence[str] = ()) -> Plan:
        """What `destroy` would delete: what the state holds, or the targets of it."""
        resources = self._resources(stack.name)
        unknown = set(targets) - {r["urn"] for r in resources}
        if unknown:
            raise BadInput("The stack has no such resource.", key="--target", found=", ".join(sorted(unknown)))
        chosen = [r for r in resources if not targets or r["urn"] in targets]
        return deletion_of(chosen, PROJECT, stack.name, str(stack.config["sde:cloud"]))

    def destroy(
        self,
        stack: StackSettings,
        *,
        targets: Sequence[str] = (),
        release_protected: bool = False,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """Delete what the stack has. A released protection comes back with the next `up`, where the destroy failed."""
        if release_protected:
            arguments = ["state", "unprotect", "--all", "--yes", "--stack", stack.name]
            self._explaining(stack.name, lambda: self._run(arguments))
        chosen = list(targets) or None
        return self._perform(
            stack,
            lambda s, hear: s.destroy(
                target=chosen, color="never", show_secrets=False, on_event=hear, config_file=self._config_file(stack)
            ),
            on_event,
        )

    def import_resource(self, stack: StackSettings, type_: str, name: str, id_: str) -> Outcome:
        """Take an existing cloud resource into the stack, protected."""
        resource: Any = {"type": type_, "name": name, "id": id_}
        return self._perform(
            stack,
            lambda s, _: s.import_resources(
                resources=[resource], protect=True, generate_code=False, show_secrets=False
            ),
            None,
        )

    def state(self, name: str) -> StackState | None:
        """What is known of a stack; None where the backend does not know it, or it has never been up."""
        try:
            deployment = self._export(name)
        except StackNotFoundError:
            return None
        resources = deployment.get("resources") or []
        if not resources:
            return None
        own = [r for r in resources if not r["type"].startswith("pulumi:") and not r.get("delete")]
        root: dict[str, Any] = next((r for r in resources if r["type"] == "pulumi:pulumi:Stack"), {})
        outputs = mask(root.get("outputs") or {})
        return StackState(name, len(own), _utc(deployment), outputs, self._locked_by(name))

    def standing(self, stacks: Sequence[StackSettings], *, moving: Collection[str] = ()) -> Mapping[str, Plan]:
        """What stands of some stacks, by name: their exports, a few at a time. Secrets stay encrypted."""
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            read = pool.map(lambda stack: self._standing(stack, moving=stack.name in moving), stacks)
            found = dict(zip((s.name for s in stacks), read, strict=True))
        return {name: plan for name, plan in found.items() if plan}

    def _standing(self, stack: StackSettings, *, moving: bool) -> Plan | None:
        if not moving and (holder := self._locked_by(stack.name)):
            raise busy(stack.name, holder)
        try:
            document = self._document(stack.name)
        except StackNotFoundError:
            return None
        return read_export(document, cloud=str(stack.config["sde:cloud"]), file=f"pulumi stack export -s {stack.name}")

    def export_state(self, name: str) -> dict[str, Any]:
        """The stack's deployment in Pulumi's export form, secrets encrypted."""
        return self._explaining(name, lambda: self._document(name))

    def outputs(self, name: str, *, show_secrets: bool = False) -> Mapping[str, Any]:
        """The stack's outputs; secrets masked unless asked for."""
        arguments = ["stack", "output", "--json", "--stack", name, *(["--show-secrets"] if show_secrets else [])]
        outputs = self._explaining(name, lambda: json.loads(self._run(arguments)))
        return outputs if show_secrets else {k: SECRET if v == SECRET else v for k, v in outputs.items()}

    def cancel(self, name: str) -> None:
        """Remove the lock that a killed run left. The state is untouched."""
        self._explaining(name, lambda: self._run(["cancel", "--yes", name]))

    def make_missing(self, names: Sequence[str]) -> list[str]:
        """Enter the stacks that the backend does not know yet, so that `pulumi up -s NAME` finds them; their names."""
        known = {s.name.rsplit("/", 1)[-1] for s in self._explaining(PROJECT, self._workspace.list_stacks)}
        missing = [name for name in names if name not in known]
        for name in missing:
            self._explaining(name, partial(self._workspace.create_stack, name))
        return missing

    def _config_file(self, stack: StackSettings) -> str | None:
        """The stack's file, where it is not the one that the CLI takes by itself."""
        return None if stack.file.absolute().parent == self._root else str(stack.file)

    def _run(self, arguments: list[str], on_line: Callable[[str], Any] | None = None) -> str:
        environment = dict(self._workspace.env_vars)
        return self._workspace.pulumi_command.run(list(arguments), str(self._root), environment, on_line).stdout

    def _select(self, name: str) -> automation.Stack:
        """The stack, made where that is safe: a real one is made by its owner, who chooses its secrets provider."""
        if self._creates:
            return self._explaining(name, lambda: automation.Stack.create_or_select(name, self._workspace))
        return self._explaining(name, lambda: automation.Stack.select(name, self._workspace))

    def _perform(
        self,
        stack: StackSettings,
        act: Callable[[automation.Stack, Listener], Any],
        on_event: OnEvent | None,
        plan: Plan | None = None,
    ) -> Outcome:
        selected, listener, begun = self._select(stack.name), Listener(stack.name, on_event), time.monotonic()
        _tell(on_event, Event("stack-started", stack.name, time.time()))
        try:
            act(selected, listener)
        except CommandError as error:
            said = [*listener.blamed, ("", plain(str(error)))]
            if plan and (refusal := violation(plan, said)):
                raise refusal from None
            raise _explained(error, stack.name, listener.errors) from None
        seconds = time.monotonic() - begun
        _tell(on_event, Event("stack-done", stack.name, time.time(), seconds=seconds))
        after = self.state(stack.name)
        return Outcome(
            stack.name, listener.counts, seconds, after.resources if after else 0, after.outputs if after else {}
        )

    def _export(self, name: str) -> dict[str, Any]:
        return self._document(name).get("deployment") or {}

    def _document(self, name: str) -> dict[str, Any]:
        """What `pulumi stack export` says. `StackNotFoundError` where the backend does not know the stack."""
        try:
            document = json.loads(self._run(["stack", "export", "--stack", name]))
        except StackNotFoundError:
            raise
        except CommandError as error:
            raise _explained(error, name, []) from None
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Failed(f"The Pulumi CLI exported something else than a state for {name}.")
        return document

    def _locked_by(self, name: str) -> str | None:
        """Who holds the stack's lock, where the backend is a folder; other backends tell it only to who takes it."""
        url = {**os.environ, **self._workspace.env_vars}.get("PULUMI_BACKEND_URL", "")
        if not url.startswith("file:"):
            return None
        return ", and by ".join(locks.living(folder_of(url, base=self._root) / _LOCKS / PROJECT / name)) or None

    def _resources(self, name: str) -> list[dict[str, Any]]:
        try:
            return self._export(name).get("resources") or []
        except StackNotFoundError:
            return []

    def _explaining(self, name: str, act: Callable[[], T]) -> T:
        try:
            return act()
        except CommandError as error:
            raise _explained(error, name, []) from None


def _targets(targets: Sequence[str]) -> list[str]:
    return [word for urn in targets for word in ("--target", urn)]


def _tell(on_event: OnEvent | None, event: Event) -> None:
    if on_event:
        on_event(event)


def _pass_on(diagnostic: Mapping[str, Any], stack: str, on_event: OnEvent | None) -> None:
    severity: Any = {"info#err": "info"}.get(diagnostic.get("severity", ""), diagnostic.get("severity") or "info")
    text = plain(diagnostic.get("message", ""))
    _tell(on_event, Event("message", stack, time.time(), diagnostic.get("urn"), severity=severity, message=text))


def _document(text: str) -> dict[str, Any]:
    """The one JSON document of a preview; empty where it was stopped before it printed one."""
    start = text.find("{")
    try:
        document = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _utc(deployment: Mapping[str, Any]) -> str | None:
    return (deployment.get("manifest") or {}).get("time")


def _explained(error: CommandError, name: str, messages: Sequence[str]) -> Exception:
    """The port's own errors out of the CLI's: what it said, and what to do about it."""
    said = str(error)
    if isinstance(error, ConcurrentUpdateError):
        return BadInput(
            f"{name} is locked: another run is changing it, or one was killed.",
            found=_last_line(said, "locked by"),
            fix=f"wait for it; if you are sure that it is dead: scripts/sde cancel {name}",
        )
    if isinstance(error, StackNotFoundError):
        return BadInput(
            f"The backend has no stack {name}.",
            found=name,
            fix=f"pulumi stack init {name} --secrets-provider azurekeyvault://… (docs/platform-team.md)",
        )
    if "incorrect passphrase" in said or "passphrase must be set" in said:
        return BadInput(
            f"The passphrase does not open the secrets of {name}.",
            key="PULUMI_CONFIG_PASSPHRASE",
            fix="set PULUMI_CONFIG_PASSPHRASE_FILE to the file that holds the one it was made with",
        )
    text = "\n".join(dict.fromkeys(messages)) or plain(said.partition("stderr:")[2]) or plain(said)
    if "because it is protected" in text or "marked for protection" in text:
        return Refused(f"{name}: {text}")
    return Failed(f"{name}: {text}")


def _last_line(text: str, words: str) -> str | None:
    return next((plain(line) for line in reversed(text.splitlines()) if words in line), None)
