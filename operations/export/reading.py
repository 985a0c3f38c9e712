"""A standard ARM template as a Plan of what it would make: ours or anybody's, hostile until it is read whole.

What only a deployment tells is unknown, and so is the place that a template will be deployed to where it does not say.
What could hide a resource, or make one look as if it were there, is refused by name: loops, conditions, linked
templates. A template carries neither `protect` nor `ignoreChanges` nor which property came from which resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from formats.arm.arm_ids import Identities
from formats.arm.routes import route, token_at_subscription, token_of
from formats.default_providers import AZURE as PROVIDER
from formats.errors import InputError
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource, Value
from formats.urns import is_urn, make_urn, project_of, stack_of, type_of
from operations.export.expressions import Words, is_expression
from operations.export.flattening import Flattening
from operations.export.marks import marked
from operations.export.models import model
from operations.export.placing import Place, Standing, path_inputs

SCHEMAS = re.compile(
    r"https?://schema\.management\.azure\.com/schemas/\d{4}-\d{2}-\d{2}[a-z-]*/"
    r"(?P<scope>deploymentTemplate|subscriptionDeploymentTemplate)\.json#?",
    re.I,
)
MOST = 100_000
"""Resources in one template; ARM itself takes 800."""
LONGEST_NAME = 1_000
"""Letters of a name with its parents': Azure's longest have 260 each, and a report says them with every finding."""
DEEPEST = 8
"""Deployments inside each other; ARM takes 5 levels."""
DEPLOYMENT = "microsoft.resources/deployments"
ARM = "arm:"
"""Begins the type of a resource that azure-native's name is not known of, so that no policy passes it."""
TEMPLATE_WORDS = frozenset(
    {"type", "apiversion", "name", "scope", "dependson", "metadata", "comments", "condition", "resources", "copy",
     "existing", "id", "import"}
)  # fmt: skip
TOP = ("$schema", "parameters", "variables", "resources", "functions", "outputs", "metadata", "languageVersion")
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)/?", re.I)
Json = Mapping[str, Any]


def read_template(template: object, *, file: str | None = None, called: str = "") -> Plan:
    """The Plan of what a template would make. `InputError` for what is no template, makes nothing, or cannot be read
    without guessing; `file` is what to call it, and `called`, or else the file, its stack where it names none."""
    try:
        return _plan(template, called or (Path(file).stem if file else "template"))
    except InputError as error:
        place = ": ".join(part for part in (file, error.file) if part) or None
        raise InputError(error.problem, file=place, key=error.key, found=error.found, allowed=error.allowed,
                         fix=error.fix) from None  # fmt: skip
    except RecursionError:
        raise InputError("The template nests too deeply.", file=file) from None


@dataclass(frozen=True)
class Entry:
    """One resource of a template, its expressions read, and where it is made."""

    where: str
    """Its place in the template."""
    type: str
    name: Value
    body: Json
    place: Place
    depends_on: tuple[str, ...] = ()
    metadata: Json = field(default_factory=dict)
    scope: Value = None
    version: Value = None

    @property
    def who(self) -> tuple[str, ...]:
        """What tells it from others where its id cannot be told; what has no certain name may be anything."""
        parts = (self.type, self.name, self.scope, self.place.subscription, self.place.group)
        own = self.where if UNKNOWN in (self.name, self.scope) or not isinstance(self.name, str) else ""
        return (*(str(part).lower() for part in parts), own)


@dataclass(frozen=True)
class Here:
    """A place in a template: what its expressions may name, and where its resources are made."""

    words: Words
    place: Place
    where: str
    above: Entry | None = None
    depth: int = 0

    def below(self, word: str, above: Entry | None) -> Here:
        """A list of resources inside this one."""
        place = above.place if above else self.place
        return Here(self.words, place, f"{self.where}.{word}", above, self.depth + 1)


def _plan(template: object, called: str) -> Plan:
    content, kind = _checked(template)
    notes = content.get("metadata")
    said: Json = notes if isinstance(notes, Mapping) else {}
    place = Place(UNKNOWN, None if kind.lower().startswith("subscription") else UNKNOWN)
    entries = _entries(content, Here(Words.of(content), place, "resources"), said.get("placeholders"))
    stack, project = _word(said.get("stack"), _word(called, "template")), _word(said.get("project"), "sde")
    made = [_resource(entry, stack, project) for entry in entries]
    if not made:
        raise InputError("The template makes nothing.", key="resources", fix="A pass of nothing says nothing.")
    plan = Plan(project, stack, _word(said.get("cloud"), "azure"), (*_providers(made), *made))
    return _linked(plan, {r.urn: e for r, e in zip(made, entries, strict=True)})


