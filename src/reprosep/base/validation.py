"""What a validation error says, as one sentence: the key's path, the value found, what is allowed, a near match."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from reprosep.base.errors import near_match


def explain(error: ValidationError, model: type[BaseModel], example: str) -> str:
    """The first error of validating `model`; `example` is a file in which every key stands.

    Unknown keys come first: they are usually the misspelling behind a missing one.
    """
    first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    location = [part for part in first["loc"] if part != "[key]"]
    path = ".".join(str(part) for part in location)
    if first["type"] == "extra_forbidden":
        allowed = _keys_beside(location, model)
        return f"unknown key '{path}'{near_match(str(location[-1]), allowed)}; allowed here: {', '.join(allowed)}"
    if first["type"] == "missing":
        return f"key '{path}' is missing; copy it from {example}"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    allowed = _choices(first)
    message = first["msg"][:1].lower() + first["msg"][1:]
    return f"{path}: found {first['input']!r}, but {message}{near_match(str(first['input']), allowed)}"


def _choices(item: Any) -> list[str]:
    expected = item.get("ctx", {}).get("expected", "")
    return [part.strip("' ") for part in str(expected).replace(" or ", ",").split(",")]


def _keys_beside(location: list[Any], root: Any) -> list[str]:
    """The keys that the section holding `location` may have."""
    model = root
    for part in location[:-1]:
        field = {f.alias or name: f for name, f in model.model_fields.items()}.get(part) if _is_section(model) else None
        model = _section_of(field.annotation) if field else model
    return [field.alias or name for name, field in model.model_fields.items()] if _is_section(model) else []


def _is_section(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _section_of(annotation: Any) -> Any:
    """The section inside an annotation such as ``dict[str, Corpus]`` or ``Standin | None``."""
    if _is_section(annotation):
        return annotation
    inner = [_section_of(part) for part in get_args(annotation)]
    return next((model for model in inner if _is_section(model)), annotation)
