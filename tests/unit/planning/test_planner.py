"""Whole maps: what is planned, and what is refused before anything is created."""

import subprocess
import textwrap
from pathlib import Path

import pytest

from secrets_component.errors import MapValueError, SecretMapError
from secrets_component.planning.plan import (
    AwsManagedKey,
    KeptKey,
    KmsKey,
    MapKey,
    NamedKey,
    ReplicaKey,
)
from secrets_component.planning.planner import load_plans, plans
from secrets_component.secret_map.references import Template
from secrets_component.secret_map.yaml_text import parse_yaml
from tests.certificates import CERTIFICATE, PRIVATE_KEY
from tests.maps_of_tests import plan_of, problems_of

MAPS = Path(__file__).parent.parent.parent / "maps"


def entry(fields: str, head: str = "") -> str:
    """A map with one entry `a` whose fields begin in line 4."""
    return f"context_name: x\n{head or '# no head'}\nsecrets:\n  a: {{{fields}}}\n"


@pytest.mark.parametrize("name", sorted(path.name for path in MAPS.glob("guide-*.yaml")))
def test_maps_of_the_guide_are_valid(name: str) -> None:
    (one,) = load_plans(MAPS / name, "dev").values()
    assert all(secret.name.startswith("myapp/dev/") for secret in one.secrets.values())


BAD = [
    ("name: 'no good!'", "4:13", "`name`: may contain only letters, digits and `/_+=.@-`"),
    ("name: a//b", "4:13", "`name`: must not start or end with `/` or contain `//`"),
    ("nmae: b", "4:7", "unknown key `nmae`; did you mean `name`?"),
    ("generate_random_password: true, secret_data: hunter2", "4:39", "`secret_data` and `generate_random_password` are mutually exclusive"),
    ("generate_random_password: 'yes'", "4:33", "expected `true` or `false`"),
    ("secret_data: 5", "4:20", "expected a string or a mapping"),
    ("secret_data: ''", "4:7", "is empty, which AWS refuses"),
    ("secret_binary: '%%%'", "4:7", "is not valid base64"),
    ("rotation_automatically: true", "4:7", "rotation requires a function"),
    ("rotation_automatically: true, rotation_days: 0, rotation_lambda_arn: '${output.l.f}'", "4:52", "must be at least 1"),
    ("rotation_automatically: true, rotation_days: 1001, rotation_lambda_arn: '${output.l.f}'", "4:52", "must be at most 1000"),
    ("rotation_days: 5", "4:7", "has no effect without `rotation_automatically: true`"),
    ("rotation_automatically: true, rotation_lambda_arn: 'nope'", "4:58", "expected a Lambda function's ARN"),
    ("recovery_window_in_days: 3", "4:7", "must be 0 or from 7 to 30"),
    ("recovery_window_in_days: 31", "4:32", "must be at most 30"),
    ("replicas: [{region: eu-west-1}, {region: eu-west-1}]", "4:40", "another replica is already in this region"),
    ("replicas: [{region: Mars}]", "4:27", "expected an AWS region"),
    ("policy: {template: cross-account-secret-policy, principals: ['111122223333']}", "4:7", "another account can never read a secret under the AWS-managed key"),
    ("policy: {template: cross-account-secret-policy, principals: ['*']}", "4:68", "never a wildcard"),
    ("policy: '{\"Statement\": [}'", "4:7", "is not JSON (line 1, column 16 of it: expecting value)"),
    ("policy: {Statement: [{Effect: Allow, Principal: '*', Action: 'x'}]}", "4:7", "gives access to everyone"),
    ("secret_data: '${output.rds.endpoint}'", "4:21", "add `rds: <organization>/rds/dev` under `stacks:`"),
    ("secret_data: '${output.secretsmanager.generated_passwords.b}'", "4:21", "no entry `b` in this map"),
    ("secret_data: '${output.secretsmanager.secret_arn.a}'", "4:21", "did you mean `secret_arns`?"),
    ("secret_data: '${output.secretsmanager.secret_arns.a}'", "4:3", "circular reference: `a` → `a`"),
    ("secret_data: 'a ${random.pw.public}', random: {pw: {kind: bytes}}", "4:23", "`pw` has no public half; only `kind: key_pair` has one"),
    ("kms_key_id: '${random.k}', secret_data: v, random: {k: {}}", "4:20", "no `k` under this entry's `random`"),
    ("secret_data: '${random.pw}'", "4:21", "no `pw` under this entry's `random`"),
    ("secret_data: '${output.x'", "4:21", "`${` is never closed"),
    ("secret_data: {n: .nan}", "4:7", "JSON has no `.inf` or `.nan`"),
    ("import: old, secret_data: v", "4:7", "set `owner: map` to overwrite it"),
    ("owner: rotation", "4:7", "needs `rotation_automatically: true`"),
    ("owner: everyone", "4:14", "expected 'map', 'rotation' or 'operator'"),
    ("generate_random_password: true, random_password: {length: 4, min_lower: 5}", "4:57", "is shorter than the 8 characters"),
    ("generate_random_password: true, random_password: {length: 8, min_special: 1, special: false}", "4:68", "contradicts `special: false`"),
    ("random_password: {length: 8}", "4:7", "needs `generate_random_password: true`"),
    ("tags: {'aws:x': y}", "4:14", "the tag prefix `aws:` is reserved"),
    ("renamed_from: b", "4:7", "add `name: b`"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "place", "message"), BAD)
