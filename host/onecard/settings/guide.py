"""Settings explained, made from the schema: a file to begin with, and the tables of the docs."""

from __future__ import annotations

from collections.abc import Iterator

from .fields import COMMON, OF_SCENE, SCENES, Field, literal, permitted
from .words import NEEDED, SAMPLES, TITLES, WORDS

_HEAD = """\
# Settings of a terminal: {title}. Made by `onecard config example {scene}`.
# What begins with # and a name is the default, or a sample: take the # away to change it.
"""
MARK = "<!-- From here on made by `onecard config document`; a test compares. -->"


def example(scene: str) -> str:
    """A TOML file of this scene with every field, its range and its default; right as it is."""
    needed = {"scene": f'"{scene}"', **NEEDED.get(scene, {})}
    flat = [field for field in COMMON if not field.is_list]
    lines = [_HEAD.format(title=TITLES[scene], scene=scene)]
    for field in flat:
        lines += _lines(field.name, field, needed.get(field.name))
    lines += ["", f"[{scene}]"]
    own = OF_SCENE[scene]
    for field in own:
        if not field.is_list:
            lines += _lines(f"{scene}.{field.name}", field)
    lists = [(field.name, field) for field in COMMON if field.is_list]
    lists += [(f"{scene}.{field.name}", field) for field in own if field.is_list]
    for path, field in lists:
        lines += ["", f"# {WORDS[path]} ({permitted(field)})", f"#[[{path}]]"]
        for inner in field.rows:
            lines += _lines(f"{path}.{inner.name}", inner, is_sample=True)
    return "\n".join(lines) + "\n"


def _lines(
    path: str, field: Field, needed: str | None = None, is_sample: bool = False
) -> Iterator[str]:
    """A field's comment and its line, commented out unless it is needed."""
    value = needed or SAMPLES.get(path)
    if value is None:
        value = literal(field, field.default)
        if field.kind == "date" and field.default == 0:
            value = "2026-12-31"
    is_default = needed is None and (is_sample or not field.is_needed)
    yield f"# {WORDS[path]} ({_range(path, field)})"
    yield ("#" if is_default else "") + f"{field.name} = {value}"


def _range(path: str, field: Field) -> str:
    if field.is_needed:
        return f"{permitted(field)}; needed"
    if path in SAMPLES:
        return f"{permitted(field)}; default {default(field)}"
    return permitted(field)


def default(field: Field) -> str:
    """A field's default as TOML has it, in words where it has none."""
    if field.is_needed:
        return "needed"
    if field.is_list or (field.kind == "date" and field.default == 0):
        return "none"
    return literal(field, field.default)


def document() -> str:
    """docs/configuration.md from MARK on."""
    parts = [MARK, "\n## All scenes\n", *table("", COMMON)]
    for scene in SCENES:
        parts += [f"\n## {TITLES[scene]}: `[{scene}]`\n", *table(scene, OF_SCENE[scene])]
        parts += [f"\nAn example: [examples/{scene}.toml](examples/{scene}.toml)."]
    return "\n".join(parts) + "\n"


def table(path: str, lines: tuple[Field, ...]) -> Iterator[str]:
    """The fields below `path` as tables."""
    yield "| field | value | default | what it is for |"
    yield "| --- | --- | --- | --- |"
    for field in lines:
        at = f"{path}.{field.name}" if path else field.name
        yield _row(field.name, at, field)
    for field in lines:
        if field.is_list:
            at = f"{path}.{field.name}" if path else field.name
            yield f"\nEach `[[{at}]]`; no two have the same `{field.rows[0].name}`:\n"
            yield "| field | value | default | what it is for |"
            yield "| --- | --- | --- | --- |"
            yield from (_row(inner.name, f"{at}.{inner.name}", inner) for inner in field.rows)


def _row(name: str, path: str, field: Field) -> str:
    shown = default(field)
    value = f"`{shown}`" if shown not in ("none", "needed") else shown
    return f"| `{name}` | {permitted(field)} | {value} | {WORDS[path]} |"
