"""Reads of Azure Resource Manager. Nothing is written: the only POST checks whether a name is available."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest

MANAGEMENT = "https://management.azure.com"
MAX_PAGES = 1000

Send = Callable[[str, str, Mapping[str, str], Any], tuple[int, Any]]
"""Called with method, path, query and body. Returns the status and the body; raises `Unanswered`."""


class Unanswered(Exception):  # noqa: N818
    """No response: no sign-in, or no network. The message has one line, without a token."""


def default_credential() -> TokenCredential:
    """Return the credential chain of the provider's `useDefaultAzureCredential`."""
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - takes half a second, which local runs save

    return DefaultAzureCredential()


def send_to_azure(credential: TokenCredential, transport: HttpTransport[Any, Any] | None = None) -> Send:
    """Return a function that sends requests to Azure. Tokens stay inside the pipeline."""
    policies: list[Any] = [
        RetryPolicy(retry_total=3),
        BearerTokenCredentialPolicy(credential, f"{MANAGEMENT}/.default"),
    ]
    client: PipelineClient[Any, Any] = PipelineClient(MANAGEMENT, policies=policies, transport=transport)

    def send(method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        request = HttpRequest(method, MANAGEMENT + path, params=dict(query), json=body)
        try:
            response = client.send_request(request)
            return response.status_code, response.json() if response.content else {}
        except (AzureError, ValueError) as error:
            raise Unanswered((str(error).splitlines() or [type(error).__name__])[0]) from None

    return send


def refusal(status: int, found: Any) -> str:
    """Return the status and the error code of a response, such as `403 AuthorizationFailed`."""
    problem = found.get("error") if isinstance(found, Mapping) else None
    code = problem.get("code", "") if isinstance(problem, Mapping) else ""
    return f"{status} {code}".strip()


@dataclass(frozen=True)
class Answer:
    """The body of a response 200, or the reason why there is none."""

    body: Mapping[str, Any] | None
    why: str = ""

    @property
    def values(self) -> list[Mapping[str, Any]]:
        """The items of a list."""
        found = (self.body or {}).get("value")
        return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


@dataclass
class Reads:
    """The reads of one check. Each is sent once."""

    send: Send
    _answers: dict[Hashable, Answer] = field(default_factory=dict)

    def get(self, path: str, version: str, **query: str) -> Answer:
        """Read a resource, or the first page of a list."""
        wanted = {"api-version": version, **query}
        return self._once("get", path, wanted, lambda: self._answer("GET", path, wanted))

    def list(self, path: str, version: str, **query: str) -> Answer:
        """Read all pages of a list. A page that cannot be read leaves the answer without a body."""
        wanted = {"api-version": version, **query}
        return self._once("list", path, wanted, lambda: self._whole(self._answer("GET", path, wanted)))

    def _once(self, kind: str, path: str, query: Mapping[str, str], read: Callable[[], Answer]) -> Answer:
        key = (kind, path.lower(), tuple(sorted(query.items())))
        if key not in self._answers:
            self._answers[key] = read()
        return self._answers[key]

    def _whole(self, first: Answer) -> Answer:
        found: list[Mapping[str, Any]] = []
        for page in self._pages(first):
            if page.body is None:
                return page
            found += page.values
        return Answer({"value": found})

    def _pages(self, answer: Answer) -> Iterator[Answer]:
        for _ in range(MAX_PAGES):
            yield answer
            url = str((answer.body or {}).get("nextLink") or "")
            if not url.startswith(f"{MANAGEMENT}/"):  # the token is for Azure alone
                return
            parts = urlsplit(url)
            answer = self._answer("GET", parts.path, dict(parse_qsl(parts.query)))

    def check_name(self, path: str, version: str, name: str, type_: str) -> Answer:
        """Ask whether a globally unique name is available."""
        return self._answer("POST", path, {"api-version": version}, {"name": name, "type": type_})

    def _answer(self, method: str, path: str, query: Mapping[str, str], body: Any = None) -> Answer:
        try:
            status, found = self.send(method, path, query, body)
        except Unanswered as error:
            return Answer(None, str(error))
        if status == 200 and isinstance(found, Mapping):
            return Answer(found)
        return Answer(None, refusal(status, found))
