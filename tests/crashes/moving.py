"""One engine whose record is now here, now there: what SQLAlchemy has compiled for one copy serves for the next."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event, make_url

from core import database


class MovingRecord:
    """`core.database`'s own engine, opened on `url`; `move` lets its next connections lead to another copy."""

    def __init__(self, url: str) -> None:
        self._there = make_url(url)
        self.engine: Engine = database.open_database(url)

        @event.listens_for(self.engine, "do_connect")
        def connect(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
            if self._there.get_backend_name() == "sqlite":
                arguments[0] = self._there.database
            else:
                options["dbname"] = self._there.database

    def move(self, url: str) -> Engine:
        """Close every connection; the next leads to `url`, on the same database server."""
        self.engine.dispose()
        self._there = make_url(url)
        return self.engine
