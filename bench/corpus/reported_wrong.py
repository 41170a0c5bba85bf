"""Reported mistakes in steady values of JSON answers: nulls, numbers, money, ids, days and hours, names.

The comment above each says where it was reported: the project, and the number of the report. Such a field says the same
at every asking, so one wrong answer is enough for whoever knows that, and no share is left out. That is so too of the
id that is new each time: the extracted side differs from itself where legacy does not.
"""

from __future__ import annotations

import re
import struct
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from bench.corpus.kinds import Answer, Asking, Wrong
from bench.corpus.later_steps import at
from bench.corpus.reported_bases import CENT, RIGHTS, STATES, VAT, cents, stamp


def _null_for_nothing(a: Answer, q: Asking) -> None:
    a.body = a.body or None


def _hours_earlier(hours: int) -> Any:
    return lambda text: stamp(datetime.fromisoformat(text) - timedelta(hours=hours))


def _shifted_day(text: str) -> str:
    return (datetime.fromisoformat(text) - timedelta(hours=5)).isoformat()


def _without_empty(a: Answer, q: Asking) -> None:
    a.body = {name: value for name, value in a.body.items() if value}


def _without_nulls(a: Answer, q: Asking) -> None:
    a.body = {name: value for name, value in a.body.items() if value is not None}


def _empty_text(value: Any) -> Any:
    return "" if value is None else value


def _for_nulls(a: Answer, q: Asking) -> None:
    a.body["company"] = _empty_text(a.body["company"])
    a.body["address"]["extra"] = _empty_text(a.body["address"]["extra"])


def _years_apart(rows: list[Any]) -> list[Any]:
    return [rows[0], rows[2], rows[1], *rows[3:]]


def _one_time_for_all(a: Answer, q: Asking) -> None:
    for note in a.body["notes"]:
        note["at"] = a.body["notes"][0]["at"]


def _as_javascript(number: int) -> int:
    return int(Decimal(repr(float(number))))


def _signed(number: int) -> int:
    return (number + 2**31) % 2**32 - 2**31


def _all_without_zone(a: Answer, q: Asking) -> None:
    for name in ("enrolled", "detail_changed"):
        a.body[name] = a.body[name].removesuffix("Z")
    for test in a.body["tests"]:
        test["at"] = test["at"].removesuffix("Z")


def _flags(rights: int) -> str:
    return " | ".join(name for place, name in enumerate(RIGHTS) if rights >> place & 1)


def _tax_of_total(a: Answer, q: Asking) -> None:
    nets = [Decimal(line["net"]) for line in a.body["lines"]]
    a.body["tax"] = str((sum(nets, Decimal()) * VAT).quantize(CENT, ROUND_HALF_UP))


def _discount_cut(a: Answer, q: Asking) -> None:
    nets = [Decimal(line["net"]) for line in a.body["lines"]]
    a.body["discount"] = str((sum(nets, Decimal()) * Decimal("0.15")).quantize(CENT, ROUND_DOWN))


def _cents_without_zero(text: str) -> str:
    whole, _, part = text.partition(".")
    return f"{whole}.0{part[0]}"


def _through_32_bits(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _halves_reversed(text: str) -> str:
    data = UUID(text).bytes
    return str(UUID(bytes=data[7::-1] + data[:7:-1]))


def _new_object_id(a: Answer, q: Asking) -> None:
    a.body["migration"] = q.hexes(24)


def _row_for_uuid(a: Answer, q: Asking) -> None:
    a.body["mig_id"] = int(a.body.pop("mig_uuid")[:6], 16)


def _snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): _snake(one) for name, one in value.items()}
    return value


def _all_snake(a: Answer, q: Asking) -> None:
    a.body = _snake(a.body)


def _both_names(a: Answer, q: Asking) -> None:
    a.body |= _snake(a.body)


def _small_page(a: Answer, q: Asking) -> None:
    a.body["nextpage"] = a.body.pop("nextPage")


