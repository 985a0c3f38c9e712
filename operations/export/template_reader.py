"""Read an untrusted ARM template as the Plan of its deployment.

Values that depend on the deployment are unknown, including the target scope if the template does not contain it.
Loops, conditions and linked templates are refused, because the resources that they create are not certain.
A template contains neither `protect` nor `ignoreChanges` nor dependencies of single properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from formats.arm.arm_ids import ArmIds
from formats.arm.routes import route, token_at_subscription, token_of
from formats.default_providers import AZURE as PROVIDER
from formats.errors import InputError
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource, Value
from formats.urns import is_urn, make_urn, project_of, stack_of, type_of
from operations.export.expressions import ExpressionContext, is_expression
from operations.export.flattening import Flattening
from operations.export.placeholder_marks import marked
from operations.export.request_models import model
from operations.export.resource_scope import DeploymentScope, ResourceScope, path_inputs

SCHEMAS = re.compile(
    r"https?://schema\.management\.azure\.com/schemas/\d{4}-\d{2}-\d{2}[a-z-]*/"
    r"(?P<scope>deploymentTemplate|subscriptionDeploymentTemplate)\.json#?",
    re.I,
)
MAX_RESOURCES = 100_000
"""Resources in one template. ARM accepts 800."""
MAX_NAME_LENGTH = 1_000
"""Characters of a name with its parents'. One name in Azure has at most 260. Reports repeat it in every finding."""
MAX_NESTING = 8
"""Levels of nested deployments. ARM accepts 5."""
DEPLOYMENT = "microsoft.resources/deployments"
ARM = "arm:"
"""The prefix of a type without an azure-native name. No policy passes it."""
TEMPLATE_WORDS = frozenset(
    {"type", "apiversion", "name", "scope", "dependson", "metadata", "comments", "condition", "resources", "copy",
     "existing", "id", "import"}
)  # fmt: skip
TOP = ("$schema", "parameters", "variables", "resources", "functions", "outputs", "metadata", "languageVersion")
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)/?", re.I)
Json = Mapping[str, Any]


def read_template(template: object, *, file: str | None = None, called: str = "") -> Plan:
    """Return the Plan of a template. Raises `InputError` for an invalid, empty or ambiguous one.

    `file` is named in messages. `called`, or else the file's name, is the stack if the template names none.
    """
    try:
        return _plan(template, called or (Path(file).stem if file else "template"))
    except InputError as error:
        location = ": ".join(part for part in (file, error.file) if part) or None
        raise InputError(error.problem, file=location, key=error.key, found=error.found, allowed=error.allowed,
                         fix=error.fix) from None  # fmt: skip
    except RecursionError:
        raise InputError("The template nests too deeply.", file=file) from None


@dataclass(frozen=True)
class TemplateResource:
    """One resource of a template, with its expressions evaluated and its deployment scope."""

    where: str
    """Its path in the template."""
    type: str
    name: Value
    body: Json
    deployment: DeploymentScope
    depends_on: tuple[str, ...] = ()
    metadata: Json = field(default_factory=dict)
    scope: Value = None
    version: Value = None

    @property
    def key(self) -> tuple[str, ...]:
        """A key to find duplicates among resources whose id cannot be derived. One without a known name is distinct."""
        parts = (self.type, self.name, self.scope, self.deployment.subscription, self.deployment.group)
        own = self.where if UNKNOWN in (self.name, self.scope) or not isinstance(self.name, str) else ""
        return (*(str(part).lower() for part in parts), own)


@dataclass(frozen=True)
class TemplateLocation:
    """A list of resources in a template: its expression context, deployment scope and path."""

    expressions: ExpressionContext
    deployment: DeploymentScope
    where: str
    parent: TemplateResource | None = None
    depth: int = 0

    def below(self, key: str, parent: TemplateResource | None) -> TemplateLocation:
        """Return the location of a nested list of resources."""
        deployment = parent.deployment if parent else self.deployment
        return TemplateLocation(self.expressions, deployment, f"{self.where}.{key}", parent, self.depth + 1)


