"""The evaluator decides as an independent simulator of IAM did (`make oracle`)."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.access import table
from tests.access.oracle import deployments, generator, record
from tests.access.oracle.cases import World, request_of, verdicts_of
from tests.access.oracle.exclusions import EXCLUSIONS, exclusion_of
from tests.access.oracle.simulator import SimulatorError, judge
from tests.access.oracle.universe import HERE

WORLDS = {path.stem: list(record.read(path)) for path in (record.RANDOM, record.DEPLOYMENTS)}


@pytest.mark.parametrize("name", WORLDS)
def test_verdicts_are_those_of_the_simulator(name: str) -> None:
    wrong = []
    for world in WORLDS[name]:
        for entry, verdict in verdicts_of(world):
            if verdict.reason != entry["verdict"]:
                wrong.append(f"{world.get('name')} {entry}: {verdict}")
    assert not wrong, "\n".join(wrong[:5])


def test_two_thousand_random_requests_are_recorded_with_every_verdict() -> None:
    verdicts = Counter(
        entry["verdict"] for world in WORLDS["random"] for entry in world["requests"]
    )
    assert verdicts.total() == 2_000
    assert min(verdicts[v] for v in ("allow", "explicit deny", "implicit deny")) > 200


@pytest.mark.parametrize("kind", ["identity", "boundary", "session", "scps", "rcps", "resource"])
def test_recorded_worlds_have_every_kind_of_policy(kind: str) -> None:
    assert sum(kind in world for world in WORLDS["random"]) > 20


def test_recorded_deployments_are_those_of_today() -> None:
    """A new map or other documents: record them with `make oracle RECORD=1`."""
    recorded = {world["name"]: _without_verdicts(world) for world in WORLDS["deployments"]}
    today = {world["name"]: world for world in deployments.worlds()}
    changed = [name for name, world in today.items() if recorded.get(name) != world]
    assert not changed, f"run `make oracle RECORD=1` and review the diff: {changed[:5]}"
    assert set(recorded) == set(today)


def _without_verdicts(world: World) -> World:
    requests = []
    for entry in world["requests"]:
        requests.append({key: value for key, value in entry.items() if key != "verdict"})
    return {**world, "requests": requests}


def test_simulator_agrees_with_every_cell_of_the_access_table() -> None:
    allowed: dict[str, bool] = {}
    for world in WORLDS["deployments"]:
        for entry in world["requests"]:
            name = world["name"]
            allowed[name] = allowed.get(name, True) and entry["verdict"] == "allow"
    for who, secret, action, expected in table.TABLE:
        assert allowed[f"table: {who} {action} {secret}"] is expected


@pytest.mark.parametrize(("example", "readable"), deployments.EXAMPLES.items())
def test_example_reads_its_secrets_and_no_other(example: str, readable: tuple[str, ...]) -> None:
    read, decrypted, changed = set(), set(), set()
    for world in WORLDS["deployments"]:
        owner, _, key = world["name"].partition(": ")
        for entry in world["requests"]:
            if owner != example or entry["verdict"] != "allow":
                continue
            match entry["action"]:
                case "secretsmanager:GetSecretValue":
                    read.add(key)
                case "kms:Decrypt":
                    decrypted.add(key.removeprefix("key of "))
                    assert "context" in entry, "decrypts outside Secrets Manager"
                case "secretsmanager:DescribeSecret":
                    pass
                case action:
                    changed.add(action)
    assert (read, decrypted, changed) == (set(readable), set(readable), set())


def test_random_worlds_are_the_same_for_the_same_seed() -> None:
    assert generator.world(7, 3) == generator.world(7, 3)
    assert generator.world(7, 3) != generator.world(8, 3)


def test_record_reads_back_what_it_writes(tmp_path: Path) -> None:
    worlds = [generator.world(1, number) for number in range(20)] * 2
    record.write(tmp_path / "f.jsonl", worlds)
    assert list(record.read(tmp_path / "f.jsonl")) == worlds
    assert '"name":"policy ' in (tmp_path / "f.jsonl").read_text()


USER, ROLE = f"arn:aws:iam::{HERE}:user/amy", f"arn:aws:iam::{HERE}:role/app"
SECRET = f"arn:aws:secretsmanager:eu-central-1:{HERE}:secret:a-AbCdEf"
READ = {"Action": "secretsmanager:GetSecretValue", "Resource": "*"}
ALLOW, DENY = {"Effect": "Allow", **READ}, {"Effect": "Deny", **READ}
OTHER_ACTION = {**ALLOW, "Action": "secretsmanager:PutSecretValue"}


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> list[dict[str, Any]]:
    return [{"Version": version, "Statement": list(statements)}]


@pytest.mark.parametrize(
    ("name", "principal", "policies", "verdict"),
    [
        (
            "session policy bypassed",
            ROLE,
            {"session": policy(OTHER_ACTION), "resource": policy({**ALLOW, "Principal": "*"})},
            "allow",
        ),
        (
            "account in NotPrincipal",
            USER,
            {"resource": policy({**DENY, "NotPrincipal": {"AWS": [HERE, f"arn:aws:iam::{HERE}:user/bob"]}})},
            "explicit deny",
        ),
        (
            "variable without a value in NotResource",
            USER,
            {"identity": policy({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${aws:PrincipalTag/x}"})},
            "allow",
        ),
        (
            "variable in the old version",
            USER,
            {"identity": policy({**ALLOW, "Condition": {"StringEquals": {"aws:username": "${aws:username}"}}}, version="2008-10-17")},
            "implicit deny",
        ),
        (
            "negated variable without a value",
            USER,
            {"identity": policy({**ALLOW, "Condition": {"StringNotEquals": {"aws:username": "${aws:PrincipalTag/x}"}}})},
            "allow",
        ),
        (
            "NotIpAddress across versions",
            USER,
            {"identity": policy({**ALLOW, "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.7"}}})},
            "allow",
        ),
    ],
)  # fmt: skip
def test_known_error_of_the_simulator_is_not_compared(
    name: str, principal: str, policies: World, verdict: str
) -> None:
    context = {"aws:SourceIp": "2001:db8::7"}
    entry = {
        "principal": principal,
        "action": READ["Action"],
        "resource": SECRET,
        "context": context,
    }
    world = {**policies, "requests": [entry]}
    ((_, ours),) = verdicts_of(world)
    assert ours.reason == verdict
    assert exclusion_of(world, request_of(entry), ours) == name


def test_every_known_error_has_a_source_in_the_documentation() -> None:
    for exclusion in EXCLUSIONS.values():
        assert "https://docs.aws.amazon.com/" in exclusion.source


def test_plain_request_is_compared() -> None:
    entry = {"principal": USER, "action": READ["Action"], "resource": SECRET}
    world = {"identity": policy(ALLOW), "requests": [entry]}
    ((_, verdict),) = verdicts_of(world)
    assert exclusion_of(world, request_of(entry), verdict) is None


def test_missing_node_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(SimulatorError, match=r"^`npm` is needed: install Node.js 20 or newer$"):
        next(judge([{}]))
