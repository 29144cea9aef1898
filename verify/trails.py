"""Whether a CloudTrail trail logs the region: without one no event of a rotation is delivered.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html
"""

from __future__ import annotations

from verify.account import Account


def logging_trail(account: Account) -> str | None:
    """Return the name of a trail that logs the account's region; None if there is none.

    Raises:
        ClientError: AWS refuses; it needs `cloudtrail:DescribeTrails` and `GetTrailStatus`.
    """
    client = account.client("cloudtrail")
    for trail in client.describe_trails(includeShadowTrails=True)["trailList"]:
        is_here = trail.get("IsMultiRegionTrail") or trail.get("HomeRegion") == account.region
        if is_here and client.get_trail_status(Name=trail["TrailARN"])["IsLogging"]:
            return str(trail["Name"])

    return None
