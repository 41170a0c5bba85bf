"""Mistakes of a former held-out part in the status and headers, and in documents that are not JSON."""

from __future__ import annotations

import gzip
import json
import re

from bench.corpus.kinds import Answer, Asking, Wrong


def _no_content(a: Answer, q: Asking) -> None:
    a.status, a.body = 204, b""


def _created(a: Answer, q: Asking) -> None:
    a.status = 201


def _server_error(a: Answer, q: Asking) -> None:
    a.status = 500
    a.body["error"] |= {"type": "api_error", "code": None}


def _forbidden(a: Answer, q: Asking) -> None:
    a.status = 403


def _unavailable(a: Answer, q: Asking) -> None:
    a.status = 503


def _no_retry(a: Answer, q: Asking) -> None:
    del a.headers["retry-after"]


def _retry_millis(a: Answer, q: Asking) -> None:
    a.headers["retry-after"] = "30000"


def _vary(a: Answer, q: Asking) -> None:
    del a.headers["vary"]


def _public(a: Answer, q: Asking) -> None:
    a.headers["cache-control"] = a.headers["cache-control"].removeprefix("private, ")


def _language(a: Answer, q: Asking) -> None:
    a.headers["content-language"] = "de"


def _no_next(a: Answer, q: Asking) -> None:
    a.headers["link"] = a.headers["link"].partition(", ")[0]


def _modified_at_start(a: Answer, q: Asking) -> None:
    a.headers["last-modified"] = "Fri, 30 Oct 2026 06:00:00 GMT"


def _same_site(a: Answer, q: Asking) -> None:
    a.headers["set-cookie"] = a.headers["set-cookie"].replace("SameSite=Strict", "SameSite=None")


def _cookie_name(a: Answer, q: Asking) -> None:
    a.headers["set-cookie"] = a.headers["set-cookie"].replace("login_csrf=", "login-csrf=")


def _cookie_lost(a: Answer, q: Asking) -> None:
    del a.headers["set-cookie"]


def _location_lost(a: Answer, q: Asking) -> None:
    del a.headers["location"]


def _two_slashes(a: Answer, q: Asking) -> None:
    a.headers["location"] = "/" + a.headers["location"]


def _lower_case(a: Answer, q: Asking) -> None:
    a.headers["location"] = a.headers["location"].replace("ch_", "CH_")


def _download(a: Answer, q: Asking) -> None:
    a.headers["content-disposition"] = a.headers["content-disposition"].replace("inline", "attachment")


def _file_name(a: Answer, q: Asking) -> None:
    a.headers["content-disposition"] = 'inline; filename="invoice.pdf"'


def _octets(a: Answer, q: Asking) -> None:
    a.headers["content-type"] = "application/octet-stream"


def _no_charset(a: Answer, q: Asking) -> None:
    a.headers["content-type"] = a.headers["content-type"].partition(";")[0]


def _zipped_twice(a: Answer, q: Asking) -> None:
    a.headers["content-encoding"] = "gzip"
    a.body = gzip.compress(gzip.compress(json.dumps(a.body).encode(), mtime=0), mtime=0)


def _cut_off(a: Answer, q: Asking) -> None:
    a.body = json.dumps(a.body).encode()[:-20]


def _latin_1(a: Answer, q: Asking) -> bool:
    text = json.dumps(a.body, ensure_ascii=False)
    a.body = text.encode("latin-1", "replace")
    return not text.isascii()


def _password_shown(a: Answer, q: Asking) -> None:
    a.body = a.body.replace('type="password"', 'type="text"')


def _form_get(a: Answer, q: Asking) -> None:
    a.body = a.body.replace('method="post"', 'method="get"')


def _field_name(a: Answer, q: Asking) -> None:
    a.body = a.body.replace('name="email"', 'name="username"')


def _none_in_cell(a: Answer, q: Asking) -> bool:
    before = a.body
    a.body = a.body.replace("<td></td>", "<td>None</td>")
    return bool(before != a.body)


def _cells_swapped(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"(<td>\d+</td>)(<td>\w{3}</td>)(<td>\d+</td>)", r"\3\2\1", a.body)