def test_bad_entry_is_reported_with_its_position_and_a_fix(
    fields: str, place: str, message: str
) -> None:
    told = problems_of(entry(fields))
    found = [line for line in told if message in line]
    assert found, told
    assert found[0].startswith(f"m:{place}: error: ")
    assert "hunter2" not in "".join(told)


def test_value_over_the_limit_is_refused() -> None:
    assert (
        "exceeds AWS's limit of 65,536 bytes"
        in problems_of(entry(f"secret_data: '{'é' * 32769}'"))[0]
    )


def test_name_over_the_limit_is_refused() -> None:
    assert "exceeds AWS's limit of 512 characters" in problems_of(entry(f"name: {'n' * 510}"))[0]


def test_alias_over_the_limit_is_refused() -> None:
    head = f"context_name: {'c' * 250}\nkms: {{create: true%s}}\nsecrets: {{}}\n"
    (told,) = problems_of(head % "")
    assert (
        told
        == "m:2:1: error: `kms`: the key's alias exceeds KMS's limit of 256 characters; set `alias`"
    )
    assert plan_of(head % ", alias: short").created_key


def test_two_entries_with_one_name_are_refused() -> None:
    told = problems_of(
        """\
        context_name: x
        secrets:
          a: {path: p/q, name: n}
          b: {path: p, name: q/n}
        """
    )
    assert told == [
        "m:4:3: error: the entries `a` and `b` are both named `x/dev/p/q/n` in AWS; "
        "change `name` or `path` of one"
    ]


def test_cycle_is_printed() -> None:
    told = problems_of(
        """\
        context_name: x
        secrets:
          a: {secret_data: "${output.secretsmanager.secret_arns.b}"}
          b: {secret_data: "${output.secretsmanager.secret_arns.c}"}
          c: {secret_data: "${output.secretsmanager.secret_arns.a}"}
        """
    )
    assert len(told) == 1
    assert "`a` → `b` → `c` → `a`" in told[0]


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    told = problems_of(
        """\
        context_name: "no good"
        enviroment: dev
        stacks: {rds: {stack: o/rds/dev, when_mising: wait}}
        secrets:
          a: {nmae: x, secret_data: "${output.rdss.a} ${output.rds.b} ${x}"}
          b: 5
        """
    )
    assert [line.split(":")[1] for line in told] == ["1", "2", "3", "5", "5", "5", "6"]


def test_defaults_apply_below_the_entry_and_keep_their_position() -> None:
    one = plan_of(
        """\
        context_name: x
        defaults: {recovery_window_in_days: 7, generate_random_password: true, tags: {a: "1"}}
        secrets:
          a: {tags: {b: "2"}}
          b: {secret_data: v, recovery_window_in_days: 8}
        """
    )
    a, b = one.secrets["a"], one.secrets["b"]
    assert (a.source.kind, a.recovery_window_in_days, a.tags) == (
        "generated", 7, {"a": "1", "b": "2"},
    )  # fmt: skip
    assert (b.source.kind, b.recovery_window_in_days) == ("literal", 8)
    told = problems_of(
        "context_name: x\ndefaults: {recovery_window_in_days: 3}\nsecrets: {a: {}, b: {}}\n"
    )
    assert told == ["m:2:12: error: `recovery_window_in_days`: must be 0 or from 7 to 30"]


