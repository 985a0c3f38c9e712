"""Read an untrusted ARM template as the Plan of its deployment.

Values that depend on the deployment are unknown, including the target scope if the template does not contain it.
A template contains neither `protect` nor `ignoreChanges` nor dependencies of single properties.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from formats.arm.arm_ids import ArmIds
from formats.arm.routes import route, token_at_subscription, token_of
from formats.default_providers import AZURE as PROVIDER
from formats.errors import InputError
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource, Value
from formats.unknown_values import Cause, CauseKind, UnknownValue
from formats.urns import is_urn, make_urn, project_of, stack_of, type_of
from operations.export.expressions import ExpressionContext
from operations.export.flattening import Flattening
from operations.export.placeholder_marks import marked
from operations.export.published_secrets import published
from operations.export.request_models import model
from operations.export.resource_scope import SUBSCRIPTION, DeploymentScope, ResourceScope, path_inputs
from operations.export.template_resources import (
    DEPLOYMENT,
    Json,
    TemplateLocation,
    TemplateResource,
    checked,
    resources_in,
)

ARM = "arm:"
"""The prefix of a type without an azure-native name. No policy passes it."""
LINKED_TYPE = "azure-native:resources:Deployment"
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)/?", re.I)
_SPACE = re.compile(r"\s+")
MAX_LABEL = 100
"""Characters of an expression that names a resource in reports."""


@dataclass(frozen=True)
class TemplatePlans:
    """The Plan of a template, and where its resources are in the file."""

    plan: Plan
    with_defaults: Plan | None
    """The Plan if each parameter has its default. None for a template without defaults, or with given parameters."""
    places: Mapping[str, str]
    """The path in the template of each resource, by URN."""


def read_template(template: object, *, file: str | None = None, called: str = "") -> Plan:
    """Return the Plan of a template whose parameters are unknown; see `read_template_plans`."""
    return read_template_plans(template, file=file, called=called).plan


def read_template_plans(
    template: object, *, file: str | None = None, called: str = "", given: Mapping[str, Value] | None = None
) -> TemplatePlans:
    """Return the Plans of a template. Raises `InputError` for an invalid, empty or ambiguous one.

    `file` is named in messages. `called`, or else the file's name, is the stack if the template names none. `given`:
    the parameters of the deployment; those that are not given have their defaults.
    """
    try:
        return _plans(template, called or (Path(file).stem if file else "template"), given)
    except InputError as error:
        location = ": ".join(part for part in (file, error.file) if part) or None
        raise error.with_parts(file=location) from None
    except RecursionError:
        raise InputError("The template nests too deeply.", file=file) from None


def _plans(template: object, called: str, given: Mapping[str, Value] | None) -> TemplatePlans:
    content, _ = checked(template)
    entries = _entries(content, given or {}, use_defaults=given is not None)
    parameters = content.get("parameters")
    has_defaults = isinstance(parameters, Mapping) and any(
        isinstance(parameter, Mapping) and "defaultValue" in parameter for parameter in parameters.values()
    )
    by_default = _entries(content, {}, use_defaults=True) if given is None and has_defaults else []
    secrets = {entry.where: found for entry in by_default or entries if (found := list(published(entry.body)))}
    builder = _Builder.of(content, called, [*entries, *by_default], secrets)
    places = {builder.urn(entry): entry.where for entry in entries}
    return TemplatePlans(builder.plan(entries), _default_plan(builder, by_default), places)


def _default_plan(builder: _Builder, entries: Sequence[TemplateResource]) -> Plan | None:
    """Return the Plan with defaults. None if it is empty or invalid: then only the Plan without defaults counts."""
    try:
        return builder.plan(entries) if entries else None
    except InputError:
        return None


def _entries(content: Json, given: Mapping[str, Value], *, use_defaults: bool) -> list[TemplateResource]:
    _, kind = checked(content)
    deployment = DeploymentScope()
    if kind.lower().startswith("subscription"):
        deployment = replace(deployment, group=None)
    expressions = ExpressionContext.of(content, deployment, given, use_defaults=use_defaults)
    found = list(resources_in(content.get("resources"), TemplateLocation(expressions, deployment, "resources")))
    placeholders = _facts(content).get("placeholders")
    return _with_placeholders(found, placeholders) if isinstance(placeholders, Mapping) else found


def _facts(content: Json) -> Json:
    notes = content.get("metadata")
    return notes if isinstance(notes, Mapping) else {}


def _with_placeholders(entries: list[TemplateResource], placeholders: Json) -> list[TemplateResource]:
    """Replace the placeholders that an exported template lists by unknown values."""
    by_resource: dict[str, dict[str, str]] = {}
    for path, why in placeholders.items():
        where, dot, rest = str(path).partition("].")
        by_resource.setdefault(where + "]" if dot else str(path), {})[rest] = str(why)
    missing = by_resource.keys() - {entry.where for entry in entries} - {"subscription"}
    if missing:
        raise InputError("The list of placeholders has a path that does not exist.", key="metadata.placeholders",
                         found=min(missing))  # fmt: skip
    return [_without_placeholders(e, by_resource[e.where]) if e.where in by_resource else e for e in entries]


def _without_placeholders(entry: TemplateResource, notes: Mapping[str, str]) -> TemplateResource:
    if "name" in notes:
        entry = replace(entry, name=UNKNOWN)
    if "scope" in notes:
        entry = replace(entry, scope=UNKNOWN)
    if "metadata" in notes:
        entry = replace(entry, deployment=replace(entry.deployment, subscription=UnknownValue([SUBSCRIPTION])))
    rest = {path: why for path, why in notes.items() if path not in ("name", "scope", "metadata")}
    return replace(entry, body=marked(entry.body, rest, entry.where))


@dataclass(frozen=True)
class _Builder:
    """Makes Plans of the entries of one template, in which a resource has the same URN."""

    stack: str
    project: str
    cloud: str
    names: Mapping[str, str]
    """The name of each resource in reports, by its path in the template."""
    secrets: Mapping[str, list[str]]
    """The secrets in each resource that the template contains, by its path."""

    @classmethod
    def of(
        cls, content: Json, called: str, entries: Sequence[TemplateResource], secrets: Mapping[str, list[str]]
    ) -> _Builder:
        """Return the builder. Later entries have precedence in names: those with defaults have more of them."""
        facts = _facts(content)
        stack, project = _safe_name(facts.get("stack"), _safe_name(called, "template")), facts.get("project")
        return cls(stack, _safe_name(project, "sde"), _safe_name(facts.get("cloud"), "azure"), _names(entries), secrets)

    def plan(self, entries: Sequence[TemplateResource]) -> Plan:
        """Return the Plan. `InputError` if it is empty, or if two resources that are certain have one id."""
        if not entries:
            raise InputError("The template has no resources.", key="resources", fix="Check a template with resources.")
        plan = self._plan(entries, frozenset())
        repeated = _repeated(plan, {self.urn(entry): entry for entry in entries})
        certain = next((e for e in repeated if not (e.is_computed or e.uncertain)), None)
        if certain:
            raise InputError("Two resources of the template have one id.", key=certain.where, found=certain.name)
        plan = self._plan(entries, {entry.where for entry in repeated}) if repeated else plan
        return _linked(plan, {self.urn(entry): entry for entry in entries})

    def _plan(self, entries: Sequence[TemplateResource], unnamed: Collection[str]) -> Plan:
        made = [self._resource(_unnamed(entry) if entry.where in unnamed else entry) for entry in entries]
        if len({r.urn for r in made}) != len(made):
            raise InputError("Two resources of the template have one URN.", key="resources")
        return Plan(self.project, self.stack, self.cloud, (*_providers(made), *made))

    def _resource(self, entry: TemplateResource) -> PlannedResource:
        urn = self.urn(entry)
        entry, token = _at_subscription(entry)
        inputs = (_inputs(token, entry) if token else dict(entry.body)) | dict(entry.uncertain)
        if entry.where in self.secrets:
            inputs["templateSecrets"] = self.secrets[entry.where]
        if isinstance(entry.version, str) and entry.version != UNKNOWN:
            inputs["azureApiVersion"] = entry.version
        return PlannedResource(
            urn,
            token or _other_type(entry),
            Operation.CREATE,
            provider=_provider_urn(self.stack, self.project, entry.deployment.subscription),
            inputs=inputs,
        )

    def urn(self, entry: TemplateResource) -> str:
        """Return the URN in an exported template's metadata, or one made of the resource's name."""
        _, token = _at_subscription(entry)
        given = str(entry.metadata.get("urn"))
        usable = given.isprintable() and is_urn(given)
        if usable and (stack_of(given), project_of(given), type_of(given)) == (self.stack, self.project, token):
            return given
        return make_urn(self.stack, self.project, "", token or _other_type(entry), self.names[entry.where])


def _other_type(entry: TemplateResource) -> str:
    """Return the type of an entry whose properties azure-native does not describe."""
    return LINKED_TYPE if entry.type.lower() == DEPLOYMENT else ARM + entry.type


def _names(entries: Sequence[TemplateResource]) -> dict[str, str]:
    """Return a name for each path: the resource's own, or the expression for it. Repeated names have the path too."""
    labels = {entry.where: (_label(entry), entry.type.lower()) for entry in entries}
    count = Counter(labels.values())
    return {
        where: label[0] if count[label] == 1 and label[0] != UNKNOWN else f"{label[0]}@{where}"
        for where, label in labels.items()
    }


