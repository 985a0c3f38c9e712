"""The facts of a report on the shipped estate with staff machines, as of 2026-11-30."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache

from formats.stack_config import StackConfig, TenancyConfig
from operations.access.model import AccessModel
from operations.access.people import People
from operations.access.view import access_view
from operations.estate.expiry import REQUEST, Expiry, expiry
from operations.prices.book import load
from operations.prices.estimate import price_of
from operations.site.facts import Approval, Flows, LedgerFacts, SiteFacts, StackFacts, TenancyPermit
from policies.model import PolicyContext
from policies.plan_evaluation import evaluate_plans
from policies.plan_resources import resources_of
from policies.reachability.allowed_flows import allowed_flows
from policies.reachability.forbidden_flows import analyse_flows
from tests.operations.access.estates import staffed_plans
from tests.policies import shipped, staffed

MADE = datetime(2026, 11, 30, 18, 5, tzinfo=UTC)


@cache
def facts() -> SiteFacts:
    """Return the facts of a report."""
    plans = {plan.stack: plan for plan in staffed_plans()}
    rendered = shipped.rendered()
    configs = {name: config for name, config in staffed.configs().items() if name in rendered}
    context = PolicyContext([r for plan in plans.values() for r in resources_of(plan)], is_complete=True,
                            configs=configs)  # fmt: skip
    flows = analyse_flows(context)
    book = load()
    stacks = tuple(
        StackFacts(
            name, one.kind, one.config.cloud, one.cell, one.requires, configs[name], plans.get(name),
            expiries=_expiries(name, one.config), price=price_of(plans[name], book) if name in plans else None,
            permit=_PERMIT if name in plans and name.startswith("tre-") else None,
        )
        for name, one in rendered.items()
    )  # fmt: skip
    return SiteFacts(
        "West Mercia SDE",
        MADE,
        "0.1.0",
        stacks,
        evaluate_plans(list(plans.values()), configs=configs, day=MADE.date()),
        access_view(AccessModel(context, People(configs))),
        Flows(flows, allowed=allowed_flows(flows, context)),
        changes=(),
        ledgers=(LedgerFacts("local", "sde-local", 41, "0" * 64),),
        exemptions=(),
        price_book=book,
        notes=("Not in the report: the packages that were installed on desks.",),
    )


_PERMIT = TenancyPermit(
    is_valid=True,
    expires=date(2027, 3, 31),
    approvals=(
        Approval("a" * 64, "Anna Example", "data owner", "data", "2026-10-02T09:14:00Z", "Fits the purpose."),
        Approval("b" * 64, "Ben Example", "information governance", "privacy", "2026-10-03T15:40:00Z"),
    ),
)


def _expiries(stack: str, config: StackConfig) -> tuple[Expiry, ...]:
    if not isinstance(config, TenancyConfig):
        return ()
    return (expiry(REQUEST, config.expires, today=MADE.date(), file=f"requests/{config.project}.yaml", stack=stack),)
