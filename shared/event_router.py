"""Which handler hears which event, and what a handler may need besides the session."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.clients.base import ServiceClient
from shared.envelopes import Message, Unreadable
from shared.events.base import Event
from shared.events.views import View

E = TypeVar("E", bound=Event | View)
M = TypeVar("M", bound=Event)
V = TypeVar("V", bound=View)
Handler = Callable[[AsyncSession, Sequence[E]], Awaitable[None]]
Renewal = Callable[[AsyncSession, int], Awaitable[None]]
_Read = Callable[[bytes], Event | View]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a handler may need besides the session: the time, and other services."""

    now: datetime
    client: ServiceClient


def circumstances(session: AsyncSession) -> Circumstances:
    """The circumstances in which the consumer runs the handler of this session."""
    found: Circumstances = session.info[Circumstances]
    return found


class EventRouter:
    """To Kafka what `APIRouter` is to HTTP.

    A handler takes a run of events of its types in the order they were published, inside the
    transaction that will also move the position. It raises `Invalid` for an event that can
    never be applied; anything else it raises stops the worker.
    """

    def __init__(self, *, urgent: Iterable[type[Event]] = ()) -> None:
        """`urgent`: whose topics somebody waits for; the others may be read a second later."""
        self.urgent: Final = frozenset(model.topic for model in urgent)
        self._topics: set[str] = set()
        self._routes: dict[str, tuple[_Read, Handler[Any]]] = {}
        self._renewals: dict[str, Renewal] = {}

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._topics)

    def on(self, model: type[M]) -> Callable[[Handler[M]], Handler[M]]:
        """Hear these events and all that derive from them."""

        def register(handler: Handler[M]) -> Handler[M]:
            for concrete in model.concrete():
                self._route(concrete, concrete.model_validate_json, handler)
            return handler

        return register

    def on_view(self, view: type[V], *, of: type[Event]) -> Callable[[Handler[V]], Handler[V]]:
        """Hear these events and all that derive from them, of each no more than the view."""

        def register(handler: Handler[V]) -> Handler[V]:
            for concrete in of.concrete():
                self._route(concrete, view.read, handler)
            return handler

        return register

    def _route(self, model: type[Event], read: _Read, handler: Handler[Any]) -> None:
        self._topics.add(model.topic)
        self._routes[model.type] = (read, handler)

    def anew(self, model: type[Event]) -> Callable[[Renewal], Renewal]:
        """What to do where the log of this event's topic was replaced by another.

        It makes of one partition, in the session's transaction, what its log now says, and puts
        the position where it has read to. Without one the partition's events are handed to their
        handlers from the first, which mends whatever they compare by version.
        """

        def register(renewal: Renewal) -> Renewal:
            self._renewals[model.topic] = renewal
            return renewal

        return register

    def renewal(self, topic: str) -> Renewal | None:
        return self._renewals.get(topic)

    def parse(self, message: Message) -> tuple[Handler[Any], Event | View] | None:
        """Read the event; None for a type nobody here asked for. Raises `Unreadable`."""
        route = self._routes.get(message.type)
        if route is None:
            return None
        read, handler = route
        try:
            return handler, read(message.data)
        except (ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable(str(error)) from error