def _label(entry: TemplateResource) -> str:
    text = _SPACE.sub(" ", entry.label)
    is_short = len(text) <= MAX_LABEL or entry.name != UNKNOWN
    return text if is_short else f"{text[: MAX_LABEL - 1]}\N{HORIZONTAL ELLIPSIS}"


def _unnamed(entry: TemplateResource) -> TemplateResource:
    """Return an entry that has the id of another, of which only one may be created."""
    return replace(entry, name=UnknownValue([Cause(CauseKind.FUNCTION, "a name that two resources have")]))


def _at_subscription(entry: TemplateResource) -> tuple[TemplateResource, str | None]:
    """Return an entry with its type in azure-native, which has types of their own for settings of a subscription."""
    token = token_of(entry.type)
    subscription = _SUBSCRIPTION.fullmatch(str(ResourceScope(entry.scope, entry.deployment).id))
    own = token_at_subscription(entry.type) if subscription else None
    if own and subscription:
        return replace(entry, deployment=DeploymentScope(subscription[1], None), scope=None), own
    return entry, token


def _inputs(token: str, entry: TemplateResource) -> dict[str, Value]:
    request = route(token)
    scope = ResourceScope(entry.scope, entry.deployment)
    try:
        path = path_inputs(token, request, entry.name, scope, where=entry.where)
    except InputError:
        if not entry.is_computed:
            raise
        path = path_inputs(token, request, _unnamed(entry).name, scope, where=entry.where)
    without = frozenset({*(key.lower() for key in path), *(a.lower() for a in request.arguments)})
    flat = Flattening(token, entry.where).inputs(entry.body, model(request.package, request.model), without)
    return {**flat, **path}


