"""The access table: a map, who calls, and what each of them can do afterwards.

Nothing here runs: `test_table.py` deploys the map to the sandbox and decides every cell on what was
really deployed; `make oracle` puts the same cells to an independent simulator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secrets_component.iam.evaluator import Verdict
from tests.access.oracle.cases import World, verdicts_of

Policy = Mapping[str, Any]

HERE, THERE, REGION = "123456789012", "222222222222", "eu-central-1"
ROLES = ("app", "db", "attached", "single", "ops", "broad", "nobody")
SERVICE = "dms.amazonaws.com"
MAP = """\
context_name: shop
environment: table
kms: {create: true, multi_region: true}
access:
  readers: ["arn:aws:iam::123456789012:role/table-app"]
  admins: ["arn:aws:iam::123456789012:role/table-ops"]
  paths:
    rds:
      readers: ["arn:aws:iam::123456789012:role/table-db", dms.amazonaws.com]
      attach_to: [table-attached]
    web:
      readers: ["arn:aws:iam::222222222222:role/shop"]
      organization_id: o-a1b2c3d4e5
secrets:
  master: {path: rds, generate_random_password: true}
  longer: {name: master-of-all, path: rds, generate_random_password: true}
  nested: {path: rds/replica, generate_random_password: true}
  token:
    path: web
    secret_data: v
    replicas: [{region: eu-west-1}]
    access: {readers: ["arn:aws:iam::123456789012:role/table-single"]}
  shared:
    path: api
    secret_data: v
    policy:
      template: cross-account-secret-policy
      principals: ["arn:aws:iam::222222222222:role/shop"]
"""


def role(name: str, account: str = HERE) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def everything(*actions: str) -> Policy:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


BROAD = everything("secretsmanager:*", "kms:*")
READ_ALL = everything("secretsmanager:GetSecretValue", "kms:Decrypt")
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "sts:AssumeRole"}]}  # fmt: skip
ORGANIZATION = {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}
FOREIGN: dict[str, tuple[str, list[Policy], dict[str, str]]] = {
    "partner": (role("shop", THERE), [READ_ALL], ORGANIZATION),
    "partner without a policy of its own": (role("shop", THERE), [], ORGANIZATION),
    "partner's other role": (role("other", THERE), [READ_ALL], ORGANIZATION),
    "partner of another organization": (
        role("shop", THERE),
        [READ_ALL],
        {"aws:PrincipalOrgID": "o-x"},
    ),
    "service": (SERVICE, [], {"aws:SourceAccount": HERE}),
    "service for another account": (SERVICE, [], {"aws:SourceAccount": THERE}),
}
DEPLOYERS: dict[str, tuple[str, list[Policy], dict[str, str]]] = {
    name: (f"arn:aws:iam::{HERE}:user/moto", policies, {"aws:PrincipalArn": f"arn:aws:sts::{HERE}:user/moto"})
    for name, policies in (("deployer", [BROAD]), ("deployer without a policy", []))
}  # fmt: skip
"""Who deploys to the sandbox. moto calls its caller by an ARN that AWS does not have."""
SECRETS = ("master", "longer", "nested", "token", "shared")
RDS = ("master", "longer", "nested")
# Who → secrets that it can read; everyone else and everything else is denied.
READERS = {
    "app": SECRETS,
    "db": RDS,
    "attached": RDS,
    "single": ("token",),
    "ops": SECRETS,
    "broad": (),  # IAM lets it do everything; the key does not
    "nobody": (),
    "partner": ("token", "shared"),
    "partner without a policy of its own": (),
    "partner's other role": (),
    "partner of another organization": ("shared",),  # its policy does not name one
    "service": RDS,
    "service for another account": (),
}
OTHERS = {**FOREIGN, **DEPLOYERS}
WRITERS = {"ops": SECRETS}
CALLS = {"read": ("GetSecretValue", "Decrypt"), "write": ("PutSecretValue", "GenerateDataKey")}
"""What an action of the table calls: Secrets Manager, which uses the key as its caller."""
TABLE = [
    (who, secret, action, secret in table.get(who, ()))
    for action, table in (("read", READERS), ("write", WRITERS))
    for who in READERS
    for secret in SECRETS
]


@dataclass(frozen=True)
class Deployed:
    """What was deployed, read back."""

    arns: dict[str, str]
    secret_policies: dict[str, Policy | None]
    key_arn: str
    key_policy: Policy
    replica_policy: Policy
    attached: dict[str, list[Policy]]
    levels: dict[str, Policy]

    def calls(
        self,
        who: str,
        secret: str,
        action: str,
        use_of_key: str,
        region: str = REGION,
        via: str | None = None,
    ) -> list[World]:
        """Return a call to Secrets Manager and the use of the key that it makes as its caller."""
        arn = self.arns[secret].replace(REGION, region)
        service = via or f"secretsmanager.{region}.amazonaws.com"
        context = {
            "kms:ViaService": service,
            "kms:EncryptionContext:SecretARN": arn,
            "kms:EncryptionContext:SecretVersionId": "v",
        }
        return [
            self.call(who, f"secretsmanager:{action}", arn, self.secret_policies[secret]),
            self.use_of_key(who, use_of_key, context, region),
        ]

    def use_of_key(
        self, who: str, action: str, context: Mapping[str, str], region: str = REGION
    ) -> World:
        """Return a use of the key, or of its replica in another region."""
        policy = self.key_policy
        if region != REGION:
            policy = self.replica_policy

        arn = self.key_arn.replace(REGION, region)
        return self.call(who, f"kms:{action}", arn, policy, context)

    def call(
        self,
        who: str,
        action: str,
        resource: str,
        policy: Policy | None,
        context: Mapping[str, str] | None = None,
    ) -> World:
        """Return a request of somebody in the table, with the policies that decide it."""
        principal, identity, known = OTHERS.get(who) or self._role(who)

        entry = {"principal": principal, "action": action, "resource": resource}
        world: World = {"requests": [{**entry, "context": {**known, **(context or {})}}]}
        if identity:
            world["identity"] = identity

        if policy:
            world["resource"] = [policy]

        return world

    def _role(self, name: str) -> tuple[str, list[Policy], dict[str, str]]:
        return role(f"table-{name}"), self.attached[name], {}


def all_allowed(worlds: Iterable[World]) -> bool:
    """Return whether the evaluator allows every request."""
    verdicts: list[Verdict] = []
    for world in worlds:
        verdicts += [verdict for _, verdict in verdicts_of(world)]

    return all(verdict.allowed for verdict in verdicts)
