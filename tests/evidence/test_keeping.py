"""Secrets go before anything is kept; the examples that are kept are a fair sample; the curl line is safe to paste."""

import json
import random
import shlex
from collections import Counter

import pytest

from proxy.evidence import (
    curl_line,
    keep_slot,
    names_of_differences,
    names_of_observation,
    names_of_request,
    redact_differences,
    redact_observation,
    redact_request,
)
from proxy.model.comparison import Difference, Kind, Risk
from proxy.model.headers import Headers
from proxy.model.observation import EMPTY_BODY, CapturedBody, CapturedRequest, Observation
from proxy.model.outcome import Outcome
from proxy.model.sides import Side


def plain(headers: Headers, body: CapturedBody) -> bytes | None:
    """Stands in for the decoder, which is another room's."""
    coding = dict(headers).get(b"Content-Encoding")
    return {None: body.data, b"reversed": body.data[::-1]}.get(coding)


def observed(data: bytes, *headers: tuple[bytes, bytes]) -> Observation:
    body = CapturedBody(data, len(data), True)
    return Observation(Side.LEGACY, "b", Outcome.OK, 200, headers, body, "", 0.0, 0.0)


def test_credentials_always_go_and_names_of_cookies_stay() -> None:
    headers = (
        (b"Authorization", b"Bearer s3cret"),
        (b"PROXY-AUTHORIZATION", b"Basic s3cret"),
        (b"Cookie", b"session=s3cret; theme=s3cret;s3cret"),
        (b"X-Api-Key", b"s3cret"),
        (b"Accept", b"*/*"),
    )
    request = redact_request(CapturedRequest(b"GET", b"/", headers, EMPTY_BODY), ("header:x-api-key",), plain)
    assert b"s3cret" not in repr(request).encode()
    assert dict(request.headers)[b"Cookie"] == b"session=[redacted]; theme=[redacted]; [redacted]"
    assert dict(request.headers)[b"Accept"] == b"*/*"
    answer = redact_observation(observed(b"", (b"Set-Cookie", b"sid=s3cret; Path=/; HttpOnly")), (), plain)
    assert dict(answer.headers)[b"Set-Cookie"] == b"sid=[redacted]; Path=/; HttpOnly"


def test_declared_query_parameters_go_however_their_name_is_written() -> None:
    target = b"/a?token=s3cret&x=1&%74oken=s3cret&token&api+key=s3cret"
    fields = ("query:token", "query:api key")
    kept = redact_request(CapturedRequest(b"GET", target, (), EMPTY_BODY), fields, plain).target
    assert kept == b"/a?token=[redacted]&x=1&%74oken=[redacted]&token&api+key=[redacted]"
    assert redact_request(CapturedRequest(b"GET", target, (), EMPTY_BODY), ("$.token",), plain).target == target


def test_declared_paths_of_a_body_go_and_the_rest_stays_as_written() -> None:
    body = (
        b'{"card": {"number": "4242", "exp": 1.10}, "list": [{"pin": 1}, {"pin": {"x": 2}}], "big": 9007199254740993}'
    )
    kept = redact_observation(observed(body), ("$.card.number", "$.list[*].pin", "$.absent.x"), plain).body
    assert kept.data.decode() == (
        '{"card": {"number": "[redacted]", "exp": 1.10}, "list": [{"pin": "[redacted]"}, {"pin": "[redacted]"}], '
        '"big": 9007199254740993}'
    )
    assert (kept.size, kept.complete) == (len(body), True)
    everything = redact_observation(observed(b'{"a": 1, "b": [2]}'), ("$.*",), plain).body.data
    assert json.loads(everything) == {"a": "[redacted]", "b": "[redacted]"}


@pytest.mark.parametrize("body", [b"pin=s3cret", b'{"pin": "s3cret"', b'{"pin": "s3cret", "pin": 1}', b"[" * 100_000])
def test_a_body_in_which_the_secret_cannot_be_found_goes_whole(body: bytes) -> None:
    assert redact_observation(observed(body), ("$.pin",), plain).body.data == b"[redacted]"


