"""Mistakes of a former held-out part in the status and headers, and in documents that are not JSON.

All are in steady places: no share is left out.
"""

from __future__ import annotations

import re
from datetime import datetime

from bench.corpus.kinds import Answer, Asking, Inject, Wrong
from bench.corpus.unseen_documents import BANK_CHARGES


def _replaced(before: str, after: str) -> Inject:
    """In a text, all of `before`; False where there is none."""

    def inject(a: Answer, q: Asking) -> bool:
        had = before in a.body
        a.body = a.body.replace(before, after)
        return had

    return inject


def _rewritten(pattern: str, after: str, count: int = 0) -> Inject:
    """The same with a regular expression."""

    def inject(a: Answer, q: Asking) -> bool:
        text = a.body
        a.body = re.sub(pattern, after, text, count=count)
        return bool(a.body != text)

    return inject


def _without(name: str) -> Inject:
    def inject(a: Answer, q: Asking) -> None:
        del a.headers[name]

    return inject


def _header(name: str, before: str, after: str) -> Inject:
    def inject(a: Answer, q: Asking) -> None:
        a.headers[name] = a.headers[name].replace(before, after)

    return inject


def _to_login(a: Answer, q: Asking) -> None:
    a.status, a.body = 302, ""
    a.headers = {"location": "/login", "content-type": "text/html"}


def _not_found(a: Answer, q: Asking) -> None:
    a.status = 404


def _not_conditional(a: Answer, q: Asking) -> None:
    a.status, a.body = 200, {"id": f"in_{q.fixed('unchanged', 9000)}", "total": 1200}
    a.headers["content-type"] = "application/json"


def _whole(a: Answer, q: Asking) -> None:
    a.status, a.body = 200, f'[{{"id":"{q.fixed("whole", 9000)}"{a.body}}}]'
    del a.headers["content-range"]


def _exclusive_range(a: Answer, q: Asking) -> None:
    a.body = a.body[:-1]
    a.headers["content-range"] = a.headers["content-range"].replace("-59/", "-58/")


def _etag_of_gzip(a: Answer, q: Asking) -> None:
    a.headers["etag"] = f'{a.headers["etag"][:-1]}-gzip"'


def _option(a: Answer, q: Asking) -> bool:
    before = a.body
    a.body = re.sub(" selected", "", a.body).replace('<option value="s"', '<option value="s" selected')
    return bool(before != a.body)


def _rfc_822(a: Answer, q: Asking) -> None:
    def written(found: re.Match[str]) -> str:
        return f"<published>{datetime.fromisoformat(found[1]):%d %b %Y %H:%M:%S} GMT<"

    a.body = re.sub("<published>([^<]*)<", written, a.body)


def _padded_by_bytes(a: Answer, q: Asking) -> None:
    a.body = re.sub(f"({BANK_CHARGES}[^0-9]+[0-9]) ", r"\1", a.body)  # one letter less for Ü, which is two bytes


def _count_with_trailer(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"\n9(\d{6})", lambda found: f"\n9{int(found[1]) + 2:06d}", a.body)


def _list_from_one(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"(L_[A-Z]+)(\d)=", lambda found: f"{found[1]}{int(found[2]) + 1}=", a.body)


def _pdf_capitals(a: Answer, q: Asking) -> None:
    a.body = re.sub(rb" (eur|gbp|usd)", lambda found: b" " + found[1].upper(), a.body)


def _pdf_lines_turned(a: Answer, q: Asking) -> bool:
    before, lines = a.body, re.findall(rb"\(\d+ x [^\n]*\n", a.body)
    a.body = a.body.replace(b"".join(lines), b"".join(lines[::-1]))
    return bool(before != a.body)


