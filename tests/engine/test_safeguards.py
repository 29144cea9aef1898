"""What a run would lose is found before it starts; what exists already is adopted, not replaced."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.environment import Sandbox
from secrets_component.cli.command import main
from secrets_component.lookups.inventory import Inventory
from secrets_component.planning.planner import plans
from secrets_component.secret_map.yaml_text import parse_yaml
from tests.conftest import Aws, Live, Secrets


def names_in_aws(aws: Aws, context: str) -> list[str]:
    listed = aws("secretsmanager").list_secrets(Filters=[{"Key": "name", "Values": [context]}])
    return [secret["Name"] for secret in listed["SecretList"]]


def test_name_scheduled_for_deletion_stops_the_run_before_anything_is_created(
    secrets: Secrets, aws: Aws
) -> None:
    text = "context_name: taken\nsecrets:\n  a: {secret_data: v}\n"
    stack = secrets(text)
    stack.up()
    stack.write("context_name: taken\n").up()
    refused = stack.write(text + "  b: {secret_data: w}\n").up(good=False)
    stage = stack.name
    assert (
        f"stacks/{stage}.yaml:3:3: error: `taken/{stage}/a` is scheduled for deletion, so the "
        "name is reserved until 20" in refused.diagnostics
    )
    assert "set `restore_deleted: true` to restore it" in refused.diagnostics
    assert names_in_aws(aws, "taken/") == []


def test_deleted_secret_is_restored_with_its_value_and_managed_again(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    kept = "owner: operator, secret_data: written"
    text = f"context_name: back\nsecrets: {{a: {{{kept}, restore_deleted: true, description: new, recovery_window_in_days: 7}}}}\n"
    stack = secrets("context_name: back\nsecrets: {a: {secret_data: first}}\n")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    aws("secretsmanager").put_secret_value(SecretId=arn, SecretString="in use")
    stack.write("context_name: back\n").up()
    preview = stack.write(text).pulumi("preview").text
    assert f"`back/{stack.name}/a` will be restored from its scheduled deletion" in preview
    assert "DeletedDate" in aws("secretsmanager").describe_secret(SecretId=arn)
    stack.up()
    assert stack.outputs()["secret_arns"]["a"] == arn
    assert live(arn) == "in use"
    assert aws("secretsmanager").describe_secret(SecretId=arn)["Description"] == "new"
    assert set(stack.up("--refresh").changes) == {"same"}
    stack.write(text.replace("restore_deleted: true, ", "")).up()  # which kept it in the account
    stack.write("context_name: back\n").up()
    assert aws("secretsmanager").describe_secret(SecretId=arn)["DeletedDate"] is not None


def test_interrupted_restore_is_resumed(secrets: Secrets, aws: Aws, live: Live) -> None:
    stack = secrets("context_name: on\nsecrets: {a: {secret_data: v}}\n")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    stack.write("context_name: on\n").up()
    aws("secretsmanager").restore_secret(SecretId=arn)  # as a run did that ended right after it
    stack.write("context_name: on\nsecrets: {a: {restore_deleted: true, owner: operator}}\n").up()
    assert live(arn) == "v"


@pytest.mark.parametrize("by", ["ARN", pytest.param("Name", marks=pytest.mark.long)])
def test_adopted_secret_keeps_name_value_and_all_that_the_entry_leaves_out(
    secrets: Secrets, aws: Aws, live: Live, by: str
) -> None:
    client = aws("secretsmanager")
    made = client.create_secret(
        Name=f"legacy-{by}", SecretString="in use", Description="theirs", Tags=[{"Key": "k", "Value": "v"}]
    )  # fmt: skip
    entry = f"import: '{made[by]}', owner: operator"
    text = f"context_name: adopt{by}\ntags: {{team: t}}\nsecrets: {{a: {{{entry}%s}}}}\n"
    stack = secrets(text % "")
    stack.up()
    assert stack.outputs()["secret_arns"]["a"] == made["ARN"]
    assert stack.outputs()["secret_names"]["a"] == f"legacy-{by}"
    described = client.describe_secret(SecretId=made["ARN"])
    tags = {tag["Key"]: tag["Value"] for tag in described["Tags"]}
    assert (described["Description"], tags.pop("k")) == ("theirs", "v")
    assert set(tags) == {f"secretsmap:{mark}" for mark in ("map", "key", "state", "adopted")}
    assert live(made["ARN"]) == "in use"
    assert set(stack.up().changes) == {"same"}
    stack.write(text % ", description: ours").up()
    assert client.describe_secret(SecretId=made["ARN"])["Description"] == "ours"
    stack.write(f"context_name: adopt{by}\n").up()
    left = client.describe_secret(SecretId=made["ARN"])
    assert "DeletedDate" not in left, "adopted secrets stay when the entry goes"


FOREIGN = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:role/theirs"},
    "Action": "secretsmanager:GetSecretValue",
    "Resource": "*",
}


def test_resource_policy_of_an_adopted_secret_goes_in_words_only(
    secrets: Secrets, aws: Aws
) -> None:
    client, iam = aws("secretsmanager"), aws("iam")
    for name in ("theirs", "ours"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    arn = client.create_secret(Name="legacy-a2", SecretString="in use")["ARN"]
    theirs = json.dumps({"Version": "2012-10-17", "Statement": [FOREIGN]})
    client.put_resource_policy(SecretId=arn, ResourcePolicy=theirs)

    def readers() -> list[str]:
        policy = json.loads(client.get_resource_policy(SecretId=arn)["ResourcePolicy"])
        found = []
        for statement in policy["Statement"]:
            named = statement["Principal"]["AWS"]
            found += named if isinstance(named, list) else [named]
        return sorted(name.rpartition("/")[2] for name in found)

    grant = "access: {readers: ['arn:aws:iam::123456789012:role/ours']}"
    text = f"context_name: a2\n{grant}\nsecrets:\n  a: {{import: legacy-a2%s}}\n"
    stack = secrets(text % "")
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        refused = stack.pulumi(*command, good=False)
        assert "`legacy-a2` has a resource policy" in refused.text
        assert "role/theirs" in refused.text
    assert readers() == ["theirs"]
    stack.write(text % f", policy: {theirs}").up()
    assert readers() == ["ours", "theirs"]
    stack.write(text % "").up()  # the map's own by now
    assert readers() == ["ours"]


def test_adopted_secret_leaves_its_key_in_words_only(secrets: Secrets, aws: Aws) -> None:
    client, key = aws("secretsmanager"), aws("kms").create_key()["KeyMetadata"]["Arn"]
    text = "context_name: a9\nenvironment: e\nsecrets:\n  a: {%sowner: operator}\n"
    client.create_secret(Name="a9/e/a", SecretString="in use", KmsKeyId=key)

    def key_in_use() -> str:
        return str(client.describe_secret(SecretId="a9/e/a").get("KmsKeyId"))

    stack = secrets(text % "import: a9/e/a, ")
    stack.up()
    refused = stack.write(text % "").up(good=False)
    assert f"was adopted with the key `{key}`" in refused.diagnostics
    assert key_in_use() == key
    stack.write(text % f"kms_key_id: '{key}', ").up()
    assert key_in_use() == key


def test_rotation_of_an_adopted_secret_may_use_the_key_that_it_has(
    secrets: Secrets, aws: Aws
) -> None:
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    aws("secretsmanager").create_secret(
        Name="legacy-a4", SecretString='{"password": "p"}', KmsKeyId=key
    )
    stack = secrets(
        "context_name: a4\nsecrets:\n  a: {import: legacy-a4, rotation_automatically: true, "
        "rotation: {function: generated-password}}\n"
    )
    stack.up()
    assert stack.outputs()["kms_key_arns"] == {"a": key}
    [role] = [
        one["RoleName"]
        for one in aws("iam").list_roles()["Roles"]
        if "legacy-a4" in one["RoleName"]
    ]
    [name] = aws("iam").list_role_policies(RoleName=role)["PolicyNames"]
    policy = aws("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    used = [one["Resource"] for one in policy["Statement"] if "kms:Decrypt" in one["Action"]]
    assert used == [key]
    assert set(stack.up().changes) == {"same"}


def test_missing_secret_to_adopt_is_reported(secrets: Secrets) -> None:
    stack = secrets("context_name: absent\nsecrets: {a: {import: nobody/has/this}}\n")
    refused = stack.up(good=False)
    assert "the secret `nobody/has/this` cannot be adopted" in refused.diagnostics
    assert "Traceback" not in refused.text


def test_rename_would_leave_a_live_value_behind_and_is_refused(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    text = "context_name: left\nsecrets:\n  a: {name: %s, owner: operator}\n"
    stack = secrets(text % "old")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    aws("secretsmanager").put_secret_value(SecretId=arn, SecretString="by hand")
    refused = stack.write(text % "new").up(good=False)
    assert (
        f":3:3: error: renaming `left/{stack.name}/old` to `left/{stack.name}/new` "
        "creates a new secret without the value written by an operator" in refused.diagnostics
    )
    assert live(arn) == "by hand"
    assert names_in_aws(aws, "left/") == [f"left/{stack.name}/old"]


def test_renamed_key_without_renamed_from_is_refused_with_the_fix(secrets: Secrets) -> None:
    stack = secrets("context_name: keys\nsecrets:\n  a: {name: n, secret_data: v}\n")
    stack.up()
    refused = stack.write("context_name: keys\nsecrets:\n  b: {name: n, secret_data: v}\n").up(
        good=False
    )
    assert (
        f":3:3: error: `keys/{stack.name}/n` belongs to the entry `a`, which was removed; "
        "write `renamed_from: a` to keep it" in refused.diagnostics
    )


def test_secrets_leave_a_key_before_it_is_deleted(secrets: Secrets, aws: Aws, live: Live) -> None:
    text = "context_name: unkeyed\n%ssecrets: {a: {secret_data: v}}\n"
    stack = secrets(text % "kms: {create: true}\n")
    stack.up()
    arn, key = (stack.outputs()[name]["a"] for name in ("secret_arns", "kms_key_arns"))
    assert aws("secretsmanager").describe_secret(SecretId=arn)["KmsKeyId"] == key
    steps = stack.write(text % "").up().steps
    secret, its_key = "aws:secretsmanager/secret:Secret", "aws:kms/key:Key"
    assert steps.index(("update", secret)) < steps.index(("delete", its_key))
    described = aws("secretsmanager").describe_secret(SecretId=arn)
    assert described["KmsKeyId"] == "alias/aws/secretsmanager"
    assert stack.outputs()["kms_key_arns"] == {}
    assert live(arn) == "v"
    assert set(stack.up("--refresh").changes) == {"same"}


@pytest.mark.parametrize("asks", [True, False])
def test_account_of_other_credentials_is_not_queried(
    secrets: Secrets, aws: Aws, asks: bool
) -> None:
    stack = secrets(
        f"context_name: other\nsecrets: {{a: {{restore_deleted: {str(asks).lower()}}}}}\n"
    )
    role = {"RoleArn": "arn:aws:iam::111122223333:role/other", "RoleSessionName": "other"}
    given = aws("sts").assume_role(**role)["Credentials"]
    credentials = {
        "accessKey": given["AccessKeyId"],
        "secretKey": given["SecretAccessKey"],
        "token": given["SessionToken"],
    }
    for setting, value in credentials.items():
        stack.pulumi("config", "set", "--secret", f"aws:{setting}", value)
    run = stack.up(good=not asks)
    reason = "the AWS SDK's credentials are of account 111122223333, the provider's of 123456789012"
    said = f"needs the AWS SDK in the provider's account: {reason}" if asks else reason
    assert said in run.diagnostics
    assert "Traceback" not in run.text


def test_existing_secrets_are_found_below_the_level_and_elsewhere(
    sandbox: Sandbox, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    client = aws("secretsmanager")
    for number in range(12):
        client.create_secret(Name=f"elsewhere-{number}", SecretString="v")
    client.create_secret(Name="held/dev/empty")
    client.create_secret(Name="held/dev/foreign", SecretString="v")
    entries = "".join(f"  e{n}: {{import: elsewhere-{n}}}\n" for n in range(12))
    text = f"context_name: held\nsecrets:\n  empty: {{}}\n  none: {{}}\n{entries}"
    plan = plans(parse_yaml(text, "m"), "dev")["secretsmanager"]
    held = Inventory().secrets_of(plan)
    assert sorted(held) == sorted(["held/dev/empty", *(f"elsewhere-{n}" for n in range(12))])
    assert [name for name, secret in held.items() if not secret.is_filled] == ["held/dev/empty"]


def test_secret_that_rds_manages_is_refused_and_left_alone(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    rds = aws("rds")
    made = rds.create_db_instance(
        DBInstanceIdentifier="managed",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="app",
        ManageMasterUserPassword=True,
    )["DBInstance"]
    arn = made["MasterUserSecret"]["SecretArn"]
    # The provider allows no `!` in a name (terraform-provider-aws, internal/service/secretsmanager/
    # validate.go), which is in all names of RDS's secrets: it cannot adopt one.
    stack = secrets(f"context_name: rds\nsecrets:\n  a: {{import: '{arn}'}}\n")
    before = live(arn)
    refused = stack.up(good=False)
    assert ":3:7: error: `import`: names with `!` belong to an AWS service" in refused.diagnostics
    stack.write("context_name: rds\n").up()
    assert live(arn) == before, "RDS's secret stays when the entry goes"


def test_plan_live_shows_the_next_rotation(
    secrets: Secrets,
    sandbox: Sandbox,
    rotator: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    rotation = f"rotation_automatically: true, rotation_lambda_arn: '{rotator}', rotation_days: 7"
    stack = secrets(f"context_name: liveplan\nsecrets: {{a: {{secret_data: v, {rotation}}}}}\n")
    stack.up()
    path = str(stack.project / "stacks" / f"{stack.name}.yaml")
    assert main(["plan", "--live", path, "--environment", stack.name]) == 0
    in_a_week = datetime.now(UTC) + timedelta(days=7)
    assert f"    next rotation: {in_a_week:%Y-%m-%dT}" in capsys.readouterr().out


def test_validate_filled_lists_the_secrets_that_wait_for_their_operator(
    secrets: Secrets,
    sandbox: Sandbox,
    aws: Aws,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    text = (
        "context_name: filled\nsecrets:\n  a: {owner: operator}\n  b: {}\n  c: {secret_data: v}\n"
    )
    stack = secrets(text)
    stack.up()
    path = str(stack.project / "stacks" / f"{stack.name}.yaml")
    command = ["validate", "--filled", path, "--environment", stack.name]
    client = aws("secretsmanager")
    client.put_secret_value(SecretId=f"filled/{stack.name}/b", SecretString="by hand")
    assert main(command) == 1
    assert capsys.readouterr().err == (
        f"{path}:3:3: error: `filled/{stack.name}/a` is empty; set its value with "
        f"`aws secretsmanager put-secret-value --secret-id filled/{stack.name}/a …`\n"
    )
    client.put_secret_value(SecretId=f"filled/{stack.name}/a", SecretString="by hand")
    assert main(command) == 0