def _provider_urn(stack: str, project: str, subscription: Value) -> str | None:
    known = isinstance(subscription, str) and subscription != UNKNOWN
    return make_urn(stack, project, "", PROVIDER, f"in-{subscription}") if known else None


def _providers(made: list[PlannedResource]) -> Iterator[PlannedResource]:
    """Yield a provider for each subscription. It is not custom: a template has no providers, so policies see none."""
    for urn in dict.fromkeys(r.provider for r in made if r.provider):
        subscription = urn.rpartition("::in-")[2]
        yield PlannedResource(urn, PROVIDER, Operation.SAME, custom=False, inputs={"subscriptionId": subscription})


def _repeated(plan: Plan, entries: Mapping[str, TemplateResource]) -> list[TemplateResource]:
    """Return each entry with the id of an earlier one: only one of them would be checked."""
    arm_ids = ArmIds(plan)
    ids: set[str] = set()
    keys: set[tuple[str, ...]] = set()
    repeated = []
    for urn, entry in entries.items():
        id_ = _id(arm_ids, urn)
        if (id_ and id_ in ids) or entry.key in keys:
            repeated.append(entry)
        ids.add(id_)
        keys.add(entry.key)
    return repeated


def _id(arm_ids: ArmIds, urn: str) -> str:
    arm_id = arm_ids.find(urn)
    return arm_id.id.lower() if arm_id and not arm_id.uncertain else ""


def _linked(plan: Plan, entries: Mapping[str, TemplateResource]) -> Plan:
    """Return the Plan with its dependencies."""
    arm_ids = ArmIds(plan)
    urns = {_id(arm_ids, urn): urn for urn in entries}
    return replace(plan, resources=tuple(_with_links(r, entries.get(r.urn), urns) for r in plan.resources))


def _with_links(resource: PlannedResource, entry: TemplateResource | None, urns: Mapping[str, str]) -> PlannedResource:
    if entry is None:
        return resource
    found = {urns[id_.lower()] for id_ in entry.depends_on if id_.lower() in urns}
    return replace(resource, dependencies=tuple(sorted(found - {resource.urn})))


def _safe_name(found: Any, default: str) -> str:
    return found if isinstance(found, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,100}", found) else default
