"""The outputs of a map: which exist, which are secret."""

from tests.unit.mocks import deploy


def test_only_generated_passwords_is_secret() -> None:
    result = deploy(
        "context_name: x\nkms: {create: true}\nsecrets:\n  a: {generate_random_password: true}\n"
        '  b: {secret_data: "${output.secretsmanager.generated_passwords.a}"}\n'
    )
    assert [name for name, secret in result.is_secret.items() if secret] == ["generated_passwords"]


def test_outputs_of_an_empty_map_are_mappings() -> None:
    outputs = deploy("context_name: x\n").outputs
    assert outputs == {name: {} for name in outputs}
