"""Ways from a VPC to Secrets Manager."""

from typing import Any

import pytest

from secrets_component.doctor.routes import endpoint_refusal, ways_out
from secrets_component.iam.requests import Request
from secrets_component.iam.statements import compile_policy
from tests.unit.doctor.accounts import DENIED, PreparedAccount, asking
from tests.unit.status.secrets import arn, held

ROLE = "arn:aws:iam::123456789012:role/rotate"
VPC = {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-f"]}
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
FUNCTION_GROUP = {"GroupId": "sg-f", "IpPermissionsEgress": [{"IpProtocol": "-1"}]}
ENDPOINT = {
    "VpcEndpointId": "vpce-1", "State": "available", "PrivateDnsEnabled": True,
    "Groups": [{"GroupId": "sg-e"}],
}  # fmt: skip


def group(**rule: Any) -> dict[str, Any]:
    return {"GroupId": "sg-e", "IpPermissions": [{**HTTPS, **rule}]}


def table(subnet: str | None = None, **route: Any) -> dict[str, Any]:
    association = {"SubnetId": subnet} if subnet else {"Main": True}
    routes = [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"}]
    if route:
        routes.append({"DestinationCidrBlock": "0.0.0.0/0", **route})
    return {"Associations": [association], "Routes": routes}


def causes(
    *groups: dict[str, Any], endpoints: Any = (), tables: Any = (), vpc: Any = VPC
) -> list[str | None]:
    asked = asking(
        PreparedAccount(
            describe_vpc_endpoints={"VpcEndpoints": list(endpoints)},
            describe_security_groups={"SecurityGroups": [FUNCTION_GROUP, *groups]},
            describe_route_tables={"RouteTables": list(tables)},
        )
    )
    found = ways_out("f", {"VpcConfig": vpc, "Role": ROLE}, held(), asked)
    return [check.cause for check in found]


def test_function_in_no_vpc_has_a_way() -> None:
    assert ways_out("f", {}, held(), asking()) == []
    assert ways_out("f", {"VpcConfig": {"SubnetIds": []}}, held(), asking()) == []


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([table()], ["no-route"]),
        ([table(GatewayId="igw-1")], ["no-route"]),
        ([table(NatGatewayId="nat-1", State="blackhole")], ["no-route"]),
        ([table(NatGatewayId="nat-1", State="active")], []),
        ([table(TransitGatewayId="tgw-1")], []),
        ([table(GatewayId="vgw-1")], []),
        ([table(GatewayId="vpce-1")], []),
        ([table(NatGatewayId="nat-1"), table("subnet-1", GatewayId="igw-1")], ["no-route"]),
        ([table(), table("subnet-1", NatGatewayId="nat-1")], []),
    ],
)
def test_route_leads_out_through_a_gateway_with_an_address(
    tables: list[dict[str, Any]], expected: list[str]
) -> None:
    assert causes(tables=tables) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"IpRanges": [{"CidrIp": "10.0.0.0/16"}]}, []),
        ({"UserIdGroupPairs": [{"GroupId": "sg-f"}]}, []),
        ({"UserIdGroupPairs": [{"GroupId": "sg-other"}]}, ["no-route"]),
        ({"IpRanges": [{"CidrIp": "10.0.0.0/16"}], "ToPort": 442}, ["no-route"]),
    ],
)
def test_endpoint_must_let_the_function_in(rule: dict[str, Any], expected: list[str]) -> None:
    assert causes(group(**rule), endpoints=[ENDPOINT]) == expected


def test_endpoint_without_private_dns_is_none() -> None:
    hidden = {**ENDPOINT, "PrivateDnsEnabled": False}
    assert causes(endpoints=[hidden], tables=[table()]) == ["no-route"]


def test_refusals_name_nothing() -> None:
    configured = {"VpcConfig": VPC, "Role": ROLE}
    refused = asking(describe_vpc_endpoints=DENIED)
    assert ways_out("f", configured, held(), refused) == []
    assert refused.unseen == ("the endpoints of vpc-1: needs ec2:DescribeVpcEndpoints",)
    refused = asking(
        describe_vpc_endpoints={"VpcEndpoints": []},
        describe_security_groups=DENIED,
        describe_route_tables=DENIED,
    )
    assert ways_out("f", configured, held(), refused) == []
    assert len(refused.unseen) == 2


ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "is_refused"),
    [
        ([ALLOW], False),
        ([], True),
        ([{**ALLOW, "Action": "secretsmanager:ListSecrets"}], True),
        ([{**ALLOW, "Resource": arn("x/dev/b")}], True),
        ([{**ALLOW, "Principal": {"AWS": ROLE}}], False),
        ([{**ALLOW, "Principal": {"AWS": f"{ROLE}-2"}}], True),
        ([ALLOW, {**ALLOW, "Effect": "Deny"}], True),
        ([{**ALLOW, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}], False),
    ],
)
def test_policy_of_the_endpoint_must_allow_the_read(
    statements: list[dict[str, Any]], *, is_refused: bool
) -> None:
    document = {"Version": "2012-10-17", "Statement": statements}
    policy = compile_policy("resource", "vpce-1", document)
    request = Request(ROLE, "secretsmanager:GetSecretValue", arn("x/dev/a"))
    assert (endpoint_refusal(policy, request) is not None) is is_refused
    closed = {**ENDPOINT, "PolicyDocument": document}
    expected = ["endpoint-policy"] if is_refused else []
    assert causes(group(IpRanges=[{"CidrIp": "10.0.0.0/8"}]), endpoints=[closed]) == expected
