"""Which rights AWS demands for a call: actions, each on a resource, with what the caller sends.

Sources: the tables of actions in the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/), and the paragraphs "Required
permissions" of the API references of Secrets Manager and KMS. `*` is the resource of an action that
has none of its own. Of services that are not here every action has the resource `*`: a policy that
allows it for single resources only does not allow it in the sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.secretsmanager.models import ReplicaSecret, secretsmanager_backends

from sandbox.rules.calls import UNKNOWN, Call

Context = Mapping[str, str | Sequence[str]]
ANY = "*"
_DEFAULT_KEYS = ("", "alias/aws/secretsmanager")
_FUNCTION_NAME_PART = 6  # of arn:aws:lambda:region:account:function:name[:qualifier]


@dataclass(frozen=True)
class Right:
    """An action on a resource.

    Attributes:
        action: such as `secretsmanager:GetSecretValue`.
        resource: an ARN, a name that no resource has, or `*`.
        context: the condition keys that this action has besides those of every request.
        through: the service that acts for the caller, such as `secretsmanager`; empty for none.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    through: str = ""


def demanded(call: Call) -> list[Right]:
    """Return the rights that a call needs; all of them are needed."""
    rights = _SERVICES.get(call.service)
    if rights is None or call.operation == UNKNOWN:
        return [Right(call.action, ANY)]

    return list(rights(call))


def _of_sts(call: Call) -> Iterator[Right]:
    """Yield nothing for GetCallerIdentity, which needs no right."""
    if call.operation != "GetCallerIdentity":
        yield Right(call.action, call.text("RoleArn") or ANY)


def _of_secretsmanager(call: Call) -> Iterator[Right]:
    if call.operation in ("ListSecrets", "GetRandomPassword", "BatchGetSecretValue"):
        yield Right(call.action, ANY)
        return

    secret = None
    resource = call.arn(f"secret:{call.text('Name')}-??????")  # AWS appends six characters
    if call.operation != "CreateSecret":
        secret = find_secret(call.account, call.region, call.text("SecretId"))
        # One that does not exist has the name that the caller gives
        # (mongodb/awscdk-resources-mongodbatlas#207).
        resource = call.text("SecretId") if secret is None else secret.arn

    yield Right(call.action, resource)
    if call.operation == "CreateSecret" and call.parameters.get("Tags"):
        yield Right(call.of("TagResource"), resource)

    if call.operation == "CreateSecret" and call.parameters.get("AddReplicaRegions"):
        yield Right(call.of("ReplicateSecretToRegions"), resource)

    if call.operation == "RotateSecret":
        function = call.text("RotationLambdaARN") or getattr(secret, "rotation_lambda_arn", "")
        if function:
            yield Right("lambda:InvokeFunction", function)

    yield from _uses_of_keys(call, secret, resource)


def find_secret(account: str, region: str, secret_id: str) -> Any:  # noqa: ANN401 # moto's class
    """Return a secret by name or by its whole or partial ARN; None where there is none."""
    return secretsmanager_backends[account][region].secrets.get(secret_id)


_WRITES = ("kms:GenerateDataKey", "kms:Decrypt")
_USES = {
    "CreateSecret": _WRITES,
    "GetSecretValue": ("kms:Decrypt",),
    "PutSecretValue": _WRITES,
    "ReplicateSecretToRegions": ("kms:Decrypt",),
    "UpdateSecret": (*_WRITES, "kms:Encrypt"),
}
"""What Secrets Manager does with a customer-managed key for its caller
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).

Without kms:Encrypt on the new key, UpdateSecret leaves existing versions under the old one and
reports no error. The sandbox refuses: the old key may go next.
"""


def _uses_of_keys(call: Call, secret: Any, resource: str) -> Iterator[Right]:  # noqa: ANN401 # moto's class
    """Yield the uses of customer-managed keys; the AWS-managed key needs no right."""
    own = _own_key(secret)
    named = call.text("KmsKeyId")
    if call.operation == "UpdateSecret":
        if named:
            yield from _uses(call, ("kms:Decrypt",), own, resource)

        own = named
    elif call.operation == "CreateSecret":
        own = named

    yield from _uses(call, _USES.get(call.operation, ()), own, resource)
    if call.operation in ("CreateSecret", "ReplicateSecretToRegions"):
        for replica in call.parameters.get("AddReplicaRegions") or ():
            key, region = replica.get("KmsKeyId", ""), replica["Region"]
            yield from _uses(call, ("kms:GenerateDataKey", "kms:Encrypt"), key, resource, region)


def _own_key(secret: Any) -> str:  # noqa: ANN401 # moto's class
    if isinstance(secret, ReplicaSecret):
        return str(secret.config.get("KmsKeyId") or "")

    return str(getattr(secret, "kms_key_id", "") or "")


