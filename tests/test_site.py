"""The site of docs/ builds: strict, with every page and picture."""

from pathlib import Path

from tests import site
from tests.pages import DOCS, ROOT, links


def test_site_builds_with_every_page_and_picture() -> None:
    assert site.build() == 0
    built = ROOT / "build" / "site"
    for page in DOCS.glob("*.md"):
        assert (built / page.name).with_suffix(".html").exists()
    for picture in DOCS.glob("pictures/*.svg"):
        assert (built / "pictures" / picture.name).exists()


def test_links_out_of_docs_become_text(tmp_path: Path) -> None:
    site.copy_pages(tmp_path / "docs")
    for page in (tmp_path / "docs").glob("*.md"):
        outside = [link for link in links(page.read_text("utf-8")) if link.startswith("..")]
        assert outside == []
    assert "`examples/rds`" in (tmp_path / "docs" / "concepts.md").read_text("utf-8")
