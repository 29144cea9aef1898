"""RDS: databases, which moto only records."""

from __future__ import annotations

from sandbox.providers.cloud import Cloud
from sandbox.providers.protocol import Created, Properties, ResourceType


def create_database(cloud: Cloud, inputs: Properties) -> Created:
    """Create a database instance."""
    cloud.call(
        "rds",
        "create_db_instance",
        DBInstanceIdentifier=inputs["identifier"],
        DBInstanceClass=inputs["instanceClass"],
        Engine=inputs["engine"],
        AllocatedStorage=inputs.get("allocatedStorage"),
        DBName=inputs.get("dbName"),
        MasterUsername=inputs.get("username"),
        MasterUserPassword=inputs.get("password"),
    )
    return inputs["identifier"], read_database(cloud, inputs["identifier"], inputs)


def read_database(cloud: Cloud, identity: str, _: Properties) -> Properties | None:
    """Describe a database; its endpoint is `host:port`, and its password cannot be read."""
    found = cloud.find("rds", "describe_db_instances", DBInstanceIdentifier=identity)
    if found is None:
        return None

    database = found["DBInstances"][0]
    address, port = database["Endpoint"]["Address"], database["Endpoint"]["Port"]
    return {
        "arn": database["DBInstanceArn"],
        "identifier": identity,
        "address": address,
        "port": port,
        "endpoint": f"{address}:{port}",
        "engine": database["Engine"],
        "dbName": database.get("DBName"),
        "username": database.get("MasterUsername"),
    }


def update_database(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change the master password."""
    if olds.get("password") != news.get("password"):
        cloud.call(
            "rds",
            "modify_db_instance",
            DBInstanceIdentifier=identity,
            MasterUserPassword=news.get("password"),
            ApplyImmediately=True,
        )

    return read_database(cloud, identity, news)


def delete_database(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a database without a snapshot."""
    cloud.find("rds", "delete_db_instance", DBInstanceIdentifier=identity, SkipFinalSnapshot=True)


TYPES = {
    "aws:rds/instance:Instance": ResourceType(
        create_database,
        read_database,
        update_database,
        delete_database,
    ),
}