def _greeting_lost(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"<p>Logged in as .*?</p>", "", a.body)


def _markup_shown(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"<p>(Refunded .*?)</p>", r"<p>&lt;b&gt;\1&lt;/b&gt;</p>", a.body)


def _text_order(a: Answer, q: Asking) -> bool:
    links = re.findall(r"<a href=.*?</a>", a.body)
    if len(links) < 2:
        return False
    a.body = a.body.replace(links[0], "\0").replace(links[1], links[0]).replace("\0", links[1])
    return True


def _link_text(a: Answer, q: Asking) -> None:
    a.body = a.body.replace(".whl</a>", "</a>")


def _soap_12(a: Answer, q: Asking) -> None:
    a.body = a.body.replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")


def _soap_sequence(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"(<b:number>.*?</b:number>)(<b:status>.*?</b:status>)", r"\2\1", a.body)


def _soap_line(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"<b:line id=.*?</b:line>", "", a.body, count=1)


def _soap_escaped(a: Answer, q: Asking) -> None:
    def escaped(found: re.Match[str]) -> str:
        return found[0].replace("<b:text>", "&lt;b:text&gt;").replace("</b:text>", "&lt;/b:text&gt;")

    a.body = re.sub(r"<b:text>.*?</b:text>", escaped, a.body)


def _soap_comma(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"<b:tax([^>]*)>(\d+)<", r"<b:tax\1>\2,00<", a.body)


def _zeros_lost(a: Answer, q: Asking) -> bool:
    before = a.body
    a.body = re.sub(r"(\d\.\d)0 €", r"\1 €", a.body)
    return bool(before != a.body)


def _sign_lost(a: Answer, q: Asking) -> None:
    a.body = a.body.replace(" €", "")


def _sign_in_1252(a: Answer, q: Asking) -> None:
    a.body = a.body.encode("cp1252")


def _tax_line(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"Tax .*\n", "", a.body)


def _quotes_lost(a: Answer, q: Asking) -> None:
    a.body = a.body.replace('"', "")


def _head_lost(a: Answer, q: Asking) -> None:
    a.body = a.body.partition("\r\n")[2]


def _semicolons(a: Answer, q: Asking) -> None:
    a.body = a.body.replace(",", ";")


def _dates(a: Answer, q: Asking) -> None:
    a.body = re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3.\2.\1", a.body)


def _event_lost(a: Answer, q: Asking) -> bool:
    lines = a.body.splitlines(keepends=True)
    a.body = "".join(lines[:-1])
    return bool(lines)


def _event_type(a: Answer, q: Asking) -> bool:
    before = a.body
    a.body = a.body.replace("invoice.finalized", "invoice_finalized")
    return bool(before != a.body)


def _array_for_lines(a: Answer, q: Asking) -> None:
    a.body = f"[{','.join(a.body.splitlines())}]"


def _pdf_cut(a: Answer, q: Asking) -> None:
    a.body = a.body[: a.body.rindex(b"startxref")]


def _pdf_letter(a: Answer, q: Asking) -> None:
    a.body = a.body.replace(b"[0 0 595 842]", b"[0 0 612 792]")


