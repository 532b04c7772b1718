"""Which handler hears which event, and what a handler may need besides the session."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from shared.clients.base import ServiceClient
from shared.envelopes import Message
from shared.events.base import Event

E = TypeVar("E", bound=Event)
Handler = Callable[[AsyncSession, Sequence[E]], Awaitable[None]]
Renewal = Callable[[AsyncSession, int], Awaitable[None]]


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

    def __init__(self) -> None:
        self._routes: dict[str, tuple[type[Event], Handler[Any]]] = {}
        self._renewals: dict[str, Renewal] = {}

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(model.topic for model, _ in self._routes.values())

    def on(self, *models: type[E]) -> Callable[[Handler[E]], Handler[E]]:
        """Hear these events and all that derive from them."""

        def register(handler: Handler[E]) -> Handler[E]:
            for model in models:
                for concrete in model.concrete():
                    self._routes[concrete.type] = (concrete, handler)
            return handler

        return register

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

    def parse(self, message: Message) -> tuple[Handler[Any], Event] | None:
        """Read the event; None for a type nobody here asked for. Raises `ValidationError`."""
        route = self._routes.get(message.type)
        if route is None:
            return None
        model, handler = route
        return handler, model.model_validate_json(message.data)
