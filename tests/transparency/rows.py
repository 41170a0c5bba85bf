"""The rows of the list: what proxies break, what this one does, and the tests beside the cases that hold it to that."""

from __future__ import annotations

from dataclasses import dataclass

from tests.transparency import on_answers, on_conversations, on_pressure, on_requests
from tests.transparency.stage import Case

CASES: list[Case] = sorted(
    [*on_requests.CASES, *on_answers.CASES, *on_conversations.CASES, *on_pressure.CASES], key=lambda case: case.row
)

BYTES = "tests/flows/test_requests_pass_byte_for_byte.py"
ANSWERS = "tests/flows/test_answers_pass_as_they_came.py"
SMUGGLING = "tests/flows/test_smuggling_is_refused.py"
SLOW = "tests/flows/test_slow_ends_are_bounded_and_fast_ends_wait.py"
OFFERED = "tests/flows/test_what_the_shadow_is_offered.py"
AGAIN = "tests/flows/test_a_request_is_never_sent_twice_by_mistake.py"
RELOAD = "tests/flows/test_exchanges_survive_reload_and_drain.py"
FALLBACK = "tests/flows/test_legacy_steps_in_when_the_service_fails.py"
CHANGES = "tests/flows/test_a_route_changes_what_it_was_told_to.py"
SOCKET = "tests/flows/test_a_websocket_is_a_raw_tunnel.py"
LEAVES = "tests/flows/test_a_client_that_leaves_while_its_upload_waits_is_noticed.py"
ALONE = "tests/transparency/test_what_is_ours_alone.py"
DIFFERENTIAL = "tests/transparency/test_clients_cannot_tell.py"


@dataclass(frozen=True, slots=True)
class Row:
    """`tests` are names of functions, `FILE::FUNCTION`, or of whole files."""

    number: int
    breaks: str
    does: str
    tests: tuple[str, ...] = ()

    @property
    def cases(self) -> list[Case]:
        return [case for case in CASES if case.row == self.number]


