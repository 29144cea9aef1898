"""Model → Plan: what will exist, in which order, waiting for what. No Pulumi, no AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from secrets_component.arns import Arn, is_arn
from secrets_component.errors import KeyPath, MapValueError, did_you_mean, shown
from secrets_component.iam.grants import TemplatedPolicy
from secrets_component.planning import key_policies, level_policies, neighbours, self_references
from secrets_component.planning.access import OWN_KEY_NEEDED, AccessPlanner
from secrets_component.planning.certificates import bundle_problem
from secrets_component.planning.files import (
    FileFolders,
    FileReferenceError,
    as_text,
    is_public,
    read_content,
)
from secrets_component.planning.plan import (
    AwsManagedKey,
    Binary,
    CreatedKey,
    CreateTopic,
    Days,
    Empty,
    Expression,
    Generated,
    HostedFunction,
    KeptKey,
    KmsKey,
    LiteralText,
    MapKey,
    NamedKey,
    NamedTopic,
    Plan,
    PlannedReplica,
    PlannedRestart,
    PlannedSecret,
    PlannedWatch,
    Rotation,
    Source,
    Structured,
    is_aws_managed,
)
from secrets_component.planning.template_parser import TemplateParser
from secrets_component.planning.version_control import is_in_git
from secrets_component.secret_map import names, references
from secrets_component.secret_map.aws_types import MAX_ALIAS, MAX_TAGS, MAX_VALUE_BYTES
from secrets_component.secret_map.check import CheckedMap, check
from secrets_component.secret_map.forms import COMPONENT, Origin, instances
from secrets_component.secret_map.model import (
    Entry,
    Header,
    HostedRotation,
    Owner,
    RandomKeyPair,
    Replica,
)
from secrets_component.secret_map.references import SELF_OUTPUTS, Reference, ReferenceKind, Template
from secrets_component.secret_map.rotatable import rotated_password
from secrets_component.secret_map.yaml_text import read_yaml

_DEFAULT_DAYS = 30
_SHOWN_NAME = re.compile(r"[\w/+=.@<>-]+", re.ASCII)
_IN_GIT = (
    "is a secret in plain text, in a file that Git tracks or would add: whoever can read the "
    "repository can read it; remove it there, and list the file in `.gitignore`"
)


def load_plans(path: str | Path, environment: str | None = None) -> dict[str, Plan]:
    """Read a file and plan every map in it.

    Args:
        path: the YAML file, flat or Atmos.
        environment: the environment of maps that do not set one; default: left open.

    Returns:
        The plans by instance name; a flat file has one, `secretsmanager`.

    Raises:
        ValueError: the environment cannot be part of a secret's name.
        MapFileError: the file cannot be read.
        SecretMapError: the map is wrong; every problem of every map in the file at once.
    """
    return plans(read_yaml(path), environment)


def plans(document: Origin, environment: str | None = None) -> dict[str, Plan]:
    """Plan every map in a document; see `load_plans`."""
    problem = names.part_problem(environment) if environment is not None else None
    if problem:
        msg = f"the environment {problem}"
        raise ValueError(msg)

    made, errors = {}, []
    for checked in [check(instance) for instance in instances(document)]:
        made[checked.instance.name] = _Planner(checked, environment).plan()
        errors += checked.report.errors

    errors += neighbours.problems(made.values())
    if errors:
        raise MapValueError(errors)

    return made


class _Planner:
    """Plans one checked map, and reports what only the map as a whole can show."""

    def __init__(self, checked: CheckedMap, environment: str | None) -> None:
        header = checked.header
        self._instance = checked.instance
        self._report = checked.report
        self._header = header
        self._entries = checked.entries
        self._environment = header.environment or environment or names.UNKNOWN_ENVIRONMENT
        self._name = header.name or checked.instance.name
        own = self_references.own_names(header.name, checked.instance.name)
        self._parser = TemplateParser(self._report, own)
        file = checked.instance.document.file
        self._access = AccessPlanner(header.access, file, self._parser, self._report)
        home = Path(file).parent
        self._files = FileFolders(home, tuple(home / name for name in header.file_folders))
        self._created_key = self._plan_created_key()
        topic, default_key = header.alarms.topic_arn, header.default_kms_key_id
        self._topic = self._parser.optional(topic, ("alarms", "topic_arn"))
        self._default_key = self._parser.optional(default_key, ("default_kms_key_id",))

    def plan(self) -> Plan:
        header = self._header
        secrets = {key: self._secret(key, entry) for key, entry in self._entries.items()}
        self._check_names(secrets)
        self._check_renames(secrets)
        self._check_references(secrets)
        self._check_decoys(secrets)
        stacks = {}
        for component in header.stacks:
            stack = header.stack(component)
            if stack is not None:
                stacks[component] = stack

        plan = Plan(
            name=self._name,
            instance=self._instance.name,
            context=header.context_name,
            environment=self._environment,
            tags=header.tags,
            created_key=self._created_key,
            stacks=stacks,
            secrets=secrets,
            order=self_references.order(secrets, self._report),
            levels=self._access.levels(secrets),
            alarms=self._alarms(),
            watch=self._watch(secrets),
            files=self._files,
            places=self._instance,
            warnings=tuple(self._report.warnings),
        )
        self._check_sizes(plan)
        return plan

    def _check_sizes(self, plan: Plan) -> None:
        """Refuse policies that are too long for IAM or KMS in any account."""
        if self._report.errors:
            return  # what is missing would be measured

        for path, problem in level_policies.size_findings(plan):
            self._report.error(path, problem)

        too_long = key_policies.size_finding(plan)
        if too_long:
            self._report.error(("kms", "create"), too_long)

    def _plan_created_key(self) -> CreatedKey | None:
        kms = self._header.kms
        if not kms.create:
            return None

        alias = _alias(self._header, self._environment)
        if len(alias) > MAX_ALIAS:
            message = f"the key's alias exceeds KMS's limit of {MAX_ALIAS} characters; set `alias`"
            self._report.error(("kms",), message)

        return CreatedKey(alias, kms.deletion_window_in_days, kms.multi_region)

    def _alarms(self) -> CreateTopic | NamedTopic | None:
        if self._topic is not None:
            return NamedTopic(self._topic)

        if self._header.alarms.create:
            return CreateTopic()

        return None

    def _topic_for(self, rotation: Rotation | None) -> Template | None:
        """Return the named topic for an entry that something is reported of."""
        if rotation is None and self._header.alarms.detections is None:
            return None

        return self._topic

    def _watch(self, secrets: Mapping[str, PlannedSecret]) -> PlannedWatch:
        alarms = self._header.alarms
        if self._alarms() is None:
            return PlannedWatch()

        if alarms.detections is None:
            return PlannedWatch(("rotation_failed",))

        wanted = alarms.detections.model_dump()
        if wanted["unexpected_read"] is None:
            wanted["unexpected_read"] = self._names_readers(secrets)

        names = tuple(name for name, is_on in wanted.items() if is_on)
        return PlannedWatch(names, tuple(wanted["decoy_touched"]), tuple(alarms.expected))

    def _names_readers(self, secrets: Mapping[str, PlannedSecret]) -> bool:
        """Return whether the map names any reader, so that others are unexpected."""
        access = self._header.access
        has_roles = any(block.attach_to for block in (access, *access.paths.values()))
        has_grants = any(secret.policy or secret.grants for secret in secrets.values())
        return has_roles or has_grants or bool(self._header.alarms.expected)

    def _check_decoys(self, secrets: Mapping[str, PlannedSecret]) -> None:
        detections = self._header.alarms.detections
        if detections is None:
            return

        for index, key in enumerate(detections.decoy_touched):
            if key not in secrets:
                place = ("alarms", "detections", "decoy_touched", index)
                message = f"there is no entry{shown(key)}{did_you_mean(key, secrets)}"
                self._report.error(place, message, at_value=True)

    def _secret(self, key: str, entry: Entry) -> PlannedSecret:
        path: KeyPath = ("secrets", key)
        rotation = self._rotation(entry, path)
        source = self._source(entry, path)
        kms_key = self._kms_key(entry, path)
        secret = PlannedSecret(
            key=key,
            path=entry.path,
            name=self._secret_name(key, entry),
            description=entry.description,
            source=source,
            owner=entry.owner or _default_owner(source, rotation),
            is_owner_written=entry.owner is not None,
            kms_key=kms_key,
            is_key_written=entry.kms_key_id is not None,
            replicas=self._replicas(entry.replicas, kms_key, path),
            rotation=rotation,
            on_rotate=self._on_rotate(entry, path),
            alarm_topic=self._topic_for(rotation),
            policy=self._access.policy(entry, path),
            grants=self._access.grants_of(entry, path),
            recovery_window_in_days=entry.recovery_window_in_days,
            protect=entry.protect,
            import_=entry.import_,
            replace_policy=entry.replace_policy,
            restore_deleted=entry.restore_deleted,
            renamed_from=entry.renamed_from,
            rotated_fields=tuple(entry.rotated_fields),
            allow_loss=entry.allow_loss,
            tags=_tags(entry, self._header),
        )
        self._check_secret(secret)
        self._check_rotated_fields(secret, entry)
        return secret

    def _secret_name(self, key: str, entry: Entry) -> str:
        if entry.import_:
            imported = entry.import_
            if is_arn(imported):
                return Arn.parse(imported).secret_name

            return imported

        name = entry.name or key
        return names.secret_name(self._header.context_name, self._environment, entry.path, name)

    def _source(self, entry: Entry, path: KeyPath) -> Source:
        if entry.generate_random_password:
            return Generated(entry.random_password)

        if entry.secret_binary is not None:
            value = self._parser.field(entry.secret_binary, (*path, "secret_binary"))
            return Binary(value, entry.random)

        if entry.secret_data is None:
            return Empty("imported") if entry.import_ else Empty()

        return self._data(entry, entry.secret_data, (*path, "secret_data"))

    def _data(
        self, entry: Entry, data: str | dict[str, Any], path: KeyPath
    ) -> Structured | LiteralText:
        if isinstance(data, dict):
            self._check_json(data, path)
            return Structured(self._parser.structure(data, path), entry.random)

        value = self._parser.value(data, path)
        if value.is_json:
            return Structured(value, entry.random)

        if data.lstrip().startswith("{"):
            message = "looks like JSON but is not valid JSON; it is stored as a plain string"
            self._report.warn(path, message)

        return LiteralText(value, entry.random)

    def _check_json(self, data: dict[str, Any], path: KeyPath) -> None:
        try:
            text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        except ValueError:
            self._report.error(path, "JSON has no `.inf` or `.nan`; quote the value")
            return

        if "${" not in text and len(text.encode()) > MAX_VALUE_BYTES:
            self._report.error(path, f"exceeds AWS's limit of {MAX_VALUE_BYTES:,} bytes")

    def _kms_key(self, entry: Entry, path: KeyPath) -> KmsKey:
        """Decide which key encrypts a secret."""
        if entry.kms_key_id is not None:
            return NamedKey(self._parser.field(entry.kms_key_id, (*path, "kms_key_id")))

        if entry.import_:
            return KeptKey()

        if self._default_key is not None:
            return NamedKey(self._default_key)

        if self._created_key is not None:
            return MapKey(self._created_key.alias)

        return AwsManagedKey()

    def _replicas(
        self, replicas: list[Replica], kms_key: KmsKey, path: KeyPath
    ) -> tuple[PlannedReplica, ...]:
        """Decide which key encrypts each replica; a replica of the map's key only if it has one."""
        default: MapKey | AwsManagedKey = AwsManagedKey()
        if isinstance(kms_key, MapKey) and self._header.kms.multi_region:
            default = kms_key

        planned = []
        for index, replica in enumerate(replicas):
            key: NamedKey | MapKey | AwsManagedKey = default
            if replica.kms_key_id is not None:
                place = (*path, "replicas", index, "kms_key_id")
                key = NamedKey(self._parser.field(replica.kms_key_id, place))

            planned.append(PlannedReplica(replica.region, key))

        return tuple(planned)

    def _rotation(self, entry: Entry, path: KeyPath) -> Rotation | None:
        function: Template | HostedFunction | None
        if entry.rotation is not None:
            function = self._hosted(entry, entry.rotation, (*path, "rotation"))
        else:
            place = (*path, "rotation_lambda_arn")
            function = self._parser.optional(entry.rotation_lambda_arn, place)

        if not entry.rotation_automatically or function is None:
            return None

        schedule: Days | Expression = Days(entry.rotation_days or _DEFAULT_DAYS)
        if entry.rotation_schedule is not None:
            schedule = Expression(entry.rotation_schedule)

        return Rotation(function, schedule, entry.rotation_window, entry.rotate_immediately)

    def _hosted(self, entry: Entry, wanted: HostedRotation, path: KeyPath) -> HostedFunction:
        _, options = rotated_password(entry)
        superuser = wanted.superuser_secret_arn
        groups = wanted.security_group_ids
        return HostedFunction(
            kind=wanted.function,
            superuser_secret=self._parser.optional(superuser, (*path, "superuser_secret_arn")),
            subnets=self._parser.fields(wanted.subnet_ids, (*path, "subnet_ids")),
            security_groups=self._parser.fields(groups, (*path, "security_group_ids")),
            timeout=wanted.timeout,
            log_retention_in_days=wanted.log_retention_in_days,
            ca_bundle=self._ca_bundle(wanted.ca_bundle, (*path, "ca_bundle")),
            password_length=options.length,
            password_characters=options.characters,
        )

    def _ca_bundle(self, name: str | None, path: KeyPath) -> Path | None:
        """Return the file of certificates that the map names, relative to the map."""
        if name is None:
            return None

        file = Path(self._instance.document.file).parent / name
        problem: str | None = "file not found (paths are relative to the map)"
        if file.is_file():
            problem = bundle_problem(file)

        if problem:
            self._report.error(path, problem)

        return file

    def _on_rotate(self, entry: Entry, path: KeyPath) -> tuple[PlannedRestart, ...]:
        """Plan the restarts of an entry that rotates, here or, once adopted, by other means."""
        if not entry.rotation_automatically and entry.import_ is None:
            return ()

        planned = []
        for index, restart in enumerate(entry.on_rotate):
            kind, text = restart.target
            template = self._parser.field(text, (*path, "on_rotate", index, kind))
            planned.append(PlannedRestart(kind, template))

        return tuple(planned)

    def _check_secret(self, secret: PlannedSecret) -> None:
        path = secret.place
        if len(secret.name) > names.MAX_NAME:
            self._report.error(path, f"the name exceeds AWS's limit of {names.MAX_NAME} characters")

        if len(secret.tags) > MAX_TAGS:
            message = f"{len(secret.tags)} with those of the map; at most {MAX_TAGS} are allowed"
            self._report.error((*path, "tags"), message)

        if secret.import_ and "!" in secret.import_:
            message = (
                "names with `!` belong to an AWS service, such as RDS, and the AWS provider cannot "
                "manage them; read the secret by its ARN instead of adopting it"
            )
            self._report.error((*path, "import"), message)

        if names.ends_like_arn(secret.name) and not secret.import_:
            message = (
                "the name ends with a hyphen and six characters, like a secret's ARN; AWS advises "
                "against such names"
            )
            self._report.warn((*path, "name"), message)

        if secret.rotation and isinstance(secret.source, Empty) and not secret.import_:
            message = "has no initial value; rotation starts once a value is set"
            self._report.warn((*path, "rotation_automatically"), message)

        has_policy = bool(secret.policy or secret.grants)
        if secret.import_ and has_policy and not secret.replace_policy:
            message = (
                "if the adopted secret has a resource policy, copy it to `policy` to keep it (`aws "
                "secretsmanager get-resource-policy` shows it), or write `replace_policy: true`"
            )
            self._report.warn((*path, "import"), message)

        self._check_recovery(secret)
        self._access.check_size(secret)
        if is_aws_managed(secret.kms_key):
            if _is_for_other_accounts(secret):
                self._report.error((*path, "policy"), OWN_KEY_NEEDED)

            self._access.check_accounts(secret)

    def _check_recovery(self, secret: PlannedSecret) -> None:
        path = (*secret.place, "recovery_window_in_days")
        window = secret.recovery_window_in_days
        if window == 0:
            message = "a removed secret is deleted immediately and cannot be restored"
            self._report.warn(path, message)

        own_key = isinstance(secret.kms_key, MapKey)
        if own_key and self._header.kms.deletion_window_in_days < window:
            message = (
                f"`kms.deletion_window_in_days` must be at least the recovery window ({window} "
                "days); otherwise a restored secret could not be decrypted"
            )
            self._report.error(path, message)

    def _check_rotated_fields(self, secret: PlannedSecret, entry: Entry) -> None:
        if not secret.rotated_fields or entry.secret_data is None:
            return

        path = (*secret.place, "rotated_fields")
        fields = _top_level_fields(entry.secret_data)
        if not fields:
            message = "needs `secret_data` to be a mapping or a JSON object"
            self._report.error((*path, 0), message)
            return

        for index, field in enumerate(secret.rotated_fields):
            if field not in fields:
                hint = did_you_mean(field, fields)
                message = f"`secret_data` has no field{shown(field)}{hint}"
                self._report.error((*path, index), message)

    def _check_names(self, secrets: Mapping[str, PlannedSecret]) -> None:
        first: dict[str, str] = {}
        for key, secret in secrets.items():
            if secret.name in first:
                named = "the same"  # what AWS refuses as a name could be a value
                if _SHOWN_NAME.fullmatch(secret.name):
                    named = f"`{secret.name}`"

                one, other = shown(first[secret.name]) or " one", shown(key) or " another"
                message = (
                    f"the entries{one} and{other} are both named {named} in AWS; change `name` or "
                    "`path` of one"
                )
                self._report.error(secret.place, message)

            first.setdefault(secret.name, key)

    def _check_renames(self, secrets: Mapping[str, PlannedSecret]) -> None:
        taken: dict[str, str] = {}
        for key, secret in secrets.items():
            old, path = secret.renamed_from, (*secret.place, "renamed_from")
            if old is None:
                continue

            if old in secrets:
                message = (
                    f"`{old}` is still an entry of this map; remove that entry or `renamed_from`"
                )
                self._report.error(path, message)

            if old in taken:
                self._report.error(path, f"`{old}` is already the old key of `{taken[old]}`")

            taken[old] = key

    def _check_references(self, secrets: Mapping[str, PlannedSecret]) -> None:
        for secret in secrets.values():
            if self._report.is_full:
                return

            for reference in secret.references:
                problem = self._reference_problem(secret, reference, secrets)
                if problem:
                    self._report.error_in_reference(secret.place, str(reference), problem)

    def _reference_problem(
        self, secret: PlannedSecret, reference: Reference, secrets: Mapping[str, PlannedSecret]
    ) -> str | None:
        match reference.kind:
            case ReferenceKind.RANDOM:
                return _random_problem(secret, reference)
            case ReferenceKind.SELF:
                return self_references.problem_with(secret, reference, secrets)
            case ReferenceKind.OUTPUT:
                return self._component_problem(reference.path[0])
            case ReferenceKind.FILE:
                return self._file_problem(secret, reference)
            case _:
                return None

    def _file_problem(self, secret: PlannedSecret, reference: Reference) -> str | None:
        if reference not in secret.value_references:
            return "only `secret_data` and `secret_binary` can be read from a file"

        try:
            file = self._files.find(reference.path[0])
            content = read_content(file)
            if not isinstance(secret.source, Binary):
                as_text(content)
        except FileReferenceError as error:
            return str(error)

        if not is_public(content) and is_in_git(file):
            self._report.warn_at_text(secret.place, str(reference), f"`{reference}`: {_IN_GIT}")

        return None

    def _component_problem(self, component: str) -> str | None:
        written = self._instance.data.get("stacks")
        known = written if isinstance(written, dict) else {}  # with those reported as wrong
        if component in known:
            return None

        if component in SELF_OUTPUTS:
            own = f"${{output.{COMPONENT}.{component}.<key>}}"
            return f"`{component}` is an output of this map itself; write `{own}`"

        return (
            f"unknown component `{component}`; add "
            f"`{component}: <organization>/{component}/{self._environment}` under `stacks:`"
            f"{did_you_mean(component, (*known, COMPONENT))}"
        )


