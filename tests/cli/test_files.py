"""check, explain, diff, compare, and the edit that promote --write makes: commands that read files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli import answers
from tests.cli.conftest import BACKENDS, CannedAdmin, Run

ROUTES = f"""\
{BACKENDS}\
routes:
  # moved first
  - name: charge-read
    match: GET /v1/charges/{{id}}
    extracted: charges
    stage: shadow   # on its way
    compare:
      ignore: [{{path: $.request_id, owner: payments, until: 2999-01-31}}]
"""

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    write("routes.yaml", ROUTES)
    return write


@pytest.mark.usefixtures("write")
def test_a_good_file(run: Run) -> None:
    result = run("check")
    assert result.exit_code == 0
    assert result.stdout == "routes.yaml: ok, 1 route, 2 backends\n"
    assert json.loads(run("check", "--json").stdout) == {"file": "routes.yaml", "ok": True, "problems": []}


def test_every_problem_with_its_place_and_remedy(run: Run, write: Write) -> None:
    write("routes.yaml", ROUTES.replace("stage: shadow", "stage: shadwo").replace("extracted: charges", "extracted: x"))
    result = run("check")
    assert result.exit_code == 1
    assert "routes.yaml:10:16: error" in result.stdout
    assert "routes.yaml:11:12: error" in result.stdout
    assert "routes.yaml: 2 errors" in result.stdout
    found = json.loads(run("check", "--json").stdout)
    assert [(one["line"], one["severity"], bool(one["remedy"])) for one in found["problems"]] == [
        (10, "error", True),
        (11, "error", True),
    ]


def test_a_warning_does_not_fail_the_check(run: Run, write: Write) -> None:
    write("routes.yaml", ROUTES.replace(", build_header: X-Build", ""))
    result = run("check")
    assert result.exit_code == 0
    assert "warning" in result.stdout


def test_check_of_standard_input_and_of_the_environments_file(run: Run, write: Write) -> None:
    assert run("check", "-c", "-", stdin=ROUTES).stdout == "-: ok, 1 route, 2 backends\n"
    write("other.yaml", ROUTES)
    assert "other.yaml: ok" in run("check", env={"STRANGLER_CONFIG": "other.yaml"}).stdout


@pytest.mark.parametrize("command", [["check"], ["explain", "GET", "/"], ["diff", "nowhere.yaml", "nowhere.yaml"]])
def test_a_file_that_is_not_there_is_trouble(run: Run, command: list[str]) -> None:
    result = run(*command)
    assert result.exit_code == 2
    assert "No such file" in result.stderr
    assert result.stdout == ""


def test_a_folder_and_bytes_are_no_routes_file(run: Run, tmp_path: Path) -> None:
    assert run("check", "-c", str(tmp_path)).exit_code == 2
    (tmp_path / "binary").write_bytes(b"version: 1\n\xff\xfe")
    result = run("check", "-c", "binary")
    assert result.exit_code == 2
    assert "binary:2: not UTF-8" in result.stderr


def test_the_schema(run: Run) -> None:
    result = run("check", "--schema")
    assert result.exit_code == 0
    assert "routes" in json.loads(result.stdout)["properties"]


@pytest.mark.usefixtures("write")
def test_explain_tells_route_side_reason_and_what_is_sent(run: Run) -> None:
    result = run("explain", "GET", "http://pay.example/v1/charges/ch_1?a=1#x", "-H", "X-Staff: 1")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("route    charge-read ")
    assert "answers  legacy, backend legacy" in lines
    assert "copy to  charges" in lines
    assert "  GET /v1/charges/ch_1?a=1 HTTP/1.1" in lines
    assert "  Host: pay.example" in lines
    assert "  X-Staff: 1" in lines


@pytest.mark.usefixtures("write")
def test_explain_for_scripts(run: Run, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"12345")
    found = json.loads(run("explain", "POST", "/v1/charges", "--body", "body", "--json").stdout)
    assert found["route"] is None
    assert found["decision"]["side"] == "legacy"
    assert "Content-Length: 5\r\n" in found["upstream"]


@pytest.mark.usefixtures("write")
@pytest.mark.parametrize(("method", "code"), [("CONNECT", "405"), ("FOO", "501")])
def test_explain_knows_the_methods_that_the_proxy_refuses(run: Run, method: str, code: str) -> None:
    result = run("explain", method, "/v1/charges/ch_1")
    assert result.exit_code == 2
    assert f"clients get {code}" in result.stderr


@pytest.mark.usefixtures("write")
def test_explain_of_a_path_with_two_readings(run: Run) -> None:
    result = run("explain", "GET", "/v1/charges%2fch_1")
    assert result.exit_code == 0
    assert "Refused" in result.stdout
    assert json.loads(run("explain", "GET", "/v1/charges%2fch_1", "--json").stdout)["decision"] is None


@pytest.mark.usefixtures("write")
@pytest.mark.parametrize(
    "arguments",
    [
        ("get", "/"),
        ("GE T", "/"),
        ("GET", "v1/charges"),
        ("GET", "/a b"),
        ("GET", "/größe"),
        ("GET", "/", "-H", "no colon"),
        ("GET", "/", "-H", "a: b\r\nc: d"),
        ("GET", "/", "--client-ip", "300.1.1.1"),
        ("GET", "/", "--body", "nowhere"),
    ],
)
def test_a_request_that_cannot_be_is_refused(run: Run, arguments: tuple[str, ...]) -> None:
    result = run("explain", *arguments)
    assert result.exit_code == 2
    assert result.stderr
    assert "fault of the program" not in result.stderr


def test_diff_in_words(run: Run, write: Write) -> None:
    write("new.yaml", ROUTES.replace("stage: shadow", "stage: live"))
    result = run("diff", "routes.yaml", "new.yaml")
    assert result.exit_code == 1
    assert "charge-read" in result.stdout
    assert "shadow -> live" in result.stdout
    assert json.loads(run("diff", "routes.yaml", "new.yaml", "--json").stdout)[0]["subject"] == "route charge-read"


def test_diff_without_a_difference(run: Run, write: Write) -> None:
    write("new.yaml", f"# a comment\n{ROUTES}")
    result = run("diff", "-", "new.yaml", stdin=ROUTES)
    assert result.exit_code == 0
    assert result.stdout == "Nothing changes.\n"


def test_diff_of_a_broken_file_shows_what_is_broken(run: Run, write: Write) -> None:
    write("new.yaml", ROUTES.replace("stage: shadow", "stage: shadwo"))
    result = run("diff", "routes.yaml", "new.yaml")
    assert result.exit_code == 2
    assert "new.yaml:11:12" in result.stderr
    assert run("diff", "-", "-", stdin=ROUTES).exit_code == 2


HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


@pytest.mark.parametrize(
    ("left", "right", "route", "code", "result"),
    [
        ('{"a": 1}', '{"a":  1}', False, 0, "match"),
        ('{"request_id": 1}', '{"request_id": 2}', True, 0, "ignored"),
        ('{"request_id": 1}', '{"request_id": 2}', False, 1, "mismatch"),
        (HEAD + '{"a": 1}', HEAD + '{"a": "1"}', True, 1, "mismatch"),
        (
            HEAD + "{}",
            HEAD.replace("\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n") + "\x1f\x8b!",
            False,
            2,
            "not_compared",
        ),
    ],
)
def test_compare_exit_codes(run: Run, write: Write, left: str, right: str, route: bool, code: int, result: str) -> None:
    write("left", left)
    (write("right", "")).write_bytes(right.encode("latin-1"))
    options = ("--route", "charge-read") if route else ()
    told = run("compare", "left", "right", *options)
    assert told.exit_code == code
    assert told.stdout.startswith(result)
    as_json = run("compare", "left", "right", *options, "--json")
    assert as_json.exit_code == code
    assert json.loads(as_json.stdout)["result"] == result


@pytest.mark.parametrize(
    "arguments",
    [
        ("left", "nowhere"),
        ("left", "broken"),
        ("-", "-"),
        ("left", "left", "--route", "charge-raed"),
        ("left", "left", "--route", "charge-read", "-c", "nowhere"),
    ],
)
def test_compare_trouble(run: Run, write: Write, arguments: tuple[str, ...]) -> None:
    write("left", "{}")
    write("broken", "HTTP/1.1 200 OK\r\nno header\r\n\r\n")
    result = run("compare", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("strangler: ")


def test_an_unknown_route_is_guessed(run: Run, write: Write) -> None:
    write("left", "{}")
    assert "Did you mean charge-read?" in run("compare", "left", "left", "--route", "charge-raed").stderr


PROMOTE = "/routes/charge-read/promote"


def test_promote_write_edits_the_file_and_keeps_everything_else(
    ask: Run, write: Write, admin: CannedAdmin, tmp_path: Path
) -> None:
    admin.answers("POST", PROMOTE, answers.move("shadow", "canary"))
    real = write("real.yaml", ROUTES)
    real.chmod(0o640)
    (tmp_path / "link.yaml").symlink_to(real)
    result = ask("promote", "charge-read", "--write", "-c", "link.yaml")
    assert result.exit_code == 0
    assert "Written to link.yaml" in result.stdout
    edited = real.read_text()
    assert "stage: canary   # on its way" in edited
    assert "# moved first" in edited
    assert "percent: 10" in edited
    assert (tmp_path / "link.yaml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".real")]


@pytest.mark.parametrize("text", [ROUTES.replace("charge-read", "other"), "version: [", ROUTES.replace("shadow", "x")])
def test_nothing_is_promoted_when_the_file_cannot_be_edited(
    ask: Run, write: Write, admin: CannedAdmin, text: str
) -> None:
    write("routes.yaml", text)
    assert ask("promote", "charge-read", "--write").exit_code == 2
    assert ask("promote", "charge-read", "--write", "-c", "nowhere.yaml").exit_code == 2
    assert admin.asked == []


def test_a_refused_promotion_leaves_the_file_alone(ask: Run, write: Write, admin: CannedAdmin, tmp_path: Path) -> None:
    admin.answers("POST", PROMOTE, answers.problem("not yet", "inconclusive"), status=409)
    assert ask("promote", "charge-read", "--write").exit_code == 1
    assert (tmp_path / "routes.yaml").read_text() == ROUTES