def _uses(
    call: Call, actions: Iterable[str], key: str, secret_arn: str, region: str = ""
) -> Iterator[Right]:
    if key in _DEFAULT_KEYS:
        return

    where = region or call.region
    arn, aliases = find_key(call.account, where, key)
    if arn is None:  # refused as a key that does not exist
        return

    context = {
        "kms:ViaService": f"secretsmanager.{where}.amazonaws.com",
        "kms:CallerAccount": call.account,
        "kms:EncryptionContext:SecretARN": secret_arn.replace(call.region, where),
        "kms:ResourceAliases": aliases,
    }
    for action in actions:
        yield Right(action, arn, context, through="secretsmanager")


def find_key(account: str, region: str, key: str) -> tuple[str | None, list[str]]:
    """Return the ARN of a key that is given by id, ARN or alias, and its aliases."""
    backend = kms_backends[account][region]
    try:
        found = backend.keys.get(backend.any_id_to_key_id(key))
    except (AttributeError, TypeError):  # moto: an unknown alias has no key id
        found = None

    if found is None:
        return None, []

    return str(found.arn), list(found.aliases)


def _of_kms(call: Call) -> Iterator[Right]:
    match call.operation:
        case "ListAliases" | "ListKeys" | "GenerateRandom":
            yield Right(call.action, ANY)
        case "CreateKey":
            yield from _of_new_key(call)
        case "ReplicateKey":
            yield _on_key(call, call.text("KeyId"))
            yield from _of_new_key(call)
        case "CreateAlias" | "UpdateAlias" | "DeleteAlias":
            yield Right(call.action, call.arn(call.text("AliasName")))
            for key in {call.text("AliasName"), call.text("TargetKeyId")}:
                if find_key(call.account, call.region, key)[0] is not None:
                    yield _on_key(call, key)
        case _:
            key = call.text("KeyId")
            is_known = find_key(call.account, call.region, key)[0] is not None
            if is_known or not key.startswith("alias/"):  # an alias without a key is not found
                yield _on_key(call, key)


def _on_key(call: Call, key: str) -> Right:
    arn, aliases = find_key(call.account, call.region, key)
    context = {"kms:CallerAccount": call.account, "kms:ResourceAliases": aliases}
    return Right(call.action, arn or key, context)


def _of_new_key(call: Call) -> Iterator[Right]:
    """Yield what a new key needs.

    Tags: "At a minimum, the permission must cover all KMS keys in the account and Region"
    (https://docs.aws.amazon.com/kms/latest/developerguide/manage-tags-api.html). Multi-Region keys:
    https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-auth-slr.html.
    """
    yield Right(call.of("CreateKey"), ANY)
    if call.parameters.get("Tags"):
        region = call.text("ReplicaRegion") or call.region
        yield Right(call.of("TagResource"), call.arn("key/*", region=region))

    if call.parameters.get("MultiRegion"):
        service = "mrk.kms.amazonaws.com"
        name = "AWSServiceRoleForKeyManagementServiceMultiRegionKeys"
        role = call.arn(f"role/aws-service-role/{service}/{name}", service="iam", region="")
        yield Right("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": service})


def _of_iam(call: Call) -> Iterator[Right]:
    context: Context = {}
    resource = ANY
    if call.text("InstanceProfileName"):
        resource = call.arn(f"instance-profile/{call.text('InstanceProfileName')}", region="")
    elif call.text("RoleName"):
        resource = _role(call)
    elif call.text("UserName"):
        resource = call.arn(f"user{_path_of(call, 'users')}{call.text('UserName')}", region="")
    elif call.text("PolicyArn"):
        resource = call.text("PolicyArn")
    elif call.operation == "CreatePolicy":
        path = call.text("Path") or "/"
        resource = call.arn(f"policy{path}{call.text('PolicyName')}", region="")

    if call.operation in ("AttachRolePolicy", "DetachRolePolicy"):
        context = {"iam:PolicyARN": call.text("PolicyArn")}

    yield Right(call.action, resource, context)
    tagging = {"CreateRole": "TagRole", "CreatePolicy": "TagPolicy"}
    if call.operation in tagging and call.parameters.get("Tags"):
        yield Right(call.of(tagging[call.operation]), resource)

    if call.operation == "AddRoleToInstanceProfile":
        yield Right("iam:PassRole", _role(call), {"iam:PassedToService": "ec2.amazonaws.com"})


def _role(call: Call) -> str:
    return call.arn(f"role{_path_of(call, 'roles')}{call.text('RoleName')}", region="")


def _path_of(call: Call, kind: str) -> str:
    """Return the path of a role or user, from the call where it does not exist yet."""
    name = call.text("RoleName") or call.text("UserName")
    for found in list(getattr(iam_backends[call.account]["aws"], kind).values()):
        if found.name == name:
            return str(found.path)

    return call.text("Path") or "/"