def _plan(template: object, called: str) -> Plan:
    content, kind = _checked(template)
    notes = content.get("metadata")
    facts: Json = notes if isinstance(notes, Mapping) else {}
    deployment = DeploymentScope(UNKNOWN, None if kind.lower().startswith("subscription") else UNKNOWN)
    entries = _entries(
        content, TemplateLocation(ExpressionContext.of(content), deployment, "resources"), facts.get("placeholders")
    )
    stack, project = (
        _safe_name(facts.get("stack"), _safe_name(called, "template")),
        _safe_name(facts.get("project"), "sde"),
    )
    made = [_resource(entry, stack, project) for entry in entries]
    if not made:
        raise InputError("The template has no resources.", key="resources", fix="Check a template with resources.")
    plan = Plan(project, stack, _safe_name(facts.get("cloud"), "azure"), (*_providers(made), *made))
    return _linked(plan, {r.urn: e for r, e in zip(made, entries, strict=True)})


def _checked(template: object) -> tuple[Json, str]:
    schema = template.get("$schema") if isinstance(template, Mapping) else None
    known = SCHEMAS.fullmatch(schema) if isinstance(schema, str) else None
    if not isinstance(template, Mapping) or known is None:
        raise InputError(
            "This is not an ARM template that can be checked.", key="$schema", found=schema,
            allowed="the $schema of a deployment to a resource group or a subscription",
        )  # fmt: skip
    misspelt = next((k for k in template if str(k) not in TOP and str(k).lower() in {w.lower() for w in TOP}), None)
    if misspelt:
        raise InputError("A keyword of the template is not spelled as in ARM.", key=str(misspelt))
    return template, known["scope"]


def _entries(content: Json, here: TemplateLocation, placeholders: Any) -> list[TemplateResource]:
    found = list(_resources_in(content.get("resources"), here))
    return _with_placeholders(found, placeholders) if isinstance(placeholders, Mapping) else found


def _resources_in(resources: Any, here: TemplateLocation) -> Iterator[TemplateResource]:
    """Yield the resources of a list, or of the map of a template with symbolic names. Children follow their parent."""
    if resources is None:
        return
    if not isinstance(resources, list | Mapping) or len(resources) > MAX_RESOURCES or here.depth > MAX_NESTING:
        raise InputError("The template's resources cannot be read.", key=here.where, found=type(resources).__name__,
                         allowed=f"a list of at most {MAX_RESOURCES:,}, at most {MAX_NESTING} levels deep")  # fmt: skip
    for key, resource in resources.items() if isinstance(resources, Mapping) else enumerate(resources):
        at = replace(here, where=f"{here.where}[{key}]" if isinstance(key, int) else f"{here.where}.{key}")
        if not isinstance(resource, Mapping):
            raise InputError(
                "A resource of the template is not an object.", key=at.where, found=type(resource).__name__
            )
        if resource.get("existing") is not True:
            yield from _resource_entries(resource, at)


def _resource_entries(resource: Json, here: TemplateLocation) -> Iterator[TemplateResource]:
    _refuse_duplicates(resource, here.where)
    _refuse_conditions_and_loops(resource, here.where)
    type_ = resource.get("type")
    if not isinstance(type_, str) or is_expression(type_) or not (here.parent or "/" in type_):
        raise InputError("A resource of the template has no valid type.", key=f"{here.where}.type", found=type_)
    if type_.lower() == DEPLOYMENT:
        yield from _deployment(resource, here)
        return
    entry = _entry(resource, type_, here)
    yield entry
    yield from _resources_in(resource.get("resources"), here.below("resources", entry))


def _refuse_duplicates(resource: Json, where: str) -> None:
    """Refuse keys that differ in case only: Azure would read a second `Properties` that is not checked."""
    lower = [key.lower() for key in resource]
    keywords = TEMPLATE_WORDS | {"properties"}
    duplicate = next((k for k in resource if lower.count(k.lower()) > 1), None)
    misspelt = next((k for k in resource if k.lower() in keywords and _arm_spelling(k) != k), None)
    if duplicate or misspelt:
        raise InputError("A keyword of the template is not spelled as in ARM.", key=f"{where}.{duplicate or misspelt}",
                         allowed="each once, in ARM's spelling")  # fmt: skip


