"""A request for data, the controls that it passes, and the answer: Azure's status, code and message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from local_azure.model import Cloud


class Control(StrEnum):
    """The controls that can refuse a request."""

    NAMES = "name resolution"
    DNS_POLICY = "DNS security policy"
    SECURITY_GROUP = "network security group"
    ROUTE = "route"
    FIREWALL = "firewall"
    SITE = "site connection"
    ENDPOINT = "private endpoint"
    NETWORK_RULES = "network rules"
    TLS = "TLS"
    IDENTITY = "managed identity"
    ROLES = "role assignments"
    SIGN_IN = "sign-in"
    POWER = "power state"
    DATA = "data"


@dataclass(frozen=True)
class Step:
    """A control, and what it did with the request."""

    control: Control
    detail: str


class RequestRefused(Exception):  # noqa: N818 - the name is used as a word in messages and documents
    """A refusal, with Azure's HTTP status and code; status 0 if there is no response, such as a time-out."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(f"{status} {code}: {message}")


@dataclass
class Attempt:
    """A request under way: the controls that it passed, in the order in which Azure applied them."""

    cloud: Cloud
    steps: list[Step] = field(default_factory=list)

    def passed(self, control: Control, detail: str) -> None:
        """Record that a control admits the request."""
        self.steps.append(Step(control, detail))

    def refuse(self, control: Control, detail: str, status: int, code: str, message: str) -> NoReturn:
        """Record that a control refuses the request, and end it."""
        self.steps.append(Step(control, detail))
        raise RequestRefused(status, code, message)

    def drop(self, control: Control, detail: str) -> NoReturn:
        """Record that a control drops the connection, and end it: the client waits until its time is out."""
        self.refuse(control, detail, 0, "ConnectionTimedOut", "The connection timed out.")


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

    status: int
    code: str
    message: str
    steps: tuple[Step, ...]
    result: Mapping[str, Any] = field(default_factory=dict)
    """The returned values, such as `content` (bytes), `etag` and `version`. Empty for a refused request."""

    @property
    def allowed(self) -> bool:
        """True if the request succeeded."""
        return 200 <= self.status < 300

    @property
    def decided_by(self) -> Step | None:
        """The control that refused the request; None if it succeeded."""
        return None if self.allowed else self.steps[-1]


def answer(cloud: Cloud, act: Callable[[Attempt], tuple[int, Mapping[str, Any]]]) -> Answer:
    """Return the answer to a request. `act` returns the status and the result, or raises `RequestRefused`."""
    attempt = Attempt(cloud)
    try:
        status, result = act(attempt)
    except RequestRefused as refused:
        return Answer(refused.status, refused.code, refused.message, tuple(attempt.steps))
    return Answer(status, "OK", "", tuple(attempt.steps), result)
