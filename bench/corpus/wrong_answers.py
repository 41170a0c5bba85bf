"""Mistakes in lists, in the status and headers, and in documents that are not JSON."""

from __future__ import annotations

import re

from bench.corpus.kinds import Answer, Asking, Wrong


def _page_shifted(a: Answer, q: Asking) -> bool | None:
    rows = a.body["data"]
    if len(rows) < 2:
        return False
    a.body["data"] = [*rows[1:], {**rows[-1], "id": rows[-1]["id"][:-2] + "zz", "created": rows[-1]["created"] - 1571}]
    return None


def _oldest_first(a: Answer, q: Asking) -> bool | None:
    a.body["data"].reverse()
    return len(a.body["data"]) > 1


def _last_row_lost(a: Answer, q: Asking) -> bool:
    return bool(a.body["data"]) and a.body["data"].pop() is not None


def _limit_ignored(a: Answer, q: Asking) -> bool | None:
    rows = a.body["data"]
    if not rows:
        return False
    rows += [{**row, "id": row["id"][:-2] + "xx"} for row in rows]
    return None


def _duplicates(a: Answer, q: Asking) -> bool | None:
    rows = a.body["data"]
    if not rows:
        return False
    rows.insert(1, rows[0])
    return None


def _swapped(a: Answer, q: Asking) -> bool:
    rows = a.body["data"]
    if len(rows) < 2 or rows[0]["amount"] == rows[1]["amount"]:
        return False
    rows[0]["amount"], rows[1]["amount"] = rows[1]["amount"], rows[0]["amount"]
    return True


def _more(a: Answer, q: Asking) -> None:
    a.body["has_more"] = not a.body["has_more"]


def _empty(a: Answer, q: Asking) -> bool:
    had = bool(a.body["data"])
    a.body["data"] = []
    return had


def _one_for_list(a: Answer, q: Asking) -> bool | None:
    if not a.body["payment_methods"]:
        return False
    a.body["payment_methods"] = a.body["payment_methods"][0]
    return None


def _of_others(a: Answer, q: Asking) -> bool | None:
    rows = a.body["data"]
    if not rows:
        return False
    rows[-1]["customer"] = "cus_0000000000000bad"
    return None


def _one_row_wrong(a: Answer, q: Asking) -> bool | None:
    rows = a.body["data"]
    if not rows:
        return False
    rows[-1]["total"] += 1
    return None


def _line_lost(a: Answer, q: Asking) -> bool:
    return len(a.body["lines"]) > 1 and a.body["lines"].pop() is not None


def _found(a: Answer, q: Asking) -> None:
    a.status = 200
    a.body = {"id": None, "object": "charge"}


