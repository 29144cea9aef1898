"""What rules read of the account."""

from verify import maps
from verify.polling import Reads
from verify.scene import Scene


def test_secret_is_read_by_its_short_name(scene: Scene) -> None:
    scene.secrets.create_secret(Name=scene.names.secret("plain"), SecretString="own")
    assert scene.value("plain") == "own"
    assert scene.describe("plain")["Name"] == "try-0123abcd/verify/plain"
    assert list(scene.stages("plain").values()) == [["AWSCURRENT"]]


def test_empty_secret_has_no_labels(scene: Scene) -> None:
    scene.secrets.create_secret(Name=scene.names.secret("empty"))
    assert scene.stages("empty") == {}


def test_rename_is_read_under_both_names(scene: Scene) -> None:
    old, new = scene.names.secret(maps.BEFORE), scene.names.secret(maps.AFTER)
    scene.secrets.create_secret(Name=old, SecretString="own")
    with scene.watched_rename():
        scene.secrets.create_secret(Name=new, SecretString="own")
        scene.secrets.delete_secret(SecretId=old, ForceDeleteWithoutRecovery=True)
    assert scene.reads == Reads(total=scene.reads.total, new=scene.reads.new)
    assert scene.reads.new > 0
