"""README and docs: links lead somewhere, maps are good ones, commands print what is written.

Commands that need neither AWS nor Pulumi run here, in this process; `tests/engine/test_pages.py` and
the tests of single pages run the others.
"""

from __future__ import annotations

import contextlib
import io
import shlex
from pathlib import Path

import pytest
import yaml

from secrets_component.cli.command import main
from secrets_component.secret_map.model import SecretMapFile
from tests import pages
from tests.certificates import CERTIFICATE
from tests.maps_of_tests import plan_of
from tests.pages import DOCS, ROOT

PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
LINKED = [*PAGES, *sorted(ROOT.glob("*/README.md")), ROOT / "examples" / "ci" / "README.md"]
OWN_TESTS = {"audit", "command", "values"}
"""Pages whose blocks have a test of their own."""

TESTED = [page for page in PAGES if page.stem not in OWN_TESTS]
OFFLINE = ("validate", "plan", "schema")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", LINKED, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    broken = []
    for target in pages.links(text):
        path, _, anchor = target.partition("#")
        if path.startswith(("https://", "http://", "mailto:")):
            continue
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or (
            anchor and anchor not in pages.anchors(linked.read_text("utf-8"))
        ):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=name_of)
def test_page_can_be_reached(page: Path) -> None:
    """A page is in the navigation of the site, and a heading opens it."""
    navigation = (ROOT / "zensical.toml").read_text("utf-8")
    assert f'"{page.name}"' in navigation
    assert page.read_text("utf-8").startswith("# ")


@pytest.mark.parametrize("picture", sorted(DOCS.glob("pictures/*.svg")), ids=name_of)
def test_picture_is_used_and_says_what_it_shows(picture: Path) -> None:
    users = [page for page in PAGES if f"pictures/{picture.name})" in page.read_text("utf-8")]
    assert users != []
    text = picture.read_text("utf-8")
    assert '<desc id="desc">' in text
    assert 'role="img"' in text
    assert "prefers-color-scheme: dark" in text


def offline(command: str) -> bool:
    """Return whether a command needs this process only."""
    words = shlex.split(command)
    program = words[2:] if words[1:2] == ["-m"] else words
    is_ours = program[:1] in (["secretsmap"], ["secrets_component"])
    is_verb = is_ours and {*program[1:2]} <= {*OFFLINE}
    return is_verb and not {"--live", "--filled"} & set(words)


def files_of(text: str) -> dict[str, str]:
    """Return the maps that a page shows, by file name."""
    return {name: body for name, body in pages.files(text).items() if name.endswith(".yaml")}


COMMANDS = [
    pytest.param(page, command, expected, id=f"{name_of(page)}: {command}")
    for page in TESTED
    for command, expected in pages.commands(page.read_text("utf-8"))
    if offline(command)
]


@pytest.mark.parametrize(("page", "command", "expected"), COMMANDS)
def test_command_prints_what_the_page_says(
    page: Path, command: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)
    start = next(i for i, word in enumerate(words) if word in OFFLINE)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        main(words[start:])
    assert pages.matches(expected, printed.getvalue()), printed.getvalue()


def write_files(page: Path, folder: Path) -> None:
    """Write the maps that a page shows, and what they name."""
    for name, body in files_of(page.read_text("utf-8")).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(body, "utf-8")
    (folder / "global-bundle.pem").write_text(CERTIFICATE)
    for file in ("server.pem", "server.key"):  # what docs/recipes.md reads
        (folder / "stacks" / "tls").mkdir(parents=True, exist_ok=True)
        (folder / "stacks" / "tls" / file).write_text("a file of the reader's")


FRAGMENTS = [
    pytest.param(block.body, id=f"{name_of(page)}: {block.body.partition(chr(10))[0]}")
    for page in TESTED
    for block in pages.blocks(page.read_text("utf-8"))
    if block.kind == "yaml" and not block.name
]


@pytest.mark.parametrize("text", FRAGMENTS)
def test_fragment_of_a_map_has_its_fields(text: str) -> None:
    data = yaml.safe_load(text)
    assert data.keys() <= SecretMapFile.model_fields.keys()


@pytest.mark.parametrize("page", TESTED, ids=name_of)
def test_maps_are_good_ones(page: Path, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    for name, body in files_of(page.read_text("utf-8")).items():
        if name != "wrong.yaml":
            plan_of(body, "prod", file=str(tmp_path / name))


def test_anchors_are_those_of_github_and_the_site() -> None:
    text = "# A `b.c`, and d\n\n```yaml\n# no heading\n```\n\n## One — two\n"
    assert pages.anchors(text) == {"a-bc-and-d"}  # the dash leaves two spaces


def test_links_in_code_are_left_out() -> None:
    assert pages.links("[a](b.md) `[c](d.md)`\n```sh\n[e](f.md)\n```\n![g](h.svg)") == [
        "b.md",
        "h.svg",
    ]
