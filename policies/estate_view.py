"""The part of an estate that policies on the whole estate can read.

They read this view alone, and tenancies are compared on the same view. So no property can decide a finding and be
absent from the comparison: reading a path that no policy declares is an error, which blocks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Never, cast

from formats.property_paths import ANY, PropertyPath, parse
from policies.azure_semantics.role_assignments import ASSIGNMENTS
from policies.equivalence import NO_FOLDING, Folding
from policies.model import Policy, PolicyContext, Resource

if TYPE_CHECKING:
    from policies.reachability.flow_cache import FlowCache

INDEX = re.compile(r"\[\d+\]")
PRINCIPAL_OF = dict.fromkeys(ASSIGNMENTS, "principalId")
"""The property, by type, whose dependencies the view has: they say which identity a principal is."""
COMPARED = (
    "network:Subnet:addressPrefix",
    "network:Subnet:addressPrefixes",
    "network:VirtualNetwork:addressSpace.addressPrefixes",
    *(f"{type_}:principalId" for type_ in ASSIGNMENTS),
)
"""The property paths that the comparison of tenancies itself reads."""
TYPES_WITHOUT_PROPERTIES = (
    "dataprotection:BackupVault",
    "keyvault:Secret",
    "managedidentity:UserAssignedIdentity",
    "network:SecurityRule",
    "recoveryservices:Vault",
)
"""The types that policies read although they declare no property of them."""
Tree = dict[str, Any]
"""The declared properties of a type as nested keys; `WHOLE` in place of a tree: the whole value."""
WHOLE = True


class _Hidden:
    """A field that the view does not have."""

    def _refuse(self, *_: object) -> Never:
        raise LookupError("policies on the whole estate cannot read this field of a resource")

    __iter__ = __bool__ = __len__ = __contains__ = __getitem__ = _refuse


HIDDEN = cast("Any", _Hidden())


@dataclass(frozen=True)
class VisibleResource(Resource):
    """A resource with its declared properties alone. `LookupError` for any other path."""

    readable: ReadablePaths | None = None

    def _walk(self, path: str) -> Iterator[Any]:
        if self.readable and not self.readable.permits(self.type, path):
            raise LookupError(f"{self.type}:{path} is declared by no policy on the whole estate")
        return super()._walk(path)


class ReadablePaths:
    """The property paths that policies on the whole estate declare, by type."""

    def __init__(self, paths: Iterable[str], types: Iterable[str] = ()) -> None:
        """`paths`: as `type:path`. `types`: further types whose resources policies read."""
        self.paths = tuple(sorted({*paths, *COMPARED}))
        self.types = frozenset([*types, *TYPES_WITHOUT_PROPERTIES, *(path.rpartition(":")[0] for path in self.paths)])
        self._permitted: dict[tuple[str, str], bool] = {}

    @classmethod
    def of(cls, policies: Iterable[Policy]) -> ReadablePaths:
        """Return the paths and types that these policies declare."""
        known = list(policies)
        paths = (f"{type_}:{path}" for policy in known for type_, path in policy.typed_paths)
        return cls(paths, (type_ for policy in known for type_ in policy.resource_types))

    @cached_property
    def digest(self) -> str:
        """The digest of the paths and types."""
        return hashlib.sha256(json.dumps([self.paths, sorted(self.types)]).encode()).hexdigest()

    @cached_property
    def _trees(self) -> Mapping[str, Tree]:
        trees: dict[str, Tree] = {}
        for type_, paths in self._parsed.items():
            for steps in sorted(paths, key=len):
                _add(trees.setdefault(type_, {}), steps)
        return trees

    @cached_property
    def _parsed(self) -> Mapping[str, list[PropertyPath]]:
        parsed: dict[str, list[PropertyPath]] = {}
        for declared in self.paths:
            type_, _, path = declared.rpartition(":")
            parsed.setdefault(type_, []).append(parse(path))
        return parsed

    def permits(self, type_: str, path: str) -> bool:
        """True if a path is declared: itself, a path above it, or its entries."""
        key = (type_, INDEX.sub("[*]", path) if "[" in path else path)
        if key not in self._permitted:
            steps = parse(key[1])
            self._permitted[key] = any(
                steps[: len(declared)] == declared or declared[: len(steps) + 1] == (*steps, ANY)
                for declared in self._parsed.get(type_, ())
            )
        return self._permitted[key]

    def visible(self, resource: Resource) -> VisibleResource:
        """Return a resource with its declared properties alone."""
        tree = self._trees.get(resource.type)
        principal = PRINCIPAL_OF.get(resource.type, "")
        sources = resource.property_dependencies.get(principal)
        return self.resource(
            stack=resource.stack,
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            id=resource.id,
            inputs=_part(resource.inputs, tree) if tree else {},
            property_dependencies={principal: sources} if sources else {},
            from_program=resource.from_program,
        )

    def resource(self, *, property_dependencies: Mapping[str, Sequence[str]], **fields: Any) -> VisibleResource:
        """Return a resource of the view. `fields`: those that it has, apart from the dependencies of properties."""
        return VisibleResource(
            **fields,
            property_dependencies={key: tuple(urns) for key, urns in property_dependencies.items()},
            dependencies=HIDDEN,
            protect=HIDDEN,
            before=HIDDEN,
            ignore_changes=HIDDEN,
            retain_on_delete=HIDDEN,
            foreign_aliases=HIDDEN,
            subscription=HIDDEN,
            readable=self,
        )


def _add(tree: Tree, steps: PropertyPath) -> None:
    """Add a path to a tree, unless the tree has a path above it; the paths come shortest first."""
    *parents, last = map(str, steps)
    for parent in parents:
        found = tree.setdefault(parent, {})
        if found is WHOLE:
            return
        tree = found
    tree[last] = WHOLE


def _part(value: Any, tree: Any) -> Any:
    """Return the part of a value that is in the tree. A value of another form stays, so that reading it fails as
    before."""
    if tree is WHOLE:
        return value
    if isinstance(value, Mapping):
        inner = ((key, tree.get(key, tree.get(ANY))) for key in value)
        return {key: _part(value[key], found) for key, found in inner if found is not None}
    if isinstance(value, list | tuple) and ANY in tree:
        return [_part(entry, tree[ANY]) for entry in value]
    return value


class EstateView(PolicyContext):
    """The stacks of an estate that are evaluated, as policies on the whole estate can read them."""

    def __init__(
        self,
        resources: Iterable[VisibleResource],
        folding: Folding = NO_FOLDING,
        *,
        types: frozenset[str] = frozenset([ANY]),
        left_out: frozenset[str] = frozenset(),
        flows: FlowCache | None = None,
        **options: Any,
    ) -> None:
        """`folding`: the stacks that were left out or need no result, since that of an equivalent one holds. `types`:
        those that policies may read. `left_out`: the ids in lower case and the URNs of resources of other types.
        `flows`: the analyses of estates in this process."""
        super().__init__(resources, **options)
        self.folding, self.left_out, self.flows, self._types = folding, left_out, flows, types

    def of(self, *types: str) -> list[Resource]:
        """Return the resources of these types. `LookupError` for a type that no policy declares."""
        self._require_declared(types)
        return super().of(*types)

    def same_stack(self, resource: Resource, *types: str) -> list[Resource]:
        """Return the resources of these types in a resource's own stack. `LookupError` as `of`."""
        self._require_declared(types)
        return super().same_stack(resource, *types)

    def get(self, id_: object) -> Resource | None:
        """Return the resource with that id, if it is in the estate. `LookupError` for one that was left out."""
        if isinstance(id_, str):
            self._require_kept(id_.lower())
        return super().get(id_)

    def get_urn(self, urn: str) -> Resource | None:
        """Return the resource with that URN, if it is in the estate. `LookupError` for one that was left out."""
        self._require_kept(urn)
        return super().get_urn(urn)

    def _require_kept(self, name: str) -> None:
        if name in self.left_out:
            raise LookupError(f"{name} is of a type that no policy on the whole estate declares")

    def _require_declared(self, types: Iterable[str]) -> None:
        if ANY not in self._types and not self._types.issuperset(types):
            raise LookupError(f"{', '.join(types)}: declared by no policy on the whole estate")

    def of_stack(self, stack: str, type_: str) -> Sequence[Resource]:
        """Return the resources of one stack and type, or of every type (`*`)."""
        return self._by_stack_and_type.get((stack, type_), ())

    @cached_property
    def _by_stack_and_type(self) -> Mapping[tuple[str, str], list[Resource]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for resource in self.resources:
            for type_ in (resource.type, ANY):
                found.setdefault((resource.stack, type_), []).append(resource)
        return found
