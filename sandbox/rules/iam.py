"""IAM, with what AWS refuses and moto does not.

Source: the API reference of DeletePolicy ("Before you can delete a managed policy, you must first
detach the policy from all users, groups, and roles that it is attached to") and of
RemoveRoleFromInstanceProfile (https://docs.aws.amazon.com/IAM/latest/APIReference/).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.iam.exceptions import DeleteConflictException, NotFoundException
from moto.iam.models import IAMBackend


def _delete_policy(backend: Any, policy_arn: str) -> None:  # noqa: ANN401 # moto's method
    """Delete a policy that is attached to nothing and has one version."""
    policy = backend.get_policy(policy_arn)
    if any(policy.arn in entity.managed_policies for entity in _entities(backend)):
        raise DeleteConflictException("Cannot delete a policy attached to entities.")

    if len(policy.versions) > 1:
        raise DeleteConflictException(
            "This policy has more than one version. Before you delete a policy, you must delete "
            "the policy's versions. The default version is deleted with the policy."
        )

    _PLAIN_DELETE_POLICY(backend, policy_arn)


def _entities(backend: Any) -> Iterator[Any]:  # noqa: ANN401 # moto's class
    """Yield all that a policy can be attached to; moto counts a repeated attachment twice."""
    yield from backend.roles.values()
    yield from backend.users.values()
    yield from backend.groups.values()


def _remove_role(backend: Any, profile_name: str, role_name: str) -> None:  # noqa: ANN401 # moto's method
    """Remove a role that the instance profile has."""
    profile = backend.get_instance_profile(profile_name)
    if role_name not in [role.name for role in profile.roles]:
        raise NotFoundException(
            f"Role {role_name} in Instance Profile {profile_name} cannot be found."
        )

    _PLAIN_REMOVE_ROLE(backend, profile_name, role_name)


_PLAIN_DELETE_POLICY = IAMBackend.delete_policy
_PLAIN_REMOVE_ROLE = IAMBackend.remove_role_from_instance_profile


def install() -> None:
    """Put the rules in place; to be called before the first request."""
    IAMBackend.delete_policy = _delete_policy
    IAMBackend.remove_role_from_instance_profile = _remove_role
