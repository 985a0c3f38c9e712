"""The queue is in a private place, and no text has its password."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

import pytest

from formats.errors import Failed, InputError
from operations.settings import Settings
from operations.task_queue.place import QueuePlace
from scripts.redis_server import PASSWORD, redis_server, url
from tests.redis_server import needs_redis


def place(**environ: str) -> QueuePlace:
    return QueuePlace.of(Settings.load({f"SDE_QUEUE_{name}": value for name, value in environ.items()}))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (f"redis://:{PASSWORD}@queue.example.org:6379/0", "without TLS"),
        (f"redis://:{PASSWORD}@10.64.0.4", "without TLS"),
        (f"redis://:{PASSWORD}@127.0.0.1.example.org", "without TLS"),
        ("rediss://queue.example.org", "no password"),
        (f"rediss://:{PASSWORD}@queue.example.org/0?ssl_cert_reqs=none", "options in the URL"),
        (f"rediss://:{PASSWORD}@queue.example.org/../0", "options in the URL"),
        (f"amqp://ann:{PASSWORD}@127.0.0.1", "amqp://, which is not Redis"),
        (f"azureservicebus://ann:{PASSWORD}@bus", "azureservicebus://, which is not Redis"),
        (f"rediss://:{PASSWORD}@", "no host"),
        (f"rediss://:{PASSWORD}@[queue", "cannot be read"),
        (f"rediss://:{PASSWORD}@queue.example.org:port", "cannot be read"),
    ],
)
def test_a_place_that_is_not_private_is_refused_without_its_password(given: str, found: str) -> None:
    with pytest.raises(InputError) as refused:
        place(URL=given)
    assert found in str(refused.value.found)
    assert PASSWORD not in str(refused.value)


def test_settings_that_cannot_be_used_are_refused() -> None:
    for environ, key in (
        ({}, "SDE_QUEUE_URL"),
        ({"SECONDS": "1"}, "SDE_QUEUE_SECONDS"),
        ({"CA": "/x"}, "SDE_QUEUE_CA"),
    ):
        with pytest.raises(InputError) as refused:
            place(**({"URL": url(1)} if environ else {}), **environ)
        assert refused.value.key == key
    with pytest.raises(InputError, match="CELERY_BROKER_URL"):
        QueuePlace.of(Settings.load({"SDE_QUEUE_URL": url(1), "CELERY_BROKER_URL": "redis://elsewhere"}))


def test_no_text_has_the_password(caplog: pytest.LogCaptureFixture) -> None:
    """The port has no server: the library's error has the address."""
    found = place(URL=url(1))
    with pytest.raises(Failed) as failed, found.errors():
        found.client().ping()
    with pytest.raises(Failed) as told, found.errors():
        raise OSError(f"cannot connect to {found.url}")
    handler = logging.StreamHandler()
    found.keep_out_of_logs(handler)
    record = logging.LogRecord("celery", logging.ERROR, "", 1, "cannot connect to %s", (found.url,), None)
    for text in (repr(found), found.where, str(failed.value), str(told.value), handler.format(record)):
        assert PASSWORD not in text
    assert "redis://127.0.0.1:1/0" in str(failed.value)


@needs_redis
def test_the_servers_certificate_is_checked(tmp_path: Path) -> None:
    for name in ("server", "other"):
        certificate(tmp_path, name)
    own = ("tls-port {port}", "port 0", "tls-auth-clients no", f"tls-cert-file {tmp_path}/server.pem",
           f"tls-key-file {tmp_path}/server.key", f"tls-ca-cert-file {tmp_path}/server.pem")  # fmt: skip
    with redis_server(tmp_path / "redis", *own) as port:
        for authority, accepted in (("server", True), ("other", False), (None, False)):
            ca = {"CA": str(tmp_path / f"{authority}.pem")} if authority else {}
            found = place(URL=url(port).replace("redis:", "rediss:"), **ca)
            if accepted:
                assert found.client().ping()
            else:
                with pytest.raises(Failed, match="certificate verify failed"), found.errors():
                    found.client().ping()


def certificate(folder: Path, name: str) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
               "1", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-subj", f"/CN={name}",
               "-addext", "subjectAltName=IP:127.0.0.1"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
