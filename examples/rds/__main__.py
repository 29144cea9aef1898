"""A database whose master password the secret map generated.

The password comes from a stack reference. The connection secrets of the map read the outputs of
this stack, in the next run of the map's stack.
"""

import pulumi
from pulumi_aws import rds

from secrets_component import SecretMapReference

config = pulumi.Config()
stack = pulumi.get_stack()
secrets = SecretMapReference(config.get("secrets") or f"organization/secrets/{stack}")

database = rds.Instance(
    "main",
    identifier=f"myapp-{stack}",
    engine="postgres",
    instance_class="db.t4g.micro",
    allocated_storage=20,
    db_name="orders",
    username="app",
    password=secrets.generated_password("master_password"),
    skip_final_snapshot=True,
)

pulumi.export("endpoint", database.endpoint)
pulumi.export("master_username", database.username)
pulumi.export("db_name", database.db_name)
