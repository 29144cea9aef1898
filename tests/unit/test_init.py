"""The package's public names, which `__init__` writes in three lists."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

import secrets_component


def names_for_type_checkers() -> dict[str, str]:
    """Return the names that are imported under `TYPE_CHECKING`, each with its module."""
    tree = ast.parse(Path(secrets_component.__file__).read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    found = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            found[alias.name] = str(node.module).removeprefix("secrets_component.")
    return found


def test_lists_of_public_names_agree() -> None:
    assert names_for_type_checkers() == secrets_component._MODULES
    assert sorted(secrets_component.__all__) == sorted(secrets_component._MODULES)


@pytest.mark.parametrize("name", secrets_component.__all__)
def test_public_name_is_imported_from_its_module(name: str) -> None:
    module = import_module(f"secrets_component.{secrets_component._MODULES[name]}")
    assert getattr(secrets_component, name) is getattr(module, name)
    assert getattr(secrets_component, name).__name__ == name


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'secrets_component' has no attribute 'Secre'"):
        _ = secrets_component.Secre
    assert not hasattr(secrets_component, "SecretMaps")
