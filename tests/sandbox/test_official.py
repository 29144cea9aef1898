"""The table of the official providers' facts: its form, what it says, and what its rules refuse."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.providers import aws, checks, random, tls
from sandbox.providers.checks import UNKNOWN, Naming
from sandbox.providers.cloud import Cloud, derived, shown_tags, tags
from sandbox.providers.official import Facts, Input, TableError, facts, facts_of
from sandbox.providers.validators import Rule

ROLE = "aws:iam/role:Role"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
PERMISSION = "aws:lambda/permission:Permission"
FUNCTION = "aws:lambda/function:Function"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
KEY, ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"
TOPIC = "aws:sns/topic:Topic"
LOG = "aws:cloudwatch/logGroup:LogGroup"
BYTES = "random:index/randomBytes:RandomBytes"
PAIR = "tls:index/privateKey:PrivateKey"
PASSWORD = "random:index/randomPassword:RandomPassword"
ARN = "arn:aws:iam::123456789012:role/r"
A_FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:"
MODULES = {"lambda": "lambda_"}  # where Python has a word of its own
NEEDLE = "Zq7NeedleOfASecret"


# the table's form


def table(**type_: Any) -> dict[str, Any]:
    return {"types": {"a:b:C": type_}}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tpyes": {}}, "the table: unknown: ['tpyes']"),
        (table(input={}), "a:b:C: unknown: ['input']"),
        (table(inputs={"a": {"requird": True}}), "a:b:C.a: unknown: ['requird']"),
        (table(inputs={"a": {"type": "text"}}), "a:b:C.a: unknown: ['text']"),
        (table(inputs={"a": {"replaces": "always"}}), "a:b:C.a: unknown: ['always']"),
        (table(inputs={"a": {"conflicts": ["b"]}}), "a:b:C.a: unknown: ['b']"),
        (table(inputs={"a": {"automatic": {"length": 3}}}), "a:b:C.a: unknown: ['length']"),
        (table(inputs={"a": {"automatic": {}}}), "a:b:C.a: Automatic.__init__() missing 1"),
        (table(inputs={"a": {"rules": ["none"]}}), "a:b:C.a.rules: unknown: ['none']"),
        (table(inputs={"a": {"rules": [{"max": 3}]}}), "a:b:C.a.rules: unknown: ['max']"),
        (
            table(inputs={"a": {"rules": [{"range": [1, 2], "length": [1, 2]}]}}),
            "a:b:C.a.rules: a rule has one kind, not 2",
        ),
        (
            table(inputs={"a": {"type": "object", "fields": {"b": {"maximum": 1}}}}),
            "a:b:C.a.b: unknown: ['maximum']",
        ),
        (
            table(inputs={}, together=[{"kind": "sum", "input": "a", "says": ""}]),
            "a:b:C.together: unknown: ['sum']",
        ),
        (
            table(inputs={}, planned=[{"kind": "not_all_false", "input": "a", "says": ""}]),
            "a:b:C.planned: unknown: ['a']",
        ),
        ({"rules": {"r": [{"min": 1}]}, "types": {}}, "rules.r: unknown: ['min']"),
    ],
)
def test_table_in_another_form_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(TableError) as refused:
        facts_of({"types": {}, **wrong})
    assert str(refused.value).startswith(message)


def test_every_type_of_the_sandbox_has_its_facts() -> None:
    assert facts().keys() == aws.TYPES.keys() | random.TYPES.keys() | tls.TYPES.keys()


@pytest.mark.parametrize("token", facts())
def test_inputs_and_outputs_are_those_of_the_sdk(token: str) -> None:
    found = facts()[token]
    arguments, resource = sdk_of(token)
    assert found.inputs.keys() - {"tagsAll"} == arguments.keys()
    required = {name for name, is_required in arguments.items() if is_required}
    assert {name for name in found.inputs if found.inputs[name].required} == required
    properties = {
        name for name, value in inspect.getmembers(resource) if isinstance(value, property)
    } - {"id", "urn", "pulumi_resource_name", "pulumi_resource_type"}
    known = {snake(token, name) for name in {*found.inputs, *found.outputs}}
    assert known == properties


def sdk_of(token: str) -> tuple[dict[str, bool], type[Any]]:
    """Return whether each argument of an SDK's resource is required, and the resource's class."""
    package, module, name = token.split(":")
    path = f"pulumi_{package}"
    if package == "aws":
        folder = module.partition("/")[0]
        path += f".{MODULES.get(folder, folder)}"

    sdk = importlib.import_module(path)
    arguments = getattr(sdk, f"{name}Args")
    required = {}
    for parameter in list(inspect.signature(arguments).parameters.values()):
        camel = arguments.__dict__[parameter.name].fget
        required[camel_of(camel, parameter.name)] = parameter.default is inspect.Parameter.empty

    return required, getattr(sdk, name)


def camel_of(getter: Any, name: str) -> str:
    """Return the name of a property as the engine knows it."""
    return str(getattr(getter, "_pulumi_name", name))


def snake(token: str, name: str) -> str:
    """Return the Python name of an input or output."""
    special = {"ipv6AllowedForDualStack": "ipv6_allowed_for_dual_stack"}
    return special.get(name, "".join(f"_{c.lower()}" if c.isupper() else c for c in name))


# what Check answers


def refusals(token: str, **inputs: Any) -> list[str]:
    """Return why Check refuses these inputs; others may be missing."""
    _, found = checks.checked(facts()[token], Naming(token, "r"), {}, inputs)
    named = re.compile(rf"Examine values at 'r\.({'|'.join(inputs)})\b")
    return [reason for reason in found if named.search(reason)]


def first(reasons: list[str]) -> str:
    return reasons[0].partition(". Examine values at")[0] if reasons else ""


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    (SECRET, {"name": "a/b_+=.@-9"}),
    (SECRET, {"name": "a" * 512}),
    (SECRET, {"recoveryWindowInDays": 0}),
    (SECRET, {"recoveryWindowInDays": 7}),
    (SECRET, {"recoveryWindowInDays": 30}),
    (SECRET, {"replicas": [{"region": "eu-west-1", "kmsKeyId": "k"}]}),
    (ROTATION, {"rotationRules": {"automaticallyAfterDays": 1}}),
    (ROTATION, {"rotationRules": {"automaticallyAfterDays": 1000, "duration": "3h"}}),
    (ROTATION, {"rotationRules": {"scheduleExpression": "rate(10 days)"}}),
    (ROTATION, {"rotationLambdaArn": A_FUNCTION + "f"}),
    (PERMISSION, {"statementId": "a_B-9"}),
    (PERMISSION, {"function": "f" * 64}),
    (PERMISSION, {"function": A_FUNCTION + "f:live"}),
    (PERMISSION, {"sourceAccount": "123456789012"}),
    (RULE, {"name": "a.b_c-9", "eventPattern": "{}"}),
    (TARGET, {"targetId": "a" * 64}),
    (TARGET, {"inputTransformer": {"inputTemplate": "x" * 8192}}),
    (ROLE, {"name": "a+=,.@-_9"}),
    (KEY, {"deletionWindowInDays": 7}),
    (ALIAS, {"name": "alias/a/b_c-9"}),
    (LOG, {"name": "/aws/lambda/a.b#c"}),
    (LOG, {"retentionInDays": 3653}),
    (FUNCTION, {"timeout": 900}),
    (PASSWORD, {"length": 4, "minLower": 2, "minUpper": 2}),
    (PASSWORD, {"length": 8, "lower": False, "upper": False, "numeric": False}),
]


@pytest.mark.parametrize(("token", "inputs"), ACCEPTED)
def test_good_value_is_accepted(token: str, inputs: dict[str, Any]) -> None:
    assert refusals(token, **inputs) == []


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    # characters and lengths
    (SECRET, {"name": "a b"}, 'only alphanumeric characters and /_+=.@- special characters are allowed in "name"'),
    (SECRET, {"name": "a\n"}, 'only alphanumeric characters and /_+=.@- special characters are allowed in "name"'),
    (SECRET, {"name": "a" * 513}, '"name" cannot be greater than 512 characters'),
    (SECRET, {"namePrefix": "a" * 487}, '"name_prefix" cannot be greater than 486 characters'),
    (PERMISSION, {"statementId": "a.b"}, "invalid value for statement_id (must contain alphanumeric, underscores or dashes only)"),
    (PERMISSION, {"statementId": "a" * 101}, f"expected length of statement_id to be in the range (1 - 100), got {'a' * 101}"),
    (PERMISSION, {"function": "a b"}, "invalid value for function_name (must be valid function name or function ARN)"),
    (PERMISSION, {"function": A_FUNCTION + "f" * 65}, f"expected length of the Lambda function name to be less than or equal to 64, got {'f' * 65} (65 characters)"),
    (PERMISSION, {"function": "f" * 141}, f"expected length of function_name to be in the range (1 - 140), got {'f' * 141}"),
    (PERMISSION, {"action": "sns:Publish"}, "invalid value for action (must be a valid action (usually starts with lambda:))"),
    (PERMISSION, {"sourceAccount": "1234"}, '"source_account" doesn\'t look like AWS Account ID (exactly 12 digits): "1234"'),
    (PERMISSION, {"qualifier": "a.b"}, "invalid value for qualifier (must contain alphanumeric, dollar signs, underscores or dashes only)"),
    (TARGET, {"targetId": "a" * 65}, f'"target_id" cannot be longer than 64 characters: "{"a" * 65}"'),
    (TARGET, {"targetId": "a/b"}, '"target_id" doesn\'t comply with restrictions ("^[0-9A-Za-z_.-]+$"): "a/b"'),
    (RULE, {"description": "é" * 257}, f"expected length of description to be in the range (0 - 512), got {'é' * 257}"),
    (RULE, {"eventBusName": "a b"}, r'expected value of event_bus_name to match regular expression "^[/\\.\\-_A-Za-z0-9:]+$", got a b'),
    (ROLE, {"name": "a/b"}, "invalid value for name (must match [\\w+=,.@-])"),
    (ROLE, {"name": "é"}, "invalid value for name (must match [\\w+=,.@-])"),
    (ROLE, {"name": "a" * 65}, f"expected length of name to be in the range (1 - 64), got {'a' * 65}"),
    (ROLE, {"description": "\u201cquoted"}, "invalid value for description (cannot contain specially formatted single or double quotes: [\u201c\u2018])"),
    ("aws:iam/rolePolicy:RolePolicy", {"name": "a" * 129}, f"expected length of name to be in the range (1 - 128), got {'a' * 129}"),
    ("aws:iam/rolePolicy:RolePolicy", {"role": ARN}, '"role" must be the role\'s name not its ARN'),
    (KEY, {"description": "a" * 8193}, f"expected length of description to be in the range (0 - 8192), got {'a' * 8193}"),
    (ALIAS, {"name": "a"}, '"name" must begin with \'alias/\' and be comprised of only [0-9A-Za-z_/-]'),
    (ALIAS, {"name": "alias/aws/a"}, "\"name\" cannot begin with reserved AWS CMK prefix 'alias/aws/'"),
    (LOG, {"name": "a:b"}, '"name" isn\'t a valid log group name (alphanumeric characters, underscores, hyphens, slashes, hash signs and dots are allowed): "a:b"'),
    (FUNCTION, {"handler": ""}, "expected length of handler to be in the range (1 - 128), got "),
    (TARGET, {"inputTransformer": {"inputTemplate": "x" * 8193}}, f"expected length of input_transformer.0.input_template to be in the range (1 - 8192), got {'x' * 8193}"),
    # numbers and choices
    (SECRET, {"recoveryWindowInDays": 6}, "expected recovery_window_in_days to be in the range (7 - 30), got 6"),
    (SECRET, {"recoveryWindowInDays": 31}, "expected recovery_window_in_days to be in the range (7 - 30), got 31"),
    (KEY, {"deletionWindowInDays": 6}, "expected deletion_window_in_days to be in the range (7 - 30), got 6"),
    ("aws:kms/replicaKey:ReplicaKey", {"deletionWindowInDays": 31}, "expected deletion_window_in_days to be in the range (7 - 30), got 31"),
    (FUNCTION, {"timeout": 901}, "expected timeout to be in the range (1 - 900), got 901"),
    (LOG, {"retentionInDays": 2}, "expected retention_in_days to be one of [0 1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653], got 2"),
    (FUNCTION, {"loggingConfig": {"logFormat": "text"}}, 'expected logging_config.0.log_format to be one of ["JSON" "Text"], got text'),
    (ROTATION, {"rotationRules": {"automaticallyAfterDays": 0}}, "expected rotation_rules.0.automatically_after_days to be in the range (1 - 1000), got 0"),
    (ROTATION, {"rotationRules": {"automaticallyAfterDays": 1001}}, "expected rotation_rules.0.automatically_after_days to be in the range (1 - 1000), got 1001"),
    (BYTES, {"length": 0}, "Invalid Attribute Value. Attribute length value must be at least 1, got: 0"),
    (PAIR, {"algorithm": "DSA"}, 'Invalid Attribute Value Match. Attribute algorithm value must be one of: ["RSA" "ECDSA" "ED25519"], got: "DSA"'),
    (PAIR, {"algorithm": "ECDSA", "ecdsaCurve": "P-256"}, 'Invalid Attribute Value Match. Attribute ecdsa_curve value must be one of: ["P224" "P256" "P384" "P521"], got: "P-256"'),
    (PASSWORD, {"length": 0}, "Invalid Attribute Value. Attribute length value must be at least 1, got: 0"),
    (PASSWORD, {"length": 9, "minUpper": 2, "minLower": 3, "minNumeric": 1, "minSpecial": 4}, "Invalid Attribute Value. Attribute length value must be at least sum of min_upper + min_lower + min_numeric + min_special, got: 9"),
    (PASSWORD, {"length": 9, "special": False, "upper": False, "lower": False, "numeric": False}, "Invalid Attribute Combination. At least one attribute out of [special,upper,lower,numeric] must be specified as true"),
    # documents
    (SECRET, {"policy": "{"}, '"policy" contains an invalid JSON: Expecting property name enclosed in double quotes'),
    ("aws:sns/topicPolicy:TopicPolicy", {"policy": "no"}, '"policy" contains an invalid JSON: Expecting value'),
    ("aws:iam/policy:Policy", {"policy": ""}, '"policy" is an empty string, which is not a valid JSON value'),
    ("aws:iam/policy:Policy", {"policy": " {}"}, '"policy" contains an invalid JSON policy: leading space characters are not allowed'),
    ("aws:iam/policy:Policy", {"policy": "[]"}, '"policy" contains an invalid JSON policy: not a JSON object'),
    ("aws:iam/policy:Policy", {"policy": "{"}, '"policy" contains an invalid JSON policy: Expecting property name enclosed in double quotes'),
    ("aws:iam/policy:Policy", {"policy": json.dumps({"a": "<" * 1023})}, "Cannot exceed quota for PolicySize: 6144 (actual: 6146)"),
    ("aws:iam/rolePolicy:RolePolicy", {"policy": json.dumps({"a": "x" * 10233})}, "Cannot exceed quota for PolicySize: 10240 (actual: 10241)"),
    (RULE, {"eventPattern": "x"}, '"event_pattern" contains an invalid JSON: Expecting value'),
    (RULE, {"eventPattern": json.dumps({"a": "<" * 4089})}, f'"event_pattern" cannot be longer than 4096 characters: "{json.dumps({"a": "<" * 4089})}"'),
    # ARNs
    (ROTATION, {"rotationLambdaArn": "f"}, '"rotation_lambda_arn" (f) is an invalid ARN: arn: invalid prefix'),
    (ROTATION, {"rotationLambdaArn": "arn:aws"}, '"rotation_lambda_arn" (arn:aws) is an invalid ARN: arn: not enough sections'),
    (ROTATION, {"rotationLambdaArn": "arn::a:::b"}, '"rotation_lambda_arn" (arn::a:::b) is an invalid ARN: missing partition value'),
    (ROTATION, {"rotationLambdaArn": "arn:a:a:::b"}, '"rotation_lambda_arn" (arn:a:a:::b) is an invalid ARN: invalid partition value (expecting to match regular expression: ^aws(-[a-z]+)*$)'),
    (ROTATION, {"rotationLambdaArn": "arn:aws:a:eu::b"}, '"rotation_lambda_arn" (arn:aws:a:eu::b) is an invalid ARN: invalid region value (expecting to match regular expression: ^[a-z]{2}(-[a-z]+)+-\\d$)'),
    (ROTATION, {"rotationLambdaArn": "arn:aws:a::1:b"}, '"rotation_lambda_arn" (arn:aws:a::1:b) is an invalid ARN: invalid account ID value (expecting to match regular expression: ^(aws|aws-managed|third-party|\\d{12}|cw.{10})$)'),
    (ROTATION, {"rotationLambdaArn": "arn:aws:a:::"}, '"rotation_lambda_arn" (arn:aws:a:::) is an invalid ARN: missing resource value'),
    (FUNCTION, {"layers": [A_FUNCTION + "f", "x"]}, '"layers.1" (x) is an invalid ARN: arn: invalid prefix'),
    # required, conflicting, alternatives
    (SECRET, {"name": "a", "namePrefix": "b"}, 'Conflicting configuration arguments. "name": conflicts with name_prefix'),
    (VERSION, {"secretString": "a", "secretBinary": "YQ=="}, 'Conflicting configuration arguments. "secret_binary": conflicts with secret_string'),
    (VERSION, {"secretStringWo": "a"}, 'Missing required argument. "secret_string_wo": all of `secret_string_wo,secret_string_wo_version` must be specified'),
    (ROTATION, {"rotationRules": {"automaticallyAfterDays": 1, "scheduleExpression": "rate(1 day)"}}, 'Invalid combination of arguments. "rotation_rules.0.automatically_after_days": only one of `rotation_rules.0.automatically_after_days,rotation_rules.0.schedule_expression` can be specified, but `rotation_rules.0.automatically_after_days,rotation_rules.0.schedule_expression` were specified.'),
    (ROTATION, {"rotationRules": {"duration": "3h"}}, 'Invalid combination of arguments. "rotation_rules.0.automatically_after_days": one of `rotation_rules.0.automatically_after_days,rotation_rules.0.schedule_expression` must be specified'),
    (FUNCTION, {"code": {}, "imageUri": "i"}, 'Invalid combination of arguments. "filename": only one of `filename,image_uri,s3_bucket` can be specified, but `filename,image_uri` were specified.'),
    (RULE, {"scheduleExpression": None}, 'Missing required argument. "schedule_expression": one of `event_pattern,schedule_expression` must be specified'),
    (KEY, {"rotationPeriodInDays": 90}, 'Missing required argument. "rotation_period_in_days": all of `enable_key_rotation,rotation_period_in_days` must be specified'),
    # types and unknown inputs
    (SECRET, {"description": ["a"]}, "Attribute must be a single value, not a list"),
    (SECRET, {"description": {"a": 1}}, "Attribute must be a single value, not a map"),
    (SECRET, {"tags": ["a"]}, "Attribute must be a map"),
    (SECRET, {"replicas": "a"}, "Attribute must be a list"),
    (SECRET, {"recoveryWindowInDays": "x"}, "Attribute must be a whole number"),
    (ROTATION, {"rotationRules": "a"}, "Expected Object Type"),
    (SECRET, {"nmae": "a"}, "Invalid or unknown key"),
    (SECRET, {"replicas": [{"region": "a", "key": "b"}]}, "Invalid or unknown key"),
    (SECRET, {"arn": "a"}, 'Value for unconfigurable attribute. Can\'t configure a value for "arn": its value will be decided automatically based on the result of applying this configuration.'),
]  # fmt: skip


@pytest.mark.parametrize(("token", "inputs", "reason"), REFUSED)
def test_wrong_value_is_refused_in_the_providers_words(
    token: str, inputs: dict[str, Any], reason: str
) -> None:
    assert first(refusals(token, **inputs)) == reason


def test_refusal_ends_in_the_path_of_the_value() -> None:
    reasons = refusals(SECRET, replicas=[{"region": "eu-west-1"}, {}])
    assert reasons == [
        'Missing required argument. The argument "replica.1.region" is required, but no definition '
        "was found.. Examine values at 'r.replicas[1].region'."
    ]
    (reason,) = refusals(ROTATION, rotationRules={"automaticallyAfterDays": 0})
    assert reason.endswith("Examine values at 'r.rotationRules.automaticallyAfterDays'.")


def test_what_is_required_is_named() -> None:
    _, reasons = checks.checked(facts()[VERSION], Naming(VERSION, "v"), {}, {})
    assert reasons == [
        'Missing required argument. The argument "secret_id" is required, but no definition was '
        "found.. Examine values at 'v.secretId'."
    ]
    _, reasons = checks.checked(facts()[PASSWORD], Naming(PASSWORD, "p"), {}, {})
    assert reasons == ["Missing required property 'length'"]


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (SECRET, {"name": UNKNOWN, "recoveryWindowInDays": UNKNOWN}),
        (ROTATION, {"rotationRules": {"automaticallyAfterDays": 0, "duration": UNKNOWN}}),
        (VERSION, {"secretString": "a", "secretBinary": UNKNOWN}),
        (FUNCTION, {"code": UNKNOWN, "imageUri": "i"}),
        (PASSWORD, {"length": 1, "minLower": UNKNOWN}),
    ],
)
def test_unknown_value_is_refused_later(token: str, inputs: dict[str, Any]) -> None:
    assert refusals(token, **inputs) == []


@pytest.mark.parametrize(
    "inputs",
    [
        {"secretBinary": NEEDLE},
        {"secretString": [NEEDLE]},
        {"secretString": NEEDLE, "secretBinary": NEEDLE},
        {"secretStringWo": NEEDLE},
    ],
)
def test_no_refusal_shows_a_value_of_a_secret(inputs: dict[str, Any]) -> None:
    found = refusals(VERSION, **inputs)
    assert found
    assert NEEDLE not in "".join(found)


# names


@pytest.mark.parametrize(
    ("token", "longest"), [(ROLE, 64), (FUNCTION, 64), (RULE, 64), (TOPIC, 80), (PERMISSION, 100)]
)
def test_automatic_name_has_a_longest(token: str, longest: int) -> None:
    (name,) = facts()[token].named("automatic")
    fits = "a" * (longest - 8)
    inputs, _ = checks.checked(facts()[token], Naming(token, fits), {}, {})
    assert len(inputs[name]) == longest
    with pytest.raises(checks.NamingError, match=f"is longer than maximum length {longest}$"):
        checks.checked(facts()[token], Naming(token, f"{fits}a"), {}, {})


@pytest.mark.parametrize(
    ("token", "logical", "is_refused"),
    [
        (PERMISSION, "shop.rotation-ab12cd34", True),  # finding 1
        (PERMISSION, "shop-rotation-ab12cd34", False),
        (TARGET, "a" * 57, True),  # finding 6: PA allows 255, the rule 64
        (TARGET, "a" * 56, False),
        (FUNCTION, "a.b", True),  # finding 7
        (ROLE, "a.b", False),
        ("aws:iam/rolePolicy:RolePolicy", "a" * 121, True),
        ("aws:iam/rolePolicy:RolePolicy", "a" * 120, False),
    ],
)
def test_automatic_name_is_the_logical_one_without_any_cleaning(
    token: str, logical: str, is_refused: bool
) -> None:
    (name,) = facts()[token].named("automatic")
    inputs, reasons = checks.checked(facts()[token], Naming(token, logical), {}, {})
    assert inputs[name].startswith(f"{logical}-")
    assert any(reason.endswith(f"'{logical}.{name}'.") for reason in reasons) == is_refused


def test_alias_is_named_with_its_prefix() -> None:
    inputs, _ = checks.checked(facts()[ALIAS], Naming(ALIAS, "a"), {}, {})
    assert inputs["name"].startswith("alias/a-")
    inputs, _ = checks.checked(facts()[ALIAS], Naming(ALIAS, "alias/a"), {}, {})
    assert inputs["name"].startswith("alias/a-")


# the plan


@pytest.mark.parametrize(
    ("token", "inputs", "problem"),
    [
        (TOPIC, {"name": "a.b-1234567"}, "invalid topic name: a.b-1234567"),
        (TOPIC, {"name": "a-b_9"}, None),
        (ROTATION, {}, "`rotation_rules` is required unless `rotation_enabled` is `false`"),
        (ROTATION, {"rotationEnabled": False}, None),
        (ROTATION, {"rotationRules": {"automaticallyAfterDays": 1}}, None),
    ],
)
def test_plan_is_refused(token: str, inputs: dict[str, Any], problem: str | None) -> None:
    assert checks.plan_problem(facts()[token], inputs, is_new=True) == problem


def test_rotation_that_is_off_has_no_rules() -> None:
    inputs = {"rotationEnabled": False, "rotationRules": {"automaticallyAfterDays": 1}}
    problem = checks.plan_problem(facts()[ROTATION], inputs, is_new=False)
    assert problem is not None
    assert problem.startswith("`rotation_rules` cannot be set")


# Diff


@pytest.mark.parametrize(
    ("token", "key", "old", "new", "replaced"),
    [
        (SECRET, "name", "a", "b", True),
        (SECRET, "region", "eu-central-1", "eu-west-1", True),
        (SECRET, "description", "a", "b", False),
        (VERSION, "secretStringWoVersion", 1, 2, True),
        (ROLE, "region", "a", "b", False),  # IAM has no regions
        (BYTES, "length", 8, 9, True),
        (BYTES, "keepers", {"a": "1"}, {"a": "2"}, True),
        (BYTES, "keepers", None, {}, True),
        (PAIR, "algorithm", "RSA", "ECDSA", True),
        (PAIR, "ecdsaCurve", "P256", "P384", True),
        (PAIR, "rsaBits", 2048, 4096, True),
        (PASSWORD, "length", 8, 9, True),
        (PASSWORD, "keepers", None, {"a": None}, False),
        (PASSWORD, "keepers", {}, None, False),
        (PASSWORD, "keepers", {"a": "1"}, {"a": "1", "b": None}, False),
        (PASSWORD, "keepers", None, {"a": "1"}, True),
        (PASSWORD, "keepers", {"a": "1"}, {"a": "2"}, True),
        (PASSWORD, "keepers", {"a": "1"}, None, True),
        (PASSWORD, "keepers", {"a": "1"}, UNKNOWN, True),
        (PASSWORD, "overrideSpecial", "", None, False),
        (PASSWORD, "overrideSpecial", None, "", True),
        (PASSWORD, "overrideSpecial", "-", None, True),
        (PASSWORD, "overrideSpecial", "-", UNKNOWN, False),
    ],
)
def test_change_replaces(token: str, key: str, old: Any, new: Any, replaced: bool) -> None:
    assert checks.replaces(facts()[token], key, old, new) == replaced


@pytest.mark.parametrize(
    ("token", "olds", "news", "changes"),
    [
        (KEY, {"multiRegion": True}, {}, []),  # optional and computed
        (KEY, {"multiRegion": True}, {"multiRegion": False}, ["multiRegion"]),
        (KEY, {"deletionWindowInDays": 7}, {}, ["deletionWindowInDays"]),
        (VERSION, {"secretStringWo": "a"}, {"secretStringWo": "b"}, []),  # write-only
        (SECRET, {"name": "a"}, {"name": "a", "region": "eu-central-1"}, []),  # from before v7
        (SECRET, {"region": "eu-central-1"}, {"region": "eu-west-1"}, ["region"]),
        (SECRET, {"tagsAll": {}}, {"tagsAll": {"a": "1"}}, ["tagsAll"]),
    ],
)
def test_changes(
    token: str, olds: dict[str, Any], news: dict[str, Any], changes: list[str]
) -> None:
    assert checks.changed(facts()[token], olds, news, ()) == changes


@pytest.mark.parametrize(
    ("token", "news", "first"),
    [
        (SECRET, {"name": "a", "__defaults": []}, True),
        (SECRET, {"name": "a", "__defaults": ["name"]}, False),
        (SECRET, {"namePrefix": "a", "__defaults": []}, False),
        (SECRET, {"name": "a"}, False),
        (PERMISSION, {"statementId": "a", "__defaults": []}, True),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"__defaults": []}, True),
        (PASSWORD, {"length": 8}, False),
    ],
)
def test_replacement_deletes_first(token: str, news: dict[str, Any], first: bool) -> None:
    assert checks.deletes_first(facts()[token], news) == first


# what comes from the provider's settings


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The provider in one region, with tags for everything."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    default_tags = json.dumps({"tags": {"team": "payments", "stage": "test"}})
    return Cloud({"region": "eu-west-1", "defaultTags": default_tags})


@pytest.mark.parametrize("token", facts())
def test_region_of_the_provider_is_an_input_of_every_regional_type(
    cloud: Cloud, token: str
) -> None:
    found = facts()[token]
    is_regional = token.startswith("aws:") and not token.startswith("aws:iam/")
    filled = derived(cloud, found, {})
    assert filled.get("region") == ("eu-west-1" if is_regional else None)
    assert found.inputs.get("region", Input()).replaces == is_regional


def test_region_that_the_program_gives_stays(cloud: Cloud) -> None:
    assert derived(cloud, facts()[SECRET], {"region": "us-east-1"})["region"] == "us-east-1"


@pytest.mark.parametrize(
    ("own", "everything"),
    [
        ({}, {"team": "payments", "stage": "test"}),
        ({"tags": {"team": "mine", "a": "1"}}, {"team": "mine", "stage": "test", "a": "1"}),
        ({"tags": {"a": UNKNOWN}}, UNKNOWN),
        ({"tags": UNKNOWN}, UNKNOWN),
    ],
)
def test_all_tags_are_the_providers_and_the_resources_own(
    cloud: Cloud, own: dict[str, Any], everything: Any
) -> None:
    assert derived(cloud, facts()[SECRET], own)["tagsAll"] == everything


def test_tags_are_on_the_types_that_have_them() -> None:
    tagged = {token for token, found in facts().items() if found.tagged}
    assert all("tags" in facts()[token].inputs for token in tagged)
    untagged = {token for token, found in facts().items() if "tags" not in found.inputs}
    assert tagged.isdisjoint(untagged)


def test_aws_gets_all_tags_and_the_state_shows_the_resources_own(cloud: Cloud) -> None:
    everything = {"team": "payments", "stage": "test", "a": "1"}
    assert tags({"tags": {"a": "1"}, "tagsAll": everything}) == [
        {"Key": key, "Value": value} for key, value in everything.items()
    ]
    shown = shown_tags(cloud, everything, {})
    assert shown == {"tags": {"a": "1"}, "tagsAll": everything}
    both = shown_tags(cloud, everything, {"tags": {"team": "payments"}})
    assert both["tags"] == {"team": "payments", "a": "1"}
    assert shown_tags(cloud, {"team": "payments"}, {})["tags"] is None


# single rules


@pytest.mark.parametrize(
    ("rule", "value", "refused"),
    [
        (Rule("pattern", "^a$"), "a\n", True),  # Go's `$` is the end of the text
        (Rule("pattern", r"^\w$"), "é", True),  # and its classes are ASCII's
        (Rule("pattern", "a"), "bab", False),
        (Rule("length", (0, 2)), "é", False),  # two bytes
        (Rule("length", (0, 1)), "é", True),
        (Rule("is", "arn"), "", False),
        (Rule("is", "base64"), "YQ==\n", False),
        (Rule("is", "base64"), "YQ", True),
        (Rule("any", (Rule("range", (7, 30)), Rule("choices", (0,)))), 0, False),
        (Rule("any", (Rule("range", (7, 30)), Rule("choices", (0,)))), 1, True),
    ],
)
def test_rule(rule: Rule, value: Any, refused: bool) -> None:
    assert bool(rule.refusals("key", value, "shown")) == refused


def test_text_of_a_rule_names_the_input_and_shows_the_value() -> None:
    rule = Rule("pattern", "^a$", '"{key}" is not a: {value}')
    assert rule.refusals("name", "b{key}", "b{key}") == ['"name" is not a: b{key}']


def test_facts_of_a_type_cannot_be_changed() -> None:
    found: Mapping[str, Facts] = facts()
    with pytest.raises(AttributeError):
        found[SECRET].tagged = False  # type: ignore[misc] # which is what is tested
