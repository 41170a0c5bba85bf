"""Reads of one kind of object: the page that a list request asks for, and one object by its id.

Newest first; `starting_after=ID` asks for the page behind that object, `has_more` says whether there is yet another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from aiohttp import web

from extracted.chassis.answers import answer, not_found
from extracted.chassis.customers import embed_customers
from extracted.chassis.database import DATABASE, Database
from extracted.chassis.params import Params, from_query

CURRENCIES = ("usd", "eur", "gbp")
DEFAULT_PAGE, LARGEST_PAGE = 10, 100
LAST_SECOND = 2**40
_CREATED = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}


@dataclass(frozen=True)
class Reads:
    """The two handlers of one kind. `table` is its table and its path; `statuses` are those a list may ask for."""

    name: str
    table: str
    statuses: tuple[str, ...]
    render: Callable[[Row], dict[str, Any]]

    def add_to(self, app: web.Application) -> None:
        app.router.add_get(f"/v1/{self.table}", self.list_page)
        app.router.add_get(f"/v1/{self.table}/{{id}}", self.retrieve)

    async def retrieve(self, request: web.Request) -> web.Response:
        _, expand = from_query(request, (), ("customer",))
        row = self._find(request.app[DATABASE], request.match_info["id"])
        if row is None:
            raise not_found(self.name, request.match_info["id"])
        return answer(request, self._objects(request, [row], expand)[0])

    async def list_page(self, request: web.Request) -> web.Response:
        known = (
            "limit",
            "starting_after",
            "customer",
            "status",
            "currency",
            *(f"created[{bound}]" for bound in _CREATED),
        )
        params, expand = from_query(request, known, ("customer",))
        limit = params.integer("limit", 1, LARGEST_PAGE) or DEFAULT_PAGE
        conditions = self._conditions(request.app[DATABASE], params)
        where = " AND ".join(["TRUE", *conditions])
        sql = f"SELECT * FROM {self.table} WHERE {where} ORDER BY seq DESC LIMIT ?"  # noqa: S608  values are bound
        rows = request.app[DATABASE].rows(sql, (*conditions.values(), limit + 1))
        data = self._objects(request, rows[:limit], expand)
        page = {"object": "list", "data": data, "has_more": len(rows) > limit, "url": f"/v1/{self.table}"}
        return answer(request, page)

    def _find(self, database: Database, object_id: str) -> Row | None:
        return database.row(f"SELECT * FROM {self.table} WHERE id = ?", (object_id,))  # noqa: S608  the table is ours

    def _objects(self, request: web.Request, rows: list[Row], expand: bool) -> list[dict[str, Any]]:
        objects = [self.render(row) for row in rows]
        if expand:
            embed_customers(request.app[DATABASE], objects)
        return objects

    def _conditions(self, database: Database, params: Params) -> Mapping[str, object]:
        """SQL conditions with the value that each one binds."""
        wanted: dict[str, object] = {}
        cursor = params.text("starting_after")
        if cursor is not None:
            row = self._find(database, cursor)
            if row is None:
                raise not_found(self.name, cursor, param="starting_after", status=400)
            wanted["seq < ?"] = row["seq"]
        for bound, operator in _CREATED.items():
            wanted[f"created {operator} ?"] = params.integer(f"created[{bound}]", 0, LAST_SECOND)
        wanted["customer = ?"] = params.text("customer")
        wanted["status = ?"] = params.choice("status", self.statuses)
        wanted["currency = ?"] = params.choice("currency", CURRENCIES)
        return {condition: value for condition, value in wanted.items() if value is not None}
