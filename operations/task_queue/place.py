"""The address of the queue: a Redis server, from the environment."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from formats.errors import Failed, InputError
from operations.settings import Settings

URL, CERTIFICATES, SECONDS = "SDE_QUEUE_URL", "SDE_QUEUE_CA", "SDE_QUEUE_SECONDS"
_FOREIGN = ("CELERY_", "KOMBU_")
"""Variables by which Celery takes another broker, or writes what it sends."""
_ALLOWED = "rediss://[user]:password@host:port/number; redis:// for 127.0.0.1, ::1 and localhost alone"
NETWORK_SECONDS = 10
"""The longest wait for an answer of the server."""


@dataclass(frozen=True)
class QueuePlace:
    """A Redis server. No text of this object has the password."""

    url: str = field(repr=False)
    where: str
    """The address without user and password."""
    seconds: int = 3600
    """The longest time of one attempt to bring up a tenancy. After it, a task without an answer is delivered again."""
    certificates: Path | None = None
    """The file of the certificate authorities that sign the server's certificate; None for the system's."""

    @classmethod
    def of(cls, settings: Settings) -> QueuePlace:
        """Return the place that the environment names. `InputError` if it is not private."""
        environ = settings.environ
        if foreign := sorted(name for name in environ if name.startswith(_FOREIGN)):
            raise InputError("Variables of Celery are set, which could name another server.", key=foreign[0],
                             fix=f"unset it; the queue is in {URL}")  # fmt: skip
        if not (url := environ.get(URL)):
            raise InputError("The address of the queue is not set.", key=URL, found="nothing", allowed=_ALLOWED)
        given, ca = environ.get(SECONDS, "3600"), environ.get(CERTIFICATES)
        if not (given.isascii() and given.isdigit() and 15 <= int(given) <= 86400):
            raise InputError("The time of an attempt cannot be used.", key=SECONDS, found=given,
                             allowed="whole seconds, 15 to 86400")  # fmt: skip
        if ca and not Path(ca).is_file():
            raise InputError("The file of certificate authorities is missing.", key=CERTIFICATES, file=ca)
        return cls(url, _checked(url), int(given), Path(ca) if ca else None)

    @property
    def tls(self) -> dict[str, Any] | None:
        """The settings of TLS; None without it."""
        if not self.url.startswith("rediss:"):
            return None
        own = {"ssl_ca_certs": str(self.certificates)} if self.certificates else {}
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, **own}

    def client(self) -> Redis:
        """Return a client, which connects at its first command."""
        return Redis.from_url(
            self.url, decode_responses=True, socket_timeout=NETWORK_SECONDS, socket_connect_timeout=NETWORK_SECONDS,
            **self.tls or {},
        )  # fmt: skip

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise what the server or the network refuses as `Failed`, without the password."""
        try:
            yield
        except (RedisError, OperationalError, OSError) as error:
            raise Failed(f"The queue cannot be used: {self.clean(str(error))[:300]}\n  found:   {self.where}\n"
                         f"  fix:     check {URL}, and that the server runs") from None  # fmt: skip

    def clean(self, text: str) -> str:
        """Return a text with the user and the password masked."""
        parts = urlsplit(self.url)
        for secret in (self.url, parts.netloc.rpartition("@")[0], parts.password):
            if secret:
                text = text.replace(secret, "[secret]")
        return text

    def keep_out_of_logs(self, handler: logging.Handler) -> None:
        """Mask the password in what a handler writes."""
        handler.setFormatter(_Clean(self))


class _Clean(logging.Formatter):
    def __init__(self, place: QueuePlace) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._place = place

    def format(self, record: logging.LogRecord) -> str:
        return self._place.clean(super().format(record))


def _checked(url: str) -> str:
    """Return the address in a URL. `InputError`, without the URL, for one that is not private."""
    try:
        parts = urlsplit(url)
        host, port, password = parts.hostname or "", parts.port or 6379, parts.password
    except ValueError:
        raise _refused("a URL that cannot be read") from None
    if parts.scheme not in ("redis", "rediss") or not host:
        raise _refused(f"{parts.scheme or 'no scheme'}://, which is not Redis" if host else "no host")
    if parts.query or parts.fragment or not (parts.path in ("", "/") or parts.path[1:].isdigit()):
        raise _refused("options in the URL, which could take security away")
    if parts.scheme == "redis" and not _is_loopback(host):
        raise _refused("redis:// without TLS to another machine")
    if not password and not _is_loopback(host):
        raise _refused("no password")
    return f"{parts.scheme}://{host}:{port}{parts.path}"


def _refused(found: str) -> InputError:
    return InputError("The queue cannot be used.", key=URL, found=found, allowed=_ALLOWED)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