def test_order_follows_references() -> None:
    one = plan_of(
        """\
        context_name: x
        secrets:
          a: {secret_data: "${output.secretsmanager.generated_passwords.b}"}
          b: {generate_random_password: true}
        """
    )
    assert one.order == ("b", "a")


def test_flat_and_atmos_form_mean_the_same() -> None:
    flat = "context_name: x\nname: m\nsecrets: {a: {secret_data: v}}\n"
    indented = textwrap.indent(flat, " " * 8)
    atmos = f"components:\n  terraform:\n    secretsmanager:\n      vars:\n{indented}"
    assert plan_of(flat) == plan_of(atmos)


def test_several_instances_make_several_plans() -> None:
    text = textwrap.dedent(
        """\
        components:
          terraform:
            vpc: {vars: {cidr: 10}}
            secretsmanager: {vars: {context_name: x, secrets: {a: {}}}}
            api: {metadata: {component: secretsmanager}, vars: {context_name: y, secrets: {a: {}}}}
            base: {metadata: {component: secretsmanager, type: abstract}, vars: {}}
        """
    )
    made = plans(parse_yaml(text, "m"), "dev")
    assert {name: one.name for name, one in made.items()} == {
        "secretsmanager": "secretsmanager",
        "api": "api",
    }


def test_atmos_file_without_a_map_is_refused() -> None:
    told = problems_of("components: {terraform: {secretmanager: {vars: {}}}}\n")
    assert "did you mean `secretmanager`?" in told[0]


def test_missing_context_name_does_not_hide_other_problems() -> None:
    told = problems_of("secrets: {a: {nmae: b}}\n")
    assert ["`context_name`: is missing" in told[0], "unknown key `nmae`" in told[1]] == [
        True,
        True,
    ]


def test_own_label_and_secretsmanager_are_both_this_map() -> None:
    one = plan_of(
        """\
        context_name: x
        name: mine
        secrets:
          a: {secret_data: "${output.mine.secret_names.b}${output.secretsmanager.secret_arns.b}"}
          b: {}
        """
    )
    assert one.order == ("b", "a")


def test_map_names_its_environment_before_the_stack_does() -> None:
    assert (
        plan_of("context_name: x\nenvironment: shared\nsecrets: {a: {}}\n").secrets["a"].name
        == "x/shared/a"
    )


def test_warnings_do_not_refuse() -> None:
    one = plan_of("context_name: x\nsecrets: {a: {name: my-secret, recovery_window_in_days: 0}}\n")
    assert [warning.severity for warning in one.warnings] == ["warning", "warning"]


POLICY = """policy: '{"Version": "2012-10-17", "Statement": []}'"""
READERS = 'access: {readers: ["111122223333"]}'


@pytest.mark.parametrize(
    ("fields", "head", "is_warned"),
    [
        (f"import: old, {POLICY}", "", True),
        (f"import: old, {READERS}", "", True),
        ("import: old", READERS, True),
        (f"import: old, replace_policy: true, {POLICY}", "", False),
        ("import: old", "", False),
        (POLICY, "", False),
    ],
    ids=["policy", "access", "access of the map", "given up", "no policy", "new secret"],
)
def test_policy_that_replaces_that_of_an_adopted_secret_is_a_warning(
    fields: str, head: str, is_warned: bool
) -> None:
    warned = [str(one) for one in plan_of(entry(fields, head)).warnings]
    assert [line.split(" (")[0] for line in warned] == (
        [
            "m:4:7: warning: `import`: if the adopted secret has a resource policy, copy it to "
            "`policy` to keep it"
        ]
        if is_warned
        else []
    )


def test_key_must_outlive_the_recovery_window() -> None:
    told = problems_of(
        "context_name: x\nkms: {create: true, deletion_window_in_days: 7}\nsecrets: {a: {}}\n"
    )
    assert "must be at least the recovery window" in told[0]


