"""The resources of an untrusted ARM template, with their expressions evaluated as far as they are certain.

Not certain are a resource with a condition that depends on the deployment, and each one in a loop: such an entry has an
unknown value for that element, and the rest of it is read as for any other. A linked template is an entry of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from formats.arm.template_expressions import is_expression
from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Value
from formats.unknown_values import Cause, CauseKind, UnknownValue, causes_in
from operations.export.expressions import ExpressionContext
from operations.export.resource_scope import GROUP, DeploymentScope

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
CONDITION, COPY = "templateCondition", "templateCopy"
"""The inputs of a resource that may not be created, and of one that may be created several times."""
TEMPLATE_WORDS = frozenset(
    {"type", "apiversion", "name", "scope", "dependson", "metadata", "comments", "condition", "resources", "copy",
     "existing", "id", "import"}
)  # fmt: skip
TOP = ("$schema", "parameters", "variables", "resources", "functions", "outputs", "metadata", "languageVersion")
Json = Mapping[str, Any]


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
    label: str = ""
    """The name, or the expression for it."""
    is_computed: bool = False
    """True if the name is the result of an expression."""
    uncertain: Json = field(default_factory=dict)
    """The unknown elements that decide how often the resource is created."""

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
    uncertain: Json = field(default_factory=dict)

    def below(self, key: str, parent: TemplateResource | None, uncertain: Json) -> TemplateLocation:
        """Return the location of a nested list of resources."""
        deployment = parent.deployment if parent else self.deployment
        return TemplateLocation(self.expressions, deployment, f"{self.where}.{key}", parent, self.depth + 1, uncertain)


def checked(template: object) -> tuple[Json, str]:
    """Return a template with the kind of its scope. `InputError` for anything else, and for a misspelt keyword."""
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


def resources_in(resources: Any, here: TemplateLocation) -> Iterator[TemplateResource]:
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
        is_existing = isinstance(key, str) and resource.get("existing") is True
        yield from _resource_entries(resource, at, is_existing=is_existing)


def _resource_entries(resource: Json, here: TemplateLocation, *, is_existing: bool) -> Iterator[TemplateResource]:
    """Yield a resource and its children. A condition does not apply to the children."""
    _refuse_duplicates(resource, here.where)
    type_ = resource.get("type")
    if not isinstance(type_, str) or is_expression(type_) or not (here.parent or "/" in type_):
        raise InputError("A resource of the template has no valid type.", key=f"{here.where}.type", found=type_)
    looped = {COPY: UnknownValue([Cause(CauseKind.FUNCTION, "copy")])} if resource.get("copy") is not None else {}
    condition = here.expressions.read(resource.get("condition", True))
    conditional = {} if isinstance(condition, bool) else {CONDITION: UnknownValue(causes_in(condition))}
    is_created = condition is not False and not is_existing
    at = replace(here, uncertain={**here.uncertain, **looped, **conditional})
    inner = _nested_template(resource) if type_.lower() == DEPLOYMENT else None
    if inner is not None:
        yield from _deployment(resource, inner, at) if is_created else ()
        return
    entry = _entry(resource, type_, at)
    if is_created:
        yield entry
    yield from resources_in(resource.get("resources"), here.below("resources", entry, {**here.uncertain, **looped}))


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


def _nested_template(resource: Json) -> Json | None:
    """Return the template of a deployment. None for a linked one, and for one of another scope."""
    properties = resource.get("properties")
    inner = properties.get("template") if isinstance(properties, Mapping) else None
    is_known = isinstance(inner, Mapping) and SCHEMAS.fullmatch(str(inner.get("$schema")))
    return inner if isinstance(inner, Mapping) and is_known else None


def _deployment(resource: Json, inner: Json, here: TemplateLocation) -> Iterator[TemplateResource]:
    """Yield the resources of a nested deployment, with its own scope.

    Its expressions are evaluated in the outer template, unless it says otherwise or has symbolic names. Source:
    https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates
    """
    _, kind = checked(inner)
    properties = resource["properties"]
    target = (here.expressions.read(resource.get(key)) for key in ("subscriptionId", "resourceGroup"))
    deployment = here.deployment.nested(*target)
    if kind.lower().startswith("subscription"):
        deployment = replace(deployment, group=None)
    elif deployment.group is None:
        deployment = replace(deployment, group=UnknownValue([GROUP]))
    options = properties.get("expressionEvaluationOptions")
    scope = str(options.get("scope")).lower() if isinstance(options, Mapping) else ""
    has_own_expressions = scope == "inner" or (not scope and isinstance(inner.get("resources"), Mapping))
    expressions = _inner(here.expressions, inner, properties, deployment) if has_own_expressions else here.expressions
    below = here.below("properties.template.resources", None, here.uncertain)
    yield from resources_in(inner.get("resources"), replace(below, expressions=expressions, deployment=deployment))


def _inner(outer: ExpressionContext, inner: Json, properties: Json, deployment: DeploymentScope) -> ExpressionContext:
    """Return the expressions of a nested template. A parameter that it is not given has its default."""
    passed = properties.get("parameters", {})
    are_known = isinstance(passed, Mapping) and "parametersLink" not in properties
    given = {str(key): _passed(outer.read(value)) for key, value in passed.items()} if are_known else {}
    return ExpressionContext.of(
        inner, deployment, given, use_defaults=are_known or outer.use_defaults, budget=outer.budget
    )


def _passed(found: Value) -> Value:
    """Return the value of a parameter that a template passes. A reference to a key vault is a secret."""
    if isinstance(found, Mapping) and found.get("value") is not None:
        return found["value"]
    if isinstance(found, Mapping) and "reference" in found:
        return SECRET
    return found if isinstance(found, UnknownValue) else UnknownValue([Cause(CauseKind.FUNCTION, "null()")])


def _entry(resource: Json, type_: str, here: TemplateLocation) -> TemplateResource:
    read = here.expressions.read
    metadata, parent = read(resource.get("metadata")), here.parent
    facts: Json = metadata if isinstance(metadata, Mapping) else {}
    raw, scope = resource.get("name"), read(resource.get("scope"))
    name, label, is_computed = _name(read(raw)), raw if isinstance(raw, str) else here.where, is_expression(raw)
    if parent and not type_.lower().startswith(f"{parent.type.lower()}/"):
        type_ = f"{parent.type}/{type_}"
        label, is_computed = f"{parent.label}/{label}", is_computed or parent.is_computed
        known = UNKNOWN not in (parent.name, name)
        name = f"{parent.name}/{name}" if known else UnknownValue(causes_in([parent.name, name]))
    type_, name, scope = _split_scope(type_, name, scope)
    if len(str(name)) > MAX_NAME_LENGTH or len(type_) > MAX_NAME_LENGTH:
        raise InputError("A resource's name or type is longer than Azure permits.", key=f"{here.where}.name",
                         found=str(name), allowed=f"at most {MAX_NAME_LENGTH:,} letters")  # fmt: skip
    body = {key: read(item) for key, item in resource.items() if key.lower() not in TEMPLATE_WORDS}
    wanted = resource.get("dependsOn")
    needs = tuple(n for n in read(wanted) if isinstance(n, str)) if isinstance(wanted, list) else ()
    return TemplateResource(
        here.where, type_, name, body, here.deployment.from_metadata(facts), needs, facts, scope,
        read(resource.get("apiVersion")), label if name == UNKNOWN else str(name), is_computed, here.uncertain,
    )  # fmt: skip


def _name(found: Value) -> Value:
    """Return a name that is a text, or an unknown value."""
    if isinstance(found, str) and found != SECRET:
        return found
    return UnknownValue([Cause(CauseKind.FUNCTION, "name")])


def _split_scope(type_: str, name: Value, scope: Value) -> tuple[str, Value, Value]:
    """Split the older form of an extension resource: `Microsoft.X/y/providers/locks`, named `y/Microsoft.Z/lock`."""
    on, extends, own = type_.partition("/providers/")
    if not extends:
        return type_, name, scope
    count = on.count("/")
    parts = str(name).split("/")
    if name == UNKNOWN or len(parts) < count + 2:
        unknown = UnknownValue(causes_in(name))
        return own if "/" in own else f"{UNKNOWN}/{own}", unknown, unknown
    kinds = on.split("/")
    below = "/".join((kinds[0], *(p for pair in zip(kinds[1:], parts, strict=False) for p in pair)))
    return f"{parts[count]}/{own.removeprefix(parts[count] + '/')}", "/".join(parts[count + 1 :]), below
