"""The signatures of a route as people look at them: each once for a build and a rule set, with what became of it.

Evidence is keyed by epoch too, and anew when something is accepted; whoever looks at what differs does not care, so
rows of one signature are added up over epochs. A signature of an earlier build or rule set is called `mended` when it
was not seen since, in so many comparisons that chance alone would have shown it with 95 %: (1 - share)^n < 5 %. Until
then it is `unseen`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from proxy.model.comparison import Kind
from proxy.model.evidence import EvidenceKey
from proxy.model.records import Accepted, SignatureRow

BY_CHANCE = 0.05

_Group = tuple[str, str]  # build, rules without what acceptance adds to them


def listed(
    rows: Collection[SignatureRow],
    accepted: Mapping[str, Accepted],
    current: EvidenceKey,
    compared: Mapping[EvidenceKey, int],
    today: str,
    notes: Mapping[str, str],
    broken: Mapping[str, str],
) -> list[dict[str, Any]]:
    """JSON of every signature, those of the current build and rules first, then by count. `compared`: how many pairs
    were compared under each key; `today` is an ISO date; `notes` says what is wrong with a flagged field, by
    its path, `broken` what legacy's fields keep together and the service, as it is now, does not."""
    folded: dict[tuple[_Group, str], list[SignatureRow]] = {}
    for row in rows:
        folded.setdefault((_group(row.key), row.signature), []).append(row)
    pairs: dict[_Group, int] = {}
    for key, count in compared.items():
        pairs[_group(key)] = pairs.get(_group(key), 0) + count
    now = _group(current)
    still = {signature for group, signature in folded if group == now}
    made = []
    for (group, signature), each in folded.items():
        plain = _plain(each, pairs.get(group, 0))
        entry = accepted.get(signature)
        made.append(
            {
                **plain,
                "current": group == now,
                "note": (notes if plain["kind"] == Kind.NOISE else broken if group == now else {}).get(
                    plain["path"], ""
                ),
                "state": _state(signature in still, plain["share"], pairs.get(now, 0), entry, today),
                "accepted": {"owner": entry.owner, "reason": entry.reason, "until": entry.until} if entry else None,
            }
        )
    return sorted(made, key=lambda row: (not row["current"], -row["count"], row["signature"]))


def _group(key: EvidenceKey) -> _Group:
    return key.build, key.rules.partition("+")[0]


def _plain(rows: Sequence[SignatureRow], compared: int) -> dict[str, Any]:
    newest = max(rows, key=lambda row: row.last)
    count = sum(row.count for row in rows)
    counted = newest.kind != Kind.NOISE  # a flag counts how often its field was asked about, not comparisons
    return {
        "signature": newest.signature,
        "kind": newest.kind,
        "risk": str(newest.risk),
        "path": newest.path,
        "status_pair": [newest.status_legacy, newest.status_extracted],
        "count": count,
        "share": min(1.0, count / compared) if compared and counted else None,
        "first": min(row.first for row in rows),
        "last": newest.last,
        "build": newest.key.build,
        "epoch": newest.key.epoch,
        "epochs": sorted({row.key.epoch for row in rows}),
        "rules": newest.key.rules.partition("+")[0],
    }


def _state(is_there: bool, share: float | None, compared: int, entry: Accepted | None, today: str) -> str:
    if not is_there:
        return "mended" if share and (1.0 - share) ** compared < BY_CHANCE else "unseen"
    return "accepted" if entry is not None and entry.until >= today else "open"