def _random_problem(secret: PlannedSecret, reference: Reference) -> str | None:
    name, *half = reference.path
    options = secret.random.get(name)
    if options is None or reference not in secret.value_references:
        return (
            f"no `{name}` under this entry's `random`; add `random: {{{name}: {{}}}}`"
            f"{did_you_mean(name, secret.random)}"
        )

    if half and not isinstance(options, RandomKeyPair):
        return f"`{name}` has no public half; only `kind: key_pair` has one"

    return None


def _default_owner(source: Source, rotation: Rotation | None) -> Owner:
    """Return who writes a value whose owner the entry does not name."""
    if rotation is not None:
        return "rotation"

    return "operator" if isinstance(source, Empty) else "map"


def _is_for_other_accounts(secret: PlannedSecret) -> bool:
    policy = secret.policy
    return isinstance(policy, TemplatedPolicy) and policy.template == "cross-account-secret-policy"


def _top_level_fields(data: str | dict[str, Any]) -> list[str]:
    """Return the top-level fields of a structured value; none for any other string."""
    if isinstance(data, dict):
        return list(data)

    document = references.json_document(references.parse(data, []))
    return list(document) if isinstance(document, dict) else []


def _tags(entry: Entry, header: Header) -> Mapping[str, str]:
    if entry.import_:
        return entry.tags

    if not entry.tags:
        return header.tags

    return {**header.tags, **entry.tags}


def _alias(header: Header, environment: str) -> str:
    if header.kms.alias:
        return f"alias/{header.kms.alias.removeprefix('alias/')}"

    name = ""
    for character in f"{header.context_name}-{environment}-secrets":
        is_allowed = character.isalnum() or character in "/_-"
        name += character if is_allowed else "-"

    return f"alias/{name}"
