"""People of a roster for tests: an owner and two approvers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from formats.people import Person, Role, Roster, read_roster
from operations.settings import ROOT

ADA = Person(id="ada0ada0-0000-4000-8000-000000000001", name="Ada Lovelace", roles=(Role.OWNER, Role.APPROVER),
             expires=date(2100, 1, 1))  # fmt: skip
MARY = Person(id="3a570000-0000-4000-8000-000000000002", name="Mary Seacole", roles=(Role.APPROVER,),
              expires=date(2100, 1, 1))  # fmt: skip
ELSIE = Person(id="e151e000-0000-4000-8000-000000000003", name="Elsie Inglis", roles=(Role.APPROVER,),
               expires=date(2100, 1, 1))  # fmt: skip
GONE = Person(id="60ee0000-0000-4000-8000-000000000004", name="Edith Cavell", roles=(Role.OWNER, Role.APPROVER),
              expires=date(2026, 3, 1))  # fmt: skip
ROSTER = Roster(people=(ADA, MARY, ELSIE, GONE))
_SHIPPED = read_roster(ROOT / "estate").people
OWNER = next(str(person.id) for person in _SHIPPED if Role.OWNER in person.roles)
APPROVERS = [str(person.id) for person in _SHIPPED if Role.APPROVER in person.roles]
"""The ids of an owner and of the approvers of the shipped estate."""
PEOPLE = {"owner": str(ADA.id), "approver": str(MARY.id)}
"""The keys of an exemption or approval with one approver."""


def people_file(folder: Path, **change: Any) -> Path:
    """Write the roster into an estate's folder, in place of its own."""
    file = folder / "people.yaml"
    file.write_text(yaml.safe_dump(ROSTER.model_dump(mode="json") | change))
    return file
