"""What proxies ask of a connection (`mirrors.Link`), as requests."""

from __future__ import annotations

from typing import Any

from ttc.verifiers.sandbox.inside.objects import derived, streams
from ttc.verifiers.sandbox.inside.objects.proxies import Proxies


class AskingProxies(Proxies):
    """Turns what proxies ask into requests."""

    def request(self, op: str, operands: list[Any], kwargs: dict[str, Any] | None = None) -> Any:
        """Ask the other end for an operation."""
        raise NotImplementedError

    def invoke(self, on: Any, args: Any, kwargs: Any) -> Any:
        return self.request("call", [on, *args], kwargs)

    def method(self, on: Any, name: str, args: Any, kwargs: Any, home: type) -> Any:
        return self.request("method", [on, name, home, *args], kwargs)

    def attribute(self, on: Any, name: str) -> Any:
        return self.request("get", [on, name])

    def operate(self, on: Any, name: str, args: Any, home: type | None = None) -> Any:
        if name == "__await__":
            return streams.drive(self, on).__await__()
        return self.request("operate", [on, name, home, *args])

    def derive(self, name: str, bases: Any, body: dict[str, Any]) -> Any:
        members = [[key, *derived.told(value)] for key, value in body.items()]
        members = [each for each in members if each[0] not in derived.OMITTED]
        try:
            return self.request("derive", [name, bases, members])
        except Exception:  # noqa: BLE001
            return None

    def act(self, op: str, on: Any, *args: Any) -> Any:
        return self.request(op, [on, *args])
