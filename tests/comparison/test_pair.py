"""Outcomes, statuses, headers and codings: what is a mismatch and what was not compared."""

import gzip
import zlib
from collections.abc import Callable
from functools import partial

import brotli
import pytest
import zstandard

from proxy.comparison import byte_equal, compare, compile_rules
from proxy.model.comparison import Kind, NotCompared, Result, Risk
from proxy.model.outcome import Outcome
from proxy.model.sides import Side
from proxy.model.spec import Compare
from tests.comparison.made import JSON, NO_RULES, observed


@pytest.mark.parametrize("outcome", [one for one in Outcome if one.is_upstream_failure] + [Outcome.TOTAL_TIMEOUT])
def test_a_failure_of_the_extracted_side_alone_is_a_mismatch_of_high_risk(outcome: Outcome) -> None:
    failed = observed(b"", side=Side.EXTRACTED, outcome=outcome, status=0, complete=False)
    result = compare(observed(), failed, NO_RULES)
    assert (result.result, result.risk) == (Result.MISMATCH, Risk.HIGH)
    assert [one.kind for one in result.differences] == [Kind.ERROR]


def test_a_5xx_of_the_extracted_side_is_a_mismatch_and_one_of_legacy_says_nothing() -> None:
    good, bad = observed(), observed(status=500)
    assert compare(good, bad, NO_RULES).result is Result.MISMATCH
    assert compare(bad, good, NO_RULES).reason is NotCompared.LEGACY_FAILED
    assert compare(bad, bad, NO_RULES).reason is NotCompared.LEGACY_FAILED


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.CLIENT_GONE, NotCompared.CLIENT_GONE),
        (Outcome.REQUEST_BODY_TIMEOUT, NotCompared.CLIENT_GONE),
        (Outcome.CANCELLED, NotCompared.SHADOW_CANCELLED),
        (Outcome.BREAKER_OPEN, NotCompared.SHADOW_CANCELLED),
        (Outcome.DRAINED, NotCompared.SHADOW_CANCELLED),
    ],
)
def test_what_we_or_the_client_ended_is_not_compared(outcome: Outcome, reason: NotCompared) -> None:
    ended = observed(outcome=outcome, complete=False)
    assert compare(observed(), ended, NO_RULES).reason is reason
    assert compare(ended, observed(), NO_RULES).reason is reason


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.OK])
def test_no_outcome_but_ok_is_ever_a_match(outcome: Outcome) -> None:
    ended = observed(outcome=outcome, status=0)
    assert compare(ended, observed(), NO_RULES).result is Result.NOT_COMPARED
    assert compare(ended, ended, NO_RULES).result is Result.NOT_COMPARED
    assert compare(observed(), ended, NO_RULES).result in {Result.NOT_COMPARED, Result.MISMATCH}
    assert not byte_equal(ended, ended, ())


def test_a_body_beyond_the_cap_or_cut_is_not_compared_but_its_status_is() -> None:
    beyond = observed(b"")._replace(body=observed().body._replace(data=b"", size=2_000_000, complete=False))
    assert compare(observed(), beyond, NO_RULES).reason is NotCompared.TOO_LARGE
    assert compare(observed(), observed(b"{", complete=False), NO_RULES).reason is NotCompared.CUT
    assert compare(observed(), beyond._replace(status=404), NO_RULES).result is Result.MISMATCH


