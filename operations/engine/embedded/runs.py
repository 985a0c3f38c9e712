"""The runs of a deployment: recorded in the state, or without any change."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from formats import property_values
from formats.errors import InputError
from formats.yaml_reader import read_mapping
from operations.engine.embedded import resume
from operations.engine.embedded.backend import Backend, Kind
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.model import Properties, Snapshot
from operations.engine.embedded.provider_registry import ProviderRegistry, Servicers
from operations.engine.embedded.report import Reporter
from operations.engine.embedded.secrets import Crypter
from operations.engine.embedded.update_plan_check import UpdatePlanCheck
from operations.engine.interrupts import deferred_interrupts
from operations.engine.port import StackSettings
from operations.engine.targets import Targets

PLAN = "sde.plan"
"""The key of the approved plan's digest in the history."""


@dataclass(frozen=True)
class Runs:
    """Starts the runs of one project's stacks."""

    backend: Backend
    providers: Servicers
    passphrase: Callable[[], str]

    @contextlib.contextmanager
    def recorded(
        self,
        stack: StackSettings,
        kind: Kind,
        reporter: Reporter,
        targets: Sequence[str] = (),
        plan_check: UpdatePlanCheck | None = None,
    ) -> Iterator[Deployment]:
        """Run a deployment that records every step, after pending operations of an earlier run are settled."""
        began, succeeded = time.time(), False
        salt, plan = _salt_of(stack.file), plan_check.digest if plan_check else ""
        snapshot, journal = self.backend.begin(stack.name, salt=salt, plan=plan, warn=reporter.warn)
        deployment: Deployment | None = None
        resumed = bool(journal.pending)
        try:
            deployment = self._deployment(
                stack, reporter, targets, salt, base=snapshot, journal=journal, plan_check=plan_check
            )
            if resumed:
                resume.run(deployment)
                deployment = replace(deployment, base=self.backend.load(stack.name)[0] or Snapshot())
            yield deployment
            succeeded = True
        finally:
            with deferred_interrupts():
                self.backend.finish(stack.name, journal)
                if deployment is not None and (deployment.state_changed or resumed):
                    self.backend.record_history(
                        stack.name,
                        kind=kind,
                        succeeded=succeeded,
                        start=began,
                        changes=deployment.counts,
                        config=stack.config,
                        environment={PLAN: plan} if plan else {},
                    )
                if deployment is not None:
                    deployment.registry.close()

    def _deployment(
        self, stack: StackSettings, reporter: Reporter, targets: Sequence[str], salt: str | None, **inputs: Any
    ) -> Deployment:
        return Deployment(
            project=self.backend.project,
            stack=stack.name,
            config=_decrypted_config(stack, self.passphrase, salt),
            registry=ProviderRegistry(self.providers, self._outputs_of),
            reporter=reporter,
            targets=Targets(targets),
            **inputs,
        )

    def _outputs_of(self, reference: str) -> Properties:
        """Return the outputs of the stack that `organization/project/stack` names in this project."""
        parts, project = reference.split("/"), self.backend.project
        if len(parts) == 3 and parts[1] != project:
            raise InputError("A stack reference names another project", found=reference, allowed=f"stacks of {project}")
        return self.backend.outputs(parts[-1])

    @contextlib.contextmanager
    def dry(
        self,
        stack: StackSettings,
        reporter: Reporter,
        targets: Sequence[str],
        plan_check: UpdatePlanCheck | None = None,
    ) -> Iterator[Deployment]:
        """Run a deployment that changes nothing. A wrong passphrase is reported at its end."""
        salt = _salt_of(stack.file)
        snapshot, crypter = self.backend.load(stack.name)
        base = snapshot or Snapshot()
        deployment = self._deployment(stack, reporter, targets, salt, base=base, plan_check=plan_check)
        with contextlib.closing(deployment.registry), ThreadPoolExecutor(1) as pool:  # the key takes half a second
            passphrase_check = pool.submit(crypter.check)
            yield deployment
        passphrase_check.result()


def _salt_of(file: Path) -> str | None:
    """Return the `encryptionsalt` of a stack's `Pulumi.<stack>.yaml`, if it has one."""
    found = read_mapping(file).get("encryptionsalt") if file.exists() else None
    return str(found) if found else None


def _decrypted_config(stack: StackSettings, passphrase: Callable[[], str], salt: str | None) -> dict[str, Any]:
    """Return the configuration as property values. A `secure:` value is decrypted with the salt and marked secret."""
    crypter = Crypter(passphrase, salt, file=str(stack.file))
    return {key: _decrypted_value(value, key, crypter, stack.file) for key, value in stack.config.items()}


def _decrypted_value(value: Any, key: str, crypter: Crypter, file: Path) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            if not isinstance(value["secure"], str):
                raise InputError("The value of `secure:` must be text.", file=str(file), key=key,
                                 fix="Set it with `pulumi config set --secret`.")  # fmt: skip
            return property_values.secret(crypter.decrypt(value["secure"]))
        return {str(k): _decrypted_value(v, f"{key}.{k}", crypter, file) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_decrypted_value(v, f"{key}[{i}]", crypter, file) for i, v in enumerate(value)]
    return value