CHALLENGE, ETAG, COOKIE = ("www-authenticate",), ("etag",), ("set-cookie",)
UNSEEN_HTTP = (
    Wrong("challenge_lost", "denied", "401 and no way to log in", _without(*CHALLENGE), headers=CHALLENGE),
    Wrong("redirect_to_login_for_401", "denied", "a page for people", _to_login, headers=("location",)),
    Wrong("404_for_410", "retired", "never there, for not there any more", _not_found),
    Wrong("200_for_304", "unchanged", "all of it, though nothing changed", _not_conditional, headers=ETAG),
    Wrong("etag_of_the_gzipped", "unchanged", "-gzip in the ETag", _etag_of_gzip, headers=ETAG),
    Wrong("whole_for_part", "part", "200 for a range", _whole, headers=("content-range",)),
    Wrong("range_exclusive", "part", "the last byte is not there", _exclusive_range, headers=("content-range",)),
    Wrong(
        "any_origin", "preflight", "* where the browser sends cookies",
        lambda a, q: a.headers.update({"access-control-allow-origin": "*"}), headers=("access-control-allow-origin",),
    ),
    Wrong(
        "method_not_allowed_over_there", "preflight", "no PATCH",
        _header("access-control-allow-methods", ", PATCH", ""), headers=("access-control-allow-methods",),
    ),
    Wrong("allow_too_short", "hal", "no DELETE", _header("allow", ", DELETE", ""), headers=("allow",)),
    Wrong(
        "problem_as_plain_json", "invalid", "application/json for application/problem+json",
        _header("content-type", "problem+", ""),
    ),
    Wrong("total_header_lost", "search", "no X-Total-Count", _without("x-total-count"), headers=("x-total-count",)),
    Wrong(
        "sniffing_allowed", "product", "no X-Content-Type-Options", _without("x-content-type-options"),
        headers=("x-content-type-options",),
    ),
    Wrong("cookie_for_6_weeks", "page", "Max-Age times 1000", _header("set-cookie", "3600", "3600000"), headers=COOKIE),
    Wrong("cookie_of_the_whole_domain", "page", "Domain=example", _header("set-cookie", "=shop.", "="), headers=COOKIE),
    Wrong(
        "file_name_in_ascii", "calendar", "no filename*",
        lambda a, q: a.headers.update({"content-disposition": 'attachment; filename="plan.ics"'}),
        headers=("content-disposition",),
    ),
)  # fmt: skip
UNSEEN_DOCUMENTS = (
    Wrong("html_language", "page", 'lang="en" for German', _replaced('lang="de"', 'lang="en"')),
    Wrong("html_first_option", "page", "another size is chosen", _option),
    Wrong("html_template_not_filled", "page", "{{ price }}", _rewritten(r"[\d.]+ €", "{{ price }} €")),
    Wrong("html_not_escaped", "page", "a reviewer's name as a tag", _replaced("&lt;Jo&gt;", "<Jo>")),
    Wrong("html_unchecked", "page", "a box that was ticked", _replaced(" checked", "")),
    Wrong("html_1_items", "page", "a plural for one", _replaced("1 item<", "1 items<")),
    Wrong("soap_empty_for_nil", "order", "an empty date for none", _replaced(' xsi:nil="true"', "")),
    Wrong("soap_boolean_of_python", "order", "True", _replaced("<o:gift>true<", "<o:gift>True<")),
    Wrong("soap_type_lost", "order", "no xsi:type", _replaced(' xsi:type="o:Money"', "")),
    Wrong("soap_fault_of_the_server", "fault", "s:Server for s:Client", _replaced("s:Client", "s:Server")),
    Wrong("soap_fault_without_detail", "fault", "no code", _rewritten("<detail>.*</detail>", "")),
    Wrong("atom_markup_as_text", "atom", 'type="text"', _replaced('type="html"', 'type="text"')),
    Wrong("atom_dates_of_rss", "atom", "18 Jan 2024 21:24:24 GMT", _rfc_822),
    Wrong("sse_names_lost", "events", "no event: lines", _replaced("event: line\n", "")),
    Wrong("sse_last_event_open", "events", "no blank line at the end", _rewritten(r"\n\n\Z", "\n")),
    Wrong("sse_retry_in_seconds", "events", "3 for 3000", _replaced("retry: 3000", "retry: 3")),
    Wrong("ics_floating_times", "calendar", "no Z", _rewritten(r"(DTSTART|DTEND):(\w+)Z", r"\1:\2")),
    Wrong("ics_comma_not_escaped", "calendar", "a comma that parts", _replaced("\\,", ",")),
    Wrong("csv_backslashes", "sheet", '\\" for ""', _replaced('""', '\\"')),
    Wrong("csv_guarded", "sheet", "' before what a spreadsheet might compute", _replaced(",-", ",'-")),
    Wrong("csv_null_of_mysql", "sheet", "\\N for nothing", _replaced(",,", ",\\N,")),
    Wrong("columns_padded_by_bytes", "bank", "one column less after an Ü", _padded_by_bytes),
    Wrong("trailer_counts_itself", "bank", "two records more", _count_with_trailer),
    Wrong("pairs_plus_not_encoded", "pairs", "jo+1 for jo%2B1", _replaced("%2B", "+")),
    Wrong("pairs_from_one", "pairs", "L_AMT1 for L_AMT0", _list_from_one),
    Wrong("pdf_capitals", "pdf", "GBP on the page", _pdf_capitals),
    Wrong("pdf_lines_turned", "pdf", "the last line first", _pdf_lines_turned),
)
