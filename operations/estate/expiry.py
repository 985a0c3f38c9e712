"""The dates in an estate's files from which stacks cannot be changed until a later day is set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

EARLY_WARNING, LATE_WARNING = 60, 30
"""The days before an expiry from which commands warn, and from which they warn more strongly."""

REQUEST, APPROVAL, SECRETS, ROOTS, SHARED_TENANCY = (
    "expires", "approval.expires", "secrets_expire", "tenant_restrictions.root_certificates", "shared_tenancies.expires"
)  # fmt: skip
"""The keys: of a request, and four of estate.yaml."""
_FIXES = {
    REQUEST: "After a new approval, set a later day in {file}; or end the project: scripts/sde destroy {stack}, "
    "then remove the file.",
    APPROVAL: "After a new approval of the SDE, set a later day in {file}, then scripts/sde up --all: that renews the "
    "tags.",
    ROOTS: "Add the organisation's next root certificate in {file} and rebuild the computers; then give the firewall "
    "an intermediate certificate authority of that root, and remove this one (docs/platform-team.md).",
    SHARED_TENANCY: "After a new approval, set a later day for the shared tenancy in {file}, then scripts/sde up "
    "{stack}.",
    SECRETS: "Set a later day in {file}, then scripts/sde up safe-haven: that renews the secrets.",
}


@dataclass(frozen=True)
class Expiry:
    """One such date, and how to extend it."""

    file: str
    key: str
    day: date
    """The first day on which it has expired, in UTC."""
    days_left: int
    """0 or less: it has expired."""
    fix: str
    refuses_preview: bool = False
    """True for a way out or in: from the day on, `preview` and `policy check` refuse its stacks too."""

    @property
    def is_past(self) -> bool:
        """True if the stacks cannot be changed today."""
        return self.days_left <= 0

    @property
    def is_near(self) -> bool:
        """True if it has expired or will soon."""
        return self.days_left <= EARLY_WARNING

    @property
    def is_urgent(self) -> bool:
        """True if it has expired or will very soon."""
        return self.days_left <= LATE_WARNING


def expiry(key: str, day: date, *, today: date, file: str, stack: str) -> Expiry:
    """Return the expiry of a key of the estate's files. Equal for all stacks that it concerns."""
    return Expiry(file, key, day, (day - today).days, _FIXES[key].format(file=file, stack=stack))