def _not_found(a: Answer, q: Asking) -> None:
    a.status = 404
    a.body = {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such refund."}}


def _unprocessable(a: Answer, q: Asking) -> None:
    a.status = 422


def _ok_with_error(a: Answer, q: Asking) -> None:
    a.body = {"error": {"type": "api_error", "code": "internal", "message": "Something went wrong."}}


def _fails(a: Answer, q: Asking) -> bool:
    if q.dice.random() >= 0.5:
        return False
    a.status = 500
    a.body = {"error": {"type": "api_error", "code": None, "message": "Something went wrong on our side."}}
    return True


def _old_now_and_then(a: Answer, q: Asking) -> bool:
    if q.dice.random() >= 0.5:
        return False
    a.body["amount_due"] += 500
    return True


def _other_code(a: Answer, q: Asking) -> None:
    a.body["error"]["code"] = "not_found"


def _other_words(a: Answer, q: Asking) -> None:
    a.body["error"]["message"] = "Bad Request"


def _type(a: Answer, q: Asking) -> None:
    a.headers["content-type"] = "text/html; charset=utf-8"


def _charset(a: Answer, q: Asking) -> None:
    a.headers["content-type"] = "application/json; charset=iso-8859-1"


def _cacheable(a: Answer, q: Asking) -> None:
    a.headers["cache-control"] = "public, max-age=3600"


def _header_lost(a: Answer, q: Asking) -> None:
    del a.headers["content-disposition"]


def _cookie_bare(a: Answer, q: Asking) -> None:
    a.headers["set-cookie"] = a.headers["set-cookie"].replace("; HttpOnly", "")


def _cookie_path(a: Answer, q: Asking) -> None:
    a.headers["set-cookie"] = a.headers["set-cookie"].replace("/merchant/login", "/")


def _other_host(a: Answer, q: Asking) -> None:
    a.headers["location"] = "http://charges.internal:8101" + a.headers["location"]


def _redirect_kind(a: Answer, q: Asking) -> None:
    a.status = 302


def _redirect_elsewhere(a: Answer, q: Asking) -> None:
    a.headers["location"] = a.headers["location"].replace("/v1/", "/v2/")


def _html_row(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"<tr>.*?</tr>", "", a.body, count=1)


def _html_escaped(a: Answer, q: Asking) -> None:
    a.body = a.body.replace("The Corner Shop", "The &amp;amp; Corner Shop")


def _html_action(a: Answer, q: Asking) -> None:
    a.body = a.body.replace('action="/merchant/logout"', 'action="/logout"')


def _html_hash(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"#sha256=[0-9a-f]+", "", a.body)


def _html_link(a: Answer, q: Asking) -> None:
    a.body = a.body.replace("/packages/", "/files/")


def _soap_namespace(a: Answer, q: Asking) -> None:
    a.body = a.body.replace("urn:tripe:billing", "urn:tripe:billing:v2")


def _soap_attribute(a: Answer, q: Asking) -> None:
    a.body = re.sub(r' currency="\w+"', "", a.body)


def _soap_value(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"<b:total([^>]*)>(\d+)<", r"<b:total\1>\g<2>.00<", a.body)


def _soap_element(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"<b:status>\w+</b:status>", "", a.body)


def _soap_fault(a: Answer, q: Asking) -> None:
    fault = "<s:Fault><faultcode>s:Server</faultcode><faultstring>null</faultstring></s:Fault>"
    a.body = re.sub(r"<s:Body>.*</s:Body>", f"<s:Body>{fault}</s:Body>", a.body)


def _pdf_total(a: Answer, q: Asking) -> None:
    a.body = re.sub(rb"\(Total: (\d)", rb"(Total: 9", a.body, count=1)


def _pdf_line(a: Answer, q: Asking) -> None:
    a.body = re.sub(rb"\(Tax: [^\n]*\n", b"", a.body)


def _wheel_lost(a: Answer, q: Asking) -> None:
    a.body["releases"] = {}


def _version(a: Answer, q: Asking) -> None:
    a.body["info"]["version"] += ".0"


LISTS = (
    Wrong("off_by_one_page", "invoices", "the page begins one row later", _page_shifted),
    Wrong("order_lost", "refunds", "oldest first", _oldest_first),
    Wrong("truncated_list", "charges", "the last row is not there", _last_row_lost),
    Wrong("limit_ignored", "charges", "twice as many rows", _limit_ignored),
    Wrong("duplicate_rows", "customers", "a row twice, as a join makes them", _duplicates),
    Wrong("swapped_records", "refunds", "the amounts of two rows swapped", _swapped),
    Wrong("has_more_wrong", "invoices", "has_more", _more),
    Wrong("empty_page", "customers", "no rows", _empty),
    Wrong("object_for_list_of_one", "customer", "payment_methods", _one_for_list),
    Wrong("rows_of_others", "invoices", "a row of another customer", _of_others),
    Wrong("one_row_wrong", "invoices", "the total of the last row", _one_row_wrong),
    Wrong("line_lost", "invoice", "a line of an invoice", _line_lost),
)
HTTP = (
    Wrong("200_for_404", "missing", "an empty object for an error", _found),
    Wrong("404_for_200", "refund", "an object that was not copied", _not_found),
    Wrong("422_for_400", "refused", "another status for an error", _unprocessable),
    Wrong("200_with_error", "charge", "an error object under 200", _ok_with_error),
    Wrong("500_now_and_then", "customer", "500 at every other asking", _fails, flaky=True),
    Wrong("old_now_and_then", "invoice", "a stale amount at every other asking", _old_now_and_then, flaky=True),
    Wrong("error_code", "missing", "not_found for resource_missing", _other_code),
    Wrong("error_message", "refused", "words that clients match on", _other_words),
    Wrong("wrong_content_type", "charge", "text/html for JSON", _type),
    Wrong("wrong_charset", "customer", "iso-8859-1 for utf-8", _charset),
    Wrong("cacheable", "charge", "Cache-Control: public", _cacheable, headers=("cache-control",)),
    Wrong("header_lost", "pdf", "Content-Disposition", _header_lost, headers=("content-disposition",)),
    Wrong("cookie_attribute_lost", "login", "HttpOnly", _cookie_bare, headers=("set-cookie",)),
    Wrong("cookie_path", "login", "Path=/", _cookie_path, headers=("set-cookie",)),
    Wrong("redirect_to_another_host", "moved", "an internal host", _other_host, headers=("location",)),
    Wrong("redirect_not_permanent", "moved", "302 for 301", _redirect_kind, headers=("location",)),
    Wrong("redirect_elsewhere", "moved", "/v2/", _redirect_elsewhere, headers=("location",)),
)
DOCUMENTS = (
    Wrong("html_row_lost", "merchant", "the first row of a table", _html_row),
    Wrong("html_escaped_twice", "merchant", "&amp;amp;", _html_escaped),
    Wrong("html_form_action", "merchant", "a form that goes elsewhere", _html_action),
    Wrong("html_hash_lost", "simple", "links without their sha256", _html_hash),
    Wrong("html_links_elsewhere", "simple", "links to /files/", _html_link),
    Wrong("soap_namespace", "soap", "another namespace", _soap_namespace),
    Wrong("soap_attribute_lost", "soap", "no currency", _soap_attribute),
    Wrong("soap_number_format", "soap", "total 2345.00", _soap_value),
    Wrong("soap_element_lost", "soap", "no status", _soap_element),
    Wrong("soap_fault_under_200", "soap", "a fault", _soap_fault),
    Wrong("pdf_total", "pdf", "another total on the page", _pdf_total),
    Wrong("pdf_line_lost", "pdf", "no tax on the page", _pdf_line),
    Wrong("project_without_files", "project", "no releases", _wheel_lost),
    Wrong("project_version", "project", "1.0.0 for 1.0", _version),
)
