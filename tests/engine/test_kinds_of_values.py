"""Bytes, UUIDs and key pairs on the real engine: made once, secret but for public halves."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.certificates import CERTIFICATE, PRIVATE_KEY
from tests.conftest import Aws, MakeStack, Secrets

MAP = """\
context_name: kinds
defaults: {recovery_window_in_days: 0}
secrets:
  service:
    random:
      key: {kind: bytes, length: 24}
      token: {kind: bytes, encoding: base64url}
      id: {kind: uuid}
      deploy: {kind: key_pair, format: openssh KEEPERS}
      signing: {kind: key_pair, algorithm: ecdsa}
    secret_data:
      key: "${random.key}"
      token: "${random.token}"
      id: "${random.id}"
      deploy: "${random.deploy}"
      signing: "${random.signing}"
      verifying: "${random.signing.public}"
  raw: {random: {key: {kind: bytes, length: 16}}, secret_binary: "${random.key}"}
  authorized: {secret_data: "${output.secretsmanager.public_keys.service.deploy}"}
"""
FIRST = MAP.replace(" KEEPERS", "")
CHANGED = MAP.replace(" KEEPERS", ", keepers: {year: 2027}")
KEEPS = MAP.replace(" KEEPERS", ", keepers: {year: 2027}, algorithm: ed25519")


def public_half(private: str, *, is_openssh: bool = False) -> str:
    if is_openssh:
        key: Any = serialization.load_ssh_private_key(private.encode(), None)
        public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    else:
        key = serialization.load_pem_private_key(private.encode(), None)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return str(public.decode())


def test_each_kind_is_stored_and_stays_until_its_keepers_change(secrets: Secrets, aws: Aws) -> None:
    stack = secrets(FIRST)
    stack.up()
    outputs = stack.outputs()
    client = aws("secretsmanager")

    def stored(key: str) -> dict[str, Any]:
        return dict(client.get_secret_value(SecretId=outputs["secret_arns"][key]))

    service = json.loads(stored("service")["SecretString"])
    assert len(base64.b64decode(service["key"], validate=True)) == 24
    assert len(base64.urlsafe_b64decode(service["token"] + "=")) == 32
    assert uuid.UUID(service["id"]).version == 4
    assert service["verifying"] == public_half(service["signing"])
    assert len(stored("raw")["SecretBinary"]) == 16
    line = public_half(service["deploy"], is_openssh=True)
    assert stored("authorized")["SecretString"] == line

    keys = ("key", "token", "id", "deploy", "signing")
    assert outputs["generated_passwords"] == {
        **{f"service.{name}": service[name] for name in keys},
        "raw.key": base64.b64encode(stored("raw")["SecretBinary"]).decode(),
    }
    assert outputs["public_keys"] == {
        "service.deploy": line,
        "service.signing": service["verifying"],
    }
    plain = json.loads(stack.pulumi("stack", "output", "--json").text)
    assert plain["public_keys"] == outputs["public_keys"]
    assert plain["generated_passwords"] == "[secret]"

    state = stack.state()
    assert json.dumps(line)[1:-1] in state
    for name in keys:
        assert json.dumps(service[name])[1:-1] not in state, name

    assert set(stack.up().changes) == {"same"}
    assert set(stack.up("--refresh").changes) == {"same"}
    run = stack.write(CHANGED).up()
    assert [kind for op, kind in run.steps if op == "create-replacement"] == [
        "tls:index/privateKey:PrivateKey",
        "aws:secretsmanager/secretVersion:SecretVersion",
        "aws:secretsmanager/secretVersion:SecretVersion",
    ]
    changed = json.loads(stored("service")["SecretString"])
    assert {name for name in keys if changed[name] != service[name]} == {"deploy"}
    assert stored("authorized")["SecretString"] == public_half(changed["deploy"], is_openssh=True)
    assert set(stack.write(KEEPS).up().changes) == {"same"}


PKI = f"""\
import pulumi

pulumi.export("certificate", {CERTIFICATE!r})
pulumi.export("private_key", pulumi.Output.secret({PRIVATE_KEY!r}))
"""
CERTIFICATES = """\
context_name: certificates
defaults: {recovery_window_in_days: 0}
stacks: {pki: organization/NAME/dev}
file_folders: [FOLDER]
secrets:
  of_a_stack: {secret_data: {crt: "${output.pki.certificate}", key: "${output.pki.private_key}"}}
  of_files: {secret_data: {crt: "${file.certs/crt.pem}", key: "${file.certs/key.pem}"}}
  text: {secret_data: "${file.FOLDER/token}"}
  store: {secret_binary: "${file.certs/store.p12}"}
"""
STORE, TOKEN = b"\x30\x82\xff\x00", "Zq7-token-in-a-file\n"


def test_certificates_come_from_another_stack_or_from_files(
    secrets: Secrets, make_stack: MakeStack, aws: Aws, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pki = tmp_path_factory.mktemp("pki")
    (pki / "Pulumi.yaml").write_text(f"name: {pki.name}\nruntime: python\n")
    (pki / "__main__.py").write_text(PKI)
    make_stack(pki).up()

    elsewhere = tmp_path_factory.mktemp("run-secrets")
    (elsewhere / "token").write_text(TOKEN)
    stack = secrets(CERTIFICATES.replace("NAME", pki.name).replace("FOLDER", str(elsewhere)))
    certs = stack.project / "stacks" / "certs"
    certs.mkdir()
    (certs / "crt.pem").write_text(CERTIFICATE)
    (certs / "key.pem").write_text(PRIVATE_KEY)
    (certs / "store.p12").write_bytes(STORE)
    run = stack.up()
    arns, client = stack.outputs()["secret_arns"], aws("secretsmanager")
    for key in ("of_a_stack", "of_files"):
        stored = json.loads(client.get_secret_value(SecretId=arns[key])["SecretString"])
        assert stored == {"crt": CERTIFICATE, "key": PRIVATE_KEY}
    assert client.get_secret_value(SecretId=arns["text"])["SecretString"] == TOKEN
    assert client.get_secret_value(SecretId=arns["store"])["SecretBinary"] == STORE
    for shown in (run.text, stack.state()):
        assert "Zq7-token" not in shown
        assert PRIVATE_KEY.splitlines()[1] not in shown
    assert set(stack.up().changes) == {"same"}


def test_public_half_is_read_without_the_key_to_the_producers_secrets(
    secrets: Secrets, make_stack: MakeStack, tmp_path: Path
) -> None:
    text = '{random: {key: {kind: key_pair}}, secret_data: "${random.key}"}'
    producer = secrets(f"context_name: pairs\nsecrets: {{a: {text}}}\n")
    producer.up()
    folder = tmp_path / "reader-of-public-keys"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\nruntime: python\n")
    program = f"""\
import pulumi
from secrets_component import SecretMapReference

map_ = SecretMapReference("organization/secrets/{producer.name}")
pulumi.export("found", map_.public_key("a.key"))
"""
    (folder / "__main__.py").write_text(program)
    reader = make_stack(folder, "dev", "another passphrase")
    reader.up()
    assert reader.outputs()["found"] == producer.outputs()["public_keys"]["a.key"]
    assert reader.outputs()["found"].startswith("-----BEGIN PUBLIC KEY-----\n")
