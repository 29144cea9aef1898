"""Whether rotation functions exist, may be called and can start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from secrets_component.arns import Arn
from secrets_component.doctor.asking import Asking
from secrets_component.doctor.presence import Patient
from secrets_component.doctor.results import Check
from secrets_component.doctor.routes import ways_out
from secrets_component.iam.conditions import PolicyError
from secrets_component.iam.evaluator import CallerPolicies, ResourcePolicies, evaluate
from secrets_component.iam.requests import Request
from secrets_component.iam.statements import compile_policy
from secrets_component.lookups.inventory import HeldSecret
from secrets_component.planning.plan import HostedFunction

_CALLER = "secretsmanager.amazonaws.com"
_BROKEN = ("Failed", "Inactive")
_DEPLOY = "run `pulumi up`, which deploys it"


def function_checks(patient: Patient, held: HeldSecret, asking: Asking) -> list[Check]:
    """Check the function that rotates a secret.

    Raises:
        AccountError: AWS does not answer.
    """
    arn = str(held.function)
    name = Arn.parse(arn).resource.removeprefix("function:")
    about = f"{patient.label}, function `{name}`"
    if Arn.parse(arn).account != Arn.parse(held.arn).account:
        asking.add_unseen(f"function `{arn}`: it is of another account")
        return []

    configured = asking.ask(
        f"function `{name}`", "lambda:GetFunctionConfiguration", FunctionName=arn
    )
    if configured.is_absent:
        shown = f"GetFunctionConfiguration `{arn}`: {configured.code}"
        return [
            Check(
                "failed", about, "does not exist", "function-missing", (shown,), _to_deploy(patient)
            )
        ]

    checks = [_invocation(about, arn, held, asking), _concurrency(about, arn, asking)]
    if configured.answer is not None:
        checks.append(_startup(about, configured.answer))
        checks += ways_out(about, configured.answer, held, asking)

    return [check for check in checks if check is not None]


def _to_deploy(patient: Patient) -> str:
    rotation = patient.planned.rotation
    if rotation is not None and isinstance(rotation.function, HostedFunction):
        return _DEPLOY

    return f"write the ARN of a function that exists as `rotation_lambda_arn` at {patient.place}"


def _invocation(about: str, arn: str, held: HeldSecret, asking: Asking) -> Check | None:
    """Check that the function's policy lets Secrets Manager call it for a secret.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
    """
    reply = asking.ask(f"the policy of {about}", "lambda:GetPolicy", FunctionName=arn)
    if reply.answer is None and not reply.is_absent:
        return None

    account = Arn.parse(held.arn).account
    shown = "GetPolicy: the function has no policy"
    if reply.answer is not None:
        context = {"aws:SourceAccount": account, "aws:SourceArn": held.arn}
        request = Request(_CALLER, "lambda:InvokeFunction", arn, context)
        try:
            policy = compile_policy("resource", about, reply.answer["Policy"])
        except PolicyError as error:
            asking.add_unseen(f"the policy of {about}: {error}")
            return None

        verdict = evaluate(request, CallerPolicies(), ResourcePolicies(policy))
        if verdict.allowed:
            return None

        shown = f"GetPolicy: {_CALLER} is {verdict}"

    return Check(
        "failed",
        about,
        "may not be called by Secrets Manager",
        "function-not-invokable",
        (shown,),
        f"run `aws lambda add-permission --function-name {arn} --statement-id SecretsManager "
        f"--action lambda:InvokeFunction --principal {_CALLER} --source-account {account}`",
    )


def _concurrency(about: str, arn: str, asking: Asking) -> Check | None:
    """Check that the function is not switched off by a reserved concurrency of 0.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """
    right = "lambda:GetFunctionConcurrency"
    reply = asking.ask(f"the concurrency of {about}", right, FunctionName=arn)
    if reply.answer is None or reply.answer.get("ReservedConcurrentExecutions") != 0:
        return None

    return Check(
        "failed",
        about,
        "is switched off",
        "function-concurrency",
        ("GetFunctionConcurrency: ReservedConcurrentExecutions 0",),
        f"run `aws lambda delete-function-concurrency --function-name {arn}`",
    )


def _startup(about: str, configured: Mapping[str, Any]) -> Check | None:
    """Check that Lambda says that the function can run."""
    state = configured.get("State")
    if state not in _BROKEN and configured.get("LastUpdateStatus") != "Failed":
        return None

    reason = (
        configured.get("StateReason") or configured.get("LastUpdateStatusReason") or "no reason"
    )
    return Check(
        "failed",
        about,
        "cannot start",
        "function-broken",
        (f"GetFunctionConfiguration: State {state}, {reason}",),
        "fix what AWS names, then deploy the function again",
    )
