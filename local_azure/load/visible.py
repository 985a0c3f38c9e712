"""The resources without those that Azure's other services do not see yet."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_azure.model import Cloud, StoredResource
from local_azure.store import key_of

if TYPE_CHECKING:
    from local_azure.subscriptions import SubscriptionSettings


@dataclass(frozen=True)
class VisibleCloud:
    """A cloud without the resources with these keys."""

    cloud: Cloud
    hidden: Set[str]

    def _seen(self, found: Iterable[StoredResource]) -> list[StoredResource]:
        return [resource for resource in found if key_of(resource.id) not in self.hidden]

    def get(self, id_: str) -> StoredResource | None:
        return None if key_of(id_) in self.hidden else self.cloud.get(id_)

    def children(self, id_: str, token: str | None = None) -> Iterable[StoredResource]:
        return self._seen(self.cloud.children(id_, token))

    def of_type(self, token: str, subscription: str | None = None) -> Iterable[StoredResource]:
        return self._seen(self.cloud.of_type(token, subscription))

    def count_of_type(self, token: str, subscription: str, location: str | None = None) -> int:
        return self.cloud.count_of_type(token, subscription, location)

    def referencing(self, id_: str) -> Iterable[StoredResource]:
        return self.cloud.referencing(id_)

    def first_boot(self, id_: str) -> str:
        return self.cloud.first_boot(id_)

    def is_deallocated(self, id_: str) -> bool:
        return self.cloud.is_deallocated(id_)

    def settings(self, subscription: str) -> SubscriptionSettings | None:
        return self.cloud.settings(subscription)

    def global_name_owner(self, token: str, name: str) -> str | None:
        return self.cloud.global_name_owner(token, name)
