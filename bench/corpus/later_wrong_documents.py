"""Mistakes of a former held-out part in documents that are not JSON.

All are in steady places: no share is left out.
"""

from __future__ import annotations

import re

from bench.corpus.kinds import Answer, Asking, Wrong
from bench.corpus.later_steps import replaced, rewritten


def _escaped_once_more(found: re.Match[str]) -> str:
    return found[1].replace("&", "&amp;")


def _children_unqualified(a: Answer, q: Asking) -> None:
    a.body = a.body.replace("<Line xmlns=", "<l:Line xmlns:l=").replace("</Line>", "</l:Line>")


def _iccid_as_number(found: re.Match[str]) -> str:
    return f"<Card>{float(found[1]):.0f}</Card>"


LATER_DOCUMENTS = (
    Wrong("hls_discontinuity_lost", "playlist", "no mark of where it is cut", replaced("#EXT-X-DISCONTINUITY\n", "")),
    Wrong("vast_cdata_escaped_too", "vast", "&amp; within", rewritten(r"(<!\[CDATA\[.*?\]\]>)", _escaped_once_more)),
    Wrong("vast_impression_lost", "vast", "nobody is paid", rewritten("<Impression>.*?</Impression>\n", "")),
    Wrong("gpx_commas", "track", "52,50000 by the server's locale", rewritten(r'(l\w\w="\d+)\.', r"\1,")),
    Wrong("hl7_not_escaped", "hl7", "an & that parts", replaced("\\T\\", "&")),
    Wrong("hl7_null_is_empty", "hl7", 'nothing for "", which deletes', replaced('|""', "|")),
    Wrong("edifact_not_released", "edifact", "a ' that ends a segment", replaced("?'", "'")),
    Wrong("edifact_count_without_ends", "edifact", "UNT counts neither UNH nor itself", replaced("UNT+7+", "UNT+5+")),
    Wrong("metrics_last_bucket_lost", "metrics", "no +Inf", rewritten('job_seconds_bucket{le="\\+Inf"} .*\n', "")),
    Wrong("soap_12_children_unqualified", "provision", "all but the first in no namespace", _children_unqualified),
    Wrong("soap_12_empty_left_out", "provision", "no Barred", replaced("<Barred/>", "")),
    Wrong("soap_12_card_as_double", "provision", "the last digits of 20",
          rewritten(r"<Card>(\d+)</Card>", _iccid_as_number)),
    Wrong("ticket_price_for_engines_in_cents", "ticket", "3500 in the data for search engines",
          rewritten(r'"price": "(\d+)\.00"', r'"price": "\g<1>00"')),
    Wrong("ticket_step_lost", "ticket", "no aria-current", replaced(' aria-current="step"', "")),
    Wrong("ticket_can_be_sold_twice", "ticket", "a button that was disabled", replaced("<button disabled", "<button ")),
    Wrong("hours_without_mark", "hours", "no byte order mark, so that umlauts break", replaced("\ufeff", "")),
    Wrong("hours_not_quoted", "hours", "a semicolon in a note begins a column", rewritten(r'"([^"]*)"', r"\1")),
    Wrong("lines_without_nulls", "lines", "a name is not there", replaced('"door": null, ', "")),
    Wrong("card_not_escaped", "card", "a comma that parts", replaced("\\,", ",")),
    Wrong("card_birthday_with_year", "card", "1604-03-14 for --0314", replaced("--0314", "1604-03-14")),
)  # fmt: skip
