"""Random policies that have to do with given requests.

Most statements are made of parts of the very requests, so that many of them apply; the rest misses
them by a little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.access.oracle.cases import Entry, caller_facts, request_of
from tests.access.oracle.universe import (
    ARNS,
    BINARIES,
    BOOLEANS,
    CALLERS,
    ELSEWHERE,
    EPOCHS,
    HERE,
    LISTS,
    MOMENTS,
    NETWORKS,
    THERE,
    TYPED,
    Dice,
    keys_of,
)

_FITTING = 0.6
"""The share of statements whose actions, or whose resources, fit one of the requests."""


class PolicyWriter:
    """Writes policies that have to do with some requests."""

    def __init__(self, dice: Dice, kind: str, requests: Sequence[Entry]) -> None:
        self._dice, self._kind, self._requests = dice, kind, requests

    def level(self) -> list[dict[str, Any]]:
        """Write the policies of one level of an organization."""
        documents = [self.document("scp")]
        if self._dice.chance(0.8):
            everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            documents.append({"Version": "2012-10-17", "Statement": everything})

        return documents

    def document(self, kind: str) -> dict[str, Any]:
        """Write a policy."""
        statements = [self._statement(kind) for _ in range(self._dice.randint(1, 3))]
        document: dict[str, Any] = {"Version": "2012-10-17", "Statement": statements}
        if len(statements) == 1 and self._dice.chance(0.5):
            document["Statement"] = statements[0]

        if kind != "rcp" and self._dice.chance(0.05):
            document["Version"] = "2008-10-17"

        return document

    def _statement(self, kind: str) -> dict[str, Any]:
        dice = self._dice
        entry = dice.choice(self._requests)
        is_deny = kind == "rcp" or dice.chance(0.2)
        statement: dict[str, Any] = {"Effect": "Deny" if is_deny else "Allow"}
        if dice.chance(0.2):
            statement["Sid"] = f"S{dice.randint(1, 99)}"

        if kind == "rcp":
            statement["Principal"] = "*"
        elif kind == "resource":
            element, principals = self._principals(entry, is_deny=is_deny)
            statement[element] = principals

        element = "NotAction" if kind != "rcp" and dice.chance(0.12) else "Action"
        actions = self._actions(entry)
        if kind == "rcp":
            actions = [action for action in actions if action != "*"]  # which AWS refuses there

        statement[element] = self._one_or_some(actions)
        if not (self._kind == "role" and kind == "resource"):
            element = "NotResource" if dice.chance(0.12) else "Resource"
            statement[element] = self._one_or_some(self._resources(entry))

        if dice.chance(0.35):
            statement["Condition"] = self._conditions(entry)

        return statement

    def _one_or_some(self, values: list[str]) -> Any:
        found = self._dice.some(values, 2)
        if len(found) == 1 and self._dice.chance(0.7):
            return found[0]

        return found

    def _actions(self, entry: Entry) -> list[str]:
        service, _, name = entry["action"].partition(":")
        if self._dice.chance(_FITTING):
            return [entry["action"], f"{service}:*", f"{service}:{name[:3]}*"]

        others = [request["action"] for request in self._requests]
        return [
            entry["action"],
            f"{service}:*",
            "*",
            f"{service}:{name[:3]}*",
            f"{service}:*{name[3:]}",
            f"{service}:{name[:-1]}?",
            entry["action"].upper(),
            f"{service}:Tag*",
            "ec2:*",
            *others,
        ]

    def _resources(self, entry: Entry) -> list[str]:
        arn = entry["resource"]
        if arn == "*":
            return ["*", f"arn:aws:secretsmanager:*:{HERE}:secret:x-??????"]

        if self._dice.chance(_FITTING):
            return ["*", arn, f"{arn[:-1]}?"]

        head, _, _ = arn.rpartition("/")
        found = ["*", "*", arn, f"{arn[:-1]}?", f"{arn[:-3]}*", f"{arn}x", f"{arn}?"]
        found += [request["resource"] for request in self._requests]
        if head:
            found += [f"{head}/*", f"{head}/${{aws:username}}*"]

        if self._kind in ("secret", "key"):
            found.append(arn.replace("eu-central-1", "*"))
            found.append(arn.replace("eu-central-1", "eu-west-1"))

        if self._kind == "secret":
            stem = arn.partition("secret:")[0]
            found += [
                f"{arn[:-6]}??????",
                f"{stem}secret:shop/*",
                f"{stem}secret:*/dev/*",
                f"{stem}secret:${{aws:PrincipalTag/team}}/*",
                f"{stem}secret:${{aws:PrincipalTag/team, 'shop'}}/dev/*",
            ]

        if self._kind == "object":
            found += ["arn:aws:s3:::logs/${aws:username}/*", "arn:aws:s3:::data-dev/${aws:PrincipalTag/team}/*"]  # fmt: skip

        return found

    def _principals(self, entry: Entry, *, is_deny: bool) -> tuple[str, Any]:
        dice, caller = self._dice, entry["principal"]
        if dice.chance(0.15):
            return "Principal", dice.choice(("*", {"AWS": "*"}))

        own = [name for name in CALLERS if name.startswith("arn:") and name != caller]
        names = [f"arn:aws:iam::{HERE}:root", HERE, f"arn:aws:iam::{THERE}:root", ELSEWHERE]
        names += dice.sample(own, 2)
        if caller.startswith("arn:"):
            names += [caller, caller]
            facts = caller_facts(request_of(entry))
            names.append(facts["aws:principalarn"])

        is_negated = is_deny and dice.chance(0.25)
        principals: dict[str, Any] = {"AWS": self._one_or_some(list(dict.fromkeys(names)))}
        if is_negated and caller.startswith("arn:") and dice.chance(0.7):
            principals = {"AWS": [caller, f"arn:aws:iam::{HERE}:root"]}

        if not caller.startswith("arn:") and dice.chance(0.7):
            principals = {"Service": self._one_or_some(["dms.amazonaws.com", "sns.amazonaws.com"])}

        if is_negated:
            return "NotPrincipal", principals

        return "Principal", principals

    def _conditions(self, entry: Entry) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(self._dice.randint(1, 2)):
            operator, key, values = self._condition(entry)
            if len(values) == 1 and self._dice.chance(0.6):
                found.setdefault(operator, {})[key] = values[0]
            else:
                found.setdefault(operator, {})[key] = values

        return found

    def _condition(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        make = dice.choice(
            (self._text, self._text, self._arn, self._many, self._boolean, self._number,
             self._moment, self._address, self._binary, self._null)
        )  # fmt: skip
        operator, key, values = make(entry)
        if operator != "Null" and dice.chance(0.2):
            operator += "IfExists"

        if dice.chance(0.2):
            key = key.lower()

        return operator, key, values

    def _given(self, entry: Entry, key: str, others: Sequence[str]) -> list[str]:
        """Return values for a policy: that of the request, or others."""
        given = self._present(entry, key, lambda dice: dice.choice(others))
        if given is not None and self._dice.chance(0.5):
            return [given]

        return self._dice.some(others, 2)

    def _present(self, entry: Entry, key: str, make: Callable[[Dice], Any]) -> Any:
        """Return the request's value of a key; half of those without one get one."""
        context = entry.get("context", {})
        if key not in context and self._dice.chance(0.5):
            entry["context"] = {**context, key: make(self._dice)}

        return entry.get("context", {}).get(key)

    def _text(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        key, others = dice.choice(list(keys_of(self._kind).items()))
        values = self._given(entry, key, others)
        operator = dice.choice(
            ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase",
             "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike")
        )  # fmt: skip
        if "Case" in operator:
            values = [value.swapcase() for value in values]

        if "Like" in operator:
            values = [dice.choice((f"{v[:2]}*", f"*{v[1:]}", f"{v[:-1]}?", v)) for v in values]

        elif dice.chance(0.15):
            values = [f"{value[:2]}*" for value in values]

        if dice.chance(0.2):
            variables = (
                f"${{{key}}}",
                "${aws:PrincipalTag/team}",
                "${aws:username, 'red'}",
                "${*}",
            )
            values.append(dice.choice(variables))

        return operator, key, values

    def _arn(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        facts = caller_facts(request_of(entry))
        key = dice.choice(("aws:PrincipalArn", "aws:SourceArn"))
        values = self._given(entry, key, ARNS["aws:SourceArn"])
        if key == "aws:PrincipalArn":
            values = [facts.get(key.lower(), f"arn:aws:iam::{HERE}:user/amy")]

        forms = []
        for value in values:
            of_any_account = value.replace(HERE, "*")
            too_short = value.replace(f"eu-central-1:{HERE}", "*")
            ends = (f"{value[:-2]}*", f"{value[:-1]}?", f"{value}?")
            whole = (value, of_any_account, too_short, "arn:aws:*:*:*:*")
            forms.append(dice.choice((*whole, *ends)))

        operators = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike")
        return dice.choice(operators), key, forms

    def _many(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        key, others = dice.choice(list(LISTS.items()))
        quantifier = dice.choice(("ForAllValues", "ForAnyValue"))
        operator = dice.choice(("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"))
        values = dice.some(others, 3)
        self._present(entry, key, lambda dice: dice.some(others, 2))
        if "Like" in operator:
            values = [dice.choice((f"{value[:2]}*", value)) for value in values]

        if dice.chance(0.2):
            return operator, key, values

        return f"{quantifier}:{operator}", key, values

    def _boolean(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        key = dice.choice(BOOLEANS)
        self._present(entry, key, lambda dice: dice.choice(("true", "false")))
        return "Bool", key, [dice.choice(("true", "false", "True"))]

    def _typed(self, entry: Entry, key: str) -> str:
        self._present(entry, key, TYPED[key])
        return key

    def _number(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        operator = dice.choice(
            ("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
             "NumericGreaterThan", "NumericGreaterThanEquals")
        )  # fmt: skip
        values = dice.some(("0", "30", "300.0", "300.5", "3600"), 2)
        return operator, self._typed(entry, "aws:MultiFactorAuthAge"), values

    def _moment(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        operator = dice.choice(
            ("DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals",
             "DateGreaterThan", "DateGreaterThanEquals")
        )  # fmt: skip
        if dice.chance(0.4):
            return operator, self._typed(entry, "aws:EpochTime"), dice.some(EPOCHS, 2)

        return operator, self._typed(entry, "aws:CurrentTime"), dice.some(MOMENTS, 2)

    def _address(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        operator = dice.choice(("IpAddress", "NotIpAddress"))
        return operator, self._typed(entry, "aws:SourceIp"), dice.some(NETWORKS, 2)

    def _binary(self, entry: Entry) -> tuple[str, str, list[str]]:
        key = self._typed(entry, "aws:PrincipalTag/blob")
        return "BinaryEquals", key, self._dice.some(BINARIES, 2)

    def _null(self, _: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        keys = [*keys_of(self._kind), *LISTS, *BOOLEANS]
        return "Null", dice.choice(keys), [dice.choice(("true", "false"))]
