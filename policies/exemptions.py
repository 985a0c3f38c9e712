"""Exemptions: approved, dated decisions to accept a finding of one policy on one resource.

Its people are on the estate's roster. An exemption that is malformed, expired, too long, approved by its own owner, or
of a person who is not on the roster (or no longer) is ignored; each report warns about it. Exemptions from the policies
on flows, public access, rights and logs need two approvers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

from formats.errors import InputError, short_text
from formats.input_model import Model
from formats.people import NOBODY, Approver, Owner, Person, Roster, context_of
from formats.urns import is_urn, stack_of
from formats.validation import validated
from policies.model import Finding, Policy, Severity, Verdict
from policies.wording import plain, printable

MAX_DURATION = timedelta(days=90)
MAX_ENTRIES = 1_000
CRITICAL_SERVICES = ("FL", "IA", "LG", "TY")
"""The first letters of policies on flows, rights and logs, and on what no policy reads, which may be any of these."""
PUBLIC_ACCESS = ("publicnetworkaccess", "networkacls", "networkruleset", "publicip")
"""Parts of the paths that a policy on public access reads, in lower case."""


def _one_line(text: str) -> str:
    return plain(" ".join(text.split()))


OneLine = AfterValidator(_one_line)
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=2_000), OneLine]


class Exemption(Model):
    """One entry of `estate/exemptions.yaml`."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
    policy: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9]{1,2}$")]
    resource: Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=1_000)]
    """One resource: its URN, or `stack:type:name`."""
    owner: Owner
    approver: Approver
    second_approver: Approver | None = None
    """Required for critical policies."""
    reason: Sentence
    compensating_control: Sentence
    granted: date
    expires: date
    """The last day on which it is valid."""

    @property
    def people(self) -> Mapping[str, Person]:
        """Its people, by the key that names each."""
        approvers = {"approver": self.approver, "second_approver": self.second_approver}
        return {"owner": self.owner, **{key: person for key, person in approvers.items() if person}}

    @property
    def approvers(self) -> str:
        """The names of those who approved it."""
        return " and ".join(person.name for key, person in self.people.items() if key != "owner")

    def to_json(self) -> dict[str, Any]:
        """Return the entry as plain JSON, with names for people, and the people beside."""
        entry = self.model_dump(mode="json", exclude=set(self.people) | {"second_approver"})
        names = {key: person.name for key, person in self.people.items()}
        return {**entry, **names, "people": {key: person.to_json() for key, person in self.people.items()}}


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


def is_critical(policy: Policy) -> bool:
    """True for a policy whose exemptions need two approvers: on flows, public access, rights or logs, or critical."""
    paths = [path.lower() for path in policy.property_paths]
    is_on_public_access = any(part in path for path in paths for part in PUBLIC_ACCESS)
    return policy.severity is Severity.CRITICAL or policy.id.startswith(CRITICAL_SERVICES) or is_on_public_access


def read(
    content: Mapping[str, Any], policies: Mapping[str, Policy], *, file: str, today: date, people: Roster = NOBODY
) -> Exemptions:
    """Return the exemptions in a file's content. Raises `InputError` if it is not a list of exemptions."""
    entries = list(_entries(content, policies, file=file, today=today, people=people))
    valid = tuple(found for _, found in entries if isinstance(found, Exemption))
    warnings = (_warning(found, entry, i) for i, (entry, found) in enumerate(entries) if isinstance(found, InputError))
    return Exemptions(valid, tuple(warnings))


def errors_of(
    content: Mapping[str, Any], policies: Mapping[str, Policy], *, file: str, today: date, people: Roster = NOBODY
) -> tuple[InputError, ...]:
    """Return why exemptions in a file's content do not apply. Raises `InputError` if it is no list of exemptions."""
    entries = _entries(content, policies, file=file, today=today, people=people)
    return tuple(found for _, found in entries if isinstance(found, InputError))


def _entries(
    content: Mapping[str, Any], policies: Mapping[str, Policy], *, file: str, today: date, people: Roster
) -> Iterator[tuple[Any, Exemption | InputError]]:
    """Yield each entry with its exemption, or the first reason why it is none."""
    entries = content.get("exemptions")
    unknown = sorted(set(content) - {"exemptions"})
    if unknown or not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        raise InputError("This is not a list of exemptions.", file=file, key=unknown[0] if unknown else "exemptions",
                         found=type(entries).__name__,
                         allowed=f"`exemptions:` with up to {MAX_ENTRIES} entries, or `[]`")  # fmt: skip
    valid: list[Exemption] = []
    for index, entry in enumerate(entries):
        try:
            prefix = f"exemptions[{index}]."
            exemption = validated(Exemption, entry, file=file, prefix=prefix, context=context_of(people))
            _refuse_defects(exemption, valid, policies, file=file, prefix=prefix, today=today)
            valid.append(exemption)
            yield entry, exemption
        except InputError as error:
            yield entry, error


