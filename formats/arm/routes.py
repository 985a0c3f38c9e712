"""The ARM path and request body of each azure-native type, read from the installed azure-mgmt packages.

azure-native's SDK has neither. The `azure-mgmt-*` packages are generated from the same specifications, and contain the
path and the body's model of every PUT. A type is matched to its PUT by the arguments of the path.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from formats.arm.declared_paths import PATHS
from formats.arm.sdk import AZURE_NATIVE, PREFIX, sdk_type
from formats.errors import InputError
from formats.pulumi_sdk import SdkResource

PACKAGES = {
    "authorization": ("azure.mgmt.authorization", "azure.mgmt.resource.locks", "azure.mgmt.resource.policy"),
    "compute": ("azure.mgmt.compute",),
    "consumption": ("azure.mgmt.consumption",),
    "containerregistry": ("azure.mgmt.containerregistry",),
    "devtestlab": ("azure.mgmt.devtestlabs",),
    "dnsresolver": ("azure.mgmt.dnsresolver",),
    "eventgrid": ("azure.mgmt.eventgrid",),
    "keyvault": ("azure.mgmt.keyvault",),
    "managedidentity": ("azure.mgmt.msi",),
    "monitor": ("azure.mgmt.monitor",),
    "network": ("azure.mgmt.network",),
    "operationalinsights": ("azure.mgmt.loganalytics",),
    "privatedns": ("azure.mgmt.privatedns",),
    "resources": ("azure.mgmt.resource.resources",),
    "security": ("azure.mgmt.security",),
    "storage": ("azure.mgmt.storage",),
}
"""The azure-mgmt packages that contain the types of an azure-native module."""

RENAMED = {
    # azure-native keeps an older specification's name of a path argument.
    "authorization": {"resourceuri": "scope"},
}

SPECIFICATION_NAMES = {
    # azure-native names the type after its path, the specification after the setting in its body.
    ("security", "defenderforstorage"): "defenderforstoragesetting",
}
"""The packages' name of a type whose azure-native name differs."""

