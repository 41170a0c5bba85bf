"""compare with two folders: pairs by path, what only one side has, and files that must not be opened."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from proxy.cli import compare_folders
from tests.cli.conftest import Run
from tests.cli.terminal import on_a_terminal


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    left, right = tmp_path / "left", tmp_path / "right"
    for folder, fee, name in ((left, "1.10", "Ann"), (right, "1.11", "Bob")):
        (folder / "deep").mkdir(parents=True)
        (folder / "same.json").write_text('{"a": 1}')
        (folder / "deep/fee1.json").write_text(f'{{"fee": {fee}}}')
        (folder / "deep/fee2.json").write_text(f'{{"fee": {fee}, "id": 7}}')
        (folder / "name.http").write_text(
            f'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{{"name": "{name}"}}'
        )
    return left, right


def test_pairs_are_grouped_by_result_and_signature(run: Run, folders: tuple[Path, Path]) -> None:
    left, right = folders
    (left / "gone.json").write_text("{}")
    (right / "deep/new.json").write_text("{}")
    told = run("compare", "left", "right")
    assert told.exit_code == 1
    lines = told.stdout.splitlines()
    fee = next(line.split() for line in lines if "$.fee" in line)
    assert fee[0] == "mismatch"
    assert fee[2:] == ["medium", "2", "value", "at", "$.fee", "deep/fee1.json"]
    assert next(line.split() for line in lines if line.startswith("match")) == [
        "match",
        "-",
        "-",
        "1",
        "-",
        "same.json",
    ]
    assert lines.index("1 file only in left:") + 1 == lines.index("  gone.json")
    assert lines.index("1 file only in right:") + 1 == lines.index("  deep/new.json")
    assert lines[-1] == "`strangler compare left/deep/fee1.json right/deep/fee1.json` shows what differs."
    as_json = run("compare", "left", "right", "--json")
    assert as_json.exit_code == 1
    found = json.loads(as_json.stdout)
    assert found["results"] == {"mismatch": 3, "match": 1}
    assert (found["only_left"], found["only_right"]) == (["gone.json"], ["deep/new.json"])
    assert [pair["path"] for pair in found["pairs"]] == ["deep/fee1.json", "deep/fee2.json", "name.http", "same.json"]
    assert len({pair["signature"] for pair in found["pairs"]}) == 3


def test_what_is_worse_comes_first(run: Run, folders: tuple[Path, Path]) -> None:
    (folders[0] / "z.json").write_text('{"a": 1, "gone": null}')
    (folders[1] / "z.json").write_text('{"a": 1}')
    lines = run("compare", "left", "right").stdout.splitlines()
    assert [line.split()[2] for line in lines[1:4]] == ["high", "medium", "medium"]
    assert lines[-1] == "`strangler compare left/z.json right/z.json` shows what differs."


def test_equal_folders_are_a_match(run: Run, folders: tuple[Path, Path]) -> None:
    result = run("compare", "left", "left")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split()[:4] == ["match", "-", "-", "4"]


def test_a_file_that_only_one_folder_has_is_a_difference(run: Run, folders: tuple[Path, Path]) -> None:
    folders[0].joinpath("copy").mkdir()
    folders[0].joinpath("copy/same.json").write_text('{"a": 1}')
    for pair in (("left/copy", "left"), ("left", "left/copy")):
        result = run("compare", *pair, "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)["results"] == {"match": 1}


def test_what_cannot_be_compared_is_said_and_is_trouble(
    run: Run, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    left, _ = folders
    monkeypatch.setattr(compare_folders, "FILE_CAP", 100)
    (left / "big").write_bytes(b"x" * 101)
    (left / "cut.http").write_text("HTTP/1.1 200 OK\r\nno header\r\n\r\n")
    os.mkfifo(left / "pipe")
    (left / "circle").symlink_to(left)
    (left / "nowhere").symlink_to(left / "is-not-there")
    result = run("compare", "left", "left", "--json")
    assert result.exit_code == 2
    reasons = {pair["path"]: pair["reason"] for pair in json.loads(result.stdout)["pairs"] if pair["reason"]}
    assert reasons == {
        "big": "too_large",
        "circle": "not a regular file",
        "cut.http": reasons["cut.http"],
        "nowhere": "unreadable: No such file or directory",
        "pipe": "not a regular file",
    }
    assert "is not an HTTP message" in reasons["cut.http"]
    assert "not_compared" in run("compare", "left", "left").stdout


@pytest.mark.parametrize("arguments", [("left", "left/same.json"), ("left/deep", "empty"), ("left/same.json", "right")])
def test_folders_that_do_not_fit(
    run: Run, folders: tuple[Path, Path], tmp_path: Path, arguments: tuple[str, str]
) -> None:
    (tmp_path / "empty").mkdir()
    result = run("compare", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("strangler: ")


def test_too_many_files_are_refused(run: Run, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_folders, "FILES", 3)
    result = run("compare", "left", "right")
    assert result.exit_code == 2
    assert "more than 3 files" in result.stderr


def test_a_terminal_shows_how_far_it_is(run: Run, folders: tuple[Path, Path]) -> None:
    code, text = on_a_terminal("compare", "left", "right", columns=60)
    assert code == 1
    assert "comparing" in text
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text[text.rindex("RESULT") :])
    assert max(map(len, plain.splitlines()[:-1])) <= 60
