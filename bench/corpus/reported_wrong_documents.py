"""Reported mistakes in documents that are not JSON.

The comment above each says where it was reported. All are in steady places: no share is left out.
"""

from __future__ import annotations

import re

from bench.corpus.kinds import Answer, Asking, Wrong
from bench.corpus.later_steps import replaced, rewritten
from bench.corpus.reported_documents import SOAP_11, SOAP_12


def _namespace_lost(a: Answer, q: Asking) -> None:
    a.body = a.body.replace(' xmlns:t="urn:tickets"', "").replace(
        "<t:TicketCreateResponse>", '<TicketCreateResponse xmlns="urn:tickets">'
    ).replace("</t:TicketCreateResponse>", "</TicketCreateResponse>")  # fmt: skip


def _cell_broken(found: re.Match[str]) -> str:
    return f",\n{found[1]}"


def _rows_twice_encoded(a: Answer, q: Asking) -> None:
    head, rest = a.body.split("\r\n", 1)
    a.body = f"{head}\r\n{rest.encode().decode('latin-1')}"


def _headers_with_each(a: Answer, q: Asking) -> None:
    a.body = a.body.replace("event:", "Content-Type: text/event-stream\nCache-Control: no-cache\nevent:")


def _escaped_again(found: re.Match[str]) -> str:
    return found[1] + found[2].replace("&", "&amp;") + found[3]


def _bare_lines(a: Answer, q: Asking) -> None:
    rows = re.findall("data: (.*)\n", a.body)
    a.body, a.headers["content-type"] = "".join(f"{row}\n" for row in rows), "application/json"


REPORTED_DOCUMENTS = (
    # wso2/product-apim#3737
    Wrong("envelope_of_the_older_soap", "ticket_created", "under the newer one's type",
          replaced(SOAP_12, SOAP_11)),
    # DigDes/SoapCore#956
    Wrong("empty_element_beside_response", "ticket_created", "of the operation",
          replaced("</e:Body>", "<t:TicketCreate/></e:Body>")),
    # znuny/Znuny#730
    Wrong("children_in_the_namespace", "ticket_created", "no prefix, so they inherit it", _namespace_lost),
    # RIPE-NCC/whois#52
    Wrong("phone_in_no_namespace", "whois", 'xmlns=""', replaced("<phone>", '<phone xmlns="">')),
    # TracksApp/tracks#2205
    Wrong("root_of_an_empty_list", "todos", "nil-classes",
          replaced('<todos type="array"></todos>', '<nil-classes type="array"/>')),
    # JULIELab/jcore-base#171
    Wrong("empty_one_takes_the_next", "whois", "the phone as a remark",
          rewritten(r"<remark/>(<phone>([^<]*)</phone>)", r"<remark>\2</remark>\1")),
    # charmverse/app.charmverse.io#1433
    Wrong("sheet_ends_at_a_hash", "cards_csv", "and within a quoted text", rewritten(r"(?s)#.*", "")),
    # geoffhumphrey/brewcompetitiononlineentry#1486
    Wrong("rows_encoded_twice", "cards_csv", "and the head is not", _rows_twice_encoded),
    # wielebenwir/commonsbooking#467
    Wrong("line_break_in_a_cell", "cards_csv", "and no quotes", rewritten(r',"(code [^"]*)"', _cell_broken)),
    # substance/substance-legacy#153
    Wrong("note_escaped_twice", "notes_page", "&amp;gt;", rewritten(r'(<p class="note">)(.*?)(</p>)', _escaped_again)),
    # getkirby/kirby#8345
    Wrong("code_unescaped_twice", "notes_page", "&lt; for &amp;lt;", replaced("&amp;lt;", "&lt;")),
    # cesmii/i3X#173
    Wrong("stream_of_bare_lines", "event_stream", "no data:, no empty line", _bare_lines),
    # vlingo/xoom-http#28
    Wrong("headers_with_each_event", "event_stream", "in the stream", _headers_with_each),
    # PandarusAnon/slaude#9
    Wrong("one_line_break_between_events", "event_stream", "so that they run together",
          rewritten(r"\n\n(?=event:)", "\n")),
)  # fmt: skip
