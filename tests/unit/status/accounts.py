"""An account of a test's own, which notes what it is asked."""

from secrets_component.lookups.inventory import AccountError, HeldSecret
from secrets_component.planning.plan import Plan


class AccountStub:
    """The secrets of a region, with their policies, and the ids of keys by alias."""

    region = "eu-central-1"

    def __init__(self, *secrets: HeldSecret, policies: dict[str, str] | None = None) -> None:
        self._secrets, self._policies = secrets, policies or {}
        self.asked: list[tuple[str, str]] = []
        self.keys: dict[str, str] = {}

    def of_level(self, plan: Plan) -> list[HeldSecret]:
        self.asked.append(("of_level", plan.context))
        return list(self._secrets)

    def resource_policy(self, arn: str) -> str | None:
        self.asked.append(("resource_policy", arn))
        return self._policies.get(arn)

    def key_id(self, key: str) -> str:
        self.asked.append(("key_id", key))
        if key not in self.keys:
            msg = f"Alias {key} is not found."
            raise AccountError(msg, code="NotFoundException")
        return self.keys[key]
