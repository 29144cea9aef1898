"""The page: one file without other assets, small however large the account, and safe to open."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from secrets_component.audit.page import html_page, page_data
from tests.unit.audit.accounts import (
    KEY,
    READ_ALL,
    allow,
    answers_of,
    audit_of,
    key,
    role,
    role_arn,
    root_of,
    secret,
    to,
)

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SECRETS = [secret("shop/dev/a"), secret("shop/dev/rds/b", key=KEY)]
KEYS = [key(to(root_of(), "kms:DescribeKey"))]
EVIL = "</script><img src=x onerror=alert(1)>"
FOUND = audit_of(
    answers_of(
        role("stranger", allow("secretsmanager:GetSecretValue")),
        role("twin", allow("s3:*")),
        role("other", allow("s3:*")),
        secrets=SECRETS,
        keys=KEYS,
        reads=[
            {"Principal": role_arn("stranger"), "SecretId": "shop/dev/a", "Time": "2026-11-20T"}
        ],
    )
)


class Parsed(HTMLParser):
    """The tags of a page, and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.append(data)


def data_in(page: str) -> Any:
    return json.loads(Parsed(page).scripts[0])


def test_page_has_its_data_and_no_other_assets() -> None:
    page = html_page(FOUND)
    parsed = Parsed(page)
    assert data_in(page) == json.loads(json.dumps(page_data(FOUND)))
    assert not [attrs for _, attrs in parsed.tags if {"src", "href"} & set(attrs)]
    assert not re.search(r"https?://|url\(|@import", page)
    assert ("input", "principal") in [(tag, attrs.get("id")) for tag, attrs in parsed.tags]
    assert ("select", "verdict") in [(tag, attrs.get("id")) for tag, attrs in parsed.tags]


def test_cells_say_what_came_out_and_silent_principals_are_left_out() -> None:
    data = page_data(FOUND)
    (line,) = [
        one
        for one in data["lines"]
        if data["principals"][one["principals"][0]]["name"] == role_arn("stranger")
    ]
    cells = {
        (cell["action"], data["secrets"][data["columns"][column][0]]["label"]): (
            data["outcomes"][cell["outcome"]]["state"],
            cell["inMap"],
        )
        for cell in line["cells"]
        for column in cell["columns"]
    }
    assert cells == {("read", "a"): ("allowed", "no"), ("read", "b"): ("key refuses", "no")}
    shown = {number for one in data["lines"] for number in one["principals"]}
    assert [data["principals"][number]["kind"] for number in sorted(shown)] == ["root", "role"]


def test_names_are_data_even_if_they_look_like_markup() -> None:
    evil = role("x", allow(READ_ALL[0]), Arn=f"arn:aws:iam::123456789012:role/{EVIL}")
    page = html_page(audit_of(answers_of(evil, secrets=SECRETS, keys=KEYS)))
    assert "<img" not in page
    assert EVIL in [one["name"].rpartition(":role/")[2] for one in data_in(page)["principals"]]


def test_page_of_500_by_1000_stays_small() -> None:
    count = 1000
    text = "context_name: shop\nsecrets:\n"
    text += "".join(f"  s{n}: {{generate_random_password: true}}\n" for n in range(count))
    roles = [role(f"r{n}", allow(READ_ALL[0])) for n in range(500)]
    found = audit_of(
        answers_of(*roles, secrets=[secret(f"shop/dev/s{n}") for n in range(count)]), text
    )
    assert len(html_page(found)) < 1_000_000
    assert len(page_data(found)["columns"]) == 1  # all secrets are alike


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_browser_shows_the_matrix_and_filters_it(tmp_path: Path) -> None:
    everything = dom_of(html_page(FOUND), tmp_path)
    assert "2 secrets, 4 principals, 1 findings." in everything
    assert everything.count(f'<th title="{role_arn("stranger")}">') == 1
    assert '<span class="finding" title="read: allowed, not in the map' in everything
    assert '<span class="key" title="read: refused by the key' in everything
    assert "<td>2026-11-20</td>" in everything
    filtering = (
        '<script>document.getElementById("verdict").value = "key";'
        'document.getElementById("secret").value = "rds/b";'
        'document.getElementById("filters").dispatchEvent(new Event("input"));</script></body>'
    )
    filtered = dom_of(html_page(FOUND).replace("</body>", filtering), tmp_path)
    assert '<span class="key"' in filtered
    assert '<span class="finding" title' not in filtered
    assert 'shop/dev/a">' not in filtered.partition("<tbody>")[0]


def dom_of(page: str, folder: Path) -> str:
    """Return the page as a browser has it after its script ran."""
    file = folder / "page.html"
    file.write_text(page, "utf-8")
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.stdout.partition('<script type="application/json"')[0]
