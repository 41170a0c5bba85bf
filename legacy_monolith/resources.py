"""Reading `/v1`: one list and one retrieve handler, told apart by a table of what differs per kind.

Lists run newest first. `starting_after=ID` gives the page behind that object; `has_more` says whether there is another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from sqlite3 import Row

from aiohttp import web

from legacy_monolith.database import Database
from legacy_monolith.objects import Object, charge_object, customer_object, invoice_object, refund_object
from legacy_monolith.wire import (
    CURRENCIES,
    Params,
    answer,
    integer,
    invalid,
    missing_object,
    one_of,
    query_params,
    text,
)

DATABASE = web.AppKey("database", Database)
LAST_SECOND = 2**40
CREATED = {"created[gte]": ">=", "created[gt]": ">", "created[lte]": "<=", "created[lt]": "<"}


@dataclass(frozen=True)
class Kind:
    """One kind of object: `filters` maps a parameter to its choices (None: any text), `expands` a field to its kind."""

    name: str
    table: str
    render: Callable[[Row], Object]
    filters: dict[str, tuple[str, ...] | None]
    expands: dict[str, "Kind"]


CUSTOMERS = Kind("customer", "customers", customer_object, {"email": None}, {})
CHARGES = Kind(
    "charge",
    "charges",
    charge_object,
    {"customer": None, "status": ("succeeded", "failed"), "currency": CURRENCIES},
    {"customer": CUSTOMERS},
)
REFUNDS = Kind("refund", "refunds", refund_object, {"charge": None}, {"charge": CHARGES})
INVOICES = Kind(
    "invoice",
    "invoices",
    invoice_object,
    {"customer": None, "status": ("paid", "open", "uncollectible"), "currency": CURRENCIES},
    {"customer": CUSTOMERS},
)
KINDS = (CUSTOMERS, CHARGES, REFUNDS, INVOICES)


def find(database: Database, kind: Kind, object_id: str) -> Row | None:
    return database.one(f"SELECT * FROM {kind.table} WHERE id = ?", (object_id,))  # noqa: S608  table names are ours


def add_reads(app: web.Application) -> None:
    """The list and retrieve routes of every kind."""
    for kind in KINDS:
        app.router.add_get(f"/v1/{kind.table}", partial(list_objects, kind))
        app.router.add_get(f"/v1/{kind.table}/{{id}}", partial(retrieve_object, kind))


async def retrieve_object(kind: Kind, request: web.Request) -> web.Response:
    database = request.app[DATABASE]
    expand = _expansions(kind, query_params(request, ()))
    object_id = request.match_info["id"]
    row = find(database, kind, object_id)
    if row is None:
        raise missing_object(kind.name, object_id)
    return answer(request, _expanded(database, kind, kind.render(row), expand))


async def list_objects(kind: Kind, request: web.Request) -> web.Response:
    database = request.app[DATABASE]
    params = query_params(request, {"limit", "starting_after", *CREATED, *kind.filters})
    expand = _expansions(kind, params)
    limit = integer(params, "limit", 1, 100) or 10
    tests, values = _conditions(database, kind, params)
    where = " AND ".join(tests) or "TRUE"
    sql = f"SELECT * FROM {kind.table} WHERE {where} ORDER BY seq DESC LIMIT ?"  # noqa: S608  values are bound
    rows = database.all(sql, (*values, limit + 1))
    data = [_expanded(database, kind, kind.render(row), expand) for row in rows[:limit]]
    page = {"object": "list", "url": request.path, "has_more": len(rows) > limit, "data": data}
    return answer(request, page)


def _conditions(database: Database, kind: Kind, params: Params) -> tuple[list[str], list[object]]:
    tests: list[str] = []
    values: list[object] = []
    if cursor := text(params, "starting_after"):
        row = find(database, kind, cursor)
        if row is None:
            raise missing_object(kind.name, cursor, "starting_after", 400)
        tests.append("seq < ?")
        values.append(row["seq"])
    for name, operator in CREATED.items():
        if (second := integer(params, name, 0, LAST_SECOND)) is not None:
            tests.append(f"created {operator} ?")
            values.append(second)
    for name, choices in kind.filters.items():
        value = one_of(params, name, choices) if choices else text(params, name)
        if value is not None:
            tests.append(f"{name} = ?")
            values.append(value)
    return tests, values


def _expansions(kind: Kind, params: Params) -> list[str]:
    names = params.get("expand", [])
    for name in names:
        if name not in kind.expands:
            raise invalid("expand", f"This property cannot be expanded ({name}).")
    return list(names)


def _expanded(database: Database, kind: Kind, rendered: Object, expand: list[str]) -> Object:
    """One query per object and field: what everyone writes first, and a page of 100 then costs 100 look-ups."""
    for name in expand:
        inner = kind.expands[name]
        row = find(database, inner, str(rendered[name])) if isinstance(rendered[name], str) else None
        if row is not None:
            rendered[name] = inner.render(row)
    return rendered
