"""routes.yaml may change in any way that people and tools change files; a bad edit changes nothing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.routes import READ, two_sides
from tests.support.running import Running, backends, json_backend, running, until

ROUTES = READ.replace("stage: shadow", "stage: legacy  # the next one is shadow")


def in_place(file: Path, text: str) -> None:
    file.write_text(text)


def atomic_rename(file: Path, text: str) -> None:
    scratch = file.with_suffix(".new")
    scratch.write_text(text)
    scratch.replace(file)


def stage_of(proxy: Running) -> str:
    return str(proxy.route("read")["stage"])


@pytest.mark.parametrize("write", [in_place, atomic_rename])
def test_a_saved_file_takes_effect(tmp_path: Path, write: Callable[[Path, str], None]) -> None:
    legacy, service = json_backend(who="legacy"), json_backend("b1", who="service")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        assert b"legacy" in proxy.get("/items/1")[1]
        write(proxy.file, proxy.file.read_text().replace("stage: legacy", "stage: live"))
        until(lambda: stage_of(proxy) == "live", "the edit to take effect")
        until(lambda: b"service" in proxy.get("/items/1")[1], "the worker to hear of it")
        rows = proxy.api("GET", "/history?route=read")["rows"]
        assert any(row["action"] == "reload" and row["who"] == "routes.yaml" for row in rows)


def test_a_swapped_symlink_takes_effect(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: routes.yaml -> ..data/routes.yaml, and ..data is swapped."""
    legacy, service = json_backend(), json_backend("b1")
    text = two_sides(legacy.url, service.url, ROUTES)
    with backends(legacy, service):
        proxy = Running(tmp_path, text)
        for version, content in (("v1", text), ("v2", text.replace("stage: legacy", "stage: live"))):
            (tmp_path / version).mkdir()
            (tmp_path / version / "routes.yaml").write_text(content)
        (tmp_path / "..data").symlink_to("v1")
        proxy.file.unlink()
        proxy.file.symlink_to("..data/routes.yaml")
        try:
            proxy.start()
            assert stage_of(proxy) == "legacy"
            (tmp_path / "..data_new").symlink_to("v2")
            (tmp_path / "..data_new").replace(tmp_path / "..data")
            until(lambda: stage_of(proxy) == "live", "the swapped file to take effect")
        finally:
            proxy.kill_all()


def test_a_signal_and_the_api_reload_too(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        before = proxy.api("GET", "/status")["generation"]
        assert proxy.process is not None
        proxy.process.send_signal(signal.SIGHUP)
        until(lambda: proxy.api("GET", "/status")["generation"] > before, "SIGHUP to reload")
        answer = proxy.api("POST", "/reload", {"who": "ada"})
        assert answer["ok"] is True


def test_a_bad_edit_keeps_the_table_and_says_what_is_wrong(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    routes = two_sides(legacy.url, service.url, ROUTES).replace("stage: legacy", "stage: shadow")
    with backends(legacy, service), running(tmp_path, routes) as proxy:
        proxy.edit("stage: shadow", "stage: shadwo")
        until(lambda: proxy.api("GET", "/status")["reload"]["ok"] is False, "the edit to be refused")
        problem = proxy.api("GET", "/status")["reload"]["problems"][0]
        assert f"{proxy.file}:10:12" in problem
        assert "shadow" in problem
        assert proxy.metric("strangler_config_reload_success") == 0.0
        assert stage_of(proxy) == "shadow"
        assert proxy.get("/items/1")[0] == 200
        proxy.file.unlink()
        until(lambda: "no such file" in proxy.api("GET", "/status")["reload"]["problems"][0], "the loss to be noticed")
        assert stage_of(proxy) == "shadow"
        proxy.file.write_text(routes.replace("stage: shadow", "stage: live"))
        until(lambda: stage_of(proxy) == "live", "the mended file to take effect")
        assert proxy.metric("strangler_config_reload_success") == 1.0


def test_an_edit_of_the_stage_clears_the_override_above_it(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        moved = proxy.api("POST", "/routes/read/promote", {"who": "ada", "why": "first look"})
        assert moved["to"]["stage"] == "shadow"
        assert (stage_of(proxy), proxy.route("read")["source"]) == ("shadow", "override")
        epoch = proxy.route("read")["epoch"]
        proxy.edit("stage: legacy", "stage: shadow")  # what the promote printed, made permanent
        until(lambda: proxy.route("read")["source"] == "file", "the override to be cleared")
        assert proxy.route("read")["epoch"] == epoch  # nothing changed for the clients: the evidence goes on
        proxy.edit("stage: shadow", "stage: legacy")
        until(lambda: stage_of(proxy) == "legacy", "an edit in an emergency to take effect")
        actions = [row["action"] for row in proxy.api("GET", "/history?route=read")["rows"]]
        assert "override_cleared" in actions


def test_no_request_is_lost_while_the_file_changes_all_the_time(tmp_path: Path) -> None:
    legacy, service = json_backend(), json_backend("b1")
    with backends(legacy, service), running(tmp_path, two_sides(legacy.url, service.url, ROUTES)) as proxy:
        done = threading.Event()
        statuses: list[int] = []

        def ask() -> None:
            while not done.is_set():
                statuses.append(proxy.get("/items/7")[0])

        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        stages = ("shadow", "canary", "live", "legacy") * 3
        generation = proxy.api("GET", "/status")["generation"]
        try:
            for before, after in zip(("legacy", *stages), stages, strict=False):
                proxy.edit(f"stage: {before}", f"stage: {after}")
                until(lambda after=after: stage_of(proxy) == after, "the edit to take effect")  # type: ignore[misc]
        finally:
            done.set()
            for client in clients:
                client.join()
        assert proxy.api("GET", "/status")["generation"] == generation + len(stages)
        assert len(statuses) > len(stages)
        assert set(statuses) == {200}