def _checked(template: object) -> tuple[Json, str]:
    schema = template.get("$schema") if isinstance(template, Mapping) else None
    known = SCHEMAS.fullmatch(schema) if isinstance(schema, str) else None
    if not isinstance(template, Mapping) or known is None:
        raise InputError(
            "This is no ARM template that can be judged.", key="$schema", found=schema,
            allowed="the $schema of a deployment to a resource group or a subscription",
        )  # fmt: skip
    strange = next((k for k in template if str(k) not in TOP and str(k).lower() in {w.lower() for w in TOP}), None)
    if strange:
        raise InputError("A word of the template is not written as ARM writes it.", key=str(strange))
    return template, known["scope"]


def _entries(content: Json, here: Here, placeholders: Any) -> list[Entry]:
    found = list(_listed(content.get("resources"), here))
    return _with_stand_ins(found, placeholders) if isinstance(placeholders, Mapping) else found


def _listed(resources: Any, here: Here) -> Iterator[Entry]:
    """The resources of a list, or of the map that templates with symbolic names have; inner ones after outer ones."""
    if resources is None:
        return
    if not isinstance(resources, list | Mapping) or len(resources) > MOST or here.depth > DEEPEST:
        raise InputError("The template's resources cannot be read.", key=here.where, found=type(resources).__name__,
                         allowed=f"a list of at most {MOST:,}, at most {DEEPEST} levels deep")  # fmt: skip
    for key, resource in resources.items() if isinstance(resources, Mapping) else enumerate(resources):
        at = replace(here, where=f"{here.where}[{key}]" if isinstance(key, int) else f"{here.where}.{key}")
        if not isinstance(resource, Mapping):
            raise InputError("A resource of the template is none.", key=at.where, found=type(resource).__name__)
        if resource.get("existing") is not True:
            yield from _one(resource, at)


def _one(resource: Json, here: Here) -> Iterator[Entry]:
    _refuse_doubles(resource, here.where)
    _refuse_the_uncertain(resource, here.where)
    type_ = resource.get("type")
    if not isinstance(type_, str) or is_expression(type_) or not (here.above or "/" in type_):
        raise InputError("The template does not say what a resource is.", key=f"{here.where}.type", found=type_)
    if type_.lower() == DEPLOYMENT:
        yield from _deployment(resource, here)
        return
    entry = _entry(resource, type_, here)
    yield entry
    yield from _listed(resource.get("resources"), here.below("resources", entry))


def _refuse_doubles(resource: Json, where: str) -> None:
    """ARM takes names in any case: a second `Properties` would be read by Azure, and not here."""
    lower = [key.lower() for key in resource]
    words = TEMPLATE_WORDS | {"properties"}
    twice = next((k for k in resource if lower.count(k.lower()) > 1), None)
    strange = next((k for k in resource if k.lower() in words and _written(k) != k), None)
    if twice or strange:
        raise InputError("A word of the template is not written as ARM writes it.", key=f"{where}.{twice or strange}",
                         allowed="each once, in its own case")  # fmt: skip


def _written(key: str) -> str:
    """A word of the template's own as ARM writes it."""
    return {"apiversion": "apiVersion", "dependson": "dependsOn"}.get(key.lower(), key.lower())


def _refuse_the_uncertain(resource: Json, where: str) -> None:
    """What may be there or not, once or often: neither it nor what is judged beside it could be trusted."""
    if resource.get("condition", True) is not True:
        raise InputError("Whether a resource is made is not certain, so nothing can be said of it.",
                         key=f"{where}.condition", found=resource["condition"], allowed="true, or no condition",
                         fix="Judge the template with the condition resolved.")  # fmt: skip
    if "copy" in resource:
        raise InputError("How many resources a loop makes is not certain.", key=f"{where}.copy",
                         fix="Judge the template with the loop unrolled.")  # fmt: skip


def _deployment(resource: Json, here: Here) -> Iterator[Entry]:
    """The resources of a deployment inside the template, where it is made; it makes nothing itself."""
    properties = resource.get("properties")
    inner = properties.get("template") if isinstance(properties, Mapping) else None
    if not isinstance(properties, Mapping) or not isinstance(inner, Mapping):
        raise InputError("A deployment links to a template elsewhere, which cannot be judged here.",
                         key=f"{here.where}.properties", allowed="a template inside it")  # fmt: skip
    _checked(inner)
    options = properties.get("expressionEvaluationOptions")
    own = isinstance(options, Mapping) and str(options.get("scope")).lower() == "inner"
    where = (here.words.read(resource.get(key)) for key in ("subscriptionId", "resourceGroup"))
    below = here.below("properties.template.resources", None)
    below = replace(below, words=Words.of(inner) if own else here.words, place=here.place.inside(*where))
    yield from _listed(inner.get("resources"), below)