def _whole_second(text: str) -> str:
    return re.sub(r"\.\d+Z", ".000Z", text)


def _older_garbled(a: Answer, q: Asking) -> None:
    for review in a.body["reviews"][:2]:
        review["text"] = review["text"].encode().decode("latin-1")


def _up_to_ascii(text: str) -> str:
    return re.split(r"[^\x00-\x7f]", text)[0]


REPORTED_VALUES = (
    # awesomemotive/easy-digital-downloads#4893
    Wrong("no_fees_as_null", "donation", "null for []", at("fees", lambda fees: fees or None)),
    # wantedly/apig#44
    Wrong("whole_list_as_null", "handlers", "null for a body of []", _null_for_nothing),
    # ppazos/cabolabs-ehrserver#469
    Wrong("results_as_null", "saved_queries", "null in the envelope", at("results", lambda rows: rows or None)),
    # department-of-veterans-affairs/vets-api#7130
    Wrong("midnight_shifted", "census", "19:00 of the day before", at("changed", _shifted_day)),
    # gluster/glusterd2#654
    Wrong("zero_and_false_left_out", "donation", "no 0, false, empty text or list", _without_empty),
    # wantedly/apig#63
    Wrong("nulls_left_out_of_record", "donation", "no name where there is null", _without_nulls),
    # akvo/akvo-rsr#4282
    Wrong("average_in_quotes", "census", "a decimal as text", at("average", lambda value: f"{value:.2f}")),
    # MassTransit/MassTransit#1212
    Wrong("long_decimal_through_double", "census", "17 digits of 26", at("wealth", lambda text: repr(float(text)))),
    # zimmerman-team/IATI.cloud#83
    Wrong("codes_as_numbers", "census", "110 without quotes", at("codes.*", int)),
    # ecsion/eSeaGrant-Client-Bug-Tracker#15
    Wrong("years_out_of_order", "grants", "2012, 2014, 2013", at("reports", _years_apart)),
    # josephr5000/confdb-public#180
    Wrong("years_newest_first", "grants", "2016 at the top", at("reports", lambda rows: rows[::-1])),
    # GeraldWodni/forth-standard.org#19
    Wrong("notes_all_of_one_time", "grants", "the first one's for all", _one_time_for_all),
    # wardle/hermes#50
    Wrong("concept_as_javascript_has_it", "concepts", "0 for the last digit of 17",
          at("concepts.*.concept", _as_javascript)),
    # rsksmart/rskj#169
    Wrong("id_of_call_negative", "call", "32 bits of 41", at("id", _signed)),
    # alexjustesen/speedtest-tracker#1375
    Wrong("tests_an_hour_behind", "host", "no summer time", at("tests.*.at", _hours_earlier(1))),
    # DeployHubProject/DeployHub-Pro#129
    Wrong("epoch_in_local_time", "host", "seconds of another zone", at("epoch", lambda time: time - 5 * 3600)),
    # CenterForOpenScience/osf.io#6116
    Wrong("all_times_without_zone", "host", "no Z", _all_without_zone),
    # danieleteti/delphimvcframework#232
    Wrong("ordinal_as_name", "door", "text for a number", at("mode", lambda mode: STATES[mode])),
    # serverpod/serverpod#1080
    Wrong("name_as_ordinal", "door", "a number for text", at("status", STATES.index)),
    # rluba/jaison#37
    Wrong("flags_as_names", "door", '"READ | WRITE" for 3', at("rights", _flags)),
    # munkireport/munkireport-php#982
    Wrong("yes_and_no_in_capitals", "door", '"YES" for true', at("alarm", lambda on: "YES" if on else "NO")),
    # cfpb/owning-a-home-api#82
    Wrong("one_for_y", "door", "1 and 0 for letters", at("first_use", lambda text: int(text == "Y"))),
    # ArctosDB/arctos#773
    Wrong("locked_reversed", "door", "true for false", at("locked", lambda locked: not locked)),
    # nopSolutions/nopCommerce#2250
    Wrong("five_cents_too_much", "basket_taxes", "27.05 for 27.00",
          at("rounded_to_five", lambda text: cents(Decimal(text) + Decimal("0.05")))),
    # Dolibarr/dolibarr#29350
    Wrong("tax_of_the_total", "basket_taxes", "rounded once, not by line", _tax_of_total),
    # saleor/saleor#12041
    Wrong("discount_rounded_down", "basket_taxes", "a cent less", _discount_cut),
    # stripe-contrib/stripe-cli#7
    Wrong("amount_in_decimals", "basket_taxes", "24.1 for 2410", at("amount_due", lambda amount: amount / 100)),
    # savoirfairelinux/num2words#104
    Wrong("tenths_as_cents", "basket_taxes", "38.04 for 38.40", at("display", _cents_without_zero)),
    # ikr/money-math#4
    Wrong("point_taken_out", "basket_taxes", "241 for 24.1", at("amount_due", lambda amount: amount // 10)),
    # inventree/InvenTree#3877
    Wrong("all_binary_digits", "census", "51 of them for 1.1", at("weight", lambda text: str(Decimal(float(text))))),
    # openfisca/openfisca-core#708
    Wrong("share_of_32_bits", "census", "0.10000000149011612", at("share", _through_32_bits)),
    # edge-core/sonic-buildimage#49
    Wrong("average_whole", "census", "2 for 2.25", at("average", int)),
    # phpipam/phpipam#882
    Wrong("cut_before_an_accent", "member", "Priv", at("name", _up_to_ascii)),
    # buttonmen-dev/buttonmen#2974
    Wrong("older_texts_garbled", "post", "in two of four", _older_garbled),
    # LuckPerms/LuckPerms#2809
    Wrong("uuid_with_halves_reversed", "member", "as older drivers write it", at("player", _halves_reversed)),
    # huggingface/chat-ui#1215
    Wrong("object_id_new_each_time", "member", "that of a constant", _new_object_id),
    # project-koku/koku#6000
    Wrong("row_number_for_uuid", "member", "of another name too", _row_for_uuid),
    # collectionscms/collections#238
    Wrong("all_names_in_snake_case", "pipeline", "run_name, exit_code", _all_snake),
    # TeamPiped/Piped#1042
    Wrong("one_name_in_small_letters", "pipeline", "nextpage", _small_page),
    # open-mercato/open-mercato#5571
    Wrong("names_of_both_cases", "pipeline", "each twice", _both_names),
    # chatwoot/chatwoot#10875
    Wrong("fraction_of_second_cut", "conversation", "a whole number", at("updated", int)),
    # HubSpot/Singularity#1316
    Wrong("milliseconds_all_zero", "conversation", ".000", at("opened", _whole_second)),
    # Inumedia/SlackAPI#12
    Wrong("seventh_digit_of_a_second", "conversation", "through a double",
          at("messages.*.ts", lambda text: f"{float(text):.7f}")),
    # agentejo/cockpit#1393
    Wrong("empty_texts_for_nulls", "donation", "in each field", _for_nulls),
    # studip/studip-rest.ip#32
    Wrong("null_for_empty_comment", "donation", "none was given", at("comment", lambda text: text or None)),
    # SamStudio8/majora2#17
    Wrong("none_in_quotes", "donation", "as a language prints it", at("company", lambda text: text or "None")),
    # passbolt/passbolt_api#263
    Wrong("entities_in_a_title", "post", "&amp; in JSON", at("title", lambda text: text.replace("&", "&amp;"))),
    # cosmicjs/cosmicjs-node#80
    Wrong("only_id_of_video", "post", "text for an object", at("video", lambda video: video["ref"])),
    # acdh-oeaw/apis-core#212
    Wrong("related_without_labels", "post", "only the URL", at("related.*", lambda one: {"url": one["url"]})),
    # austintoddj/canvas#875
    Wrong("visits_all_zero", "post", "of five days", at("visits.*.count", lambda _: 0)),
)  # fmt: skip