ROWS = (
    Row(
        1,
        "path and query re-encoded",
        "the target passes byte for byte; matching reads a normalised copy",
        (f"{BYTES}::test_the_raw_target_is_kept", DIFFERENTIAL),
    ),
    Row(
        2,
        "absolute-form targets, `OPTIONS *`, CONNECT",
        "an absolute target replaces Host (RFC 9112 section 3.2.2); `OPTIONS *` goes to legacy; CONNECT gets a 405",
        (f"{BYTES}::test_an_absolute_target_replaces_host_and_options_star_reaches_legacy",),
    ),
    Row(
        3,
        "router and backend read different paths: escapes, dot segments, backslashes, NUL",
        "where readings would pick different routes: 400, unless the route says otherwise",
        ("tests/routing/test_path_readings.py",),
    ),
    Row(
        4,
        "request smuggling: several lengths, odd codings, bare LF, folded lines, chunk tricks",
        "400 and close; nothing reaches a backend; counted by reason",
        (SMUGGLING, "tests/data_path/test_framing.py", "tests/data_path/test_parse.py"),
    ),
    Row(
        5,
        "request bodies inflated or chunked anew",
        "bytes pass as they came",
        (
            f"{BYTES}::test_a_body_with_a_length_passes_whatever_its_bytes",
            f"{BYTES}::test_chunks_pass_with_their_boundaries_extensions_and_trailers",
            DIFFERENTIAL,
        ),
    ),
    Row(
        6,
        "answers inflated or compressed anew",
        "bytes pass; only the copy is decoded for comparing",
        (f"{ANSWERS}::test_answers_arrive_byte_for_byte_and_the_connection_stays",),
    ),
    Row(
        7,
        "`Expect: 100-continue` dead-locks, or is answered too early",
        "the backend's 100 passes; its early refusal reaches the client before the body is sent",
        (
            f"{ANSWERS}::test_interim_answers_pass_and_100_continue_lets_the_body_through",
            f"{ANSWERS}::test_an_early_refusal_reaches_the_client_before_its_body_is_sent",
        ),
    ),
    Row(
        8,
        "repeated headers merged or put in another order, names in another case",
        "order, case and repetition are kept, both ways",
        (f"{BYTES}::test_headers_keep_order_case_and_repetition_and_nothing_is_invented", DIFFERENTIAL),
    ),
    Row(9, "several Set-Cookie made one", "each stays a line of its own", (DIFFERENTIAL,)),
    Row(10, "one user's cookies sent for another", "no state from one exchange to the next", (DIFFERENTIAL,)),
    Row(
        11,
        "invented headers: Server, Date, Content-Type, Accept, User-Agent",
        "only the forwarding ones are added; X-Strangler-* and the build header never reach a client",
        (
            f"{BYTES}::test_headers_keep_order_case_and_repetition_and_nothing_is_invented",
            f"{ANSWERS}::test_the_build_header_never_reaches_the_client",
        ),
    ),
    Row(
        12,
        "hop-by-hop headers passed, `TE: trailers` lost",
        "removed both ways (RFC 9110 section 7.6.1); `TE: trailers` is kept",
        (f"{BYTES}::test_hop_by_hop_fields_end_at_the_proxy_in_both_directions", DIFFERENTIAL),
    ),
    Row(
        13,
        "Host replaced",
        "kept; `preserve_host: false` of a backend replaces it; the shadow gets the same",
        (f"{ALONE}::test_a_backend_may_be_called_by_its_own_name", "tests/routing/test_forwarding.py"),
    ),
    Row(
        14,
        "forwarding headers forged or doubled",
        "replaced, and appended to only where the peer is in `trusted_proxies`",
        (f"{ALONE}::test_a_trusted_peer_is_believed_and_appended_to", "tests/routing/test_forwarding.py"),
    ),
    Row(
        15,
        "redirects followed, Location and cookies of a rewritten backend",
        "a redirect passes and is never followed; `rewrite:` of a backend gives both the public name",
        (f"{CHANGES}::test_redirects_and_cookies_of_the_backends_own_name_come_back_with_the_public_one",),
    ),
    Row(
        16,
        "an answer cut short looks whole",
        "the client's connection is cut too; a small answer of the extracted side is held until it is whole",
        (
            f"{ANSWERS}::test_a_cut_answer_cuts_the_clients_connection",
            f"{FALLBACK}::test_a_failure_before_the_answer_is_whole_is_never_seen",
            DIFFERENTIAL,
        ),
    ),
    Row(
        17,
        "the backend closes an idle connection as it is used",
        "sent once more on a new connection if it may be; a POST that was written never is",
        (AGAIN,),
    ),
    Row(
        18,
        "one time-out for everything; one pool for every backend",
        "connect, first byte, idle and total are separate; each backend has its pool and limit",
        (
            f"{SLOW}::test_a_slow_stream_may_last_longer_than_any_single_wait",
            f"{SLOW}::test_the_whole_answer_has_a_limit_only_where_one_is_set",
            f"{AGAIN}::test_idle_connections_are_used_last_in_first_out_up_to_the_limit",
            f"{ALONE}::test_a_slow_backend_takes_nothing_from_another",
        ),
    ),
    Row(
        19,
        "the client left, the backend works on",
        "the backend's connection is cancelled",
        (f"{ANSWERS}::test_a_client_that_goes_away_cancels_the_backend", LEAVES),
    ),
    Row(
        20,
        "streams held back",
        "each piece goes out as it comes; memory for an exchange is bounded",
        (
            f"{ANSWERS}::test_pieces_go_out_as_they_come",
            f"{SLOW}::test_a_download_waits_for_a_client_that_does_not_read",
            f"{SLOW}::test_an_upload_waits_for_a_backend_that_does_not_read",
        ),
    ),
    Row(21, "trailers and 1xx dropped", "passed", (DIFFERENTIAL,)),
    Row(
        22,
        "HTTP/2 and gRPC",
        "not spoken: a preface gets a 505 and the end of the connection, `Upgrade: h2c` is ignored",
        (f"{ALONE}::test_an_http_2_preface_gets_a_505_and_the_end", f"{SOCKET}::test_h2c_is_not_offered_on"),
    ),
    Row(23, "WebSockets framed anew, limited, their compression lost", "a raw tunnel after the handshake", (SOCKET,)),
    Row(
        24,
        "HEAD, 204, 304, HTTP/1.0, bodies ended by close",
        "each framed as RFC 9112 section 6.3 says",
        (
            f"{ANSWERS}::test_a_1_0_client_gets_no_chunks",
            f"{ANSWERS}::test_a_body_ended_by_close_ends_by_close",
            DIFFERENTIAL,
        ),
    ),
    Row(
        25,
        "long headers refused at 8 KB",
        "64 KB, a setting; beyond it 431, or 502 where the backend did it",
        (f"{SMUGGLING}::test_what_the_proxy_does_not_speak_gets_a_clear_answer",),
    ),
    Row(
        26,
        "a sloppy answer of legacy becomes a 500",
        "passed where it is safe, else 502 with the reason, counted",
        (
            f"{ANSWERS}::test_an_equal_content_length_twice_is_one_content_length",
            f"{ANSWERS}::test_an_answer_that_cannot_be_trusted_is_a_502",
        ),
    ),
    Row(
        27,
        "pipelined requests answered out of order, or lost",
        "answered in order",
        ("tests/flows/test_requests_survive_any_cut.py", DIFFERENTIAL),
    ),
    Row(
        28,
        "unusual methods",
        "all that llhttp knows pass; others get a 501",
        (f"{BYTES}::test_unusual_methods_pass", f"{ALONE}::test_every_method_that_llhttp_knows_passes"),
    ),
    Row(
        29,
        "a body larger than the mirror's buffer: no copy (Envoy), memory eaten (Traefik), clients wait (nginx)",
        "the client never waits; a copy beyond the cap is given up and counted `not_compared(too_large)`",
        (
            f"{OFFERED}::test_what_is_larger_than_the_cap_is_given_up_and_still_delivered",
            "tests/flows/test_an_endless_shadow_answer_is_not_read_on.py",
        ),
    ),
    Row(
        30,
        "slow heads, slow bodies, clients that never read",
        "time-outs for head, body and writing; bounded buffers",
        (
            f"{SMUGGLING}::test_a_slow_head_and_a_slow_body_get_408",
            f"{SLOW}::test_a_client_that_never_reads_is_let_go",
            f"{SLOW}::test_pipelined_requests_wait_in_a_bounded_buffer",
        ),
    ),
    Row(
        31,
        "reload or stop cuts what is under way",
        "an exchange ends with the routes it began with; SIGTERM drains to a limit",
        (RELOAD, "tests/flows/test_a_stop_loses_no_request.py"),
    ),
)
