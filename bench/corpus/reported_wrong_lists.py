"""Reported mistakes in pages and lists, and in what belongs to others.

The comment above each says where it was reported. All are in steady places: no share is left out. The offers that are
drawn anew differ on the extracted side from asking to asking, where legacy's do not.
"""

from __future__ import annotations

from typing import Any

from bench.corpus.kinds import Answer, Asking, Wrong
from bench.corpus.later_steps import at, header
from bench.corpus.reported_bases import FRUIT, TITLES
from bench.corpus.reported_bases_lists import PAGES, PER_PAGE, link, revision, row_of

TOTAL = ("query-total",)
ENGLISH = "Closed today"


def _not_rewritten(a: Answer, q: Asking) -> None:
    page = a.body["page"]
    for name, number in (("first", 1), ("prev", page - 1), ("next", page + 1), ("last", PAGES)):
        a.body["links"][name] = f"/articles/history.html?start={PER_PAGE * (number - 1)}"


def _first_page_again(a: Answer, q: Asking) -> None:
    before = PER_PAGE * (a.body["page"] - 1)
    a.body["items"] = [revision(item["revision"] + before) for item in a.body["items"]]


def _counted_before_filter(a: Answer, q: Asking) -> None:
    if a.body["filter"] == "mine":
        a.body["matched"] += 17


def _page_of(a: Answer) -> int:
    return int(a.body["after"] + 1) // 100 - 1


def _with_the_cursor(a: Answer, q: Asking) -> None:
    a.body["items"] = [row_of(_page_of(a), -1), *a.body["items"][:-1]]


def _without_the_first(a: Answer, q: Asking) -> None:
    a.body["items"] = [*a.body["items"][1:], row_of(_page_of(a), 5)]


def _row_of_page_before(a: Answer, q: Asking) -> None:
    a.body["items"][3] = row_of(_page_of(a), -2)


def _thrice(items: list[Any]) -> list[Any]:
    return [*items[:1] * 3, *items[1:]]


def _envelope_lost(a: Answer, q: Asking) -> None:
    a.body = a.body["items"]


def _exact_case(a: Answer, q: Asking) -> None:
    a.body["rows"] = [row for row in a.body["rows"] if row["party"] == a.body["term"]]


def _hidden_too(rows: list[Any]) -> list[Any]:
    return [*rows, rows[-1] | {"statement": rows[-1]["statement"] + 90, "hidden": True}]


def _emptied_too(rows: list[Any]) -> list[Any]:
    return [{"statement": rows[0]["statement"] - 40, "party": "Miller", "booked": None, "hidden": False}, *rows]


def _deleted_review(reviews: list[Any]) -> list[Any]:
    return [*reviews[:1], {"by": reviews[0]["by"], "text": "(double)"}, *reviews[1:]]


def _drawn_anew(a: Answer, q: Asking) -> None:
    a.body["offers"] = q.dice.sample(FRUIT, 3)


def _english_for_regions(a: Answer, q: Asking) -> bool:
    if "-" not in a.body["wanted"]:
        return False
    a.body |= {"language": "en", "title": TITLES["en"], "notice": ENGLISH}
    return True


REPORTED_LISTS = (
    # phpBBSEO/usu#22
    Wrong("links_not_rewritten", "revisions", "?start= for a path", _not_rewritten),
    # ahmedkaludi/accelerated-mobile-pages#2250
    Wrong("first_page_at_each", "revisions", "the same items on all pages", _first_page_again),
    # rekalogika/rekapager#64
    Wrong("last_link_to_first_page", "revisions", "page 1", at("links.last", lambda _: link(1))),
    # pulsar-edit/package-backend#213
    Wrong("header_total_of_pages", "revisions", "7 for 28", header("query-total", lambda _: str(PAGES)), headers=TOTAL),
    # iiasa/ixmp4#170
    Wrong("total_before_the_filter", "cursor_page", "more than can be read", _counted_before_filter),
    # raster-foundry/raster-foundry#3589
    Wrong("total_doubled", "revisions", "56 for 28", at("total", lambda total: 2 * total)),
    # photocrowd/django-cursor-pagination#30
    Wrong("page_begins_with_its_cursor", "cursor_page", "the item before comes again", _with_the_cursor),
    # civitai/civitai#615
    Wrong("item_of_cursor_skipped", "cursor_page", "it is on no page", _without_the_first),
    # webiny/webiny-js#2182
    Wrong("page_empty_though_more", "cursor_page", "[], and more: true", at("items", lambda _: [])),
    # directus/directus#12134
    Wrong("nested_list_incomplete", "post", "two reviews of four", at("reviews", lambda rows: rows[:2])),
    # Project60/org.project60.banking#529
    Wrong("found_by_exact_case", "found", "Miller, and not MILLER", _exact_case),
    # wellcomecollection/platform#1466
    Wrong("hidden_row_shown", "found", "hidden: true", at("rows", _hidden_too)),
    # directus/directus#1805
    Wrong("deleted_review_shown", "post", "in a nested list", at("reviews", _deleted_review)),
    # MuckRock/muckrock#1764
    Wrong("emptied_row_shown", "found", "a deleted one, of which the party is left", at("rows", _emptied_too)),
    # digitalocean/api-v2#140
    Wrong("list_without_envelope", "cursor_page", "a bare array", _envelope_lost),
    # netbox-community/netbox#2770
    Wrong("row_of_the_page_before", "cursor_page", "and one of this page on none", _row_of_page_before),
    # datamade/chi-councilmatic#202
    Wrong("row_three_times", "cursor_page", "the first", at("items", _thrice)),
    # Malcolm-Q/LC-LateGameUpgrades#562
    Wrong("offers_drawn_anew", "offers", "those of a day, at each asking", _drawn_anew),
    # vercel/next.js#23142
    Wrong("english_where_a_region_is_named", "venue", "en for sv-SE", _english_for_regions),
    # openam-jp/openam#30
    Wrong("notice_in_english", "venue", "the title is not", at("notice", lambda _: ENGLISH)),
)  # fmt: skip
