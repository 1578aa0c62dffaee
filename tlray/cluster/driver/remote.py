"""The typed way to call a coordinator: its handle, with the methods of `Coordinator`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from tlray.cluster.handlers.coordinator import Coordinator

T = TypeVar("T")
Call = Callable[["Coordinator"], Awaitable[T]]
"""One call, such as ``lambda coordinator: coordinator.status("b1")``."""


def remote(actor: Any) -> Coordinator:
    """Return a coordinator's handle as the coordinator: each method sends the call and returns its ``ray.ObjectRef``, which can
    be awaited."""
    return cast("Coordinator", _Remote(actor))


class _Remote:
    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def __getattr__(self, method: str) -> Callable[..., Any]:
        send: Callable[..., Any] = getattr(self._actor, method).remote
        return send
