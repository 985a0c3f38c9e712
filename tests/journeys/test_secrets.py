"""Secrets are searched for in all files and output of a deployment."""

from __future__ import annotations

import base64

from formats import property_values
from operations.engine.embedded.backend import Backend
from tests.journeys.conftest import STACKS, Workspace

PASSPHRASE = "home/local/passphrase"
"""The only file that may contain the passphrase."""


def pseudonymisation_secret(workspace: Workspace) -> str:
    """Return the safe haven's generated secret from its state: the cloud does not return a vault's secrets."""
    phrase = (workspace.home / "local/passphrase").read_text().strip()
    snapshot, _ = Backend(workspace.home / "state", "sde", lambda: phrase).load("safe-haven")
    assert snapshot is not None
    (random,) = (r for r in snapshot.resources if r.type.startswith("random:"))
    return str(property_values.unwrap(random.outputs)["base64"])


def forms(secret: str) -> list[bytes]:
    """Return the secret, its raw bytes, and its encodings."""
    raw = base64.b64decode(secret, validate=True)
    plain = secret.encode()
    return [plain, plain.rstrip(b"="), raw.hex().encode(), base64.b64encode(plain).rstrip(b"="), raw]


def files_with(workspace: Workspace, secret: list[bytes]) -> list[str]:
    """Return the files that contain one of the forms."""
    files = {**workspace.bytes(), **workspace.recorded()}.items()
    return [name for name, content in files if name != PASSPHRASE and any(form in content for form in secret)]


def test_no_secret_is_written_or_printed_in_plain_text(deployed: Workspace) -> None:
    secret = pseudonymisation_secret(deployed)
    assert len(base64.b64decode(secret, validate=True)) >= 32, "this is the generated secret"
    passphrase = (deployed.home / "local/passphrase").read_text().strip()
    secrets = [*forms(secret), passphrase.encode()]

    output = [deployed.sde("stacks", "--json")]
    deployed.edit("estate.yaml", "secrets_expire: 2027-10-31", "secrets_expire: 2027-10-30")
    output.append(deployed.sde("preview", "safe-haven", "--json"))
    output.append(deployed.sde("up", "safe-haven", "--yes", "--json"))
    output.append(deployed.sde("refresh", "safe-haven", "--yes", "--json"))
    for stack in STACKS:
        output.append(deployed.sde("outputs", stack, "--json"))
    for what in ("plan", "arm", "state"):
        output.append(deployed.sde("export", what, "safe-haven", "-o", "-"))
    output.append(deployed.sde("destroy", "safe-haven", "tre-hcm-progression", "--yes", "--json"))

    printed = "\n".join(output).encode()
    assert not [form for form in secrets if form in printed]
    assert any(name.endswith(".gz") for name in deployed.recorded())
    assert files_with(deployed, secrets) == []


def test_the_search_finds_a_leaked_secret(deployed: Workspace) -> None:
    """The search of the test above finds a secret in a log."""
    secret = pseudonymisation_secret(deployed)
    (deployed.home / "log").mkdir()
    (deployed.home / "log/leak.log").write_text(f"value={secret}")
    assert files_with(deployed, forms(secret)) == ["home/log/leak.log"]
