"""What AWS refuses or does and moto does not: one module per service, one place per rule.

The texts are AWS's own. Sources: the API reference
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/), and for what it leaves open the
user guide or the issue that is named. Nothing here imports the product: the sandbox would
otherwise repeat the product's mistakes instead of finding them.
"""

from __future__ import annotations

from sandbox.rules import events, functions, iam, key_management, secretsmanager


def install() -> None:
    """Put the rules in place; to be called before the first request."""
    secretsmanager.install()
    key_management.install()
    functions.install()
    events.install()
    iam.install()