def _refuse_defects(
    exemption: Exemption, others: Sequence[Exemption], policies: Mapping[str, Policy],
    *, file: str, prefix: str, today: date,
) -> None:  # fmt: skip
    for key, problem, found, allowed, fix in _defects(exemption, others, policies, today):
        raise InputError(problem, file=file, key=prefix + key, found=found, allowed=allowed, fix=fix)


Defect = tuple[str, str, object, str, str]
"""The key, the problem, what was found, what is allowed, and the fix."""
_RENEW = "grant it again, with new dates and a new review by its people, or remove it"
_OTHER = "another person of the roster"
_APPROVE = "have another person approve it, and name that person by Entra object id"


def _defects(
    e: Exemption, others: Sequence[Exemption], policies: Mapping[str, Policy], today: date
) -> Iterator[Defect]:
    """Yield the defects of a well-formed exemption."""
    if e.policy not in policies:
        yield "policy", f"there is no policy {e.policy}", e.policy, "the id of a policy", "scripts/sde policy list"
        return
    yield from _defects_of_people(e, policies[e.policy], today)
    if e.granted > today:
        problem = f"it is granted on {e.granted}, which is in the future"
        yield "granted", problem, e.granted, f"a day up to {today}", "wait for that day"
    if e.expires < today:
        yield "expires", f"it expired on {e.expires}", e.expires, f"a day from {today}", _RENEW
    if e.expires <= e.granted:
        yield "expires", "it ends before it begins", e.expires, f"a day after {e.granted}", _RENEW
    if e.expires - min(e.granted, today) > MAX_DURATION:
        latest = min(e.granted, today) + MAX_DURATION
        yield "expires", f"it runs for more than {MAX_DURATION.days} days", e.expires, f"a day up to {latest}", _RENEW
    if e.id in {other.id for other in others}:
        yield "id", "its id is used twice", e.id, "an id of its own", "rename one of them"
    if not _names_one_resource(e.resource):
        problem = "its resource must be one: a URN, or stack:type:name"
        yield "resource", problem, e.resource, "one resource, without patterns", "grant one for each resource"
    if (e.policy, e.resource) in {(other.policy, other.resource) for other in others}:
        problem = "another exempts the same resource from the same policy"
        yield "resource", problem, e.resource, "one exemption of a resource from a policy", "remove one of them"


def _defects_of_people(e: Exemption, policy: Policy, today: date) -> Iterator[Defect]:
    keys: dict[Person, str] = {}
    for key, person in e.people.items():
        if person in keys:
            both = f"its {_words(keys[person])} is its {_words(key)} too"
            yield key, f"{both}; another person must approve it", person.name, _OTHER, _APPROVE
        keys.setdefault(person, key)
        if person.expires <= today:
            gone = f"{person.name} is not on the roster any more, since {person.expires}"
            yield key, gone, person.name, _OTHER, f"name another {_words(key)}; or set a later day in people.yaml"
    if is_critical(policy) and e.second_approver is None:
        yield ("second_approver", f"{e.policy} needs two approvers, because it is critical", "one approver",
               "a third person of the roster with the role `approver`", f"{_APPROVE} in `second_approver`")  # fmt: skip


def _words(key: str) -> str:
    return key.replace("_", " ")


def _names_one_resource(resource: str) -> bool:
    """True for the name of one resource. A pattern would exempt resources without review."""
    parts = resource.split(":")
    complete = is_urn(resource) or (parts[0] != "urn" and len(parts) >= 4 and all(parts))
    return complete and not set("*?[]\n") & set(resource)


def _warning(error: InputError, entry: Any, index: int) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    parts = [
        error.problem.rstrip("."),
        *(
            f"{label} {value}"
            for label, value in (
                ("in", error.file),
                ("at", error.key),
                ("found:", short_text(error.found)),
                ("allowed:", error.allowed),
                ("fix:", error.fix),
            )
            if value is not None
        ),
    ]
    return printable(
        f"exemption {name if isinstance(name, str) else f'number {index + 1}'} is ignored: {', '.join(parts)}"
    )
