"""The package's public names."""

import secrets_component


def test_every_public_name_is_importable() -> None:
    for name in secrets_component.__all__:
        assert getattr(secrets_component, name).__name__ == name


def test_every_lazily_imported_name_is_public() -> None:
    assert sorted(secrets_component._MODULES) == sorted(secrets_component.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(secrets_component, "SecretMaps")
