"""What is generated for an entry: passwords, bytes, UUIDs and key pairs, each made once.

Pulumi's state keeps them, encrypted. All but the public half of a key pair are secrets, and so are
the resources and the output that they go into.

A UUID is made of random bytes instead of `random.RandomUuid`: the id of that resource is the UUID
itself, and no state encrypts ids (terraform-provider-random, `internal/provider/resource_uuid.go`).
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping

import pulumi
import pulumi_random as random
import pulumi_tls as tls

from secrets_component.lookups.safeguards import AccountState
from secrets_component.planning.plan import PlannedSecret
from secrets_component.resources.scope import Scope
from secrets_component.secret_map.model import (
    DEFAULT_BITS,
    DEFAULT_CURVE,
    DEFAULT_SPECIAL,
    RandomBytes,
    RandomKeyPair,
    RandomPassword,
    RandomUuid,
    RandomValue,
)

_DEFAULTED_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "password": {
        "length": "length",
        "override_special": "overrideSpecial",
        "min_lower": "minLower",
        "min_upper": "minUpper",
        "min_numeric": "minNumeric",
        "min_special": "minSpecial",
    },
    "bytes": {"length": "length"},
    "uuid": {},
    "key_pair": {"algorithm": "algorithm", "curve": "ecdsaCurve", "bits": "rsaBits"},
}
"""The options that this package gives a default, and the providers' spelling of them, by kind."""

_OTHER_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "password": ("special", "lower", "upper", "numeric", "keepers"),
    "bytes": ("keepers",),
    "uuid": ("keepers",),
    "key_pair": (),
}
_UUID_BYTES = 16


def generate(scope: Scope, secret: PlannedSecret, state: AccountState) -> None:
    """Generate an entry's values and make them available to the references of the map."""
    for key, options in secret.generated_values.items():
        _, _, part = key.partition(".")
        made = _Maker(scope, secret, part or None, may_change=state.may_write(secret))
        private, public = made.value(options)
        scope.values.own_outputs["generated_passwords", key] = private
        if public is not None:
            scope.values.own_outputs["public_keys", key] = public


class _Maker:
    """Makes one value of an entry.

    Attributes:
        may_change: a new value would go into the secret. Where others have written its value, it
            would be in the outputs and nowhere else, so all options are fixed.
    """

    def __init__(
        self, scope: Scope, secret: PlannedSecret, part: str | None, *, may_change: bool
    ) -> None:
        self._scope = scope
        self._secret = secret
        self._part = part
        self._may_change = may_change

    def value(self, options: RandomValue) -> tuple[pulumi.Output[str], pulumi.Output[str] | None]:
        """Return the value, and the public half if it has one."""
        match options:
            case RandomPassword():
                return self._password(options).result, None
            case RandomBytes():
                return self._encoded_bytes(options), None
            case RandomUuid():
                made = self._bytes(_UUID_BYTES, options)
                return made.base64.apply(_as_uuid), None
            case RandomKeyPair():
                return self._halves(options)

    def _password(self, options: RandomPassword) -> random.RandomPassword:
        return random.RandomPassword(
            self._name,
            length=options.length,
            special=options.special,
            override_special=options.override_special or DEFAULT_SPECIAL,
            lower=_if_set(options, "lower"),
            upper=_if_set(options, "upper"),
            numeric=_if_set(options, "numeric"),
            min_lower=options.minimum("lower"),
            min_upper=options.minimum("upper"),
            min_numeric=options.minimum("numeric"),
            min_special=options.minimum("special"),
            keepers=options.keepers or None,
            opts=self._options(options),
        )

    def _encoded_bytes(self, options: RandomBytes) -> pulumi.Output[str]:
        made = self._bytes(options.length, options)
        match options.encoding:
            case "base64":
                return made.base64
            case "hex":
                return made.hex
            case "base64url":
                return made.base64.apply(_as_base64url)

    def _bytes(self, length: int, options: RandomBytes | RandomUuid) -> random.RandomBytes:
        return random.RandomBytes(
            self._name,
            length=length,
            keepers=options.keepers or None,
            opts=self._options(options),
        )

    def _halves(self, options: RandomKeyPair) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Return the private and the public key; of the two, the provider hides the private one.

        The resource has no keepers. A trigger that is null, now or in the state, replaces nothing
        (pulumi/pulumi, `shouldTriggerReplace` in pkg/resource/deploy/step_generator.go).
        """
        trigger: Mapping[str, str] | None = None
        if self._may_change:
            trigger = options.keepers

        made = tls.PrivateKey(
            self._name,
            algorithm=options.algorithm.upper(),
            # The provider's default, P224, has no form in OpenSSH.
            ecdsa_curve=options.curve or DEFAULT_CURVE,
            rsa_bits=options.bits or DEFAULT_BITS,
            opts=self._options(options, replacement_trigger=trigger),
        )
        if options.format == "pem":
            return made.private_key_pem_pkcs8, pulumi.Output.unsecret(made.public_key_pem)

        line = made.public_key_openssh.apply(str.rstrip)  # it is used inside of other texts
        return made.private_key_openssh, pulumi.Output.unsecret(line)

    @property
    def _name(self) -> str:
        return self._scope.logical(self._secret, self._part)

    def _options(
        self, options: RandomValue, replacement_trigger: Mapping[str, str] | None = None
    ) -> pulumi.ResourceOptions:
        return self._scope.options(
            self._secret,
            self._part,
            ignore_changes=self._fixed(options),
            protect=self._secret.protect,
            replacement_trigger=replacement_trigger,
        )

    def _fixed(self, options: RandomValue) -> list[str]:
        """Return the options that are fixed at creation: a changed one replaces the value.

        Those that the map does not set: a changed default of this package must not replace a value
        in use.
        """
        defaulted = _DEFAULTED_OPTIONS[options.kind]
        if not self._may_change:
            return [*defaulted.values(), *_OTHER_OPTIONS[options.kind]]

        written = options.model_fields_set
        return [theirs for ours, theirs in defaulted.items() if ours not in written]


def _if_set(options: RandomPassword, name: str) -> bool | None:
    """Return an option that the map sets; None leaves it to the provider."""
    if name not in options.model_fields_set:
        return None

    value: bool = getattr(options, name)
    return value


def _as_base64url(encoded: str) -> str:
    """Return base64 with the alphabet for URLs and without padding.

    https://www.rfc-editor.org/rfc/rfc7515#section-2
    """
    return encoded.replace("+", "-").replace("/", "_").rstrip("=")


def _as_uuid(encoded: str) -> str:
    """Return 16 random bytes as a UUID of version 4.

    https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4
    """
    return str(uuid.UUID(bytes=base64.b64decode(encoded), version=4))
