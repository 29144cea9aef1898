"""References → values: read once, before anything is created, or reported all at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest

from secrets_component.lookups import reference_values
from secrets_component.lookups.reference_values import ReferenceValues, StackOutputs
from secrets_component.planning.plan import LiteralText, Plan, Structured
from secrets_component.secret_map.references import Reference, ReferenceKind, Template
from tests.maps_of_tests import plan_of
from tests.unit.mocks import Cloud, deploy, run_in_program

STACK = "o/rds/dev"
WAITING_FOR_RDS = "rds: {stack: o/rds/dev, when_missing: wait}"


def map_of(entry: str, stacks: str = f"rds: {STACK}") -> str:
    """A map with an entry `a` whose fields begin at 4:7."""
    return f"context_name: x\nstacks: {{{stacks}}}\nsecrets:\n  a: {{{entry}}}\n"


def value_of(reference: str) -> str:
    """A map whose secret `a` is one reference, at 4:21."""
    return map_of(f"secret_data: '{reference}'")


def read(
    text: str, outputs: dict[str, Any] | None = None, *, secret_outputs: tuple[str, ...] = ()
) -> ReferenceValues:
    """Read the values of a map; `outputs` are the stack's, or None where it does not exist."""
    cloud = Cloud({} if outputs is None else {STACK: outputs}, secret_outputs)
    plan = plan_of(text)
    return run_in_program(lambda parent: reference_values.read(plan, parent), cloud)


def problems(text: str, outputs: dict[str, Any] | None = None) -> list[str]:
    with pytest.raises(pulumi.RunError) as refused:
        read(text, outputs)
    return str(refused.value).splitlines()


def output(*path: str) -> Reference:
    return Reference(ReferenceKind.OUTPUT, path)


def resolved(value: Any) -> Any:
    """Return what an output resolves to."""
    return asyncio.get_event_loop().run_until_complete(value.future())


def is_secret(value: Any) -> bool:
    """Return whether a value is an output that is secret."""
    if not isinstance(value, pulumi.Output):
        return False
    return asyncio.get_event_loop().run_until_complete(value.is_secret())


OUTPUTS = {
    "endpoint": "h:5432",
    "port": 5432,
    "nested": {"writer": {"host": "w"}, "0": "key"},
    "hosts": ["first", {"name": "second"}],
    "off": False,
    "zero": 0,
    "empty": "",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("endpoint", "h:5432"),
        ("port", 5432),
        ("nested.writer.host", "w"),
        ("nested.0", "key"),
        ("hosts.0", "first"),
        ("hosts.1.name", "second"),
        ("off", False),
        ("zero", 0),
        ("empty", ""),
    ],
)
def test_reference_reaches_into_mappings_and_lists_of_an_output(path: str, value: object) -> None:
    values = read(value_of(f"${{output.rds.{path}}}"), OUTPUTS)
    assert values.known == {output("rds", *path.split(".")): value}


@pytest.mark.parametrize(
    "path",
    ["nested.reader", "nested.writer.host.name", "hosts.2", "hosts.name", "endpoint.0", "null"],
)
def test_reference_into_nothing_is_reported(path: str) -> None:
    (problem,) = problems(value_of(f"${{output.rds.{path}}}"), {**OUTPUTS, "null": None})
    assert problem == (
        f"m:4:21: error: `${{output.rds.{path}}}`: stack `o/rds/dev` has no such output, or this "
        "run cannot decrypt it; deploy that stack first, or write "
        "`rds: {stack: o/rds/dev, when_missing: wait}` to fill the secret in a later run"
    )


def test_missing_output_is_reported_with_the_nearest_one() -> None:
    (problem,) = problems(value_of("${output.rds.endpoints}"), OUTPUTS)
    assert problem.endswith("to fill the secret in a later run; did you mean `endpoint`?")


def test_missing_stack_is_reported_with_what_to_write() -> None:
    assert problems(value_of("${output.rds.endpoint}")) == [
        "m:4:21: error: `${output.rds.endpoint}`: stack `o/rds/dev` does not exist; deploy it "
        "first, or write `rds: {stack: o/rds/dev, when_missing: wait}` to fill the secret in a "
        "later run"
    ]


