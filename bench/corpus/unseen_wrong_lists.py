"""Mistakes of a former held-out part in lists and pages, and in the shapes of GraphQL, HAL and problem details.

All are in steady fields: no share is left out.
"""

from __future__ import annotations

from typing import Any

from bench.corpus.kinds import Answer, Asking, Wrong


def _deleted_rows(a: Answer, q: Asking) -> None:
    a.body["variants"].append({"sku": "TR-OLD", "position": 3, "deleted_at": "2025-11-02T10:00:00Z"})


def _pending(a: Answer, q: Asking) -> None:
    last = a.body["entries"][-1]
    a.body["entries"].append({**last, "amount": "-19.90", "state": "pending"})


def _last_day(a: Answer, q: Asking) -> None:
    a.body["entries"] = [row for row in a.body["entries"] if row["on"] != a.body["to"]]


def _role_for_all(a: Answer, q: Asking) -> None:
    a.body["roles"].append("admin")


def _pages_floor(a: Answer, q: Asking) -> bool:
    before = a.body["pages"]
    a.body["pages"] = a.body["total"] // a.body["per_page"]
    return bool(before != a.body["pages"])


def _total_capped(a: Answer, q: Asking) -> bool:
    before = a.body["total"]
    a.body["total"] = min(before, 10_000)
    return bool(before > 10_000)


def _facets_of_page(a: Answer, q: Asking) -> None:
    a.body["facets"]["size"] = {"s": 2, "m": 3}


def _marks_lost(a: Answer, q: Asking) -> None:
    for row in a.body["found"]:
        row["mark"] = row["mark"].replace("<em>", "").replace("</em>", "")


def _nulls_first(a: Answer, q: Asking) -> None:
    a.body["found"].sort(key=lambda row: (row["price"] is not None, row["title"].lower()))


def _case_matters(a: Answer, q: Asking) -> None:
    a.body["found"] = [row for row in a.body["found"] if row["title"].islower()]


def _previous_is_self(a: Answer, q: Asking) -> None:
    page = a.body["page"]
    a.body["previous"] = a.body["previous"].replace(f"page={page - 1}", f"page={page}")


def _links_without_query(a: Answer, q: Asking) -> None:
    a.body["next"] = a.body["next"].replace("q=cup%20of%20tea&", "")


def _bill(a: Answer) -> Any:
    return a.body["data"]["bill"]


def _bubbled(a: Answer, q: Asking) -> None:
    _bill(a)["buyer"] = None


def _errors_gone(a: Answer, q: Asking) -> None:
    del a.body["errors"]


def _type_name(a: Answer, q: Asking) -> None:
    _bill(a)["buyer"]["__typename"] = "CompanyEntity"


def _end_cursor(a: Answer, q: Asking) -> bool:
    lines = _bill(a)["lines"]
    before = lines["pageInfo"]["endCursor"]
    lines["pageInfo"]["endCursor"] = lines["edges"][0]["cursor"]
    return bool(before != lines["pageInfo"]["endCursor"])


def _plain_http(a: Answer, q: Asking) -> None:
    for link in a.body["_links"].values():
        link["href"] = link["href"].replace("https:", "http:")


def _action_missing(a: Answer, q: Asking) -> None:
    del a.body["_links"]["pay"]


def _first_error_only(a: Answer, q: Asking) -> None:
    del a.body["errors"][1:]


def _errors_by_name(a: Answer, q: Asking) -> None:
    a.body["errors"].sort(key=lambda error: error["pointer"])


def _exception(a: Answer, q: Asking) -> None:
    a.body["detail"] = "ValidationError at 0x7f3a2c1be0: 3 errors for InvoiceIn"


def _all_well(a: Answer, q: Asking) -> None:
    a.body["items"] = [item | {"status": 200} for item in a.body["items"]]
    a.body |= {"failed": 0, "ok": True}


UNSEEN_LISTS = (
    Wrong("deleted_rows_shown", "product", "a variant that was deleted", _deleted_rows),
    Wrong("pending_entries_shown", "statement", "what is not booked yet", _pending),
    Wrong("last_day_excluded", "statement", "no entries of the period's last day", _last_day),
    Wrong("admin_for_all", "profile", "a role too many", _role_for_all),
    Wrong("pages_rounded_down", "search", "no page for the rest", _pages_floor),
    Wrong("total_capped_at_10000", "search", "as a search engine counts by default", _total_capped),
    Wrong("facets_of_the_page", "search", "counts of what is shown", _facets_of_page),
    Wrong("marks_lost", "search", "nothing is highlighted", _marks_lost),
    Wrong("nulls_first", "search", "as another database sorts them", _nulls_first),
    Wrong("case_matters", "search", "nothing found with a capital", _case_matters),
    Wrong("previous_is_this_page", "search", "a link to itself", _previous_is_self),
    Wrong("next_without_query", "search", "a link that forgets what was searched", _links_without_query),
    Wrong("null_bubbled_up", "graphql", "no buyer at all, for a field that is refused", _bubbled),
    Wrong("errors_swallowed", "graphql", "a null and no word why", _errors_gone),
    Wrong("name_of_the_class", "graphql", "CompanyEntity", _type_name),
    Wrong("end_cursor_of_the_first", "graphql", "the next page is this one again", _end_cursor),
    Wrong("links_over_plain_http", "hal", "what the service sees behind TLS", _plain_http),
    Wrong("action_not_offered", "hal", "no link to pay", _action_missing),
    Wrong("first_error_only", "invalid", "one of three", _first_error_only),
    Wrong("errors_in_another_order", "invalid", "by their names, not as they are validated", _errors_by_name),
    Wrong("exception_in_the_detail", "invalid", "a class and an address", _exception),
    Wrong("failures_as_success", "bulk", "all items 200", _all_well),
)
