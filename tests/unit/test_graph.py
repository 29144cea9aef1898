"""The picture of a map: what is in it, in a form that Mermaid reads (see `tests/editor`)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secrets_component.graph import mermaid
from secrets_component.planning.planner import plans
from secrets_component.secret_map.yaml_text import parse_yaml
from tests.maps_of_repository import valid_maps

ROOT = Path(__file__).parent.parent.parent
MAPS = ROOT / "tests" / "maps"
ID = r"[a-z]\d+"
LABEL = r'"[A-Za-z0-9 _./:@+=,$(){}*<>#;-]*"'
SHAPES = (rf"\[{LABEL}\]", rf"\(\[{LABEL}\]\)", rf"\[/{LABEL}/\]", rf"\{{\{{{LABEL}\}}\}}", rf">{LABEL}\]", rf"\[\({LABEL}\)\]")  # fmt: skip
NODE = re.compile(rf"(?P<id>{ID})(?:{'|'.join(SHAPES)})")
EDGE = re.compile(rf"(?P<from>{ID}) (?:-->|-\.->)(?:\|{LABEL}\|)? (?P<to>{ID})")
SUBGRAPH = re.compile(rf"subgraph m\d+\[{LABEL}\]")


def graph_of(text: str, environment: str = "dev") -> str:
    return "\n".join(mermaid(plans(parse_yaml(text, "m"), environment).values()))


def labels(graph: str) -> set[str]:
    return set(re.findall(r'"(.*?)"', graph))


def edges(graph: str) -> set[str]:
    """The edges, with the first line of each node in place of its id."""
    names = dict(re.findall(rf'^ +({ID})[^ \w]+"(.*?)(?:<br/>.*)?"', graph, re.MULTILINE))
    return {
        re.sub(ID, lambda found: names.get(found[0], found[0]), line.strip())
        for line in graph.splitlines()
        if EDGE.fullmatch(line.strip())
    }


@pytest.mark.parametrize(("name", "text"), valid_maps().items(), ids=valid_maps())
def test_graph_is_a_flowchart_whose_edges_have_nodes(name: str, text: str) -> None:
    first, *lines = graph_of(text).splitlines()
    assert first == "flowchart LR"
    nodes, ends = set(), set()
    for line in map(str.strip, lines):
        node, edge = NODE.fullmatch(line), EDGE.fullmatch(line)
        assert node or edge or line == "end" or SUBGRAPH.fullmatch(line), f"{name}: {line}"
        if node:
            assert node["id"] not in nodes
            nodes.add(node["id"])
        if edge:
            ends |= {edge["from"], edge["to"]}
    assert ends <= nodes


@pytest.mark.parametrize("name", ["guide-full", "guide-database"])
def test_graph_of_the_guide_is_as_reviewed(name: str) -> None:
    text = (MAPS / f"{name}.yaml").read_text("utf-8")
    reviewed = (MAPS / f"{name}.mmd").read_text("utf-8")
    assert graph_of(text) + "\n" == reviewed, f"review what `plan --graph` prints of {name}"


MAP = """
context_name: shop
stacks: {app: acme/app/dev, rds: {stack: acme/rds/dev, when_missing: wait}}
access:
  readers: ["arn:aws:iam::111122223333:role/reader"]
  paths: {rds: {admins: ["${output.app.role_arn}"], attach_to: [team]}}
secrets:
  db: {path: rds, generate_random_password: true, kms_key_id: "${output.app.key}"}
  url: {secret_data: "a://b:${output.secretsmanager.generated_passwords.db}@${output.rds.host}/hunter2"}
  login:
    random: {token: {kind: bytes}, pair: {kind: key_pair}}
    secret_data: {t: "${random.token}", p: "${random.pair.public}", c: "${config.c}", a: "${output.secretsmanager.secret_arns.db}"}
    replicas: [{region: eu-west-1, kms_key_id: alias/there}]
"""


def test_edges_show_where_each_value_comes_from() -> None:
    drawn = edges(graph_of(MAP))
    assert {
        "db --> db",
        "db --> url",
        'rds -->|"host"| url',
        "login.token --> login",
        'login.pair -->|"public half"| login',
        "${config.c} --> login",
        'db -->|"ARN"| login',
    } <= drawn


def test_edges_show_keys_and_readers() -> None:
    drawn = edges(graph_of(MAP))
    assert {
        'app -->|"key"| ${output.app.key}',
        "${output.app.key} -.-> db",
        "alias/aws/secretsmanager -.-> url",
        'alias/there -.->|"eu-west-1"| login',
        'db -->|"reads"| arn:aws:iam::111122223333:role/reader',
        'db -->|"administers"| ${output.app.role_arn}',
        'db -->|"reads"| role team',
    } <= drawn
    assert 'url -->|"reads"| role team' not in drawn


def test_stack_that_may_be_missing_says_so() -> None:
    found = labels(graph_of(MAP))
    assert "rds<br/>acme/rds/dev<br/>waits if missing" in found
    assert "app<br/>acme/app/dev" in found


def test_no_value_is_in_the_graph() -> None:
    assert "hunter2" not in graph_of(MAP)


def test_same_map_is_the_same_graph() -> None:
    assert graph_of(MAP) == graph_of(MAP)


def test_adopted_secret_keeps_a_key_that_is_not_drawn() -> None:
    graph = graph_of("context_name: x\nsecrets: {a: {import: some/secret}}\n")
    assert "-.->" not in graph


def test_maps_of_a_file_share_stacks_and_readers() -> None:
    one, two = (
        f"vars: {{context_name: {name}, name: {name}, stacks: {{app: a/b/c}}, "
        "secrets: {k: {secret_data: '${output.app.x}'}}}"
        for name in "xy"
    )
    graph = graph_of(
        f"components: {{terraform: {{secretsmanager: {{{one}}}, "
        f"b: {{metadata: {{component: secretsmanager}}, {two}}}}}}}\n"
    )
    assert graph.count("subgraph ") == 2
    assert graph.count("a/b/c") == 1
    assert graph.count('"k<br/>') == 2


def test_odd_names_are_written_as_codes() -> None:
    graph = graph_of(
        "context_name: x\nstacks: {app: 'a/b\"c`|#<i>[/d'}\n"
        "secrets: {k: {secret_data: '${output.app.x}'}}\n"
    )
    assert "a/b#34;c#96;#124;#35;#60;i#62;#91;/d" in graph
