"""What is generated: every kind of value, where it goes, and when it may change."""

from __future__ import annotations

import base64
import json
import uuid

import pytest

from secrets_component.lookups import safeguards
from secrets_component.lookups.safeguards import AccountState
from tests.unit.conftest import Registered
from tests.unit.lookups.test_safeguards import OF_OTHERS, own
from tests.unit.mocks import RANDOM, deploy

HEAD = "context_name: x\nsecrets:\n"
BYTES = base64.b64decode(RANDOM)
PRIVATE_KEY = "tls:index/privateKey:PrivateKey"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("", "+//7//v/+//7//v/+//7/w=="),
        (", encoding: base64url", "-__7__v_-__7__v_-__7_w"),
        (", encoding: hex", BYTES.hex()),
    ],
)
def test_bytes_are_encoded_as_asked_for(encoding: str, text: str) -> None:
    made = deploy(
        f'{HEAD}  a: {{random: {{k: {{kind: bytes{encoding}}}}}, secret_data: "${{random.k}}"}}\n'
    )
    assert made.made["RandomBytes", "m.a.k"] == {"length": 32}
    assert made.outputs["generated_passwords"] == {"a.k": text}
    assert made.made["SecretVersion", "m.a"]["secretString"] == text


def test_bytes_are_stored_as_they_are_in_a_binary_value() -> None:
    made = deploy(
        f'{HEAD}  a: {{random: {{k: {{kind: bytes}}}}, secret_binary: "${{random.k}}"}}\n'
    ).made
    assert base64.b64decode(made["SecretVersion", "m.a"]["secretBinary"]) == BYTES


def test_uuid_is_of_version_4_and_in_no_id_of_a_resource() -> None:
    result = deploy(
        f'{HEAD}  a: {{random: {{id: {{kind: uuid}}}}, secret_data: {{id: "${{random.id}}"}}}}\n'
    )
    text = json.loads(result.made["SecretVersion", "m.a"]["secretString"])["id"]
    assert uuid.UUID(text).version == 4
    assert uuid.UUID(text).variant == uuid.RFC_4122
    assert result.made["RandomBytes", "m.a.id"] == {"length": 16}
    assert result.outputs["generated_passwords"] == {"a.id": text}


PAIR = """\
  a:
    random: {{key: {{kind: key_pair{options}}}}}
    secret_data: {{private: "${{random.key}}", public: "${{random.key.public}}"}}
"""


@pytest.mark.parametrize(
    ("options", "inputs"),
    [
        ("", ("ED25519", "P256", 3072)),
        (", algorithm: ecdsa, curve: P384", ("ECDSA", "P384", 3072)),
        (", algorithm: rsa, bits: 4096", ("RSA", "P256", 4096)),
    ],
)
def test_key_pair_has_its_options(options: str, inputs: tuple[str, str, int]) -> None:
    made = deploy(HEAD + PAIR.format(options=options)).made["PrivateKey", "m.a.key"]
    assert (made["algorithm"], made["ecdsaCurve"], made["rsaBits"]) == inputs


@pytest.mark.parametrize(
    ("options", "private", "public"),
    [
        ("", "privateKeyPemPkcs8 of m.a.key\n", "publicKeyPem of m.a.key\n"),
        (", format: openssh", "privateKeyOpenssh of m.a.key\n", "publicKeyOpenssh of m.a.key"),
    ],
)
def test_private_key_is_secret_and_its_public_half_is_a_plain_output(
    options: str, private: str, public: str
) -> None:
    result = deploy(HEAD + PAIR.format(options=options))
    assert json.loads(result.made["SecretVersion", "m.a"]["secretString"]) == {
        "private": private,
        "public": public,
    }
    assert result.outputs["generated_passwords"] == {"a.key": private}
    assert result.outputs["public_keys"] == {"a.key": public}
    assert result.is_secret["generated_passwords"]
    assert not result.is_secret["public_keys"]


def test_public_half_is_read_by_another_entry() -> None:
    text = PAIR.format(options=", format: openssh")
    text += '  b: {secret_data: "${output.secretsmanager.public_keys.a.key}"}\n'
    made = deploy(HEAD + text).made
    assert made["SecretVersion", "m.b"]["secretString"] == "publicKeyOpenssh of m.a.key"


def test_keepers_generate_a_new_value_of_each_kind(registered: Registered) -> None:
    deploy(
        HEAD
        + """\
  a:
    random:
      bytes: {kind: bytes, keepers: {year: 2026}}
      id: {kind: uuid, keepers: {year: 2026}}
      key: {kind: key_pair, keepers: {year: 2026}}
    secret_data: "${random.bytes} ${random.id} ${random.key}"
"""
    )
    made = registered["random:index/randomBytes:RandomBytes"]
    assert {name: dict(made[name].object["keepers"]) for name in made} == {
        "m.a.bytes": {"year": "2026"},
        "m.a.id": {"year": "2026"},
    }
    trigger = registered[PRIVATE_KEY]["m.a.key"].replacement_trigger.struct_value
    assert dict(trigger) == {"year": "2026"}


def test_key_pair_without_keepers_has_a_trigger_so_that_the_first_ones_replace_it(
    registered: Registered,
) -> None:
    deploy(HEAD + PAIR.format(options=""))
    request = registered[PRIVATE_KEY]["m.a.key"]
    assert request.replacement_trigger.WhichOneof("kind") == "struct_value"
    assert set(request.ignoreChanges) == {"algorithm", "ecdsaCurve", "rsaBits"}


def test_value_of_someone_else_is_not_generated_again(
    monkeypatch: pytest.MonkeyPatch, registered: Registered
) -> None:
    state = AccountState(own={"a": own(labels=OF_OTHERS)})
    monkeypatch.setattr(safeguards, "check_account", lambda *_: state)
    deploy(
        HEAD
        + """\
  a:
    random: {b: {kind: bytes, length: 8, keepers: {n: 1}}, key: {kind: key_pair, keepers: {n: 1}}}
    secret_data: "${random.b} ${random.key}"
"""
    )
    made = registered["random:index/randomBytes:RandomBytes"]["m.a.b"]
    assert set(made.ignoreChanges) == {"length", "keepers"}
    pair = registered[PRIVATE_KEY]["m.a.key"]
    assert set(pair.ignoreChanges) == {"algorithm", "ecdsaCurve", "rsaBits"}
    assert pair.replacement_trigger.WhichOneof("kind") in (None, "null_value")
