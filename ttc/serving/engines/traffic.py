"""The draws of all jobs at the engines of one model: taken in turns, and each asked for once.

An engine that is given all draws of a job at once serves them before those of the next job. So only
as many are given to it as keep it busy; the others wait here, and jobs take turns. Jobs that ask
for the same draw at the same time share one.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ttc.backends import Backend, Completion, Request, Slotted, Stepped, Wide
from ttc.errors import BackendError

Deliver = Callable[[Completion], None]

# Draws that an engine holds at least, and where it does not tell how many it decodes together.
LEAST, UNTOLD = 64, 256


@dataclass(slots=True, eq=False)
class Place:
    """An engine: how it is advanced, how many draws it holds, and the orders that are at it."""

    backend: Backend
    advance: Callable[[], Completion | None]
    holds: Callable[[], int]
    orders: dict[str, Order] = field(default_factory=dict)

    @classmethod
    def of(cls, backend: Backend) -> Place:
        """Return a place for a backend; one without steps is waited for."""
        advance = backend.step if isinstance(backend, Stepped) else backend.wait
        if isinstance(backend, Wide):
            return cls(backend, advance, lambda: max(backend.room(), UNTOLD))
        if isinstance(backend, Slotted):
            return cls(backend, advance, lambda: max(2 * (backend.slots or 0), LEAST))
        return cls(backend, advance, lambda: UNTOLD)

    @property
    def has_room(self) -> bool:
        """Whether the engine may be given another draw."""
        return len(self.orders) < LEAST or len(self.orders) < self.holds()


@dataclass(slots=True, eq=False)
class Order:
    """A request of one or more channels. `at_engine`: it was submitted."""

    place: Place
    request: Request
    listeners: dict[str, tuple[Channel, Deliver]] = field(default_factory=dict)
    at_engine: bool = False
    # How others find it, until it is cancelled.
    shared_as: tuple[int, Request] | None = None


class Traffic:
    """The orders of all channels."""

    def __init__(self) -> None:
        self._places: OrderedDict[int, Place] = OrderedDict()
        self._held: OrderedDict[Channel, deque[Order]] = OrderedDict()
        self._shared: dict[tuple[int, Request], Order] = {}
        self._by_listener: dict[str, Order] = {}
        self._numbers = itertools.count()

    @property
    def busy(self) -> bool:
        """Whether any order has not come back."""
        return bool(self._by_listener)

    def take(self, channel: Channel, backend: Backend, request: Request, deliver: Deliver) -> str:
        """Take a request in, and return the id under which it can be cancelled."""
        name = f"{next(self._numbers)}/{request.id}"
        place = self._places.get(id(backend))
        if place is None:
            place = self._places[id(backend)] = Place.of(backend)
        key = id(backend), request
        order = self._shared.get(key)
        if order is None:
            order = self._shared[key] = Order(place, replace(request, id=name), shared_as=key)
            if not self._held and place.has_room:
                self._submit(order)
            else:
                self._held.setdefault(channel, deque()).append(order)
        order.listeners[name] = channel, deliver
        self._by_listener[name] = order
        channel.open += 1
        return name

    def _submit(self, order: Order) -> None:
        try:
            order.place.backend.submit(order.request)
        except BaseException:
            self._unshare(order)
            raise
        order.at_engine = True
        order.place.orders[order.request.id] = order

    def _unshare(self, order: Order) -> None:
        if order.shared_as is not None and self._shared.get(order.shared_as) is order:
            del self._shared[order.shared_as]
        order.shared_as = None

    def cancel(self, name: str) -> None:
        """Cancel a request. An order that others wait for goes on for them."""
        order = self._by_listener.get(name)
        if order is None:
            return
        if len(order.listeners) > 1:
            self._deliver(order, name, Completion("", "", "cancelled", 0, completion_tokens=0))
            return
        self._unshare(order)
        if order.at_engine:
            order.place.backend.cancel(order.request.id)
            return
        for channel, waiting in list(self._held.items()):
            if order in waiting:
                waiting.remove(order)
                if not waiting:
                    del self._held[channel]
        self._deliver(order, name, Completion("", "", "cancelled", 0, completion_tokens=0))

    def step(self) -> None:
        """Give engines what they have room for, advance one of them, and deliver what is done."""
        self._admit()
        place = next((each for each in self._places.values() if each.orders), None)
        if place is None:
            return
        self._places.move_to_end(id(place.backend))
        done = place.advance()
        if done is None or (order := place.orders.pop(done.request_id, None)) is None:
            return
        self._unshare(order)
        for name in list(order.listeners):
            self._deliver(order, name, done)

    def _admit(self) -> None:
        """Submit held orders, one of each channel in turn."""
        while self._held and any(place.has_room for place in self._places.values()):
            ready = (each for each in self._held if self._held[each][0].place.has_room)
            if (channel := next(ready, None)) is None:
                return
            waiting = self._held[channel]
            order = waiting.popleft()
            self._held.move_to_end(channel)
            if not waiting:
                del self._held[channel]
            try:
                self._submit(order)
            except Exception as error:  # noqa: BLE001 (it concerns those who asked for it)
                for name, (asking, _) in list(order.listeners.items()):
                    del self._by_listener[name]
                    asking.open -= 1
                    asking.failure = error
                    asking.moved()

    def abandon(self) -> None:
        """Forget all orders: their engine has failed."""
        for order in set(self._by_listener.values()):
            for channel, _ in order.listeners.values():
                channel.open = 0
        self._by_listener.clear()
        self._shared.clear()
        self._held.clear()
        self._places.clear()

    def _deliver(self, order: Order, name: str, done: Completion) -> None:
        channel, deliver = order.listeners.pop(name)
        del self._by_listener[name]
        channel.open -= 1
        channel.moved()
        channel.noted(done)
        deliver(done)


class Channel:
    """The requests of one job, of which `open` have not come back.

    `moved` is called when there is a completion or a `failure`, `noted` with each completion.
    """

    def __init__(
        self, traffic: Traffic, moved: Callable[[], None], noted: Callable[[Completion], None]
    ) -> None:
        self._traffic = traffic
        self.moved = moved
        self.noted = noted
        self.failure: Exception | None = None
        self.open = 0

    def send(self, backend: Backend, request: Request, deliver: Deliver) -> str:
        """Ask for a completion, which is passed to `deliver`; return an id to cancel it by."""
        return self._traffic.take(self, backend, request, deliver)

    def cancel(self, request_id: str) -> None:
        """Cancel a request; it comes back as `cancelled`."""
        self._traffic.cancel(request_id)

    def wait(self) -> None:
        """Advance the engines a little, for whichever job. BackendError if nothing of this one is
        under way."""
        if not self.open:
            raise BackendError("nothing is under way any more")
        self._traffic.step()