@pytest.mark.parametrize(
    "coding", ["gzip", "x-gzip", "deflate", "raw deflate", "br", "gzip, br", "zstd", "zstd, gzip", "identity"]
)
def test_codings_are_undone_before_comparing(coding: str) -> None:
    plain = b'{"a": ' + b"1" * 100 + b"}"
    machine = zlib.compressobj(wbits=-15)
    coded = {
        "gzip": gzip.compress(plain[:20]) + gzip.compress(plain[20:]),  # two members
        "x-gzip": gzip.compress(plain),
        "deflate": zlib.compress(plain),
        "raw deflate": machine.compress(plain) + machine.flush(),
        "br": brotli.compress(plain),
        "gzip, br": brotli.compress(gzip.compress(plain)),
        "zstd": zstandard.compress(plain[:20]) + zstandard.compress(plain[20:]),  # two frames
        "zstd, gzip": gzip.compress(zstandard.compress(plain)),
        "identity": plain,
    }[coding]
    headers = (*JSON, (b"Content-Encoding", coding.removeprefix("raw ").encode()))
    assert compare(observed(plain), observed(coded, headers=headers), NO_RULES).result is Result.MATCH
    assert compare(observed(plain + b" 1"), observed(coded, headers=headers), NO_RULES).result is Result.MISMATCH
    if coding != "identity":
        assert compare(observed(plain), observed(coded[:-5], headers=headers), NO_RULES).reason == "undecodable"


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "gzip, gzip", "zstd, gzip"])
def test_a_bomb_is_too_large(coding: str) -> None:
    squeeze: dict[str, Callable[[bytes], bytes]] = {
        "gzip": partial(gzip.compress, compresslevel=1),
        "br": partial(brotli.compress, quality=1),
        "deflate": partial(zlib.compress, level=1),
        "zstd": zstandard.compress,
    }
    bomb = bytes(16 * 1024 * 1024)
    for one in coding.split(", "):
        bomb = squeeze[one](bomb)
    result = compare(observed(), observed(bomb, headers=(*JSON, (b"content-encoding", coding.encode()))), NO_RULES)
    assert result.reason is NotCompared.TOO_LARGE


def test_an_unknown_coding_is_undecodable_unless_the_bytes_are_equal() -> None:
    headers = (*JSON, (b"content-encoding", b"compress"))
    one, other = observed(b"\x28\xb5", headers=headers), observed(b"\x28\xb6", headers=headers)
    assert compare(one, other, NO_RULES).reason is NotCompared.UNDECODABLE
    assert compare(one, one, NO_RULES).result is Result.MATCH


def test_chosen_headers_are_compared_and_no_others() -> None:
    rules = compile_rules(Compare(headers=("Vary", "ETag")))
    one = observed(headers=((b"vary", b"a"), (b"Vary", b"b"), (b"Date", b"1"), (b"etag", b"x")))
    same = observed(headers=((b"VARY", b"a, b"), (b"Date", b"2"), (b"ETag", b"x")))
    assert compare(one, same, rules).result is Result.MATCH
    assert byte_equal(one, same, rules.headers)
    without = observed(headers=((b"vary", b"a, b"), (b"Server", b"x")))
    result = compare(one, without, rules)
    assert [(one.path, one.risk) for one in result.differences] == [("header:etag", Risk.HIGH)]
    assert not byte_equal(one, without, rules.headers)
    assert compare(without, one, rules).risk is Risk.LOW


def test_text_is_compared_by_what_it_says_not_by_its_charset() -> None:
    def answer(text: str, charset: str) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
        return text.encode(charset), ((b"content-type", f"text/plain; charset={charset}".encode()),)

    latin, utf8 = answer("Müller", "iso-8859-1"), answer("Müller", "utf-8")
    rules = compile_rules(Compare(headers=()))
    one, other = observed(latin[0], headers=latin[1]), observed(utf8[0], headers=utf8[1])
    assert compare(one, other, rules).result is Result.MATCH
    mislabelled = observed(latin[0], headers=utf8[1])
    assert compare(mislabelled, other, rules).result is Result.MISMATCH


def test_byte_equal_never_says_more_than_compare() -> None:
    one = observed(b'{"a": 1}')
    cases = [
        one._replace(status=404),
        one._replace(outcome=Outcome.UPSTREAM_BODY_CUT),
        observed(b'{"a": 1}', complete=False),
        observed(b'{"a": 1}', headers=((b"content-type", b"text/plain"),)),
        observed(b'{"a": 1}', headers=(*JSON, (b"content-encoding", b"gzip"))),
        one._replace(body=observed(b"{ }").body),
    ]
    assert byte_equal(one, one, (b"content-type",))
    assert not any(byte_equal(one, case, (b"content-type",)) for case in cases)
    failing = one._replace(status=500)
    assert not byte_equal(failing, failing, ())