def test_entry_with_every_field_is_valid() -> None:
    one = plan_of(
        """\
        context_name: myapp
        environment: dev
        name: database-secrets
        tags: {team: payments}
        default_kms_key_id: ${output.kms.key_id}
        stacks:
          rds: {stack: acme/rds/dev}
          kms: acme/kms/dev
          lambda: {stack: acme/functions/dev, when_missing: wait}
        secrets:
          admin_password:
            name: admin-password
            path: rds
            description: RDS admin
            generate_random_password: true
            random_password: {length: 32, special: true, override_special: "!#$%&*()-_=+[]{}<>:?", min_lower: 1, min_upper: 1, min_numeric: 1, min_special: 1, keepers: {year: 2026}}
            rotation_automatically: true
            rotation_days: 30
            rotation_window: "3h"
            rotation_lambda_arn: ${output.lambda.rotation_function_arn}
            rotate_immediately: false
            kms_key_id: alias/other
            recovery_window_in_days: 7
            replicas: [{region: eu-west-1, kms_key_id: alias/aws/secretsmanager}]
            policy: {template: cross-account-secret-policy, principals: ["arn:aws:iam::111122223333:role/reader"]}
            protect: true
            import: arn-or-name
            owner: map
            tags: {}
          service_login:
            name: login
            path: svc
            random: {password: {length: 40}, token: {length: 64, special: false}}
            secret_data: {user: svc, password: "${random.password}", token: "${random.token}"}
          oauth_config: {name: oauth-config, path: auth, secret_data: '{"clientId": "x"}'}
        """
    )
    kinds = {key: secret.source.kind for key, secret in one.secrets.items()}
    assert kinds == {
        "admin_password": "generated",
        "service_login": "structured",
        "oauth_config": "structured",
    }
    assert list(one.secrets["service_login"].generated_values) == [
        "service_login.password",
        "service_login.token",
    ]


def test_wrong_environment_is_refused() -> None:
    with pytest.raises(ValueError, match="the environment may contain only"):
        plan_of("context_name: x\nsecrets: {}\n", "no good")


def test_problem_text_is_raised_as_map_error() -> None:
    with pytest.raises(MapValueError):
        plan_of("context_name: x\nsecrets: []\n")


@pytest.mark.parametrize(
    ("fields", "place", "message"),
    [
        (
            "owner: operator, secret_data: {host: h, password: p}, rotated_fields: [pasword]",
            "3:83",
            "`rotated_fields`: `secret_data` has no field `pasword`; did you mean `password`?",
        ),
        (
            "owner: operator, secret_data: text, rotated_fields: [password]",
            "3:65",
            "`rotated_fields`: needs `secret_data` to be a mapping or a JSON object",
        ),
        (
            "secret_data: {password: p}, rotated_fields: [password]",
            "3:40",
            "`rotated_fields`: only the map writes this value; enable rotation or set "
            "`owner: operator`",
        ),
    ],
)
def test_rotated_fields_are_fields_that_someone_else_writes(
    fields: str, place: str, message: str
) -> None:
    with pytest.raises(SecretMapError) as told:
        plans(parse_yaml(f"context_name: x\nsecrets:\n  entry0: {{{fields}}}\n", "m"), "dev")
    assert str(told.value) == f"m:{place}: error: {message}"


def named(key: str) -> NamedKey:
    return NamedKey(Template((key,)))


DEFAULT, CREATED = "default_kms_key_id: alias/default", "kms: {create: true}"
OF_THE_MAP = MapKey("alias/x-dev-secrets")


@pytest.mark.parametrize(
    ("head", "fields", "key"),
    [
        ("", "", AwsManagedKey()),
        (DEFAULT, "", named("alias/default")),
        (CREATED, "", OF_THE_MAP),
        ("", "kms_key_id: alias/own", named("alias/own")),
        (DEFAULT, "kms_key_id: alias/own", named("alias/own")),
        (CREATED, "kms_key_id: alias/own", named("alias/own")),
        (CREATED, "kms_key_id: alias/aws/secretsmanager", named("alias/aws/secretsmanager")),
        ("default_kms_key_id: alias/aws/secretsmanager", "", named("alias/aws/secretsmanager")),
        ("", "import: old", KeptKey()),
        (DEFAULT, "import: old", KeptKey()),
        (CREATED, "import: old", KeptKey()),
        (CREATED, "import: old, kms_key_id: alias/own", named("alias/own")),
        (CREATED, "restore_deleted: true", OF_THE_MAP),
    ],
)
def test_key_of_a_secret_is_its_own_then_the_adopted_then_the_maps(
    head: str, fields: str, key: KmsKey
) -> None:
    assert plan_of(entry(fields, head)).secrets["a"].kms_key == key