def _entry(resource: Json, type_: str, here: Here) -> Entry:
    read = here.words.read
    metadata, above = read(resource.get("metadata")), here.above
    said: Json = metadata if isinstance(metadata, Mapping) else {}
    name, scope = read(resource.get("name", UNKNOWN)), read(resource.get("scope"))
    if above and not type_.lower().startswith(f"{above.type.lower()}/"):
        type_ = f"{above.type}/{type_}"
        name = f"{above.name}/{name}" if UNKNOWN not in (above.name, name) else UNKNOWN
    type_, name, scope = _standing_on(type_, name, scope)
    if len(str(name)) > LONGEST_NAME or len(type_) > LONGEST_NAME:
        raise InputError("A resource's name or type is longer than Azure has any.", key=f"{here.where}.name",
                         found=str(name), allowed=f"at most {LONGEST_NAME:,} letters")  # fmt: skip
    body = {key: read(item) for key, item in resource.items() if key.lower() not in TEMPLATE_WORDS}
    wanted = resource.get("dependsOn")
    needs = tuple(n for n in read(wanted) if isinstance(n, str)) if isinstance(wanted, list) else ()
    version = read(resource.get("apiVersion"))
    return Entry(here.where, type_, name, body, here.place.said(said), needs, said, scope, version)


def _standing_on(type_: str, name: Value, scope: Value) -> tuple[str, Value, Value]:
    """The older form of a resource that stands on another: `Microsoft.X/y/providers/locks`, `y/Microsoft.Z/lock`."""
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


def _with_stand_ins(entries: list[Entry], placeholders: Json) -> list[Entry]:
    """Our own templates list the values in them that are not the real ones: those are not known."""
    by_place: dict[str, dict[str, str]] = {}
    for path, why in placeholders.items():
        where, dot, rest = str(path).partition("].")
        by_place.setdefault(where + "]" if dot else str(path), {})[rest] = str(why)
    strange = by_place.keys() - {entry.where for entry in entries} - {"subscription"}
    if strange:
        raise InputError("The template's list of placeholders names what is not there.", key="metadata.placeholders",
                         found=min(strange))  # fmt: skip
    return [_without_stand_ins(e, by_place[e.where]) if e.where in by_place else e for e in entries]


def _without_stand_ins(entry: Entry, notes: Mapping[str, str]) -> Entry:
    if "name" in notes:
        entry = replace(entry, name=UNKNOWN)
    if "scope" in notes:
        entry = replace(entry, scope=UNKNOWN)
    if "metadata" in notes:
        entry = replace(entry, place=Place(UNKNOWN, entry.place.group))
    rest = {path: why for path, why in notes.items() if path not in ("name", "scope", "metadata")}
    return replace(entry, body=marked(entry.body, rest, entry.where))


def _resource(entry: Entry, stack: str, project: str) -> PlannedResource:
    token = token_of(entry.type)
    subscription = _SUBSCRIPTION.fullmatch(str(Standing(entry.scope, entry.place).id))
    own = token_at_subscription(entry.type) if subscription else None
    if own and subscription:
        token, entry = own, replace(entry, place=Place(subscription[1], None), scope=None)
    inputs = _inputs(token, entry) if token else dict(entry.body)
    if isinstance(entry.version, str) and entry.version != UNKNOWN:
        inputs["azureApiVersion"] = entry.version
    return PlannedResource(_urn(entry, token, stack, project), token or ARM + entry.type, Operation.CREATE,
                           provider=_provider_urn(stack, project, entry.place.subscription), inputs=inputs)  # fmt: skip


def _inputs(token: str, entry: Entry) -> dict[str, Value]:
    way = route(token)
    path = path_inputs(token, way, entry.name, Standing(entry.scope, entry.place), where=entry.where)
    without = frozenset({*(key.lower() for key in path), *(a.lower() for a in way.arguments)})
    flat = Flattening(token, entry.where).inputs(entry.body, model(way.package, way.model), without)
    return {**flat, **path}


def _urn(entry: Entry, token: str | None, stack: str, project: str) -> str:
    """The one that our own templates carry, else one made of the place in the template."""
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


def _linked(plan: Plan, entries: Mapping[str, Entry]) -> Plan:
    """The Plan with its dependencies, and without doubles: of two with one id, one would be judged and both made."""
    if len({r.urn for r in plan.resources}) != len(plan.resources):
        raise InputError("Two resources of the template have one URN.", key="resources")
    identities = Identities(plan)
    urns: dict[str, str] = {}
    said: dict[tuple[str, ...], str] = {}
    for urn, entry in entries.items():
        identity = identities.told(urn)
        id_ = identity.id.lower() if identity and not identity.unsure else ""
        if (id_ and urns.setdefault(id_, urn) != urn) or said.setdefault(entry.who, urn) != urn:
            raise InputError(
                "Two resources of the template are the same one.", key=entry.where, found=id_ or entry.name
            )
    return replace(plan, resources=tuple(_with_links(r, entries.get(r.urn), urns) for r in plan.resources))


def _with_links(resource: PlannedResource, entry: Entry | None, urns: Mapping[str, str]) -> PlannedResource:
    if entry is None:
        return resource
    found = {urns[id_.lower()] for id_ in entry.depends_on if id_.lower() in urns}
    return replace(resource, dependencies=tuple(sorted(found - {resource.urn})))


def _word(found: Any, other: str) -> str:
    return found if isinstance(found, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,100}", found) else other
