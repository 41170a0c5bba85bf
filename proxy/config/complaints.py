"""What pydantic found, in words for the person who wrote the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from proxy.config.fields import did_you_mean
from proxy.config.yaml_text import Items, Loc, Node, Pairs, Scalar, Source

_SHAPES = {
    "model_type": "a block of keys",
    "dict_type": "a block of keys",
    "tuple_type": "a list",
}


def complain(source: Source, form: type[BaseModel], at: Loc, trouble: ValidationError) -> None:
    """Turn each error of validating the value at `at` as a `form` into a problem at its own place."""
    for error in trouble.errors(include_url=False, include_input=False):
        loc: Loc = (*at, *error["loc"])
        kind = error["type"]
        node, walked = source.find(loc)
        if kind == "extra_forbidden":
            known = [name for name in _keys(form, error["loc"][:-1]) if name not in _written(source, loc[:-1])]
            message = f"{subject(source, loc[:-1])}unknown key `{loc[-1]}`"
            source.complain(source.key(loc), message, did_you_mean(str(loc[-1]), known))
        elif kind == "missing":
            message = f"{subject(source, loc[:-1])}`{loc[-1]}` is missing"
            source.complain(node, message, f"Add `{loc[-1]}:`. {_about(form, error['loc'])}")
        elif kind in _SHAPES:
            empty = isinstance(node, Scalar) and node.is_null
            message = "has no value" if empty else f"must be {_SHAPES[kind]}"
            remedy = "Write its value, or remove the key." if empty else _shape_remedy(kind, node)
            source.complain(node, f"{subject(source, walked)}{quoted(walked)}{message}", remedy)
        else:
            context: dict[str, Any] = error.get("ctx", {})
            message = f"{subject(source, walked)}{quoted(walked)}{error['msg']}{found(node)}"
            remedy = context.get("remedy", "See docs/routes.md.")
            if isinstance(node, Scalar) and "${" in node.text:
                remedy = "Mend what the variable holds."  # a better hint would repeat it, and it may be a secret
            source.complain(node, message, remedy)


def subject(source: Source, loc: Loc) -> str:
    """`route charge-read: ` or `backend charges: `, with the place in the list when the route has no name."""
    if len(loc) < 2 or loc[0] not in ("routes", "backends"):
        return ""
    if loc[0] == "backends":
        return f"backend {loc[1]}: "
    node, walked = source.find((*loc[:2], "name"))
    named = len(walked) == 3 and isinstance(node, Scalar) and not node.is_null
    return f"route {node.text[:63]}: " if named and isinstance(node, Scalar) else f"route number {int(loc[1]) + 1}: "


def quoted(loc: Loc) -> str:
    """The keys of `loc` as a person would write them: `canary.include[1].header` and a space."""
    inner = loc[2:] if len(loc) > 1 and loc[0] in ("routes", "backends") else loc
    text = ""
    for part in inner:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return f"`{text}` " if text else ""


def found(node: Node) -> str:
    """What stands in the file (a reference stays a reference: its value may be a secret)."""
    if not isinstance(node, Scalar) or not node.text:
        return ""
    text = node.text if node.text.isprintable() else ascii(node.text)[1:-1]
    return f" (found `{text if len(text) <= 60 else text[:57] + '...'}`)"


def _shape_remedy(kind: str, node: Node) -> str:
    if kind == "tuple_type":
        return "Write `[one, two]`, or one item a line, each with `- ` before it."
    if isinstance(node, Items):
        return "Remove the `- ` or the brackets: here stand keys, not a list."
    return "Write `key: value` lines below it, indented, or `{key: value}`."


def _written(source: Source, loc: Loc) -> Sequence[str]:
    node, walked = source.find(loc)
    return [key.text for key, _ in node.pairs] if walked == loc and isinstance(node, Pairs) else []


def _model(annotation: Any) -> type[BaseModel] | None:
    """The one model inside an annotation such as `tuple[RuleForm, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model(inner))), None)


def _walk(form: type[BaseModel], loc: Sequence[int | str]) -> type[BaseModel]:
    for part in loc:
        field = next((field for name, field in form.model_fields.items() if part in (name, field.alias)), None)
        if field and (inner := _model(field.annotation)):
            form = inner
    return form


def _keys(form: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    return [field.alias or name for name, field in _walk(form, loc).model_fields.items()]


def _about(form: type[BaseModel], loc: Sequence[int | str]) -> str:
    field = _walk(form, loc[:-1]).model_fields.get(str(loc[-1]))
    return (field.description if field else None) or "see docs/routes.md."