MULTI_REGION = "kms: {create: true, multi_region: true}"


@pytest.mark.parametrize(
    ("head", "fields", "key"),
    [
        ("", "", AwsManagedKey()),
        (DEFAULT, "", AwsManagedKey()),
        (CREATED, "", AwsManagedKey()),
        (MULTI_REGION, "", OF_THE_MAP),
        (MULTI_REGION, "kms_key_id: alias/own, ", AwsManagedKey()),
        (MULTI_REGION, "import: old, ", AwsManagedKey()),
    ],
)
def test_replica_has_a_key_of_the_map_only_where_its_secret_has_the_multi_region_one(
    head: str, fields: str, key: ReplicaKey
) -> None:
    plan = plan_of(entry(f"{fields}replicas: [{{region: eu-west-1}}]", head))
    assert [replica.kms_key for replica in plan.secrets["a"].replicas] == [key]


@pytest.mark.parametrize("head", ["", DEFAULT, CREATED, MULTI_REGION])
def test_key_that_a_replica_names_comes_first(head: str) -> None:
    plan = plan_of(entry("replicas: [{region: eu-west-1, kms_key_id: alias/there}]", head))
    assert [replica.kms_key for replica in plan.secrets["a"].replicas] == [named("alias/there")]


@pytest.mark.parametrize(
    ("kms", "alias"),
    [
        ("{create: true}", "alias/x-y-dev-secrets"),
        ("{create: true, alias: own}", "alias/own"),
        ("{create: true, alias: alias/own}", "alias/own"),
    ],
)
def test_alias_of_the_created_key_has_only_characters_that_an_alias_may_have(
    kms: str, alias: str
) -> None:
    plan = plan_of(f"context_name: x+y\nkms: {kms}\nsecrets: {{}}\n")
    assert plan.created_key is not None
    assert plan.created_key.alias == alias


def file_map(entry: str, header: str = "") -> str:
    """A map with an entry `a`, whose fields begin at 3:7, or at 4:7 below a header."""
    return f"context_name: x\n{header}secrets:\n  a: {{{entry}}}\n"


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("secret_data: '${file.none}'", "3:21: error: `${file.none}`: file not found"),
        ("secret_data: '<${file.../b}>'", "3:22: error: `${file.../b}`: is outside the map's"),
        ("secret_data: {k: '${file.raw}'}", "3:25: error: `${file.raw}`: is not text in UTF-8"),
        ("kms_key_id: '${file.raw}'", "3:20: error: `${file.raw}`: only `secret_data` and"),
    ],
)
def test_file_that_a_value_cannot_be_read_from_is_reported(
    tmp_path: Path, entry: str, problem: str
) -> None:
    home = tmp_path / "maps"
    home.mkdir()
    (tmp_path / "b").write_text("outside")
    (home / "raw").write_bytes(b"\xff")
    file = str(home / "m.yaml")
    (told,) = problems_of(file_map(entry), file=file)
    assert told.startswith(f"{file}:{problem}")


def test_file_in_a_listed_folder_and_bytes_are_accepted(tmp_path: Path) -> None:
    home = tmp_path / "maps"
    home.mkdir()
    (tmp_path / "raw").write_bytes(b"\xff")
    entry = "secret_binary: '${file.../raw}'"
    plan = plan_of(file_map(entry, "file_folders: [..]\n"), file=str(home / "m.yaml"))
    assert plan.warnings == ()


def test_secret_file_in_git_is_a_warning_and_a_certificate_is_none(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("ignored.pem\n")
    for name in ("key.pem", "ignored.pem"):
        (tmp_path / name).write_text(PRIVATE_KEY)
    (tmp_path / "cert.pem").write_text(CERTIFICATE)
    file = str(tmp_path / "m.yaml")
    entry = "secret_data: '${file.key.pem}${file.ignored.pem}${file.cert.pem}'"
    assert list(map(str, plan_of(file_map(entry), file=file).warnings)) == [
        f"{file}:3:21: warning: `${{file.key.pem}}`: is a secret in plain text, in a file that Git "
        "tracks or would add: whoever can read the repository can read it; remove it there, and "
        "list the file in `.gitignore`"
    ]
