"""What must stay secret is looked for in everything that a deployment writes or says."""

from __future__ import annotations

import base64

from formats import property_values
from operations.engine.embedded.backend import Backend
from tests.journeys.conftest import STACKS, Place

PASSPHRASE = "home/local/passphrase"
"""Where the passphrase belongs, and nowhere else."""


def pseudonymisation_secret(place: Place) -> str:
    """The safe haven's generated secret, decrypted from its state: the cloud gives a vault's secrets back to nobody."""
    phrase = (place.home / "local/passphrase").read_text().strip()
    snapshot = Backend(place.home / "state", "sde", lambda: phrase).load("safe-haven")
    assert snapshot is not None
    (random,) = (r for r in snapshot.resources if r.type.startswith("random:"))
    return str(property_values.unwrap(random.outputs)["base64"])


def forms(secret: str) -> list[bytes]:
    """The secret as it is, and as it may hide: the bytes that it is the text of, and its own encodings."""
    raw = base64.b64decode(secret, validate=True)
    plain = secret.encode()
    return [plain, plain.rstrip(b"="), raw.hex().encode(), base64.b64encode(plain).rstrip(b"="), raw]


def hiding(place: Place, secret: list[bytes]) -> list[str]:
    """The files that hold one of the forms."""
    files = place.bytes().items()
    return [name for name, content in files if name != PASSPHRASE and any(form in content for form in secret)]


def test_no_secret_is_written_or_said_in_plain_text(standing: Place) -> None:
    secret = pseudonymisation_secret(standing)
    assert len(base64.b64decode(secret, validate=True)) >= 32, "this is the generated secret"
    passphrase = (standing.home / "local/passphrase").read_text().strip()
    looked_for = [*forms(secret), passphrase.encode()]

    said = [standing.sde("stacks", "--json")]
    standing.edit("estate.yaml", "secrets_expire: 2027-10-31", "secrets_expire: 2027-10-30")
    said.append(standing.sde("preview", "safe-haven", "--json"))
    said.append(standing.sde("up", "safe-haven", "--yes", "--json"))
    said.append(standing.sde("refresh", "safe-haven", "--yes", "--json"))
    for stack in STACKS:
        said.append(standing.sde("outputs", stack, "--json"))
    for what in ("plan", "arm", "state"):
        said.append(standing.sde("export", what, "safe-haven", "-o", "-"))
    said.append(standing.sde("destroy", "safe-haven", "tre-hcm-progression", "--yes", "--json"))

    spoken = "\n".join(said).encode()
    assert not [form for form in looked_for if form in spoken]
    assert hiding(standing, looked_for) == []


def test_a_secret_is_found_where_it_is(standing: Place) -> None:
    """The search above is not blind: a secret let out into a log is found."""
    secret = pseudonymisation_secret(standing)
    (standing.home / "log").mkdir()
    (standing.home / "log/leak.log").write_text(f"value={secret}")
    assert hiding(standing, forms(secret)) == ["home/log/leak.log"]