def _arm_spelling(key: str) -> str:
    """Return a keyword of templates in ARM's spelling."""
    return {"apiversion": "apiVersion", "dependson": "dependsOn"}.get(key.lower(), key.lower())


def _refuse_conditions_and_loops(resource: Json, where: str) -> None:
    """Refuse conditions and loops: the resources that they create are not certain."""
    if resource.get("condition", True) is not True:
        raise InputError("A resource has a condition, so it may not be created.",
                         key=f"{where}.condition", found=resource["condition"], allowed="true, or no condition",
                         fix="Check the template with the condition resolved.")  # fmt: skip
    if "copy" in resource:
        raise InputError("The number of resources in a loop is not known.", key=f"{where}.copy",
                         fix="Check the template with the loop unrolled.")  # fmt: skip


def _deployment(resource: Json, here: TemplateLocation) -> Iterator[TemplateResource]:
    """Yield the resources of a nested deployment, with its own scope."""
    properties = resource.get("properties")
    inner = properties.get("template") if isinstance(properties, Mapping) else None
    if not isinstance(properties, Mapping) or not isinstance(inner, Mapping):
        raise InputError("A deployment links to another template, which cannot be checked.",
                         key=f"{here.where}.properties", allowed="a nested template")  # fmt: skip
    _checked(inner)
    options = properties.get("expressionEvaluationOptions")
    own = isinstance(options, Mapping) and str(options.get("scope")).lower() == "inner"
    target = (here.expressions.read(resource.get(key)) for key in ("subscriptionId", "resourceGroup"))
    below = replace(
        here.below("properties.template.resources", None),
        expressions=ExpressionContext.of(inner) if own else here.expressions,
        deployment=here.deployment.nested(*target),
    )
    yield from _resources_in(inner.get("resources"), below)


def _entry(resource: Json, type_: str, here: TemplateLocation) -> TemplateResource:
    read = here.expressions.read
    metadata, parent = read(resource.get("metadata")), here.parent
    facts: Json = metadata if isinstance(metadata, Mapping) else {}
    name, scope = read(resource.get("name", UNKNOWN)), read(resource.get("scope"))
    if parent and not type_.lower().startswith(f"{parent.type.lower()}/"):
        type_ = f"{parent.type}/{type_}"
        name = f"{parent.name}/{name}" if UNKNOWN not in (parent.name, name) else UNKNOWN
    type_, name, scope = _split_scope(type_, name, scope)
    if len(str(name)) > MAX_NAME_LENGTH or len(type_) > MAX_NAME_LENGTH:
        raise InputError("A resource's name or type is longer than Azure permits.", key=f"{here.where}.name",
                         found=str(name), allowed=f"at most {MAX_NAME_LENGTH:,} letters")  # fmt: skip
    body = {key: read(item) for key, item in resource.items() if key.lower() not in TEMPLATE_WORDS}
    wanted = resource.get("dependsOn")
    needs = tuple(n for n in read(wanted) if isinstance(n, str)) if isinstance(wanted, list) else ()
    version = read(resource.get("apiVersion"))
    return TemplateResource(
        here.where, type_, name, body, here.deployment.from_metadata(facts), needs, facts, scope, version
    )


def _split_scope(type_: str, name: Value, scope: Value) -> tuple[str, Value, Value]:
    """Split the older form of an extension resource: `Microsoft.X/y/providers/locks`, named `y/Microsoft.Z/lock`."""
    on, extends, own = type_.partition("/providers/")
    if not extends:
        return type_, name, scope
    count = on.count("/")
    parts = str(name).split("/")
    if name == UNKNOWN or len(parts) < count + 2:
        return own if "/" in own else f"{UNKNOWN}/{own}", UNKNOWN, UNKNOWN
    kinds = on.split("/")
    below = "/".join((kinds[0], *(p for pair in zip(kinds[1:], parts, strict=False) for p in pair)))
    return f"{parts[count]}/{own.removeprefix(parts[count] + '/')}", "/".join(parts[count + 1 :]), below


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
        entry = replace(entry, deployment=DeploymentScope(UNKNOWN, entry.deployment.group))
    rest = {path: why for path, why in notes.items() if path not in ("name", "scope", "metadata")}
    return replace(entry, body=marked(entry.body, rest, entry.where))


