"""Replicas that are not in sync."""

from secrets_component.doctor.replication import replication
from tests.unit.doctor.accounts import patient


def test_replicas_are_checked_by_their_status() -> None:
    statuses = [
        {"Region": "eu-west-1", "Status": "InSync"},
        {"Region": "eu-west-2", "Status": "InProgress"},
        {"Region": "eu-west-3", "Status": "Failed", "StatusMessage": "name is taken"},
    ]
    found = replication([patient(ReplicationStatus=statuses), patient()]).checks
    assert [check.result for check in found] == ["ok", "ok", "failed"]
    failed = found[-1]
    assert failed.cause == "replica-failed"
    assert failed.evidence == ("DescribeSecret `x/dev/a`: Failed, name is taken",)
    assert "--add-replica-regions Region=eu-west-3" in str(failed.advice)
