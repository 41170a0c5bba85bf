"""Reported mistakes in the status and headers, and in refusals.

The comment above each says where it was reported. All are in steady places: no share is left out. The cookie with a
date says another one each second, where legacy's has none.
"""

from __future__ import annotations

import re
from email.utils import formatdate
from typing import Any

from bench.corpus.kinds import Answer, Asking, Wrong
from bench.corpus.later_steps import at, header, status

COOKIE, ETAG, NAME, LOCATION = ("set-cookie",), ("etag",), ("content-disposition",), ("location",)
MONTH = 2_592_000  # seconds
SOME_SECOND = 1_704_085_200


def _fields_by_number(a: Answer, q: Asking) -> None:
    error = a.body["error"]
    error["0"] = error.pop("fields")


def _renamed(a: Answer, q: Asking) -> None:
    a.body["errors"] = {"errors": a.body["errors"]["non_field_errors"]}


def _as_objects(messages: list[str]) -> list[Any]:
    return [{"status": 422, "detail": text, "source": {"pointer": text.split()[0]}} for text in messages]


def _date_for_age(a: Answer, q: Asking) -> None:
    date = formatdate(q.now + MONTH, usegmt=True)
    a.headers["set-cookie"] = a.headers["set-cookie"].replace(f"Max-Age={MONTH}", f"Expires={date}")


def _tuple_in_text(a: Answer, q: Asking) -> None:
    a.body["advice"] = re.sub(r'W/"([0-9a-f]+)"', r"W/(False, u'\1')", a.body["advice"])


def _starred_in_quotes(text: str) -> str:
    return f'attachment; filename*="{text.partition("filename*=")[2]}"'


def _accents_as_they_are(a: Answer, q: Asking) -> None:
    text = a.headers["content-disposition"]
    if "R_cklauf" in text:
        a.headers["content-disposition"] = text.replace("R_cklauf", "Rücklauf").partition("; filename*")[0]


def _without_quotes(text: str) -> str:
    return text.partition("; filename*")[0].replace('"', "")


def _internal_error(a: Answer, q: Asking) -> bool:
    if "-" not in a.body["wanted"]:
        return False
    a.status, a.body = 500, {"error": "internal", "message": "An unexpected error occurred"}
    return True


REPORTED_HTTP = (
    # govuk-pay/pay-selfservice#4275
    Wrong("same_site_lost", "signed_in", "an option of another case",
          header("set-cookie", lambda text: text.replace("; SameSite=Lax", "")), headers=COOKIE),
    # GoogleChrome/developer.chrome.com#6640
    Wrong("cookie_for_decades", "signed_in", "a second of 1970 on, as Max-Age",
          header("set-cookie", lambda text: text.replace(str(MONTH), str(SOME_SECOND))), headers=COOKIE),
    # hoangvvo/next-session#280
    Wrong("cookie_of_the_session_only", "signed_in", "no Max-Age",
          header("set-cookie", lambda text: text.replace(f"; Max-Age={MONTH}", "")), headers=COOKIE),
    # oakserver/oak#344
    Wrong("date_for_max_age", "signed_in", "Expires", _date_for_age, headers=COOKIE),
    # johngodley/redirection#534
    Wrong("location_without_tls", "old_link", "http",
          header("location", lambda text: text.replace("https:", "http:")), headers=LOCATION),
    # MicrosoftDocs/azure-docs#91528
    Wrong("found_for_moved", "old_link", "302 for 301", status(302)),
    # websockets/ws#480
    Wrong("200_for_426", "needs_upgrade", "as if all were well", status(200)),
    # thedevs-network/kutt#946
    Wrong("lost_page_under_200", "lost_page", "the same page", status(200)),
    # huridocs/uwazi#1366
    Wrong("home_page_under_404", "home_page", "the page is there", status(404)),
    # flugg/laravel-responder#60
    Wrong("fields_under_a_number", "unprocessable", '"0" for "fields"', _fields_by_number),
    # ansible/eda-server#492
    Wrong("errors_within_errors", "unprocessable", "for non_field_errors", _renamed),
    # ZupIT/charlescd#941
    Wrong("messages_as_objects", "unprocessable", "each with a pointer", at("messages", _as_objects)),
    # syncthing/syncthing#10499
    Wrong("us_ascii_declared", "cards_csv", "and UTF-8 sent",
          header("content-type", lambda text: text.replace("utf-8", "us-ascii"))),
    # mnot/redbot#151
    Wrong("tuple_in_a_sentence", "versioned", "as a language prints it", _tuple_in_text),
    # hapifhir/hapi-fhir#4129
    Wrong("version_tag_strong", "versioned", "no W/", header("etag", lambda text: text.removeprefix("W/")),
          headers=ETAG),
    # h2o/h2o#3207
    Wrong("version_tag_weak_twice", "versioned", "W/W/", header("etag", lambda text: f"W/{text}"), headers=ETAG),
    # ArekSredzki/electron-release-server#272
    Wrong("file_name_malformed", "download", "browsers take that of the URL",
          header("content-disposition", _starred_in_quotes), headers=NAME),
    # discourse/discourse#10108
    Wrong("file_name_as_it_is", "download", "an ü of one byte", _accents_as_they_are, headers=NAME),
    # LabKey/platform#3211
    Wrong("file_name_not_quoted", "download", "ends at a semicolon", header("content-disposition", _without_quotes),
          headers=NAME),
    # FusionAuth/fusionauth-issues#1958
    Wrong("500_for_a_language", "venue", "of a form that is not known", _internal_error),
)  # fmt: skip
