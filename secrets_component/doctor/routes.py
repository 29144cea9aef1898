"""Whether a rotation function in a VPC reaches Secrets Manager.

It does through an interface endpoint, or through a NAT or transit gateway. The network interfaces
of functions have no public address, so that an internet gateway is no way out for them
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html,
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-function-network-access.html).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from secrets_component.doctor.asking import Asking
from secrets_component.doctor.results import Check
from secrets_component.iam.conditions import PolicyError
from secrets_component.iam.requests import Request, caller_of
from secrets_component.iam.statements import CompiledPolicy, compile_policy
from secrets_component.lookups.inventory import HeldSecret

_HTTPS = 443
_EVERYWHERE = "0.0.0.0/0"
_GATEWAYS = (
    "NatGatewayId",
    "TransitGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "CoreNetworkArn",
)
_ENDPOINTS, _TABLES, _GROUPS = (
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
)
_ADDRESSES = ("IpRanges", "Ipv6Ranges", "PrefixListIds")
Answered = Mapping[str, Any]


def ways_out(about: str, configured: Answered, held: HeldSecret, asking: Asking) -> list[Check]:
    """Check the way from a function's VPC to Secrets Manager; nothing for one in no VPC.

    Args:
        about: the function, for people.
        configured: what GetFunctionConfiguration shows.
        held: the secret that it rotates.
        asking: asks AWS.

    Raises:
        AccountError: AWS does not answer.
    """
    vpc = configured.get("VpcConfig") or {}
    if not vpc.get("SubnetIds"):
        return []

    endpoints = _endpoints(vpc["VpcId"], asking)
    if endpoints is None:
        return []

    blocked = _blocked_by_groups(vpc, endpoints, asking)
    if blocked is not None:
        text, evidence, advice = blocked
        return [Check("failed", about, text, "no-route", evidence, advice)]

    if endpoints:
        refused = _refused_by(endpoints, str(configured["Role"]), held, asking)
        return [_refusal(about, *found) for found in refused[:1]]

    return _without_endpoint(about, vpc, asking)


def _endpoints(vpc: str, asking: Asking) -> list[Answered] | None:
    """Return the endpoints of Secrets Manager whose name the VPC resolves; None if unknown."""
    service = f"com.amazonaws.{asking.account.region}.secretsmanager"
    filters = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "service-name", "Values": [service]},
    ]
    reply = asking.ask(f"the endpoints of {vpc}", _ENDPOINTS, Filters=filters)
    if reply.answer is None:
        return None

    found = []
    for endpoint in reply.answer["VpcEndpoints"]:
        is_used = endpoint.get("PrivateDnsEnabled", False)
        if is_used and str(endpoint["State"]).lower() == "available":
            found.append(endpoint)

    return found


def _blocked_by_groups(
    vpc: Answered, endpoints: Sequence[Answered], asking: Asking
) -> tuple[str, tuple[str, ...], str] | None:
    """Return what the security groups of the function and the endpoints block, and the advice."""
    own = list(vpc.get("SecurityGroupIds") or ())
    theirs: list[str] = []
    for endpoint in endpoints:
        theirs += [group["GroupId"] for group in endpoint.get("Groups") or ()]

    reply = asking.ask("the security groups", _GROUPS, GroupIds=sorted({*own, *theirs}))
    if reply.answer is None or not own:
        return None

    groups = {group["GroupId"]: group for group in reply.answer["SecurityGroups"]}
    if not any(_lets_https_out(groups[group]) for group in own):
        return (
            "may not send HTTPS: its security groups allow no egress to port 443",
            (f"DescribeSecurityGroups: no egress rule of {', '.join(own)} has port 443",),
            f"run `aws ec2 authorize-security-group-egress --group-id {own[0]} --protocol tcp "
            f"--port {_HTTPS} --cidr {_EVERYWHERE}`",
        )

    if theirs and not any(_lets_https_in(groups[group], own) for group in theirs):
        return (
            "may not call the VPC endpoint, whose security groups do not let it in",
            (f"DescribeSecurityGroups: no ingress rule of {', '.join(theirs)} has port 443",),
            f"run `aws ec2 authorize-security-group-ingress --group-id {theirs[0]} --protocol tcp "
            f"--port {_HTTPS} --source-group {own[0]}`",
        )

    return None


def _lets_https_out(group: Answered) -> bool:
    return any(_is_https(rule) for rule in group.get("IpPermissionsEgress") or ())


def _lets_https_in(group: Answered, sources: Collection[str]) -> bool:
    """Return whether a group lets in some addresses, or the groups of the function."""
    for rule in group.get("IpPermissions") or ():
        if not _is_https(rule):
            continue

        named = {pair["GroupId"] for pair in rule.get("UserIdGroupPairs") or ()}
        has_addresses = any(rule.get(kind) for kind in _ADDRESSES)
        if has_addresses or not named.isdisjoint(sources):
            return True

    return False


def _is_https(rule: Answered) -> bool:
    if rule.get("IpProtocol") == "-1":
        return True

    first, last = rule.get("FromPort"), rule.get("ToPort")
    if first is None or last is None:
        return False

    return bool(first <= _HTTPS <= last)


def _without_endpoint(about: str, vpc: Answered, asking: Asking) -> list[Check]:
    """Check that each subnet of a function has a route to the internet."""
    name, subnets = vpc["VpcId"], vpc["SubnetIds"]
    filters = [{"Name": "vpc-id", "Values": [name]}]
    reply = asking.ask(f"the routes of {name}", _TABLES, Filters=filters)
    if reply.answer is None:
        return []

    shut = list(_subnets_without_way(subnets, reply.answer["RouteTables"]))
    if not shut:
        return []

    region = asking.account.region
    service = f"com.amazonaws.{region}.secretsmanager"
    return [
        Check(
            "failed",
            about,
            f"does not reach Secrets Manager from {', '.join(subnet for subnet, _ in shut)}",
            "no-route",
            (
                f"DescribeVpcEndpoints: none of {service} with private DNS in {name}",
                *(f"DescribeRouteTables: {subnet}: {found}" for subnet, found in shut),
            ),
            f"run `aws ec2 create-vpc-endpoint --vpc-id {name} --vpc-endpoint-type Interface "
            f"--service-name {service} --subnet-ids {' '.join(subnets)}`, or route {_EVERYWHERE} "
            "of these subnets to a NAT gateway",
        )
    ]


def _subnets_without_way(
    subnets: Iterable[str], tables: Sequence[Answered]
) -> Iterator[tuple[str, str]]:
    """Yield the subnets that have no way out, each with what leads to nowhere."""
    for subnet in subnets:
        table = _table_of(subnet, tables)
        defaults = []
        for route in table.get("Routes") or ():
            if route.get("DestinationCidrBlock") == _EVERYWHERE:
                defaults.append(route)

        if not any(_is_way(route) for route in defaults):
            targets = [str(route.get("GatewayId")) for route in defaults]
            yield subnet, f"{_EVERYWHERE} → {', '.join(targets) or 'nothing'}"


def _table_of(subnet: str, tables: Sequence[Answered]) -> Answered:
    """Return the route table of a subnet: its own, or the main one of the VPC."""
    main: Answered = {}
    for table in tables:
        for association in table.get("Associations") or ():
            if association.get("SubnetId") == subnet:
                return table

            if association.get("Main"):
                main = table

    return main


def _is_way(route: Answered) -> bool:
    if route.get("State") == "blackhole":
        return False

    # A virtual private gateway leads out through the company's own network, an endpoint through a
    # firewall.
    is_other = str(route.get("GatewayId") or "").startswith(("vgw-", "vpce-"))
    return is_other or any(route.get(target) for target in _GATEWAYS)


def _refused_by(
    endpoints: Sequence[Answered], role: str, held: HeldSecret, asking: Asking
) -> list[tuple[str, str]]:
    """Return the endpoints whose policy refuses to read a secret for a role, and why."""
    request = Request(role, "secretsmanager:GetSecretValue", held.arn)
    found = []
    for endpoint in endpoints:
        name = endpoint["VpcEndpointId"]
        try:
            policy = compile_policy("resource", name, endpoint.get("PolicyDocument") or _OPEN)
        except PolicyError as error:
            asking.add_unseen(f"the policy of {name}: {error}")
            continue

        refusal = endpoint_refusal(policy, request)
        if refusal is not None:
            found.append((name, refusal))

    return found


_OPEN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
"""The policy of an endpoint that was created without one."""


def endpoint_refusal(policy: CompiledPolicy, request: Request) -> str | None:
    """Return why the policy of a VPC endpoint refuses a request; None if it may let it through.

    An endpoint's policy must allow a request besides all other policies
    (https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html). A statement with
    a condition is taken to let it through: what it asks for is not known here.
    """
    caller = caller_of(request.principal)
    is_allowed = False
    for statement in policy.statements:
        principals = statement.principals
        is_named = principals is not None and principals.applies_to(caller) is not None
        if not is_named or not statement.is_about(request):
            continue

        is_met = statement.applies(request)
        if statement.is_deny and is_met:
            return f"denied by {statement.place}"

        is_allowed |= not statement.is_deny and (is_met or bool(statement.conditions))

    if is_allowed:
        return None

    return "no statement allows it"


def _refusal(about: str, endpoint: str, why: str) -> Check:
    return Check(
        "failed",
        about,
        f"may not read the secret through the VPC endpoint {endpoint}",
        "endpoint-policy",
        (f"DescribeVpcEndpoints: PolicyDocument of {endpoint}: {why}",),
        f"allow secretsmanager:* on the map's secrets in the policy of {endpoint}: "
        f"`aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint} --policy-document …`",
    )
