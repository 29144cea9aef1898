"""Draws plans as a Mermaid flowchart: what each secret is made from, and who reads it.

Names only: no value and no literal text of a map is in it.
Syntax: https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from secrets_component.iam.grants import KINDS, TemplatedPolicy
from secrets_component.planning.plan import (
    AwsManagedKey,
    KmsKey,
    MapKey,
    NamedKey,
    Plan,
    PlannedSecret,
)
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY
from secrets_component.secret_map.references import Reference, ReferenceKind

_SHAPES = {
    "entry": '["{}"]',
    "generated": '(["{}"])',
    "input": '[/"{}"/]',
    "key": '{{{{"{}"}}}}',
    "principal": '>"{}"]',
    "stack": '[("{}")]',
}
"""Mermaid's shapes by the kind of a node."""

_CODED = re.compile(r"[^A-Za-z0-9 _./:@+=,$(){}*-]")
"""What has a meaning in a label, or could get one: written as its code, `#34;`."""

_GENERATED_OUTPUTS = ("generated_passwords", "public_keys")
_EDGE_LABELS = {"secret_arns": "ARN", "secret_names": "name", "public_keys": "public half"}
_ACCESS = {"read": "reads", "admin": "administers"}


def mermaid(plans: Iterable[Plan]) -> Iterator[str]:
    """Yield the lines of a flowchart of all maps of a file; the same for the same maps.

    Args:
        plans: the plans of the file's maps, in its order.
    """
    graph = _Graph()
    yield "flowchart LR"
    for number, plan in enumerate(plans):
        own = _MapGraph(graph, plan)
        own.draw()
        yield f'  subgraph m{number}["{_label(plan.name)} in {_label(plan.environment)}"]'
        for line in own.inside:
            yield f"    {line}"

        yield "  end"

    for line in (*graph.outside, *graph.edges):
        yield f"  {line}"


def _label(*lines: str) -> str:
    """Return the text of a node; each part is a line of its own."""
    return "<br/>".join(_CODED.sub(lambda found: f"#{ord(found[0])};", line) for line in lines)


class _Graph:
    """The nodes that maps share, and all edges, in the order in which they were first named."""

    def __init__(self) -> None:
        self.outside: dict[str, None] = {}
        self._edges: dict[tuple[str, str, str], dict[str, None]] = {}
        self._ids: dict[tuple[str, str], str] = {}

    @property
    def edges(self) -> Iterator[str]:
        """The edges; those between the same two nodes are one, with all of their labels."""
        for (source, arrow, target), labels in self._edges.items():
            shown = ", ".join(filter(None, labels))
            text = f'|"{_label(shown)}"|' if shown else ""
            yield f"{source} {arrow}{text} {target}"

    def node(self, kind: str, name: str, *lines: str) -> tuple[str, str]:
        """Return the id of a node and the line that draws it.

        Args:
            kind: one of the shapes.
            name: what tells the node from others of its kind.
            lines: its text; the name if there is none.
        """
        known = self._ids.setdefault((kind, name), f"{kind[0]}{len(self._ids)}")
        shape = _SHAPES[kind].format(_label(*(lines or (name,))))
        return known, known + shape

    def shared(self, kind: str, name: str, *lines: str) -> str:
        """Return the id of a node that is outside of all maps."""
        known, line = self.node(kind, name, *lines)
        self.outside[line] = None
        return known

    def link(self, source: str, target: str, label: str = "", arrow: str = "-->") -> None:
        """Draw an edge."""
        self._edges.setdefault((source, arrow, target), {})[label] = None


class _MapGraph:
    """The part of the graph that one map has."""

    def __init__(self, graph: _Graph, plan: Plan) -> None:
        self.inside: dict[str, None] = {}
        self._graph = graph
        self._plan = plan

    def draw(self) -> None:
        for secret in self._plan.in_order():
            entry = self._entry(secret.key)
            for key in secret.generated_values:
                self._graph.link(self._generated(key), entry)

            for reference in _read_by_entry(secret):
                source, label = self._source(secret, reference)
                self._graph.link(source, entry, label)

            for region, kms_key in secret.keys.items():
                for key in self._key(secret, kms_key):
                    self._graph.link(key, entry, region or "", "-.->")

            for principal, label in self._readers(secret):
                self._graph.link(entry, self._graph.shared("principal", principal), label)

    def _own(self, kind: str, name: str, *lines: str) -> str:
        """Return the id of a node of this map."""
        known, line = self._graph.node(kind, f"{self._plan.instance} {name}", *lines)
        self.inside[line] = None
        return known

    def _entry(self, key: str) -> str:
        return self._own("entry", key, key, self._plan.secrets[key].name)

    def _generated(self, key: str) -> str:
        entry, _, _ = key.partition(".")
        kind = self._plan.secrets[entry].generated_values[key].kind
        return self._own("generated", key, key, f"generated {kind}".replace("_", " "))

    def _source(self, secret: PlannedSecret, reference: Reference) -> tuple[str, str]:
        """Return the node that a reference reads from, and what it reads there."""
        match reference.kind:
            case ReferenceKind.OUTPUT:
                component, *output = reference.path
                return self._stack(component), ".".join(output)
            case ReferenceKind.SELF:
                return self._own_output(*reference.path[1:])
            case ReferenceKind.RANDOM:
                name, *half = reference.path
                return self._generated(f"{secret.key}.{name}"), "public half" if half else ""
            case _:
                return self._graph.shared("input", str(reference)), ""

    def _own_output(self, output: str, *key: str) -> tuple[str, str]:
        """Return the node of one of the map's own outputs, and what is read of it."""
        label = _EDGE_LABELS.get(output, "")
        if output in _GENERATED_OUTPUTS:
            return self._generated(".".join(key)), label

        return self._entry(key[0]), label

    def _stack(self, component: str) -> str:
        stack = self._plan.stacks[component]
        lines = [component, stack.stack]
        if stack.when_missing == "wait":
            lines.append("waits if missing")

        return self._graph.shared("stack", f"{component} {stack.stack}", *lines)

    def _key(self, secret: PlannedSecret, kms_key: KmsKey) -> Iterator[str]:
        """Yield the node of a key, unless an adopted secret keeps one that the map cannot know."""
        match kms_key:
            case MapKey(alias):
                yield self._own("key", alias, alias)
            case AwsManagedKey():
                yield self._graph.shared("key", AWS_MANAGED_KEY)
            case NamedKey(template):
                key = self._graph.shared("key", str(template))
                for reference in template.references:
                    source, label = self._source(secret, reference)
                    self._graph.link(source, key, label)

                yield key

    def _readers(self, secret: PlannedSecret) -> Iterator[tuple[str, str]]:
        """Yield the principals that can use a secret, and what they do with it."""
        for grant in secret.grants:
            for kind in KINDS:
                for grantee in grant.of(kind):
                    yield str(grantee.principal), _ACCESS[kind]

        for level in self._plan.levels:
            if level.covers(secret.path):
                yield from ((f"role {name}", "reads") for name, _ in level.attach_to)

        if isinstance(secret.policy, TemplatedPolicy):
            yield from ((str(named), secret.policy.template) for named in secret.policy.principals)


def _read_by_entry(secret: PlannedSecret) -> Mapping[Reference, None]:
    """Return the references of a secret, without those that only name its keys."""
    of_keys: set[Reference] = set()
    for kms_key in secret.keys.values():
        if isinstance(kms_key, NamedKey):
            of_keys.update(kms_key.template.references)

    others = (reference for reference in secret.references if reference not in of_keys)
    return dict.fromkeys((*secret.value_references, *others))
