"""docs/routes.md: the reference of every key, made from the schema, so that it says what is checked."""

from __future__ import annotations

from typing import Any

from proxy.config.schema import json_schema

_PREFACE = """# routes.yaml

One file says which requests move to which extracted service, and how far each has moved. `strangler check` reads it
and names everything that is wrong with it at once; `strangler check --schema` prints its JSON Schema, for completion
and checks in an editor:

```yaml
# yaml-language-server: $schema=proxy/config/routes.schema.json
version: 1
backends:
  legacy:  {url: "http://127.0.0.1:8001"}
  charges: {url: "http://127.0.0.1:8101", build_header: X-Build}
legacy: legacy
routes:
  - name: charge-read
    match: GET /v1/charges/{id}
    extracted: charges
    stage: shadow
```

## How values are written

- **Duration**: `250ms`, `5s`, `1m30s`, `2h`, `30d`. The unit is never left out.
- **Size**: `64KB`, `10MB`, `1GB`, or a number of bytes. K is 1024.
- **Percent**: `5%` or `5`. A bare number is percent too, never a fraction: `0.1` is a tenth of a percent.
- **Text** needs no quotes to stay text: a version `1.10` or a country `NO` is what it looks like.
- **Environment**: `${NAME}` in a value stands for that variable, `${NAME:-default}` has a default, `$${` is a plain
  `${`. A variable that is not set is an error, and no error repeats what a variable held.
- **Quotes**: inside `{...}` and `[...]` a value that itself holds a bracket or comma needs them: `{url: "${URL}"}`.
- **Anchors** (`&name`, `*name`, `<<: *name`) work. A key that stands twice is an error, and so is an unknown key.
- **Field path**: `$` is the whole answer, then `.name`, `['odd name']`, `[*]` (every element), `.*` (every field).

## The short form of a match

`GET /v1/charges/{id}`: a method (or several, `PUT,PATCH`; none means any), then a path. `GET` stands for GET and HEAD.
`{id}` is one whole segment; `/v1/reports/*` is `/v1/reports` and all below it; every other path is exact. The long form
has the words of Gateway API's HTTPRoute, and there `GET` is GET alone:

```yaml
    matches:
      - path: {type: PathPrefix, value: /v1/reports}
        method: [GET, HEAD]
        hosts: ["*.example.com"]
        headers: [{name: X-Version, value: "2"}]
        queryParams: [{name: format, value: "csv|pdf", type: RegularExpression}]
```

The most specific host wins; then Exact, Template (more literal segments first), the longest PathPrefix,
RegularExpression; then method, number of headers, number of query parameters, order in the file.
"""

# The blocks in reading order, and where each stands in the file.
_BLOCKS = {
    "BackendForm": "backends.<name>",
    "PublicRewriteForm": "backends.<name>.rewrite",
    "BackendTlsForm": "backends.<name>.tls",
    "HealthForm": "backends.<name>.health",
    "RouteForm": "routes[]",
    "MatchForm": "routes[].match, routes[].matches[]",
    "PathForm": "routes[].matches[].path",
    "ValueForm": "routes[].matches[].headers[], routes[].matches[].queryParams[]",
    "CanaryForm": "routes[].canary",
    "KeyForm": "routes[].canary.key",
    "PersonForm": "routes[].canary.include[], routes[].canary.exclude[]",
    "ShadowForm": "routes[].shadow",
    "CompareForm": "routes[].compare",
    "OnlyForm": "routes[].compare.only[]",
    "IgnoreForm": "routes[].compare.ignore[]",
    "PatternForm": "routes[].compare.pattern[]",
    "ToleranceForm": "routes[].compare.tolerance[]",
    "UnorderedForm": "routes[].compare.unordered[]",
    "NullIsMissingForm": "routes[].compare.null_is_missing[]",
    "AnyCaseForm": "routes[].compare.any_case[]",
    "RenamedForm": "routes[].compare.renamed[]",
    "GateForm": "routes[].gate",
    "FiltersForm": "routes[].filters",
    "HeaderEditForm": "routes[].filters.request_headers, routes[].filters.response_headers",
    "RewriteForm": "routes[].filters.rewrite",
    "PathRewriteForm": "routes[].filters.rewrite.path, routes[].filters.redirect.path",
    "SideFiltersForm": "routes[].filters.legacy, routes[].filters.extracted",
    "RedirectForm": "routes[].filters.redirect",
    "CorsForm": "routes[].filters.cors",
    "DeprecationForm": "routes[].filters.deprecation",
    "TimeoutsForm": "routes[].timeouts",
    "RetryForm": "routes[].retry",
    "ListenForm": "listen",
    "CertificateForm": "listen.tls[]",
    "LimitsForm": "limits",
    "BudgetForm": "shadow",
    "ReasksForm": "reasks",
    "BreakerForm": "breaker",
    "RetentionForm": "retention",
}


def page() -> str:
    """The whole of docs/routes.md."""
    schema = json_schema()
    definitions = schema["$defs"]
    parts = [_PREFACE, _block("The top level", schema)]
    parts += [_block(f"`{place}`", definitions[name]) for name, place in _BLOCKS.items()]
    missing = definitions.keys() - _BLOCKS.keys()
    if missing:
        raise LookupError(f"no place in the reference for {', '.join(sorted(missing))}")
    return "\n".join(parts)


def _block(title: str, block: dict[str, Any]) -> str:
    block = block["anyOf"][1] if "anyOf" in block else block
    lines = [
        f"## {title}",
        "",
        block["description"],
        "",
        "| key | value | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, key in block["properties"].items():
        if name in block.get("required", ()):
            default = "**required**"
        else:
            default = f"`{_written(key['default'])}`" if "default" in key else ""
        cells = (f"`{name}`", _kind(key), default, key["description"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _kind(key: dict[str, Any]) -> str:
    if "$ref" in key or "properties" in key:
        return "block"
    if "anyOf" in key:
        kinds = [_kind(one) for one in key["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if key.get("type") == "array":
        return f"list: {_kind(key['items'])}"
    if key.get("type") == "object":
        return "block" if "$ref" in key["additionalProperties"] else "`{name: value}`"
    if "enum" in key and 1 < len(key["enum"]) < 6:
        return " ".join(f"`{word}`" for word in key["enum"])
    return str(key["title"])


def _written(default: Any) -> str:
    if isinstance(default, bool):
        return "true" if default else "false"
    return f"[{', '.join(default)}]" if isinstance(default, list) else str(default)
