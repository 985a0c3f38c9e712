"""Evaluate the policies on plans, with the rest of the estate as neighbours: for the gate, the pack and all reports."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from formats.deployed_stack import DeployedStack
from formats.errors import InputError
from formats.people import read_roster
from formats.plan import Plan
from formats.stack_config import StackConfig, TenancyConfig, is_kind, subscriptions_of
from formats.yaml_reader import read_mapping, within
from policies.estate_evaluation import EstateEvaluation, EstateStack, deployed_stack, planned_stack
from policies.exemptions import NONE, Exemptions, errors_of, read
from policies.expected.staff import members
from policies.judged_runs import NOTHING_RECORDED, JudgedRuns
from policies.model import NO_CONFIGS, Finding, Policy, PolicyContext, Resource
from policies.plan_resources import resources_of, root_of
from policies.preexisting import Comparison
from policies.rules import load
from policies.runner import EstateFindings, Report, evaluate
from policies.stack_cache import StackCache

EXEMPTIONS = "exemptions.yaml"
NO_FILES: Mapping[str, str] = {}
Scope = Literal["resource", "stack", "estate"]
SCOPES: tuple[Scope, ...] = ("resource", "stack", "estate")
OF_STACKS: tuple[Scope, ...] = ("resource", "stack")
OF_ESTATE: tuple[Scope, ...] = ("estate",)
GROUP_NAME = re.compile(r"/resourceGroups/([^/\"]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Neighbours:
    """The rest of the estate: the other stacks, and the evaluated stacks without the change."""

    deployed: tuple[DeployedStack, ...] = ()
    """The other deployed stacks, as deployed or as planned. With the evaluated plans they are the estate as the change
    leaves it: a stack that is not deployed yet is not in the cloud."""
    before: tuple[DeployedStack, ...] = ()
    """The evaluated stacks, as deployed."""
    recorded: JudgedRuns = NOTHING_RECORDED
    """The findings that evaluations of the whole estate recorded."""

    @classmethod
    def of_plans(
        cls, deployed: Iterable[Plan], before: Iterable[Plan] = (), recorded: JudgedRuns = NOTHING_RECORDED
    ) -> Neighbours:
        """Return the neighbours of which the Plans are in memory."""
        return cls(tuple(map(DeployedStack.of, deployed)), tuple(map(DeployedStack.of, before)), recorded)


def today() -> date:
    """Return the day in UTC, on which exemptions and other dates may have expired."""
    return datetime.now(UTC).date()


def evaluate_plans(
    plans: Sequence[Plan],
    *,
    exemptions: Exemptions = NONE,
    day: date | None = None,
    is_complete: bool = False,
    policies: Mapping[str, Policy] | None = None,
    templates: Collection[str] = (),
    neighbours: Neighbours | None = None,
    files: Mapping[str, str] = NO_FILES,
    scopes: Collection[Scope] = SCOPES,
    cache: StackCache | None = None,
    configs: Mapping[str, StackConfig] = NO_CONFIGS,
) -> Report:
    """Return the report of the catalogue, or of its policies of some scopes, on these plans together.

    `is_complete`: the plans are all stacks of the estate. `templates`: the stacks that are ARM templates, without a
    program. `neighbours`: the rest of the estate, with which the plans are the whole estate; findings that the plans
    cause on it count too. `files`: the file of each stack that was read from one. `configs`: the configuration of each
    stack that the estate's files name; those of templates are left out.
    """
    names = frozenset(plan.stack for plan in plans)
    others = neighbours or Neighbours()
    _refuse_duplicate_stacks([plan.stack for plan in plans] + [stack.name for stack in others.deployed])
    day, known = day or today(), load() if policies is None else policies
    chosen = {id_: policy for id_, policy in known.items() if policy.evaluation_scope in scopes}
    judged = [resource for plan in plans for resource in (*resources_of(plan), *root_of(plan))]
    own = [replace(resource, from_program=resource.stack not in templates) for resource in judged]
    evaluation = EstateEvaluation.of(known.values(), day, cache, subscriptions_of(configs.values()), members(configs))
    estate = _ChangedEstate(plans, others, templates, evaluation)
    is_estate = is_complete or neighbours is not None
    report = evaluate(
        PolicyContext(
            [*own, *estate.referenced(own)],
            is_complete=is_estate,
            today=day,
            configs={name: config for name, config in configs.items() if name not in templates},
        ),
        chosen,
        stacks=names,
        exemptions=exemptions,
        plans={plan.stack: plan.digest for plan in plans},
        estate=estate.findings() if is_estate and "estate" in scopes else None,
        comparison=estate.comparison() if neighbours and "estate" in scopes else None,
    )
    return replace(report, files=files)


@dataclass
class _ChangedEstate:
    """The evaluated plans with their neighbours, for the policies on the whole estate."""

    plans: Sequence[Plan]
    neighbours: Neighbours
    templates: Collection[str]
    evaluation: EstateEvaluation

    @cached_property
    def _own(self) -> list[EstateStack]:
        return [planned_stack(plan, from_program=plan.stack not in self.templates) for plan in self.plans]

    @cached_property
    def _others(self) -> list[EstateStack]:
        return list(map(deployed_stack, self.neighbours.deployed))

    def findings(self) -> EstateFindings:
        """Return the findings on the plans, and the blocking ones on the neighbours."""
        return self._evaluated([*self._own, *self._others], own=[plan.stack for plan in self.plans])

    def comparison(self) -> Comparison:
        """Return the findings without the change, and without some stacks, each computed when it is needed."""
        before = list(map(deployed_stack, self.neighbours.before))

        def after_without(stacks: frozenset[str]) -> Collection[Finding]:
            kept = [stack for stack in [*self._own, *self._others] if stack.name not in stacks]
            return self._evaluated(kept).elsewhere

        return Comparison(
            frozenset(stack.name for stack in self._own),
            frozenset(stack.name for stack in self._others),
            lambda: self._evaluated([*before, *self._others]).elsewhere,
            after_without,
            self.neighbours.recorded,
        )

    def _evaluated(self, stacks: Sequence[EstateStack], own: Collection[str] = ()) -> EstateFindings:
        return self.evaluation.findings(stacks, own=own)

    def referenced(self, own: Iterable[Resource]) -> Iterator[Resource]:
        """Yield the resources of the neighbours that the evaluated resources may refer to: those of the shared stacks,
        and of tenancies of which they mention a resource group, as an ARM id does."""
        groups = {name.lower() for resource in own for name in GROUP_NAME.findall(_text(resource))}
        for stack in self._others:
            is_tenancy = is_kind(stack.name, TenancyConfig)
            if not is_tenancy or not groups.isdisjoint(self.evaluation.names(stack)):
                yield from stack.resources()


def _text(resource: Resource) -> str:
    return f"{resource.id} {json.dumps(resource.inputs, default=str)}"


def _refuse_duplicate_stacks(names: Sequence[str]) -> None:
    duplicates = sorted(name for name, count in Counter(names).items() if count > 1)
    if duplicates:
        raise InputError(
            "Two plans are of one stack.", key="stack", found=", ".join(duplicates), fix="Leave one of them out."
        )


def exemptions_of(file: Path | None, estate: Path, day: date | None = None) -> Exemptions:
    """Return the exemptions of the given file, or else of the estate's own file, which may be absent.

    Their people are on the estate's roster.
    """
    own = estate / EXEMPTIONS
    if file is None and not own.exists():
        return NONE
    chosen = file or within(estate, own, str(own))
    return read(read_mapping(chosen), load(), file=str(chosen), today=day or today(), people=read_roster(estate))


def exemption_errors(estate: Path) -> tuple[InputError, ...]:
    """Return why exemptions in the estate's own file do not apply today, which reports show as warnings."""
    own = estate / EXEMPTIONS
    if not own.exists():
        return ()
    content = read_mapping(within(estate, own, str(own)), str(own))
    return errors_of(content, load(), file=str(own), today=today(), people=read_roster(estate))