@pytest.mark.parametrize("outputs", [None, {}], ids=["no stack", "no output"])
@pytest.mark.parametrize(
    "entry",
    [
        "secret_data: '${output.rds.one}'",
        "secret_data: {one: '${output.rds.one}'}",
        "secret_data: v, rotation_automatically: true, rotation_lambda_arn: '${output.rds.one}'",
        "secret_data: v, rotation_automatically: true, rotation_lambda_arn: 'arn:aws:lambda:eu-central-1:123456789012:function:f', on_rotate: [{lambda: '${output.rds.one}'}]",
    ],
    ids=["value", "structure", "function", "restart"],
)
def test_value_rotation_and_restart_wait_where_the_stack_says_so(
    entry: str, outputs: dict[str, Any] | None
) -> None:
    values = read(map_of(entry, WAITING_FOR_RDS), outputs)
    assert values.waiting == {"a": [output("rds", "one")]}
    assert values.known == {}


@pytest.mark.parametrize(
    ("entry", "column"),
    [
        ("kms_key_id: '${output.rds.one}'", 20),
        ("replicas: [{region: eu-west-1, kms_key_id: '${output.rds.one}'}]", 51),
        ("access: {readers: ['${output.rds.one}']}", 27),
        ("policy: {template: read-secret-policy, principals: ['${output.rds.one}']}", 60),
        ("secret_data: '${output.rds.one}', kms_key_id: '${output.rds.one}'", 21),
    ],
    ids=["key", "replica's key", "reader", "principal", "value and key"],
)
def test_what_the_secret_needs_to_exist_cannot_wait(entry: str, column: int) -> None:
    assert problems(map_of(entry, WAITING_FOR_RDS)) == [
        f"m:4:{column}: error: `${{output.rds.one}}`: stack `o/rds/dev` does not exist; deploy it "
        "first (a key, a replica's key, a topic or a principal cannot wait)"
    ]


def test_value_that_exists_does_not_wait() -> None:
    values = read(map_of("secret_data: '${output.rds.port}'", WAITING_FOR_RDS), OUTPUTS)
    assert values.waiting == {}
    assert values.known == {output("rds", "port"): 5432}


def test_each_entry_waits_for_its_own_references() -> None:
    text = map_of("secret_data: '${output.rds.one}'", WAITING_FOR_RDS)
    values = read(f"{text}  b: {{secret_data: '${{output.rds.two}}${{output.rds.one}}'}}\n")
    assert values.waiting == {
        "a": [output("rds", "one")],
        "b": [output("rds", "two"), output("rds", "one")],
    }


def test_output_that_the_stack_marks_secret_stays_secret() -> None:
    text = value_of("${output.rds.port}${output.rds.endpoint}")
    values = read(text, OUTPUTS, secret_outputs=("port",))
    port = values.known[output("rds", "port")]
    assert is_secret(port)
    assert resolved(port) == 5432
    assert values.known[output("rds", "endpoint")] == "h:5432"


def test_part_of_a_secret_output_stays_secret() -> None:
    values = read(value_of("${output.rds.hosts.0}"), OUTPUTS, secret_outputs=("hosts",))
    host = values.known[output("rds", "hosts", "0")]
    assert is_secret(host)


def test_stack_that_several_components_and_entries_name_is_read_once() -> None:
    cloud = Cloud({STACK: OUTPUTS}, ())
    text = map_of(
        "secret_data: '${output.rds.port} ${output.db.endpoint}'", f"rds: {STACK}, db: {STACK}"
    )
    plan = plan_of(f"{text}  b: {{secret_data: '${{output.rds.port}}'}}\n")
    run_in_program(lambda parent: reference_values.read(plan, parent), cloud)
    assert cloud.reads == [STACK]


def test_stack_that_nothing_references_is_not_read() -> None:
    cloud = Cloud({}, ())
    plan = plan_of(map_of("secret_data: v"))
    run_in_program(lambda parent: reference_values.read(plan, parent), cloud)
    assert cloud.reads == []


