"""ARNs, parsed and composed, and the account and region that they are written for.

The form: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_SUFFIX = re.compile(r"-[0-9A-Za-z]{6}$")
_FIELDS = 6  # arn, partition, service, region, account, resource


@dataclass(frozen=True, slots=True)
class Arn:
    """An ARN in its parts.

    Attributes:
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        region: empty for global services such as IAM.
        resource: everything after the account; it may hold colons.
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Parse an ARN.

        Raises:
            ValueError: the text is not an ARN.
        """
        fields = text.split(":", _FIELDS - 1)
        if len(fields) != _FIELDS or fields[0] != "arn":
            msg = "expected an ARN (`arn:<partition>:<service>:<region>:<account>:<resource>`)"
            raise ValueError(msg)

        return cls(*fields[1:])

    def __str__(self) -> str:
        """Return the ARN as one string."""
        return ":".join(
            ("arn", self.partition, self.service, self.region, self.account, self.resource)
        )

    @property
    def home(self) -> Home:
        """The account and region that the ARN names."""
        return Home(self.partition, self.region, self.account)

    @property
    def alias(self) -> str | None:
        """The name of a KMS alias (`alias/…`); None for the ARN of anything else."""
        if self.resource.startswith("alias/"):
            return self.resource

        return None

    @property
    def secret_name(self) -> str:
        """The name in a secret's ARN (`…:secret:<name>-<six characters>`).

        AWS also takes an ARN without the last six characters, if they are not mistaken for them.
        """
        name = self.resource.removeprefix("secret:")
        return _SUFFIX.sub("", name)


def is_arn(text: str) -> bool:
    """Return whether a string is an ARN rather than a name or an id."""
    return text.startswith("arn:")


@dataclass(frozen=True, slots=True)
class Home:
    """The account and region of a map's secrets; placeholders until AWS has been queried.

    Attributes:
        caller: the ARN of the identity that runs Pulumi; None where it is not known.
    """

    partition: str = "aws"
    region: str = "<region>"
    account: str = "<account>"
    caller: str | None = None

    @property
    def dns_suffix(self) -> str:
        """The end of the names of the partition's services, as in `kms:ViaService`.

        China has one of its own (botocore, `partitions.json`: `dnsSuffix`).
        """
        if self.partition == "aws-cn":
            return "amazonaws.com.cn"

        return "amazonaws.com"

    def in_region(self, region: str) -> Home:
        """Return the same account in another region."""
        return replace(self, region=region)

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """Return the ARN of a resource of this account; `region` defaults to the home region."""
        return str(Arn(self.partition, service, region or self.region, self.account, resource))

    def secret_arn(self, name: str, region: str | None = None) -> str:
        """Return the ARN of a secret, or of a pattern of secrets."""
        return self.arn("secretsmanager", f"secret:{name}", region)

    def key_arn(self, key: str) -> str:
        """Return the ARN of a KMS key given as an id, an ARN or `alias/…`."""
        if is_arn(key):
            return key

        if key.startswith("alias/"):
            return self.arn("kms", key)

        return self.arn("kms", f"key/{key}")

    def role_arn(self, name: str) -> str:
        """Return the ARN of an IAM role; the name may include a path."""
        return str(Arn(self.partition, "iam", "", self.account, f"role/{name}"))

    def root(self, account: str | None = None) -> str:
        """Return the principal that means a whole account; default: this one."""
        return str(Arn(self.partition, "iam", "", account or self.account, "root"))

    def is_own(self, principal: str) -> bool:
        """Return whether a principal belongs to this account, or whether that is not known yet."""
        if self.account.startswith("<"):
            return True

        return account_of(principal) in (None, self.account)


def account_of(principal: str) -> str | None:
    """Return the account of a principal; None for a service or a reference not resolved yet."""
    if principal.isdigit():
        return principal

    try:
        return Arn.parse(principal).account
    except ValueError:
        return None


def exact(name: str) -> str:
    """Return the pattern that matches one secret by name: AWS adds a hyphen and six characters.

    Never `-*`, which also matches longer names
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html).
    """
    return f"{name}-??????"
