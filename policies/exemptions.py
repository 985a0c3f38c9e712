"""Exemptions: approved, dated decisions to accept a finding of one policy on one resource.

An exemption that is malformed, expired, too long or approved by its own owner is ignored; each report warns about it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from formats.errors import InputError
from formats.urns import is_urn, stack_of
from formats.validation import validated
from policies.model import Finding, Policy, Verdict
from policies.wording import plain, printable

MAX_DURATION = timedelta(days=90)
MAX_ENTRIES = 1_000


def _one_line(text: str) -> str:
    return plain(" ".join(text.split()))


OneLine = AfterValidator(_one_line)
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200), OneLine]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=2_000), OneLine]


class Exemption(BaseModel):
    """One entry of `estate/exemptions.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
    policy: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9]{1,2}$")]
    resource: Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=1_000)]
    """One resource: its URN, or `stack:type:name`."""
    owner: Line
    approver: Line
    reason: Sentence
    compensating_control: Sentence
    granted: date
    expires: date


@dataclass(frozen=True)
class Exemptions:
    """The exemptions that are valid today, and warnings about the invalid ones."""

    valid: tuple[Exemption, ...] = ()
    warnings: tuple[str, ...] = ()

    @cached_property
    def _by_resource(self) -> Mapping[tuple[str, str], Exemption]:
        return {(e.policy, e.resource): e for e in self.valid}

    def of(self, finding: Finding) -> Exemption | None:
        """Return the exemption that covers a finding, if there is one."""
        if not self.valid:
            return None
        by_urn = self._by_resource.get((finding.policy, finding.urn))
        return by_urn or self._by_resource.get((finding.policy, short_name(finding)))

    def applied(self, finding: Finding, exemption: Exemption) -> Finding:
        """Return the finding with the verdict `exempt`, and its message unchanged."""
        return replace(finding, verdict=Verdict.EXEMPT, exemption=exemption.id)

    def unused(self, used: Collection[str], stacks: Collection[str], policies: Collection[str]) -> tuple[str, ...]:
        """Return a warning for each exemption of these stacks and policies that covered no finding."""
        return tuple(
            f"exemption {e.id}: it is not used; remove it"
            for e in self.valid
            if e.id not in used and _stack(e.resource) in stacks and e.policy in policies
        )


NONE = Exemptions()


def short_name(finding: Finding) -> str:
    """Return the short name of a finding's resource: `tre-heart:storage:StorageAccount:data`."""
    return f"{finding.stack}:{finding.type}:{finding.name}"


def _stack(resource: str) -> str:
    return stack_of(resource) if is_urn(resource) else resource.partition(":")[0]


def read(content: Mapping[str, Any], policies: Mapping[str, Policy], *, file: str, today: date) -> Exemptions:
    """Return the exemptions in a file's content. Raises `InputError` if it is not a list of exemptions."""
    entries = content.get("exemptions")
    unknown = sorted(set(content) - {"exemptions"})
    if unknown or not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        raise InputError("This is not a list of exemptions.", file=file, key=unknown[0] if unknown else "exemptions",
                         found=type(entries).__name__,
                         allowed=f"`exemptions:` with up to {MAX_ENTRIES} entries, or `[]`")  # fmt: skip
    valid: list[Exemption] = []
    warnings: list[str] = []
    for index, entry in enumerate(entries):
        try:
            valid.append(_exemption(entry, valid, policies, f"{file}: exemptions[{index}]", today))
        except InputError as error:
            warnings.append(_warning(error, entry, index))
    return Exemptions(tuple(valid), tuple(warnings))


def _exemption(
    entry: Any, others: Sequence[Exemption], policies: Mapping[str, Policy], where: str, today: date
) -> Exemption:
    exemption = validated(Exemption, entry, file=where)
    defect = next((why for why, applies in _defects(exemption, others, policies, today) if applies), None)
    if defect:
        raise InputError(defect, file=where)
    return exemption


def _defects(
    e: Exemption, others: Sequence[Exemption], policies: Mapping[str, Policy], today: date
) -> list[tuple[str, bool]]:
    return [
        (f"there is no policy {e.policy}", e.policy not in policies),
        ("its owner approved it; another person must", _comparable_name(e.owner) == _comparable_name(e.approver)),
        ("a name in it mixes alphabets", any(len(_alphabets(name)) > 1 for name in (e.owner, e.approver))),
        (f"it is granted on {e.granted}, which is in the future", e.granted > today),
        (f"it expired on {e.expires}", e.expires < today),
        ("it ends before it begins", e.expires <= e.granted),
        (f"it runs for more than {MAX_DURATION.days} days",
         e.expires - min(e.granted, today) > MAX_DURATION),
        ("its id is used twice", e.id in {other.id for other in others}),
        ("its resource must be one: a URN, or stack:type:name", not _names_one_resource(e.resource)),
        ("another exempts the same resource from the same policy",
         (e.policy, e.resource) in {(other.policy, other.resource) for other in others}),
    ]  # fmt: skip


def _names_one_resource(resource: str) -> bool:
    """True for the name of one resource. A pattern would exempt resources without review."""
    parts = resource.split(":")
    complete = is_urn(resource) or (parts[0] != "urn" and len(parts) >= 4 and all(parts))
    return complete and not set("*?[]\n") & set(resource)


def _comparable_name(name: str) -> str:
    """Return the letters and digits of a person's name, in one width and case, for comparison."""
    text = "".join(c if c.isalnum() else " " if c.isspace() else "" for c in unicodedata.normalize("NFKC", name))
    return " ".join(text.casefold().split())


def _alphabets(name: str) -> set[str]:
    """Return the alphabets of a name's letters. Names of mixed alphabets can look equal but be different."""
    letters = (c for c in unicodedata.normalize("NFKC", name) if c.isalpha())
    return {unicodedata.name(c, "unknown").partition(" ")[0] for c in letters}


def _warning(error: InputError, entry: Any, index: int) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    parts = [
        error.problem.rstrip("."),
        *(f"{label} {value}" for label, value in (("at", error.key), ("allowed:", error.allowed)) if value),
    ]
    return printable(
        f"exemption {name if isinstance(name, str) else f'number {index + 1}'} is ignored: {', '.join(parts)}"
    )