class UnreachableError(grpc.RpcError):
    """What the engine answers where it cannot reach the backend."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "connection refused"


def test_stack_that_cannot_be_read_is_not_taken_for_one_that_comes_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise UnreachableError

    monkeypatch.setattr(Cloud, "call", refuse)
    with pytest.raises(pulumi.RunError, match=r"^cannot read the stack `o/rds/dev`: .*refused"):
        read(map_of("secret_data: '${output.rds.one}'", WAITING_FOR_RDS))


def test_stack_without_outputs_exists() -> None:
    found = run_in_program(
        lambda parent: reference_values.read_stack(STACK, parent), Cloud({STACK: {}}, ())
    )
    assert found == StackOutputs({})


def test_missing_setting_is_reported_with_the_command_that_sets_it(
    configure: Callable[..., None],
) -> None:
    configure({})
    assert problems(value_of("${config.key}")) == [
        "m:4:21: error: `${config.key}`: missing config value; run `pulumi config set --secret key`"
    ]


@pytest.mark.parametrize(
    ("reference", "setting"), [("config.key", "secrets:key"), ("config.aws:region", "aws:region")]
)
def test_setting_is_secret_even_if_it_is_stored_in_plain_text(
    configure: Callable[..., None], reference: str, setting: str
) -> None:
    configure({setting: "from-config"})
    (value,) = read(value_of(f"${{{reference}}}")).known.values()
    assert isinstance(value, pulumi.Output)
    assert resolved(value) == "from-config"
    assert is_secret(value)


def test_missing_variable_is_reported_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    assert problems(value_of("${env.NOT_THERE}")) == [
        "m:4:21: error: `${env.NOT_THERE}`: missing environment variable; set `NOT_THERE` before "
        "`pulumi up`"
    ]


@pytest.mark.parametrize("text", ["from-environment", ""])
def test_variable_is_secret_and_may_be_empty(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TOKEN", text)
    (value,) = read(value_of("${env.TOKEN}")).known.values()
    assert isinstance(value, pulumi.Output)
    assert resolved(value) == text
    assert is_secret(value)


@pytest.mark.parametrize(
    ("field", "content", "value"),
    [("secret_data", "ü\n".encode(), "ü\n"), ("secret_binary", b"\xff\x00", "/wA=")],
)
def test_file_is_a_secret_text_or_the_base64_of_its_bytes(
    tmp_path: Path, field: str, content: bytes, value: str
) -> None:
    (tmp_path / "a").write_bytes(content)
    plan = plan_of(map_of(f"{field}: '${{file.a}}'"), file=str(tmp_path / "m.yaml"))
    values = run_in_program(partial(reference_values.read, plan))
    (reference,) = plan.secrets["a"].value_references
    found = values.of(reference, "a")
    assert isinstance(found, pulumi.Output)
    assert resolved(found) == value
    assert is_secret(found)


def test_file_that_is_gone_since_the_map_was_loaded_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("v")
    file = str(tmp_path / "m.yaml")
    plan = plan_of(value_of("${file.a}"), file=file)
    (tmp_path / "a").unlink()
    with pytest.raises(pulumi.RunError) as refused:
        run_in_program(partial(reference_values.read, plan))
    assert str(refused.value) == (
        f"{file}:4:21: error: `${{file.a}}`: file not found (paths are relative to the map)"
    )


def test_file_that_is_no_text_any_more_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("v")
    plan = plan_of(value_of("${file.a}"), file=str(tmp_path / "m.yaml"))
    (reference,) = plan.secrets["a"].value_references
    with pytest.raises(pulumi.RunError, match=r"`\$\{file\.a\}`: is not text in UTF-8"):
        ReferenceValues(plan, {reference: b"hunter2\xff"}).of(reference, "a")


def test_references_to_the_map_itself_are_not_read_from_outside() -> None:
    text = map_of("random: {p: {}}, secret_data: '${random.p}'")
    values = read(f"{text}  b: {{secret_data: '${{output.secretsmanager.secret_arns.a}}'}}\n")
    assert values.known == {}
    references = [one for entry in values.plan.secrets.values() for one in entry.references]
    assert values.has_all(tuple(references))


def test_values_are_complete_only_with_every_reference() -> None:
    plan = plan_of(map_of("secret_data: '${output.rds.one}${output.rds.two}'"))
    one, two = plan.secrets["a"].references
    values = ReferenceValues(plan, {one: "v"})
    assert values.has_all(())
    assert values.has_all((one,))
    assert not values.has_all((one, two))


def test_own_outputs_are_found_by_output_and_key() -> None:
    plan = plan_of(map_of("secret_data: v"))
    arn, token = pulumi.Output.from_input("arn"), pulumi.Output.from_input("token")
    own = {("secret_arns", "b"): arn, ("generated_passwords", "b.token"): token}
    values = ReferenceValues(plan, own_outputs=own)
    of_self, of_random = ReferenceKind.SELF, ReferenceKind.RANDOM
    assert values.of(Reference(of_self, ("x", "secret_arns", "b")), "a") is arn
    assert values.of(Reference(of_self, ("x", "generated_passwords", "b", "token")), "a") is token
    assert values.of(Reference(of_random, ("token",)), "b") is token


def value_in(plan: Plan) -> Template:
    """Return the string that is the value of the secret `a`."""
    source = plan.secrets["a"].source
    assert isinstance(source, LiteralText | Structured)
    assert isinstance(source.value, Template)
    return source.value


def test_value_of_plain_parts_is_filled_at_once() -> None:
    plan = plan_of(map_of("secret_data: 'at ${output.rds.one}'"))
    secret = plan.secrets["a"]
    assert isinstance(secret.source, LiteralText | Structured)
    values = ReferenceValues(plan, dict.fromkeys(secret.references, "h"))
    assert values.fill(secret.source.value, "a") == "at h"


def test_value_with_an_output_is_filled_once_that_is_known() -> None:
    plan = plan_of(map_of("secret_data: '${output.rds.one} ${output.rds.two}'"))
    secret = plan.secrets["a"]
    assert isinstance(secret.source, LiteralText | Structured)
    one, two = secret.references
    values = ReferenceValues(plan, {one: "h", two: pulumi.Output.secret("p")})
    filled = values.fill(value_in(plan), "a")
    assert resolved(filled) == "h p"
    assert is_secret(filled)


def test_value_that_does_not_fit_its_place_is_refused_without_the_value() -> None:
    plan = plan_of(map_of("secret_data: '{\"a\": ${output.rds.one}}'"))
    secret = plan.secrets["a"]
    assert isinstance(secret.source, LiteralText | Structured)
    values = ReferenceValues(plan, dict.fromkeys(secret.references, "hunter2"))
    with pytest.raises(
        pulumi.RunError, match=r"^m:4:3: error: .*`\$\{output.rds.one\}`"
    ) as refused:
        values.fill(value_in(plan), "a")
    assert "hunter2" not in str(refused.value)


def test_everything_that_is_missing_is_reported_in_the_order_of_the_file() -> None:
    text = map_of("secret_data: '${config.key} ${output.rds.one}'")
    found = problems(f"{text}  b: {{secret_data: '${{env.NOT_THERE}}'}}\n")
    assert [line.split(" ")[0] for line in found] == ["m:4:21:", "m:4:35:", "m:5:21:"]


WAITING = (
    "context_name: x\nstacks: {rds: {stack: o/rds/dev, when_missing: wait}}\nsecrets:\n"
    '  a: {secret_data: {host: "${output.rds.endpoint}"}}\n  b: {secret_data: v}\n'
)


def test_secret_waits_for_a_stack_that_is_not_there() -> None:
    result = deploy(WAITING)
    assert ("Secret", "m.a") in result.made
    assert ("SecretVersion", "m.a") not in result.made
    assert result.outputs["waiting"] == {"a": ["${output.rds.endpoint}"]}
    assert set(result.outputs["secret_version_ids"]) == {"b"}


def test_secret_waits_for_an_output_that_is_not_there() -> None:
    assert deploy(WAITING, {"o/rds/dev": {}}).outputs["waiting"] == {
        "a": ["${output.rds.endpoint}"]
    }


def test_waiting_secret_is_filled_once_the_output_is_there() -> None:
    result = deploy(WAITING, {"o/rds/dev": {"endpoint": "h:1"}})
    assert json.loads(result.made["SecretVersion", "m.a"]["secretString"]) == {"host": "h:1"}
    assert result.outputs["waiting"] == {}


def test_each_stack_is_read_once() -> None:
    text = WAITING.replace("secret_data: v", 'secret_data: "${output.rds.endpoint}"')
    assert deploy(text, {"o/rds/dev": {"endpoint": "h"}}).reads == ["o/rds/dev"]


def test_missing_values_are_reported_all_at_once_with_their_positions(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure({})
    monkeypatch.delenv("NOT_THERE", raising=False)
    with pytest.raises(pulumi.RunError) as refused:
        deploy(
            "context_name: x\nstacks: {rds: o/rds/dev, kms: {stack: o/kms/dev, when_missing: wait}}\n"
            'secrets:\n  a: {secret_data: "${output.rds.endpoint}"}\n'
            '  b: {secret_data: "${config.key}"}\n  c: {secret_data: "${env.NOT_THERE}"}\n'
            '  d: {kms_key_id: "${output.kms.key_id}"}\n'
        )
    lines = str(refused.value).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["m:4:21:", "m:5:21:", "m:6:21:", "m:7:20:"]
    assert "deploy it first, or write `rds: {stack: o/rds/dev, when_missing: wait}`" in lines[0]
    assert "pulumi config set --secret key" in lines[1]
    assert "set `NOT_THERE`" in lines[2]
    assert "cannot wait" in lines[3]


def test_config_and_environment_supply_values(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "from-environment")
    configure({"secrets:key": "from-config"}, ["secrets:key"])
    made = deploy(
        'context_name: x\nsecrets:\n  a: {secret_data: "${config.key} ${env.TOKEN}"}\n'
    ).made
    assert made["SecretVersion", "m.a"]["secretString"] == "from-config from-environment"
