"""The numbers of draws that are made anew: each draw of a prompt has one of its own."""

from __future__ import annotations

from ttc.store import Store

MOST = 100_000  # keys whose numbers are remembered


class Numbering:
    """Gives each draw of a key a number that no draw of the store has, nor one under way here."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next: dict[str, int] = {}

    def fresh(self, key: str) -> int:
        """Return the number of the next draw of a key."""
        if key not in self._next:
            if len(self._next) >= MOST:
                self._next.clear()
            self._next[key] = self._after_last(key)
        self._next[key] += 1
        return self._next[key] - 1

    def _after_last(self, key: str) -> int:
        sql = (
            "SELECT max(draw) FROM (SELECT draw FROM requests JOIN samples ON request_id = "
            "requests.id WHERE key = :key UNION ALL SELECT draw FROM requests JOIN attempts ON "
            "request_id = requests.id WHERE key = :key)"
        )
        row = self._store.reader.execute(sql, {"key": key}).fetchone()
        return 0 if row is None or row[0] is None else int(row[0]) + 1