def test_bodies_are_kept_decoded_and_cut() -> None:
    coded = observed(b"cba", (b"Content-Encoding", b"reversed"))
    assert redact_observation(coded, (), plain).body == CapturedBody(b"abc", 3, True)
    unknown = observed(b"cba", (b"Content-Encoding", b"other"))
    assert redact_observation(unknown, (), plain).body == CapturedBody(b"", 3, False)
    long = redact_observation(observed(b"x" * 20_000), (), plain).body
    assert (len(long.data), long.size, long.complete) == (16_384, 20_000, False)


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("$.card.number", True),
        ("$.card", True),
        ("$.card.number.x", True),
        ("$.*.number", True),
        ("$.card.expiry", False),
        ("$.list[*].pin", True),
        ("$.list[*].id", False),
        ("header:x-secret", True),
        ("header:set-cookie", True),
        ("header:set-cookie.session", True),
        ("header:set-cookie.session.path", True),
        ("header:set-cookies", False),
        ("header:vary", False),
        ("status", False),
        ("body", True),
    ],
)
def test_differences_lose_the_values_that_could_tell(path: str, hidden: bool) -> None:
    kind = Kind.BODY if path == "body" else Kind.VALUE
    one = Difference(path, kind, Risk.MEDIUM, "s3cret", "s3cret", path.replace("[*]", "[id=s3cret]"))
    (kept,) = redact_differences((one,), ("$.card.number", "$.list[*].pin", "header:X-Secret"))
    assert ("s3cret" not in repr(kept)) == hidden
    assert "s3cret" not in kept.place


def test_the_first_stay_and_later_ones_have_equal_chances() -> None:
    dice = random.Random(1)
    kept: Counter[int] = Counter()
    for _ in range(2000):
        slots: dict[int, int] = {}
        for count in range(40):
            slot = keep_slot(count, 6, dice.random())
            if slot is not None:
                slots[slot] = count
        assert [slots[slot] for slot in range(3)] == [0, 1, 2]
        assert len(slots) == 6
        kept.update(slots[slot] for slot in range(3, 6))
    shares = [kept[count] / 2000 for count in range(3, 40)]
    assert all(abs(share - 3 / 37) < 0.03 for share in shares)


def test_the_curl_line_asks_the_same_again() -> None:
    headers = (
        (b"Host", b"pay.example"),
        (b"X-Quote", b"it's $(id) `id`"),
        (b"Content-Length", b"5"),
        (b"X-Empty", b""),
    )
    body = b'{"a": "it\'s"}'
    request = CapturedRequest(b"POST", b"/v1/../a%2Fb?x=[1]&y=$(id)", headers, CapturedBody(body, len(body), True))
    words = shlex.split(curl_line(request, "http://127.0.0.1:8080/"))
    assert words == [
        "curl", "-i", "--path-as-is", "-g", "-X", "POST", "-H", "Host: pay.example", "-H", "X-Quote: it's $(id) `id`",
        "-H", "X-Empty;", "--data-binary", '{"a": "it\'s"}', "http://127.0.0.1:8080/v1/../a%2Fb?x=[1]&y=$(id)",
    ]  # fmt: skip


def test_the_curl_line_holds_no_control_characters_and_says_what_it_leaves_out() -> None:
    request = CapturedRequest(b"GET", b"/\x1b[31m", ((b"x", b"\xff\x07"),), CapturedBody(b"\x00\x01", 2, True))
    line = curl_line(request, "http://h")
    assert line.isprintable()
    assert line.endswith("# the body, 2 bytes, is not text")
    assert " -I " in curl_line(CapturedRequest(b"HEAD", b"/", (), EMPTY_BODY), "http://h")


def test_of_a_names_only_route_names_and_figures_are_kept_and_no_value() -> None:
    headers = ((b"X-Plan", b"s3cret"), (b"Cookie", b"s3cret=s3cret"))
    request = CapturedRequest(b"PUT", b"/s3cret?s3cret", headers, CapturedBody(b"s3cret", 6, True))
    kept = names_of_request(request, b"/{id}")
    assert kept == CapturedRequest(b"PUT", b"/{id}", ((b"X-Plan", b""), (b"Cookie", b"")), CapturedBody(b"", 6, True))
    answer = names_of_observation(observed(b"s3cret", *headers))
    assert (answer.status, answer.headers, answer.body) == (200, kept.headers, CapturedBody(b"", 6, True))
    difference = Difference("$.a[*]", Kind.VALUE, Risk.MEDIUM, "s3cret", "s3cret2", "$.a[s3cret]", "ignore $.a")
    assert names_of_differences((difference,)) == (
        Difference("$.a[*]", Kind.VALUE, Risk.MEDIUM, "", "", "$.a[*]", "ignore $.a"),
    )


def test_declared_query_parameters_go_from_where_an_answer_redirects_to() -> None:
    fields = ("query:token",)
    answer = observed(b"", (b"Location", b"/cb?token=s3cret&page=2"))
    assert redact_observation(answer, fields, plain).headers == ((b"Location", b"/cb?token=[redacted]&page=2"),)
    paths = {"header:location.query.token": True, "header:location": True, "header:location.query.page": False}
    for path, hidden in paths.items():
        one = Difference(path, Kind.HEADER, Risk.MEDIUM, "s3cret", "0ther", path)
        assert ("s3cret" not in str(redact_differences((one,), fields))) == hidden
    bare = Difference("header:location", Kind.HEADER, Risk.MEDIUM, "/a", "/b", "header:location")
    assert redact_differences((bare,), ()) == (bare,)
