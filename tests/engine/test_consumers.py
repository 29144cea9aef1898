"""What other stacks see: ARNs without any key, passwords only with the producer's."""

CONSUMER = """\
import pulumi

producer = pulumi.StackReference("organization/secrets/{stack}")
pulumi.export("arn", producer.get_output("secret_arns")["a"])
pulumi.export("name", producer.get_output("secret_names")["a"])
passwords = producer.get_output("generated_passwords")
pulumi.export("passwords", passwords.apply(lambda found: sorted(found or {{}})))
"""


def consumer(make_stack, folder, producer, passphrase):
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: " + folder.name + "\nruntime: python\n")
    (folder / "__main__.py").write_text(CONSUMER.format(stack=producer.name))
    stack = make_stack(folder, "dev", passphrase)
    stack.up()
    return stack.outputs()


def test_consumer_with_another_passphrase_reads_arns(secrets, make_stack, tmp_path) -> None:
    producer = secrets("context_name: shared\nsecrets: {a: {generate_random_password: true}}\n")
    producer.up()
    expected = producer.outputs()
    stranger = consumer(make_stack, tmp_path / "stranger", producer, "another passphrase")
    assert stranger["arn"] == expected["secret_arns"]["a"]
    assert stranger["name"] == expected["secret_names"]["a"]
    assert stranger["passwords"] == []
    friend = consumer(make_stack, tmp_path / "friend", producer, None)
    assert friend["passwords"] == ["a"]