def _resource(entry: TemplateResource, stack: str, project: str) -> PlannedResource:
    token = token_of(entry.type)
    subscription = _SUBSCRIPTION.fullmatch(str(ResourceScope(entry.scope, entry.deployment).id))
    own = token_at_subscription(entry.type) if subscription else None
    if own and subscription:
        token, entry = own, replace(entry, deployment=DeploymentScope(subscription[1], None), scope=None)
    inputs = _inputs(token, entry) if token else dict(entry.body)
    if isinstance(entry.version, str) and entry.version != UNKNOWN:
        inputs["azureApiVersion"] = entry.version
    return PlannedResource(
        _urn(entry, token, stack, project),
        token or ARM + entry.type,
        Operation.CREATE,
        provider=_provider_urn(stack, project, entry.deployment.subscription),
        inputs=inputs,
    )


def _inputs(token: str, entry: TemplateResource) -> dict[str, Value]:
    request = route(token)
    path = path_inputs(token, request, entry.name, ResourceScope(entry.scope, entry.deployment), where=entry.where)
    without = frozenset({*(key.lower() for key in path), *(a.lower() for a in request.arguments)})
    flat = Flattening(token, entry.where).inputs(entry.body, model(request.package, request.model), without)
    return {**flat, **path}


def _urn(entry: TemplateResource, token: str | None, stack: str, project: str) -> str:
    """Return the URN in an exported template's metadata, or one made of the resource's path in the template."""
    given = str(entry.metadata.get("urn"))
    usable = given.isprintable() and is_urn(given)
    if usable and (stack_of(given), project_of(given), type_of(given)) == (stack, project, token):
        return given
    name = entry.name if isinstance(entry.name, str) and entry.name != UNKNOWN else entry.where
    return make_urn(stack, project, "", token or ARM + entry.type, f"{name}@{entry.where}")


def _provider_urn(stack: str, project: str, subscription: Value) -> str | None:
    known = isinstance(subscription, str) and subscription != UNKNOWN
    return make_urn(stack, project, "", PROVIDER, f"in-{subscription}") if known else None


def _providers(made: list[PlannedResource]) -> Iterator[PlannedResource]:
    for urn in dict.fromkeys(r.provider for r in made if r.provider):
        subscription = urn.rpartition("::in-")[2]
        yield PlannedResource(urn, PROVIDER, Operation.SAME, inputs={"subscriptionId": subscription})


def _linked(plan: Plan, entries: Mapping[str, TemplateResource]) -> Plan:
    """Return the Plan with its dependencies. Refuse two resources with one id: only one of them would be checked."""
    if len({r.urn for r in plan.resources}) != len(plan.resources):
        raise InputError("Two resources of the template have one URN.", key="resources")
    arm_ids = ArmIds(plan)
    urns: dict[str, str] = {}
    keys: dict[tuple[str, ...], str] = {}
    for urn, entry in entries.items():
        arm_id = arm_ids.find(urn)
        id_ = arm_id.id.lower() if arm_id and not arm_id.uncertain else ""
        if (id_ and urns.setdefault(id_, urn) != urn) or keys.setdefault(entry.key, urn) != urn:
            raise InputError("Two resources of the template have one id.", key=entry.where, found=id_ or entry.name)
    return replace(plan, resources=tuple(_with_links(r, entries.get(r.urn), urns) for r in plan.resources))


def _with_links(resource: PlannedResource, entry: TemplateResource | None, urns: Mapping[str, str]) -> PlannedResource:
    if entry is None:
        return resource
    found = {urns[id_.lower()] for id_ in entry.depends_on if id_.lower() in urns}
    return replace(resource, dependencies=tuple(sorted(found - {resource.urn})))


def _safe_name(found: Any, default: str) -> str:
    return found if isinstance(found, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,100}", found) else default
