"""What other stacks see: ARNs without any key, passwords only with the producer's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MakeStack, Secrets, Stack

CONSUMER = """\
import pulumi
from secrets_component import SecretMapReference

secrets = SecretMapReference("organization/secrets/{stack}")
pulumi.export("{output}", {expression})
"""


@pytest.fixture
def consumer(make_stack: MakeStack, tmp_path: Path) -> Callable[..., Stack]:
    """Make a consumer of a producer, which exports one expression; it may have another key."""

    def make(producer: Stack, expression: str, passphrase: str | None = None) -> Stack:
        folder = tmp_path / f"consumer{len(list(tmp_path.glob('consumer*')))}"
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text(
            f"name: {folder.name}-{producer.name}\nruntime: python\n"
        )
        program = CONSUMER.format(stack=producer.name, output="found", expression=expression)
        (folder / "__main__.py").write_text(program)
        return make_stack(folder, "dev", passphrase)

    return make


def test_consumer_with_another_passphrase_reads_arns_and_no_password(
    secrets: Secrets, consumer: Callable[..., Stack]
) -> None:
    producer = secrets("context_name: shared\nsecrets: {a: {generate_random_password: true}}\n")
    producer.up()
    expected = producer.outputs()
    everything = "pulumi.Output.all(secrets.secret_arn('a'), secrets.secret_name('a'))"
    stranger = consumer(producer, everything, "another passphrase")
    stranger.up()
    assert stranger.outputs()["found"] == [
        expected["secret_arns"]["a"],
        expected["secret_names"]["a"],
    ]
    refused = consumer(producer, "secrets.generated_password('a')", "another passphrase").up(
        good=False
    )
    assert "or this run cannot decrypt it" in refused.diagnostics
    assert "Traceback" not in refused.diagnostics

    friend = consumer(producer, "secrets.generated_password('a')")
    friend.up()
    assert friend.outputs()["found"] == expected["generated_passwords"]["a"]
    assert expected["generated_passwords"]["a"] not in friend.state()


def test_missing_key_is_reported_without_a_traceback(
    secrets: Secrets, consumer: Callable[..., Stack]
) -> None:
    producer = secrets("context_name: shared\nsecrets: {api_key: {}, other: {}}\n")
    producer.up()
    refused = consumer(producer, "secrets.secret_arn('api_kye')").up(good=False)
    assert refused.code != 0
    assert "has no `api_kye`; it has `api_key`, `other`; did you mean `api_key`?" in (
        refused.diagnostics
    )
    assert "Traceback" not in refused.diagnostics


def test_consumer_reads_one_of_several_maps_in_a_file(
    secrets: Secrets, consumer: Callable[..., Stack]
) -> None:
    instance = "{{metadata: {{component: secretsmanager}}, vars: {{context_name: {}, secrets: {{a: {{}}}}}}}}"
    producer = secrets(
        "components: {terraform: {web: "
        + instance.format("web")
        + ", jobs: "
        + instance.format("jobs")
        + "}}\n"
    )
    producer.up()
    stack = consumer(
        producer,
        f"SecretMapReference('organization/secrets/{producer.name}', 'jobs').secret_name('a')",
    )
    stack.up()
    assert stack.outputs()["found"].startswith("jobs/")
