"""`docs/map.md`, made from the model: `python -m tests.map_page` rewrites it.

The structure and the sentences come from `secret_map/model.py`, the examples from the maps in
`tests/map_examples`, which a test plans.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

import yaml
from pydantic import BaseModel

from secrets_component.secret_map import model
from secrets_component.secret_map.contents import _TAKES_REFERENCES
from secrets_component.secret_map.model import Fields, SecretMapFile
from secrets_component.secret_map.schema import map_schema
from tests.pages import ROOT

PAGE = ROOT / "docs" / "map.md"
EXAMPLES = ROOT / "tests" / "map_examples"
BEGIN, END = "<!-- fields -->\n", "<!-- /fields -->"
PLACEHOLDERS = {"stacks": "component", "paths": "path", "secrets": "key", "random": "name"}
"""What the keys of a field's mapping are called, where they are the user's own."""


@dataclass(frozen=True)
class Place:
    """Where a block of the model is written in a map.

    Attributes:
        path: keys from the top; `<…>` stands for any key, `[]` for any item of a list.
        block: the class of the model.
    """

    path: tuple[str, ...]
    block: type[BaseModel]

    @property
    def kind(self) -> str:
        """The block's `kind`, where blocks of several kinds can be written in this place."""
        field = self.block.model_fields.get("kind")
        if field is None or not self.path[-1].startswith("<"):
            return ""
        return str(get_args(field.annotation)[0])

    @property
    def title(self) -> str:
        """The heading of the block."""
        if not self.path:
            return "Top level"
        kind = f", `kind: {self.kind}`" if self.kind else ""
        return f"`{written_path(self.path)}`{kind}"


def written(text: str) -> str:
    """Return the page with the fields of today's model."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(_sections()) + "\n" + END + after


def places() -> list[Place]:
    """Return each place of each block, in the order of the model, the top level first."""
    found = [Place((), SecretMapFile)]
    for place in found:  # grows while it is read: blocks follow the block that contains them
        types = get_type_hints(place.block, vars(model), include_extras=True)
        for name, field in place.block.model_fields.items():
            path = (*place.path, field.alias or name)
            for below, block in _blocks_in(types[name], PLACEHOLDERS.get(name, "name")):
                if block is not Fields:  # `defaults`, whose fields are those of an entry
                    found.append(Place((*path, *below), block))
    return found


def fields(place: Place) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the fields of a block as a map has them, each with its path."""
    for name, field in place.block.model_fields.items():
        written_name = field.alias or name
        yield written_name, (*place.path, written_name)


def written_path(path: tuple[str, ...]) -> str:
    """Return a path as text: `secrets.<key>.replicas[].region`."""
    return ".".join(path).replace(".[]", "[]")


def example(path: tuple[str, ...], kind: str = "") -> str:
    """Return the shortest example of a path as YAML, or an empty text if no map has one."""
    texts: list[str] = []
    for file in sorted(EXAMPLES.glob("*.yaml")):
        data = yaml.safe_load(file.read_text("utf-8"))
        for branch in _branches(data, path, kind):
            texts.append(_yaml(branch))
    return min(texts, key=len, default="")


class _Dumper(yaml.SafeDumper):
    """YAML with the items of lists indented, as people write it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT002 # as in the base class
        super().increase_indent(flow=flow, indentless=False)


def _yaml(data: Any) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


def without_sources(description: str) -> str:
    """Return a description without the URLs at its end."""
    return _sentences_and_sources(description)[0]


def _sentences_and_sources(description: str) -> tuple[str, list[str]]:
    lines = description.splitlines()
    sources: list[str] = []
    while lines and (not lines[-1] or lines[-1].startswith("https://")):
        sources = [*filter(None, lines.pop().split(", ")), *sources]
    return " ".join(lines), sources


def _blocks_in(
    annotation: Any, placeholder: str
) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    """Yield the blocks of a type with the path from the field to them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield (), annotation
        return
    steps = {dict: f"<{placeholder}>", list: "[]"}
    origin = get_origin(annotation)
    below = (steps[origin],) if origin in steps else ()
    for argument in get_args(annotation):
        for path, block in _blocks_in(argument, placeholder):
            yield (*below, *path), block


def _branches(data: Any, path: tuple[str, ...], kind: str) -> Iterator[Any]:
    """Yield what is written at a path, with the keys that lead to it and nothing beside it."""
    if not path:
        yield data
        return
    first, rest = path[0], path[1:]
    if first == "[]" and isinstance(data, list):
        for item in data:
            yield from ([branch] for branch in _branches(item, rest, kind))
        return
    if not isinstance(data, dict):
        return
    if not rest and kind and data.get("kind", "password") != kind:
        return
    beside = {"kind": data["kind"]} if not rest and first != "kind" and "kind" in data else {}
    keys = list(data) if first.startswith("<") else [key for key in data if key == first]
    for key in keys:
        yield from ({**beside, key: branch} for branch in _branches(data[key], rest, kind))


def _sections() -> Iterator[str]:
    """Yield the lines of all blocks; a field is explained where its class comes first."""
    takers = ", ".join(f"`{name}`" for name in sorted(_TAKES_REFERENCES))
    yield f"\nThese fields may contain references, wherever they are in a map: {takers}."
    definitions = map_schema()["$defs"]
    explained: dict[tuple[type, str], str] = {}
    titles: set[str] = set()
    for place in places():
        definition = definitions[place.block.__name__]
        if place.title not in titles:
            yield f"\n## {place.title}\n"
            titles.add(place.title)
        if place.path:
            yield f"{definition.get('description', '').rstrip('.')}.\n"
        repeated: dict[str, list[str]] = {}
        for name, path in fields(place):
            owner = _owner(place.block, name)
            if (owner, name) in explained:
                repeated.setdefault(explained[owner, name], []).append(f"`{name}`")
                continue
            explained[owner, name] = place.title
            yield from _field(place, path, definition["properties"][name]["description"])
        for title, names in repeated.items():
            yield f"Also, as explained under {title}: {', '.join(names)}.\n"


def _owner(block: type[BaseModel], name: str) -> type:
    """Return the class that declares a field."""
    attribute = f"{name}_" if name in ("import", "lambda") else name
    return next(base for base in reversed(block.__mro__) if attribute in _annotations(base))


def _annotations(base: type) -> dict[str, Any]:
    return dict(getattr(base, "__annotations__", {})) if "__annotations__" in vars(base) else {}


def _field(place: Place, path: tuple[str, ...], description: str) -> Iterator[str]:
    sentences, sources = _sentences_and_sources(description)
    kind = f" ({place.kind})" if place.kind and place.kind != "password" else ""
    yield f"### `{written_path(path)}`{kind}\n"
    links = [f"[source]({url})" for url in sources]
    yield " ".join([sentences, *links]) + "\n"
    yield f"```yaml\n{example(path, place.kind)}```\n"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
