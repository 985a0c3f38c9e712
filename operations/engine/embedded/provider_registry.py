"""The providers of one deployment: found by reference, created and configured when first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from formats import property_values, urns
from formats.errors import InputError
from formats.urns import type_of
from operations.engine.embedded.model import Properties, Resource
from operations.engine.embedded.providers import NO_DIFFERENCE, Difference, Provider, Servicer
from operations.engine.embedded.step_order import StepOrder

Servicers = Callable[[], Mapping[str, Servicer]]
OutputsOf = Callable[[str], Properties]
"""Returns the outputs of the stack with this name."""
BUILTIN = "pulumi"
"""The package of the engine's own resources."""
INTERNAL = "__internal"
"""The input of a provider resource under which the engine keeps its own settings."""


@runtime_checkable
class Closeable(Protocol):
    """A servicer with open files."""

    def close(self) -> None:
        """Close the files."""
        ...


class StackReferences(Provider):
    """The engine's built-in provider: a stack reference reads another stack's outputs."""

    def __init__(self, urn: str, id_: str, outputs_of: OutputsOf) -> None:
        super().__init__(urn, id_, BUILTIN, Servicer(), StepOrder(()))
        self._outputs_of = outputs_of

    def configure(self, inputs: Properties) -> None:
        """Do nothing: it has no configuration."""

    def check_config(self, urn: str, olds: Properties, news: Properties) -> Properties:
        return news

    def diff_config(self, old: Resource, news: Properties) -> Difference:
        return NO_DIFFERENCE

    def read(
        self, urn: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        if type_of(urn) != "pulumi:pulumi:StackReference":
            raise InputError("The engine has no such resource", found=type_of(urn))
        return id_, {"name": id_}, _stack_reference(id_, self._outputs_of)


def _stack_reference(name: str, outputs_of: OutputsOf) -> Properties:
    """Return a stack reference's properties. `InputError` if an output of the stack is unknown."""
    outputs = outputs_of(name)
    if unknown := sorted(k for k, v in outputs.items() if property_values.contains_unknown(v)):
        raise InputError(
            "Another stack is not complete: its last run did not make all that its outputs come from",
            key=name,
            found=f"no value yet for {', '.join(unknown)}",
            fix=f"`sde up {name.rsplit('/', 1)[-1]}` without targets first",
        )
    secret = sorted(k for k, v in outputs.items() if property_values.contains_secret(v))
    return {"name": name, "outputs": outputs, "secretOutputNames": secret}


def configuration_of(inputs: Mapping[str, Any]) -> Properties:
    """Return a provider resource's inputs without the engine's own settings."""
    return {key: value for key, value in inputs.items() if key != INTERNAL}


class ProviderRegistry:
    """The providers by URN. Each provider resource has its own servicer, because a servicer has one configuration."""

    def __init__(self, servicers: Servicers, outputs_of: OutputsOf) -> None:
        self._outputs_of = outputs_of
        self._servicers = servicers
        self._unused: dict[str, Servicer] = {}
        self._created: list[Servicer] = []
        self._providers: dict[str, Provider] = {}
        self._states: dict[str, Resource] = {}
        self.order = StepOrder(())
        """The order of the steps of the run."""

    def load_from_state(self, resources: list[Resource]) -> None:
        """Add the provider resources of the state, for resources that still refer to them."""
        self._states = {r.urn: r for r in resources if urns.is_provider(r.type) and not r.delete}

    def begin(self, resources: list[Resource]) -> StepOrder:
        """Begin a run on the resources of a state; return the order of its steps."""
        self.order = StepOrder(resources)
        self.load_from_state(resources)
        return self.order

    def create(self, urn: str, id_: str, package: str) -> Provider:
        """Return a new, unconfigured provider, in the place of any previous one with this URN."""
        if package == BUILTIN:
            self._providers[urn] = StackReferences(urn, id_, self._outputs_of)
        else:
            self._providers[urn] = Provider(urn, id_, package, self._servicer(package), self.order)
        return self._providers[urn]

    def of(self, reference: str) -> Provider:
        """Return the provider that `urn::id` refers to."""
        urn = urns.provider_urn(reference)
        if urn in self._providers:
            return self._providers[urn]
        state = self._states.get(urn)
        if state is None:
            raise InputError("A resource refers to a provider that the state does not have", found=urn)
        provider = self.create(urn, state.id, state.type.removeprefix(urns.PROVIDER_PREFIX))
        provider.configure(configuration_of(state.inputs))
        return provider

    def close(self) -> None:
        """Close the servicers' files: a database that stays open keeps its last changes in a file of its own."""
        for servicer in self._created:
            if isinstance(servicer, Closeable):
                servicer.close()
        self._created.clear()

    def _servicer(self, package: str) -> Servicer:
        if package not in self._unused:
            self._unused = dict(self._servicers())
            self._created.extend(self._unused.values())
        if package not in self._unused:
            raise InputError(
                "There is no provider for this package",
                found=package,
                allowed=", ".join(sorted(self._unused)),
                fix="run this stack with the official Pulumi command line, which can install the provider",
            )
        return self._unused.pop(package)
