"""Model → Plan: what will exist, in which order, waiting for what. Pure data, no Pulumi."""

from __future__ import annotations

import graphlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from secrets_component.arns import Arn, is_arn
from secrets_component.errors import MapValueError, Position, Problem, did_you_mean, shown
from secrets_component.iam.grants import TemplatedPolicy
from secrets_component.planning.access import OWN_KEY_NEEDED, AccessPlanner, Ground
from secrets_component.planning.plan import (
    Binary,
    CreatedKey,
    Empty,
    Generated,
    HostedFunction,
    LiteralText,
    Plan,
    PlannedAlarms,
    PlannedReplica,
    PlannedRestart,
    PlannedSecret,
    Rotation,
    Source,
    Structured,
    is_aws_managed,
)
from secrets_component.planning.self_references import _referenced_keys, _self_problem, is_self
from secrets_component.secret_map import names, references
from secrets_component.secret_map.aws_types import MAX_VALUE_BYTES
from secrets_component.secret_map.check import CheckedMap, check
from secrets_component.secret_map.forms import COMPONENT, instances
from secrets_component.secret_map.model import (
    Entry,
    Header,
    HostedRotation,
)
from secrets_component.secret_map.references import (
    BadReference,
    Reference,
    ReferenceKind,
    Template,
)
from secrets_component.secret_map.yaml_text import Document, Path_, read

MAX_RESTARTING_NAME = 46  # of AWS's 64, less `-on-rotate` and the eight characters Pulumi adds


def load_plans(path: str | Path, environment: str | None = None) -> dict[str, Plan]:
    """Read a file and plan every map in it.

    Args:
        path: the YAML file, flat or Atmos.
        environment: the environment of maps that do not name theirs; default: left open.

    Returns:
        The plans by instance name; a flat file has one, `secretsmanager`.

    Raises:
        ValueError: the environment cannot be part of a secret's name.
        MapFileError: the file cannot be read.
        SecretMapError: the map is wrong; every problem of every map in the file at once.
    """
    return plans(read(path), environment)


def plans(document: Document, environment: str | None = None) -> dict[str, Plan]:
    """Plan every map in a document; see `load_plans`."""
    problem = names.part_problem(environment) if environment is not None else None
    if problem:
        msg = f"the environment {problem}"
        raise ValueError(msg)
    checked = [check(instance) for instance in instances(document)]
    planners = [_Planner(one, environment) for one in checked]
    made = {planner.instance.name: planner.plan() for planner in planners}
    problems = [problem for planner in planners for problem in planner.problems]
    if problems:
        raise MapValueError(problems)
    return made


