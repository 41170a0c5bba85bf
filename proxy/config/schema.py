"""The JSON Schema of routes.yaml, for completion and checks in an editor. Shipped as routes.schema.json."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from proxy.config.form import RoutesForm


class _Untitled(GenerateJsonSchema):
    """Titles name the kind of a value; one made from the key's own name says nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema() -> dict[str, Any]:
    schema = RoutesForm.model_json_schema(schema_generator=_Untitled)
    definitions = schema["$defs"]
    for block in [schema, *definitions.values()]:
        block.pop("title", None)
        for key in block["properties"].values():
            if isinstance(key.get("default"), dict) or key.get("default", ...) in (None, []):
                del key["default"]  # a block's own keys say their defaults; nothing is no default worth showing
    _add_short_forms(definitions)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "routes.yaml", **schema}


def _add_short_forms(definitions: dict[str, Any]) -> None:
    short = {"title": "METHOD /path", "type": "string", "pattern": r"^([A-Z,-]+\s+)?/\S*$|.*\$\{.*"}
    definitions["MatchForm"] = {"anyOf": [short, definitions["MatchForm"]]}
    definitions["KeyForm"] = {"anyOf": [{"const": "client_ip"}, definitions["KeyForm"]]}
    method = definitions["MatchForm"]["anyOf"][1]["properties"]["method"]
    method["anyOf"] = [method["items"], {"type": method.pop("type"), "items": method.pop("items")}]