TYPE = ("content-type",)
COOKIE, LOCATION, DISPOSITION = ("set-cookie",), ("location",), ("content-disposition",)
FRESH_HTTP = (
    Wrong("204_without_body", "refund", "no content for an object", _no_content),
    Wrong("201_for_200", "invoice", "created, for what was read", _created),
    Wrong("500_for_400", "refused", "a bad parameter as the server's fault", _server_error),
    Wrong("403_for_404", "missing", "forbidden, for what is not there", _forbidden),
    Wrong("503_for_429", "limited", "unavailable, for too many requests", _unavailable),
    Wrong("retry_after_lost", "limited", "no Retry-After", _no_retry, headers=("retry-after",)),
    Wrong("retry_after_in_milliseconds", "limited", "30000 for 30", _retry_millis, headers=("retry-after",)),
    Wrong("vary_lost", "quote", "no Vary", _vary, headers=("vary",)),
    Wrong("private_lost", "quote", "shared caches may keep it", _public, headers=("cache-control",)),
    Wrong("content_language", "quote", "de for en", _language, headers=("content-language",)),
    Wrong("link_to_next_lost", "quote", "Link without its rel=next", _no_next, headers=("link",)),
    Wrong(
        "modified_when_deployed",
        "quote",
        "Last-Modified when the process began",
        _modified_at_start,
        headers=("last-modified",),
    ),
    Wrong("cookie_for_all_sites", "login", "SameSite=None", _same_site, headers=COOKIE),
    Wrong("cookie_renamed", "login", "login-csrf for login_csrf", _cookie_name, headers=COOKIE),
    Wrong("cookie_not_set", "login", "no Set-Cookie", _cookie_lost, headers=COOKIE),
    Wrong("redirect_without_location", "moved", "no Location", _location_lost, headers=LOCATION),
    Wrong("redirect_with_two_slashes", "moved", "//v1/: a host of that name", _two_slashes, headers=LOCATION),
    Wrong("redirect_in_another_case", "moved", "CH_ for ch_ in the path", _lower_case, headers=LOCATION),
    Wrong("download_for_inline", "pdf", "attachment", _download, headers=DISPOSITION),
    Wrong("file_of_another_name", "pdf", "invoice.pdf for all", _file_name, headers=DISPOSITION),
    Wrong("octet_stream", "pdf", "a PDF that no browser shows", _octets, headers=TYPE),
    Wrong("charset_lost", "receipt", "text/plain without its charset", _no_charset, headers=TYPE),
    Wrong("gzip_twice", "customer", "compressed once more than it says", _zipped_twice),
    Wrong("body_cut_off", "charges", "the last 20 bytes", _cut_off),
    Wrong("latin_1_under_utf_8", "customer", "bytes that are not UTF-8", _latin_1),
)
FRESH_DOCUMENTS = (
    Wrong("html_password_shown", "login", "a password field of type text", _password_shown),
    Wrong("html_form_with_get", "login", "the password in the URL", _form_get),
    Wrong("html_field_renamed", "login", "username for email", _field_name),
    Wrong("html_none_in_cell", "merchant", "None in an empty cell", _none_in_cell),
    Wrong("html_cells_swapped", "merchant", "amount and fee", _cells_swapped),
    Wrong("html_greeting_lost", "merchant", "who is logged in", _greeting_lost),
    Wrong("html_markup_shown", "merchant", "a tag as text", _markup_shown),
    Wrong("html_versions_as_text", "simple", "1.10.0 before 1.9.0", _text_order),
    Wrong("html_link_text", "simple", "no .whl", _link_text),
    Wrong("soap_12_for_11", "soap", "the envelope's namespace", _soap_12),
    Wrong("soap_sequence", "soap", "status before number, against the schema", _soap_sequence),
    Wrong("soap_line_lost", "soap", "the first line", _soap_line),
    Wrong("soap_escaped_twice", "soap", "an element as text", _soap_escaped),
    Wrong("soap_comma", "soap", "tax 446,00", _soap_comma),
    Wrong("text_zeros_lost", "receipt", "12.5 for 12.50", _zeros_lost),
    Wrong("text_currency_lost", "receipt", "no euro sign", _sign_lost),
    Wrong("text_in_windows_1252", "receipt", "the euro sign as one byte", _sign_in_1252),
    Wrong("text_line_lost", "receipt", "no tax", _tax_line),
    Wrong("csv_quotes_lost", "export", "a comma in a text begins a column", _quotes_lost),
    Wrong("csv_head_lost", "export", "no names of columns", _head_lost),
    Wrong("csv_semicolons", "export", "semicolons for commas", _semicolons),
    Wrong("csv_dates", "export", "18.01.2024", _dates),
    Wrong("event_lost", "feed", "the last event", _event_lost),
    Wrong("event_renamed", "feed", "invoice_finalized", _event_type),
    Wrong("array_for_lines", "feed", "one array for a line each", _array_for_lines),
    Wrong("pdf_cut_off", "pdf", "no end", _pdf_cut),
    Wrong("pdf_on_letter", "pdf", "another paper", _pdf_letter),
)