def _of_lambda(call: Call) -> Iterator[Right]:
    if call.text("Resource"):
        yield Right(call.action, call.text("Resource"))
        return

    if not call.text("FunctionName"):
        yield Right(call.action, ANY)
        return

    resource = _function(call)
    action = {"Invoke": "InvokeFunction"}.get(call.operation, call.operation)
    yield Right(call.of(action), resource)
    if call.text("Role"):
        passed_to = {"iam:PassedToService": "lambda.amazonaws.com"}
        yield Right("iam:PassRole", call.text("Role"), passed_to)

    if call.operation == "CreateFunction" and call.parameters.get("Tags"):
        yield Right(call.of("TagResource"), resource)

    network = call.parameters.get("VpcConfig") or {}
    if network.get("SubnetIds"):
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html, "User permissions"
        for kind in ("SecurityGroups", "Subnets", "Vpcs"):
            yield Right(f"ec2:Describe{kind}", ANY)


def _function(call: Call) -> str:
    """Return the ARN of a function that is given by name or ARN, with the qualifier."""
    written, qualifier = call.text("FunctionName"), call.text("Qualifier")
    if not written.startswith("arn:"):
        written = call.arn(f"function:{written.rpartition(':function:')[2]}")

    if qualifier and len(written.split(":")) == _FUNCTION_NAME_PART + 1:
        return f"{written}:{qualifier}"

    return written


def _of_events(call: Call) -> Iterator[Right]:
    if call.text("ResourceARN"):
        yield Right(call.action, call.text("ResourceARN"))
        return

    rule = call.text("Rule")
    if call.operation.endswith("Rule"):
        rule = rule or call.text("Name")

    if not rule:
        yield Right(call.action, ANY)
        return

    bus = call.text("EventBusName")
    if bus not in ("", "default"):
        rule = f"{bus}/{rule}"

    resource = call.arn(f"rule/{rule}")
    yield Right(call.action, resource)
    if call.operation == "PutRule" and call.parameters.get("Tags"):
        yield Right(call.of("TagResource"), resource)

    for target in call.parameters.get("Targets") or ():
        if target.get("RoleArn"):
            passed_to = {"iam:PassedToService": "events.amazonaws.com"}
            yield Right("iam:PassRole", target["RoleArn"], passed_to)


def _of_logs(call: Call) -> Iterator[Right]:
    """Yield the rights on a log group.

    AWS puts `:log-stream:` after a group's name, and asks for DescribeLogGroups on a group without
    a name (hashicorp/terraform-provider-aws#8804); tags have the group's own ARN
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html).
    """
    if call.text("resourceArn"):
        yield Right(call.action, call.text("resourceArn"))
        return

    group = call.arn(f"log-group:{call.text('logGroupName')}")
    yield Right(call.action, f"{group}:log-stream:")
    if call.operation == "CreateLogGroup" and call.parameters.get("tags"):
        yield Right(call.of("TagResource"), group)


def _of_cloudtrail(call: Call) -> Iterator[Right]:
    """Yield the right on a trail, given by its name or ARN; lists are of no resource."""
    trail = call.text("Name") or call.text("TrailName") or ANY
    if trail != ANY and not trail.startswith("arn:"):
        trail = call.arn(f"trail/{trail}")

    yield Right(call.action, trail)


def _of_alarms(call: Call) -> Iterator[Right]:
    """Yield the rights on alarms, which CloudWatch's signature knows as `monitoring`."""
    if call.text("ResourceARN"):
        yield Right(call.action, call.text("ResourceARN"))
        return

    names = call.parameters.get("AlarmNames") or [call.text("AlarmName")]
    for name in filter(None, names):
        alarm = call.arn(f"alarm:{name}", service="cloudwatch")
        yield Right(call.action, alarm)
        if call.operation == "PutMetricAlarm" and call.parameters.get("Tags"):
            yield Right(call.of("TagResource"), alarm)

    if not any(names):
        yield Right(call.action, ANY)


def _of_sns(call: Call) -> Iterator[Right]:
    resource = call.text("TopicArn") or call.text("ResourceArn") or call.text("TargetArn") or ANY
    if call.operation == "CreateTopic":
        resource = call.arn(call.text("Name"))

    yield Right(call.action, resource)
    if call.operation == "CreateTopic" and call.parameters.get("Tags"):
        yield Right(call.of("TagResource"), resource)


_SERVICES: Mapping[str, Callable[[Call], Iterator[Right]]] = {
    "cloudtrail": _of_cloudtrail,
    "events": _of_events,
    "iam": _of_iam,
    "kms": _of_kms,
    "lambda": _of_lambda,
    "logs": _of_logs,
    "monitoring": _of_alarms,
    "secretsmanager": _of_secretsmanager,
    "sns": _of_sns,
    "sts": _of_sts,
}
