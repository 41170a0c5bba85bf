"""Answers of an admin port, as plain values in the shape of its API."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def verdict(ruling: str = "inconclusive", **changed: Any) -> Json:
    return {
        "verdict": ruling,
        "why": {"pass": "fewer than 1% differ", "fail": "more than 1% differ"}.get(ruling, "not enough evidence yet"),
        "needs": ["264 more clean comparisons", "4m 10s more"] if ruling == "inconclusive" else [],
        "clean_needed": 264,
        "blocking": [],
        "n": 1200,
        "k": 4,
        "rate": 4 / 1200,
        "interval": [0.0004, 0.0123],
        "confidence": 0.95,
        "build": "2026.2",
        "epoch": 3,
        "rules": "aabbccddeeff",
        **changed,
    }


def route(name: str = "charge-read", **changed: Any) -> Json:
    return {
        "name": name,
        "stage": "canary",
        "percent": 10.0,
        "source": "override",
        "epoch": 3,
        "build": "2026.2",
        "owns_data": False,
        "extracted": "charges",
        "sides": {
            "legacy": {"requests": 12345, "errors": 0, "p50": 0.0031, "p99": 0.012},
            "extracted": {"requests": 1204, "errors": 2, "p50": 0.0029, "p99": 0.0141},
        },
        "shadow": {
            "legacy": {"requests": 120, "p50": 0.003, "p99": 0.011},
            "extracted": {"requests": 11000, "p50": 0.0028, "p99": 0.013},
        },
        "comparisons": {"match": 1186, "ignored": 10, "mismatch": 4, "not_compared": 7},
        "not_compared_reasons": {"too_large": 7},
        "dropped": {"queue_full": 3},
        "fallbacks": 0,
        "breaker_open": False,
        "verdict": verdict(),
        "next_stage": "live",
        **changed,
    }


def unrouted() -> Json:
    made = route("unrouted", stage="legacy", percent=None, source="file", extracted=None, next_stage=None)
    del made["verdict"]
    return made


def status(**changed: Any) -> Json:
    return {
        "version": "0.1.0",
        "generation": 3,
        "halted": False,
        "started_at": 1_790_000_000.0,
        "reload": {"ok": True, "at": 1_790_000_000.0, "problems": []},
        "workers": {"expected": 2, "connected": 2, "restarts": 0},
        "control": {"restarts": 0},
        "store": {"ok": True, "error": None, "lost": 0},
        "shedding": False,
        "backends": [{"name": "legacy", "urls": [{"url": "http://a:1", "state": "used"}], "breaker_open": False}],
        "routes": [route(), unrouted()],
        **changed,
    }


def signature(**changed: Any) -> Json:
    return {
        "signature": "3fa1b2c4",
        "kind": "value",
        "risk": "medium",
        "path": "$.data[*].fee",
        "status_pair": [200, 200],
        "count": 41,
        "share": 41 / 12000,
        "state": "open",
        "current": True,
        "first": 1_790_000_000.0,
        "last": 1_790_000_100.0,
        "build": "2026.2",
        "epoch": 3,
        "accepted": None,
        **changed,
    }


def exemplar(**changed: Any) -> Json:
    equal = ", ".join(f'"field{number}": {number}' for number in range(20))
    return {
        "at": 1_790_000_050.0,
        "request": {
            "method": "GET",
            "target": "/v1/charges?limit=1",
            "headers": [["Host", "pay.example"], ["Authorization", "[redacted]"]],
            "body": "",
        },
        "legacy": {
            "status": 200,
            "headers": [["Content-Type", "application/json"], ["Date", "Mon, 01 Jan 2026 00:00:00 GMT"]],
            "body": '{"fee": 1.10, ' + equal + "}",
            "seconds": 0.0031,
        },
        "extracted": {
            "status": 200,
            "headers": [["Content-Type", "text/json"], ["Date", "Mon, 01 Jan 2026 00:00:01 GMT"]],
            "body": '{"fee": 1.11, ' + equal + "}",
            "seconds": 0.0021,
        },
        "differences": [
            {
                "path": "$.fee",
                "kind": "value",
                "risk": "medium",
                "legacy": "1.10",
                "extracted": "1.11",
                "place": "$.fee",
            },
            {
                "path": "header:content-type",
                "kind": "header",
                "risk": "medium",
                "legacy": "application/json",
                "extracted": "text/json",
                "place": "header:content-type",
            },
        ],
        "curl": "curl -si 'http://127.0.0.1:8080/v1/charges?limit=1' -H 'Authorization: [redacted]'",
        **changed,
    }


def move(before: str = "shadow", after: str = "canary", **changed: Any) -> Json:
    return {
        "route": "charge-read",
        "from": {"stage": before, "percent": 0.0},
        "to": {"stage": after, "percent": 10.0},
        "edit": "routes.yaml:7: stage: canary",
        "forced": False,
        **changed,
    }


def problem(title: str, detail: str, **more: Any) -> Json:
    return {"type": "about:blank", "title": title, "detail": detail, **more}