class _Planner:
    """Plans one checked map and gathers what only the whole map can show."""

    def __init__(self, checked: CheckedMap, environment: str | None) -> None:
        self.instance = checked.instance
        self.problems = list(checked.problems)
        self._entries = checked.entries
        self._header = checked.header
        self._environment = checked.header.environment or environment or names.UNKNOWN_ENVIRONMENT
        stacks = self.instance.data.get("stacks")
        self._stacks = stacks if isinstance(stacks, dict) else {}  # with those told to be wrong
        self._warnings: list[Problem] = []
        self._access = AccessPlanner(checked.header.access, self._ground())

    def _ground(self) -> Ground:
        def at(path: Path_) -> Position:
            return self.instance.position(path)

        return Ground(
            file=self.instance.document.file,
            template=self._template,
            is_self=lambda reference: is_self(reference, self._header.name, self.instance.name),
            problems=self.problems,
            add=self._add,
            add_at=lambda path, text: self.problems.append(Problem(at(path), text)),
            warn=self._warn,
            warn_at=lambda path, text: self._warnings.append(Problem(at(path), text, "warning")),
        )

    def plan(self) -> Plan:
        header = self._header
        default_key = self._template(header.default_kms_key_id, ("default_kms_key_id",))
        self._topic = self._template(header.alarms.topic_arn, ("alarms", "topic_arn"))
        secrets = {
            key: self._secret(key, entry, header, default_key)
            for key, entry in self._entries.items()
        }
        self._check_names(secrets)
        self._check_renames(secrets)
        self._check_restarting(secrets)
        for secret in secrets.values():
            for reference in secret.references:
                self._check_reference(secret, reference, header, secrets)
        return Plan(
            name=header.name or self.instance.name,
            instance=self.instance.name,
            context=header.context_name,
            environment=self._environment,
            tags=header.tags,
            created_key=self._created_key(header),
            stacks={name: stack for name in header.stacks if (stack := header.stack(name))},
            secrets=secrets,
            order=self._order(secrets),
            levels=self._access.levels(secrets),
            alarms=PlannedAlarms(self._topic) if header.alarms.create or self._topic else None,
            warnings=tuple(self._warnings),
            _instance=self.instance,
        )

    def _secret(
        self, key: str, entry: Entry, header: Header, default_key: Template | None
    ) -> PlannedSecret:
        path: Path_ = ("secrets", key)
        name = names.secret_name(
            header.context_name, self._environment, entry.path, entry.name or key
        )
        rotation = self._rotation(entry, path)
        secret = PlannedSecret(
            key=key,
            path=entry.path,
            name=_adopted_name(entry.import_) if entry.import_ else name,
            description=entry.description,
            source=self._source(entry, path),
            owner=entry.owner or ("rotation" if rotation else "map"),
            kms_key=self._template(entry.kms_key_id, (*path, "kms_key_id"))
            or (None if entry.import_ else default_key),
            replicas=self._replicas(entry, path),
            rotation=rotation,
            on_rotate=self._on_rotate(entry, path),
            alarm_topic=self._topic if rotation else None,
            policy=self._access.policy(entry, path),
            grants=self._access.grants_of(entry, path),
            recovery_window_in_days=entry.recovery_window_in_days,
            protect=entry.protect,
            import_=entry.import_,
            restore_deleted=entry.restore_deleted,
            renamed_from=entry.renamed_from,
            rotated_fields=tuple(entry.rotated_fields),
            tags=_tags(entry, header),
        )
        self._check_secret(secret, header)
        self._check_rotated_fields(secret, entry)
        return secret

    def _source(self, entry: Entry, path: Path_) -> Source:
        if entry.generate_random_password:
            return Generated(entry.random_password)
        if entry.secret_binary is not None:
            return Binary(self._template(entry.secret_binary, (*path, "secret_binary")) or _BLANK)
        if entry.secret_data is None:
            return Empty("imported" if entry.import_ else "none")
        return self._data(entry, (*path, "secret_data"))

    def _data(self, entry: Entry, path: Path_) -> Structured | LiteralText:
        data = entry.secret_data
        bad: list[BadReference] = []
        if isinstance(data, dict):
            self._check_json(data, path)
            structure = references.parse_structure(data, bad)
            self._add_bad(bad, path)
            return Structured(structure, entry.random)
        value = references.parse_value(data or "", bad)
        self._add_bad(bad, path)
        if value.is_json:
            return Structured(value, entry.random)
        if str(data).lstrip().startswith("{"):
            self._warn(path, "begins like JSON but is not JSON; it is stored as it stands")
        return LiteralText(value, entry.random)

    def _check_json(self, data: dict[str, Any], path: Path_) -> None:
        try:
            text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        except ValueError:
            self._add(path, "`secret_data`: `.inf` and `.nan` do not exist in JSON; use quotes")
            return
        if "${" not in text and len(text.encode()) > MAX_VALUE_BYTES:
            self._add(path, f"`secret_data`: is larger than AWS's {MAX_VALUE_BYTES:,} bytes")

    def _rotation(self, entry: Entry, path: Path_) -> Rotation | None:
        function: Template | HostedFunction | None
        if entry.rotation is not None:
            function = self._hosted(entry, entry.rotation, (*path, "rotation"))
        else:
            function = self._template(entry.rotation_lambda_arn, (*path, "rotation_lambda_arn"))
        if not entry.rotation_automatically or function is None:
            return None
        days = entry.rotation_days
        if days is None and entry.rotation_schedule is None:
            days = 30
        return Rotation(
            function=function,
            days=days,
            schedule=entry.rotation_schedule,
            window=entry.rotation_window,
            immediately=entry.rotate_immediately,
        )

    def _on_rotate(self, entry: Entry, path: Path_) -> tuple[PlannedRestart, ...]:
        """Plan the restarts of an entry that rotates, here or, once adopted, by other means."""
        if not entry.rotation_automatically and entry.import_ is None:
            return ()
        path = (*path, "on_rotate")
        targets = (restart.target for restart in entry.on_rotate)
        return tuple(
            PlannedRestart(kind, self._template(text, (*path, index, kind)) or _BLANK)
            for index, (kind, text) in enumerate(targets)
        )

    def _hosted(self, entry: Entry, wanted: HostedRotation, path: Path_) -> HostedFunction:
        options = entry.random.get("password", entry.random_password)
        ca_bundle = self._beside_map(wanted.ca_bundle, (*path, "ca_bundle"))
        return HostedFunction(
            kind=wanted.function,
            superuser_secret=self._template(
                wanted.superuser_secret_arn, (*path, "superuser_secret_arn")
            ),
            subnets=self._templates(wanted.subnet_ids, (*path, "subnet_ids")),
            security_groups=self._templates(
                wanted.security_group_ids, (*path, "security_group_ids")
            ),
            timeout=wanted.timeout,
            log_retention_in_days=wanted.log_retention_in_days,
            ca_bundle=ca_bundle,
            password_length=options.length,
            password_characters=options.characters,
        )

    def _beside_map(self, written: str | None, path: Path_) -> Path | None:
        """Find a file that the map names, from the map's own folder."""
        if written is None:
            return None
        found = Path(self.instance.document.file).parent / written
        if not found.is_file():
            self._add(path, f"`{path[-1]}`: there is no such file beside the map")
        return found

    def _replicas(self, entry: Entry, path: Path_) -> tuple[PlannedReplica, ...]:
        return tuple(
            PlannedReplica(
                replica.region,
                self._template(replica.kms_key_id, (*path, "replicas", index, "kms_key_id")),
            )
            for index, replica in enumerate(entry.replicas)
        )

    def _created_key(self, header: Header) -> CreatedKey | None:
        if not header.kms.create:
            return None
        return CreatedKey(
            _alias(header, self._environment),
            header.kms.deletion_window_in_days,
            header.kms.multi_region,
        )

    def _check_secret(self, secret: PlannedSecret, header: Header) -> None:
        path: Path_ = ("secrets", secret.key)
        if len(secret.name) > names.MAX_NAME:
            self._add(path, f"the name is longer than AWS's {names.MAX_NAME} characters")
        if names.ends_like_arn(secret.name) and not secret.import_:
            self._warn(
                (*path, "name"),
                "the name ends in a hyphen and six characters, as ARNs of secrets do; AWS advises "
                "against it",
            )
        if secret.rotation and isinstance(secret.source, Empty) and not secret.import_:
            self._warn((*path, "rotation_automatically"), "rotates only once someone has filled it")
        if secret.recovery_window_in_days == 0:
            self._warn((*path, "recovery_window_in_days"), "a removed secret is lost at once")
        own_key = header.kms.create and secret.kms_key is None and not secret.import_
        if own_key and header.kms.deletion_window_in_days < secret.recovery_window_in_days:
            self._add(
                (*path, "recovery_window_in_days"),
                "the key's `deletion_window_in_days` must not be shorter than the recovery window "
                f"({secret.recovery_window_in_days} days): a restored secret would have no key",
            )
        self._access.check_size(secret)
        shared = isinstance(secret.policy, TemplatedPolicy) and (
            secret.policy.template == "cross-account-secret-policy"
        )
        unknown_key = secret.import_ is not None and secret.kms_key is None
        if not header.kms.create and not unknown_key and is_aws_managed(secret.kms_key):
            if shared:
                self._add((*path, "policy"), OWN_KEY_NEEDED)
            self._access.check_accounts(secret)

    def _check_rotated_fields(self, secret: PlannedSecret, entry: Entry) -> None:
        if not secret.rotated_fields or entry.secret_data is None:
            return
        fields = _fields(entry.secret_data)
        for index, rotated in enumerate(secret.rotated_fields):
            if rotated not in fields:
                self._add(
                    ("secrets", secret.key, "rotated_fields", index),
                    f"`rotated_fields`: no field{shown(rotated)} in `secret_data`"
                    f"{did_you_mean(rotated, fields)}"
                    if fields
                    else "`rotated_fields`: `secret_data` must be a mapping, or JSON that is one",
                )

    def _check_names(self, secrets: Mapping[str, PlannedSecret]) -> None:
        first: dict[str, str] = {}
        for key, secret in secrets.items():
            if secret.name in first:
                self._add(
                    ("secrets", key),
                    f"the entries `{first[secret.name]}` and `{key}` are both named "
                    f"`{secret.name}` in AWS; change `name` or `path` of one",
                )
            first.setdefault(secret.name, key)

    def _check_renames(self, secrets: Mapping[str, PlannedSecret]) -> None:
        taken: dict[str, str] = {}
        for key, secret in secrets.items():
            old, path = secret.renamed_from, ("secrets", key, "renamed_from")
            if old is None:
                continue
            if old in secrets:
                self._add(path, f"`{old}` still is an entry of this map; remove one of the two")
            if old in taken:
                self._add(path, f"`{old}` already is the old key of `{taken[old]}`")
            taken[old] = key

    def _check_restarting(self, secrets: Mapping[str, PlannedSecret]) -> None:
        name = self._header.name or self.instance.name
        if len(name) > MAX_RESTARTING_NAME and any(one.on_rotate for one in secrets.values()):
            self._add(
                ("name",),
                f"a map with `on_rotate` may have a name of {MAX_RESTARTING_NAME} characters at "
                "most: AWS's names of functions and roles, which it is a part of, end at 64",
            )

    def _check_reference(
        self,
        secret: PlannedSecret,
        reference: Reference,
        header: Header,
        secrets: Mapping[str, PlannedSecret],
    ) -> None:
        problem = None
        if reference.kind is ReferenceKind.RANDOM:
            made = getattr(secret.source, "passwords", {})
            if reference.path[0] not in made or reference not in secret.value_references:
                name = reference.path[0]
                problem = (
                    f"no password `{name}` under this entry's `random`; add "
                    f"`random: {{{name}: {{}}}}`{did_you_mean(name, made)}"
                )
        elif is_self(reference, header.name, self.instance.name):
            problem = _self_problem(reference, secrets)
        elif reference.kind is ReferenceKind.OUTPUT and reference.path[0] not in self._stacks:
            component = reference.path[0]
            known = (*self._stacks, COMPONENT)
            problem = (
                f"nothing is known of `{component}`; add to `stacks:` the line "
                f"`{component}: <organization>/{component}/{self._environment}`"
                f"{did_you_mean(component, known)}"
            )
        if problem:
            self.problems.append(
                Problem(self._place(secret.key, str(reference)), f"`{reference}`: {problem}")
            )

    def _order(self, secrets: Mapping[str, PlannedSecret]) -> tuple[str, ...]:
        own = (self._header.name, self.instance.name)
        graph = {
            key: dict.fromkeys(_referenced_keys(secret, own, secrets))
            for key, secret in secrets.items()
        }
        if not any(graph.values()):
            return tuple(secrets)
        try:
            return tuple(graphlib.TopologicalSorter(graph).static_order())
        except graphlib.CycleError as error:
            cycle = list(reversed(error.args[1]))
            circle = " → ".join(f"`{key}`" for key in cycle)
            self._add(
                ("secrets", cycle[0]), f"the entries reference each other in a circle: {circle}"
            )
            return tuple(secrets)

    def _template(self, text: str | None, path: Path_) -> Template | None:
        if text is None:
            return None
        bad: list[BadReference] = []
        template = references.parse(text, bad)
        self._add_bad(bad, path)
        return template

    def _templates(self, texts: Iterable[str], path: Path_) -> tuple[Template, ...]:
        made = (self._template(text, (*path, index)) for index, text in enumerate(texts))
        return tuple(template for template in made if template)

    def _add_bad(self, bad: Iterable[BadReference], path: Path_) -> None:
        instance = self.instance
        named = f"`{path[-1]}`: " if isinstance(path[-1], str) else ""
        for one in bad:
            place = instance.document.position_of_text((*instance.path, *path), one.text)
            place = place or instance.position(path)
            self.problems.append(Problem(place, f"{named}{one.message}"))

    def _place(self, key: str, wanted: str) -> Position:
        document, base = self.instance.document, self.instance.path
        return (
            document.position_of_text((*base, "secrets", key), wanted)
            or document.position_of_text(base, wanted)
            or self.instance.position(("secrets", key), of_key=True)
        )

    def _add(self, path: Path_, message: str) -> None:
        self.problems.append(Problem(self.instance.position(path, of_key=True), message))

    def _warn(self, path: Path_, message: str) -> None:
        place = self.instance.position(path, of_key=True)
        self._warnings.append(Problem(place, f"`{path[-1]}`: {message}", "warning"))


_BLANK = Template(("",))


def _fields(data: str | dict[str, Any]) -> Iterable[str]:
    """Name the top fields of a structured value; none for any other text."""
    if isinstance(data, dict):
        return data
    document = references.json_document(references.parse(data, []))
    return document if isinstance(document, dict) else ()


def _tags(entry: Entry, header: Header) -> Mapping[str, str]:
    if entry.import_:
        return entry.tags
    return {**header.tags, **entry.tags} if entry.tags else header.tags


def _adopted_name(imported: str) -> str:
    """Give the name inside a secret's ARN (`…:secret:NAME-SUFFIX`), or the name as it stands."""
    return Arn.parse(imported).secret_name if is_arn(imported) else imported


def _alias(header: Header, environment: str) -> str:
    if header.kms.alias:
        return f"alias/{header.kms.alias.removeprefix('alias/')}"
    name = f"{header.context_name}-{environment}-secrets"
    return "alias/" + "".join(c if c.isalnum() or c in "/_-" else "-" for c in name)
