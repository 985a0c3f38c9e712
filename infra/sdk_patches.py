"""Patches of the Pulumi SDK that make a program several times faster and change none of its results.

1. The generated azure-native classes declare 20 to 60 older types each as aliases, and for each of them the SDK builds
   a chain of outputs. Nothing reads these where the engine takes alias specifications (every CLI since 3.50, and the
   embedded engine). The patch builds them on demand.
2. The garbage collector traverses the whole growing program again and again. It is disabled while the program runs.
3. At the end of a program, the SDK examines every open output each time that one of them completes: quadratic, minutes
   for thousands of resources. The patch waits for all of them at once.
4. With each registration the SDK sends its whole call stack, which takes a fifth of a program's time. Engines store it
   for display only, with the paths of this machine. The patch sends none.

An SDK version that is not known here is not patched: slower, never wrong.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import re
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

SUPPORTED_VERSIONS = re.compile(r"3\.2[67]\d\.\d+")
"""The SDK versions whose source was read: only `all_aliases`, for old engines, uses the URNs that are deferred."""
_PARAMETERS = ["alias", "defaultName", "defaultType", "defaultParent"]


class _WaitForAll:
    """A replacement for `asyncio` in the SDK's wait for open outputs.

    The SDK waits for the first of them to complete, again and again until none is open, which is quadratic. Waiting for
    all of them, or for the first that fails, ends in the same state and fails as early.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def wait(
        self, tasks: Iterable[asyncio.Future[Any]], *, timeout: float | None = None, return_when: str
    ) -> tuple[set[asyncio.Future[Any]], set[asyncio.Future[Any]]]:
        """Call `asyncio.wait`, with `FIRST_EXCEPTION` in place of `FIRST_COMPLETED`."""
        when = asyncio.FIRST_EXCEPTION if return_when == asyncio.FIRST_COMPLETED else return_when
        return await asyncio.wait(tasks, timeout=timeout, return_when=when)


class _DeferredUrn(Awaitable[str]):
    """The URN of one alias, computed when awaited. `Output.from_input` takes awaitables."""

    __slots__ = ("arguments", "collapse")

    def __init__(self, collapse: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.collapse, self.arguments = collapse, arguments

    def __await__(self) -> Generator[Any, Any, str]:
        return self.collapse(*self.arguments).future().__await__()  # type: ignore[no-any-return]


def is_supported() -> bool:
    """Return True if the installed SDK is a known version and the function to patch has the known parameters."""
    try:
        import pulumi.resource  # noqa: PLC0415 - only when patches are requested

        parameters = list(inspect.signature(pulumi.resource.collapse_alias_to_urn).parameters)  # type: ignore[attr-defined]
        known = bool(SUPPORTED_VERSIONS.fullmatch(version("pulumi"))) and parameters == _PARAMETERS
        return known and not inspect.signature(pulumi.runtime.resource._get_stack_trace).parameters
    except (ImportError, AttributeError, PackageNotFoundError, TypeError, ValueError):
        return False


def apply() -> Callable[[], None]:
    """Apply the patches and return a function that removes them. Do nothing for an unknown SDK."""
    if not is_supported():
        return _nothing
    import pulumi.resource  # noqa: PLC0415
    import pulumi.runtime.resource as registration  # noqa: PLC0415
    from pulumi.runtime.proto.source_pb2 import StackTrace  # noqa: PLC0415

    original = pulumi.resource.collapse_alias_to_urn  # type: ignore[attr-defined]
    stack_trace = registration._get_stack_trace
    if hasattr(original, "deferred"):  # they are applied already
        return _nothing

    def defer(alias: Any, defaultName: str, defaultType: str, defaultParent: Any) -> _DeferredUrn:  # noqa: N803 - the SDK's names
        return _DeferredUrn(original, (alias, defaultName, defaultType, defaultParent))

    defer.deferred = original  # type: ignore[attr-defined]
    pulumi.resource.collapse_alias_to_urn = defer  # type: ignore[attr-defined,assignment]
    pulumi.runtime.stack.asyncio = _WaitForAll()  # type: ignore[attr-defined,assignment]
    registration._get_stack_trace = StackTrace
    collecting = gc.isenabled()
    gc.disable()

    def remove() -> None:
        pulumi.resource.collapse_alias_to_urn = original  # type: ignore[attr-defined]
        pulumi.runtime.stack.asyncio = asyncio  # type: ignore[attr-defined]
        registration._get_stack_trace = stack_trace
        if collecting:
            gc.enable()

    return remove


@contextmanager
def applied() -> Iterator[None]:
    """Apply the patches for the length of a `with` block."""
    remove = apply()
    try:
        yield
    finally:
        remove()


def _nothing() -> None:
    return
