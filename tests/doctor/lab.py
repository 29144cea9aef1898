"""A lab: an account on the sandbox's API in which a test breaks one thing."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3.session
import botocore.session

HERE, THERE, REGION = "123456789012", "222222222222", "eu-central-1"
READER = f"arn:aws:iam::{THERE}:role/reader"
READ = ("secretsmanager:GetSecretValue", "kms:Decrypt")
SESSION = boto3.session.Session("sandbox", "sandbox", region_name=REGION)
"""One for all, which reads the SDK's models once."""
Alter = Callable[[Any], Any]


def session_of(key: str, secret: str, region: str = REGION) -> boto3.session.Session:
    """Return a session that takes the models which another one has read."""
    core = botocore.session.Session()
    core.register_component("data_loader", SESSION._session.get_component("data_loader"))
    core.set_credentials(key, secret)
    return boto3.session.Session(botocore_session=core, region_name=region)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


TRUST = policy(
    {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
)


@dataclass
class Lab:
    """The account of one test.

    Attributes:
        context: the map's `context_name`, which no other test has.
        altered: what becomes of moto's answers, by service and operation.
        answers: what AWS answers where moto cannot: recorded.
        session: whom the command runs as.
    """

    endpoint: str
    context: str = field(default_factory=lambda: f"lab{uuid.uuid4().hex[:10]}")
    altered: dict[tuple[str, str], Alter] = field(default_factory=dict)
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    session: boto3.session.Session = SESSION

    def aws(self, service: str, region: str = REGION) -> Any:
        return SESSION.client(service, region_name=region, endpoint_url=self.endpoint)

    def name(self, key: str = "a") -> str:
        return f"{self.context}/dev/{key}"

    def secret(self, key: str = "a", region: str = REGION, **more: Any) -> str:
        given = {"SecretString": json.dumps({"user": "u", "password": "hunter2"}), **more}
        made = self.aws("secretsmanager", region).create_secret(Name=self.name(key), **given)
        return str(made["ARN"])

    def role(self, *statements: dict[str, Any], **more: Any) -> str:
        iam, name = self.aws("iam"), f"{self.context}-{uuid.uuid4().hex[:6]}"
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more)
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return str(made["Role"]["Arn"])

    def managed(self, *statements: dict[str, Any]) -> str:
        name = f"{self.context}-{uuid.uuid4().hex[:6]}"
        made = self.aws("iam").create_policy(PolicyName=name, PolicyDocument=policy(*statements))
        return str(made["Policy"]["Arn"])

    def function(self, **more: Any) -> str:
        """Return the ARN of a function that Secrets Manager may call; it does nothing."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", "def handler(event, context):\n    return None\n")
        client, name = self.aws("lambda"), f"{self.context}-rotate"
        made = client.create_function(
            FunctionName=name,
            Role=self.role(allow("secretsmanager:*", "kms:*")),
            Runtime="python3.12",
            Handler="index.handler",
            Code={"ZipFile": packed.getvalue()},
            **more,
        )
        client.add_permission(
            FunctionName=name,
            StatementId="rotate",
            Action="lambda:InvokeFunction",
            Principal="secretsmanager.amazonaws.com",
            SourceAccount=HERE,
        )
        return str(made["FunctionArn"])

    def rotating(self, **more: Any) -> str:
        """Make the secret `a` with a function that rotates it; return the function's ARN."""
        function = self.function(**more)
        self.secret()
        self.aws("secretsmanager").rotate_secret(
            SecretId=self.name(),
            RotationLambdaARN=function,
            RotationRules={"AutomaticallyAfterDays": 30},
            RotateImmediately=False,
        )
        self._until_tested()
        return function

    def _until_tested(self) -> None:
        """Wait until AWS's test of the function, which has a pending version, is over."""
        client = self.aws("secretsmanager")
        for _ in range(100):
            stages = client.describe_secret(SecretId=self.name())["VersionIdsToStages"]
            if ["AWSPENDING"] not in stages.values():
                return
            time.sleep(0.05)

    def pending(self, hours: int = 2) -> None:
        """Leave a rotation of `a` unfinished, begun hours ago."""
        changed = {"LastChangedDate": datetime.now(UTC) - timedelta(hours=hours)}
        self.alter("secretsmanager", "describe_secret", lambda answer: {**answer, **changed})
        self.aws("secretsmanager").put_secret_value(
            SecretId=self.name(), SecretString="hunter3", VersionStages=["AWSPENDING"]
        )

    def logged(self, function: str, line: str) -> None:
        """Let a function have written a line into its log."""
        logs = self.aws("logs")
        group = "/aws/lambda/" + function.rpartition(":")[2]
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="s")
        event = {"timestamp": int(time.time() * 1000), "message": line}
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])

    def alter(self, service: str, operation: str, change: Alter) -> None:
        self.altered[service, operation] = change


@dataclass
class Network:
    """A VPC with one subnet and one security group, which lets everything out."""

    lab: Lab
    vpc: str
    subnet: str
    group: str

    @classmethod
    def of(cls, lab: Lab) -> Network:
        ec2 = lab.aws("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        return cls(lab, vpc, subnet, cls._group(lab, vpc, "function"))

    @staticmethod
    def _group(lab: Lab, vpc: str, name: str) -> str:
        made = lab.aws("ec2").create_security_group(GroupName=name, Description=name, VpcId=vpc)
        return str(made["GroupId"])

    @property
    def config(self) -> dict[str, Any]:
        return {"SubnetIds": [self.subnet], "SecurityGroupIds": [self.group]}

    def endpoint(self, document: str | None = None, *, lets_in: bool = True) -> None:
        """Make an endpoint of Secrets Manager."""
        ec2, group = self.lab.aws("ec2"), self._group(self.lab, self.vpc, "endpoint")
        if lets_in:
            ec2.authorize_security_group_ingress(
                GroupId=group, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="10.0.0.0/16"
            )
        more = {"PolicyDocument": document} if document else {}
        ec2.create_vpc_endpoint(
            VpcId=self.vpc,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.{REGION}.secretsmanager",
            SubnetIds=[self.subnet],
            SecurityGroupIds=[group],
            PrivateDnsEnabled=True,
            **more,
        )

    def route_to(self, **target: str) -> None:
        """Route the rest of the world to a gateway."""
        ec2 = self.lab.aws("ec2")
        table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=self.subnet)
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)

    def internet_gateway(self) -> str:
        ec2 = self.lab.aws("ec2")
        made = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=self.vpc)
        return str(made)

    def nat_gateway(self) -> str:
        ec2 = self.lab.aws("ec2")
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        made = ec2.create_nat_gateway(SubnetId=self.subnet, AllocationId=address)
        return str(made["NatGateway"]["NatGatewayId"])
