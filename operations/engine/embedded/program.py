"""Run the program of a deployment: its requests become the deployment's steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from formats import plan, property_values
from formats.errors import SdeError
from operations.engine.embedded.deployment import Deployment
from operations.engine.embedded.monitor import DeploymentServices
from operations.engine.program_run import ProgramRun
from operations.engine.program_services import ProgramRunner


def run(deployment: Deployment, program: ProgramRunner, root: Path) -> None:
    """Run the program. Raises the error of the first step that failed, or the program's own."""
    config = deployment.config.items()
    arguments = ProgramRun(
        project=deployment.project,
        stack=deployment.stack,
        root=str(root),
        dry_run=deployment.dry_run,
        config={key: _text(value) for key, value in config},
        secret_keys=[key for key, value in config if property_values.contains_secret(value)],
    )
    try:
        program.run(arguments, DeploymentServices(deployment))
    except SdeError as error:
        deployment.error = deployment.error or error
    if deployment.error is not None:
        raise deployment.error


def _text(value: Any) -> str:
    """Return a configuration value as the SDK expects it: text, structures as JSON."""
    plain = property_values.unwrap(value)
    return plain if isinstance(plain, str) else plan.canonical(plain)