_BUILDER = re.compile(r"\b(build_\w+_request)\(")
_URL = re.compile(r'"(/[^"\n]*)"')
_BODY = re.compile(r"Union\[\s*_models\.(\w+),[^\]]*?\bIO\b|: _models\.(\w+)")
AT_SUBSCRIPTION = "/subscriptions/{subscriptionId}/providers/"
_LEVEL_SUFFIX = re.compile(r"(byscope|at[a-z]+level)$")
"""The suffix that azure-native adds to a type that exists at several levels."""
_ARGUMENT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Route:
    """One PUT: its path with the arguments in braces, the package of the models, and the model of its body."""

    path: str
    package: str
    model: str
    group: str
    """The operation group and verb, such as `subnets_create_or_update`; in older packages the verb alone."""

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(_ARGUMENT.findall(self.path))

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The segments after the last `/providers/`: namespace, type, name, type, name …"""
        return tuple(self.path.rpartition("/providers/")[2].split("/"))

    @cached_property
    def arm_type(self) -> str:
        """The ARM type, such as `Microsoft.Network/virtualNetworks/subnets`."""
        if "/providers/" not in self.path:
            return "Microsoft.Resources/resourceGroups"  # the only type without a provider in its id
        return "/".join((self.segments[0], *self.segments[1::2]))


@cache
def route(token: str) -> Route:
    """Return the PUT of an azure-native type. Raises `InputError` if no installed package contains it."""
    sdk = sdk_type(token)
    packages = PACKAGES.get(sdk.module, ())
    found = [r for package in packages for r in routes(package) if _has_all_arguments(r, sdk)]
    ranked = sorted(found, key=lambda r: _match_score(r, sdk), reverse=True)
    if not ranked or not any(_match_score(ranked[0], sdk)[1:]):
        raise InputError(
            "no installed azure-mgmt package contains this type",
            key="type",
            found=token,
            fix=f"install the package that holds it ({', '.join(packages) or 'add it to formats/arm/routes.py'})",
        )
    return ranked[0]


def id_route(token: str) -> Route:
    """Return the PUT of a type of which the id is wanted alone: without a package and a body where it has none. Raises
    `InputError` as `route` does."""
    path = PATHS.get(token.removeprefix(PREFIX))
    return Route(path, package="", model="", group="") if path else route(token)


@cache
def token_of(arm_type: str) -> str | None:
    """Return the azure-native type of an ARM type, whose case is ignored; None if there is none.

    Of several, the one that accepts any scope.
    """
    found = [token for module, route_ in _routes_of_arm_type(arm_type.lower()) for token in _tokens(module, route_)]
    ranked = sorted(dict.fromkeys(found), key=lambda t: (not route(t).path.startswith("/{"), len(t), t))
    return ranked[0] if ranked else None


@cache
def token_at_subscription(arm_type: str) -> str | None:
    """Return the azure-native type of an ARM type that has a different body at a subscription's scope.

    An example is the diagnostic setting of the activity log. None if a subscription is treated like other scopes.
    """
    anywhere = token_of(arm_type)
    routes_ = _routes_of_arm_type(arm_type.lower())
    found = sorted({token for module, route_ in routes_ for token in _tokens(module, route_)})
    own = (t for t in found if route(t).path.startswith(AT_SUBSCRIPTION))
    return next((t for t in own if anywhere and route(t).model != route(anywhere).model), None)


def _routes_of_arm_type(arm_type: str) -> list[tuple[str, Route]]:
    return [(m, r) for m, packages in PACKAGES.items() for p in packages for r in routes(p)
            if r.arm_type.lower() == arm_type]  # fmt: skip


def _tokens(module: str, route_: Route) -> Iterator[str]:
    """Yield the azure-native types whose route has this ARM type."""
    leaf = singular(route_.arm_type.rpartition("/")[2].lower())
    group = route_.group.replace("_", "")
    for stem in AZURE_NATIVE.resource_names(module):
        name = _name(module, stem)
        if name == route_.model.lower() or group.startswith((plural(name), name)) or name.endswith(leaf):
            token = f"azure-native:{module}:{AZURE_NATIVE.class_name(module, stem)}"
            if _has_arm_type(token, route_.arm_type):
                yield token


def _has_arm_type(token: str, arm_type: str) -> bool:
    try:
        return route(token).arm_type.lower() == arm_type.lower()
    except InputError:
        return False


def _has_all_arguments(route_: Route, sdk: SdkResource) -> bool:
    """Return True if every argument of the path, apart from the subscription, is an input of the type."""
    names = {name.lower() for name in sdk.inputs} | {"subscriptionid"}
    renamed = RENAMED.get(sdk.module, {})
    return all(renamed.get(a.lower(), a.lower()) in names for a in route_.arguments)


def _match_score(route_: Route, sdk: SdkResource) -> tuple[int, bool, bool, bool]:
    """Rank a route for a type: by the arguments it uses, then by the names of its body, its group and its type."""
    name = _name(sdk.module, sdk.name.lower())
    leaf = route_.arm_type.rpartition("/")[2]
    return (
        len(route_.arguments),
        route_.model.lower() == name,
        route_.group.replace("_", "").startswith((plural(name), name)),
        name.endswith(singular(leaf.lower())),
    )


def _name(module: str, name: str) -> str:
    """Return the packages' name of a type."""
    return SPECIFICATION_NAMES.get((module, name), _LEVEL_SUFFIX.sub("", name))


@cache
def routes(package: str) -> tuple[Route, ...]:
    """Return every PUT of a package; none if it is not installed. The newest API version of a path comes first."""
    found: dict[str, Route] = {}
    for folder, module in _operation_folders(package):
        for file in sorted(folder.glob("_*operations.py")):
            for route_ in _parse_routes(file.read_text(encoding="utf-8"), module):
                found.setdefault(route_.path.lower(), route_)
    return tuple(found.values())


def _operation_folders(package: str) -> Iterator[tuple[Path, str]]:
    """Yield the folders of a package's operations, one for each API version, with the module of their models."""
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return
    for location in (spec.submodule_search_locations or ()) if spec else ():
        root = Path(location)
        if (root / "operations").is_dir():
            yield root / "operations", package
        for folder in sorted(root.glob("v*/operations"), reverse=True):
            yield folder, f"{package}.{folder.parent.name}"


def _parse_routes(text: str, package: str) -> Iterator[Route]:
    """Yield the PUTs of one file. The text is split first, because a file may have ten megabytes."""
    bodies: dict[str, str] = {}
    for method in text.split("\n    def ")[1:]:
        head, _, rest = method.partition(") -> ")
        model = _BODY.search(head)
        for builder in _BUILDER.findall(rest) if model else ():
            bodies.setdefault(builder, model[1] or model[2] if model else "")
    for function in text.split("\ndef build_")[1:]:
        name = function.partition("_request(")[0]
        body, ended, rest = function.partition('\n    return HttpRequest(method="')
        url = _URL.search(body) if ended and rest.startswith('PUT"') else None
        if url and f"build_{name}_request" in bodies:
            yield Route(url[1], package, bodies[f"build_{name}_request"], name)


def singular(word: str) -> str:
    """Return the singular of an ARM type's name. Covers the plurals that ARM uses."""
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith("sses") else word.removesuffix("s")


def plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + "s"
