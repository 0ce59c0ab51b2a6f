"""What a validation error says, as one sentence: the key's path, the value found, what is allowed, a near match."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from reprosep.base.errors import near_match

_LONGEST = 100  # letters of a value that are shown


def explain(error: ValidationError, model: Any, example: str) -> str:
    """The first error of validating `model`; `example` is a file in which every key stands.

    Unknown keys come first: they are usually the misspelling behind a missing one.
    """
    first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    location = _without_tags([part for part in first["loc"] if part != "[key]"], model)
    path = ".".join(str(part) for part, _ in location)
    if first["type"] == "extra_forbidden":
        allowed = _keys(location[-1][1])
        return f"unknown key '{path}'{near_match(str(location[-1][0]), allowed)}; allowed here: {', '.join(allowed)}"
    if first["type"] == "missing":
        return f"key '{path}' is missing; copy it from {example}"
    if first["type"].startswith("union_tag"):
        return _kind_sentence(path, first)
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    allowed = _choices(first)
    message = first["msg"][:1].lower() + first["msg"][1:]
    found = repr(first["input"])
    shown = found if len(found) <= _LONGEST else f"{found[:_LONGEST]}…"
    return f"{path}: found {shown}, but {message}{near_match(str(first['input'])[:_LONGEST], allowed)}"


def _kind_sentence(path: str, item: Any) -> str:
    """Of a section of one of several kinds that does not say which, or names none of them."""
    context = item["ctx"]
    key, allowed = (
        context["discriminator"].strip("'"),
        [tag.strip("' ") for tag in context.get("expected_tags", "").split(",")],
    )
    if item["type"] == "union_tag_not_found":
        return f"key '{path}.{key}' is missing; it says of which kind the section is"
    tag = context["tag"]
    return f"{path}.{key}: unknown kind '{tag}'{near_match(tag, allowed)}; allowed: {', '.join(allowed)}"


def _choices(item: Any) -> list[str]:
    expected = item.get("ctx", {}).get("expected", "")
    return [part.strip("' ") for part in str(expected).replace(" or ", ",").split(",")]


def _without_tags(location: list[Any], root: Any) -> list[tuple[Any, Any]]:
    """The keys of a location, each with the section that holds it; the tags of kinds are no keys."""
    section, kept = root, []
    for part in location:
        kinds = _kinds(section)
        if part in kinds:
            section = kinds[part]
            continue
        kept.append((part, section))
        section = _below(section, part)
    return kept


def _below(section: Any, key: Any) -> Any:
    """What a key of a section holds; what is in a mapping or a list of sections is as they are."""
    if not _is_section(section):
        return section
    fields: dict[str, FieldInfo] = {field.alias or name: field for name, field in section.model_fields.items()}
    return _inner(fields[key].annotation) if key in fields else section


def _inner(annotation: Any) -> Any:
    """The section, or the kinds of one, inside an annotation such as ``dict[str, Corpus]`` or ``Standin | None``."""
    if _is_section(annotation) or _kinds(annotation):
        return annotation
    sections = [one for one in map(_inner, get_args(annotation)) if _is_section(one) or _kinds(one)]
    return sections[0] if sections else annotation


def _kinds(annotation: Any) -> dict[str, Any]:
    """Tag -> section of a union of kinds."""
    if get_origin(annotation) is not Annotated:
        return {}
    union, *marks = get_args(annotation)
    keys = [mark.discriminator for mark in marks if isinstance(mark, FieldInfo) and mark.discriminator]
    if not keys or get_origin(union) not in (Union, types.UnionType):
        return {}
    return {tag: one for one in get_args(union) for tag in _tags(one, str(keys[0]))}


def _tags(section: Any, key: str) -> Iterator[str]:
    yield from get_args(section.model_fields[key].annotation)


def _keys(section: Any) -> list[str]:
    """The keys that a section may have."""
    return [field.alias or name for name, field in section.model_fields.items()] if _is_section(section) else []


def _is_section(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)
