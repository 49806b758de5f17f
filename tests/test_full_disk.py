"""A full disk is survived: reads go on, nothing acknowledged is lost, writes succeed once there is room."""

import json
import shutil
import subprocess
import sys

import pytest

from .paths import ROOT


def own_mounts():
    """Whether a process may mount a disk in memory in a namespace of its own."""
    if not shutil.which("unshare"):
        return False
    probe = "mount -t tmpfs tmpfs /mnt && mount -t tmpfs -o remount,size=2m tmpfs /mnt"
    return subprocess.run(["unshare", "-rm", "sh", "-c", probe], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(
    not own_mounts(), reason="no mount namespaces here: unshare -rm does not work"
)


def fill(*asked, program="tests.full_disk_writer"):
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-m", program, *map(str, asked)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_full_disk_of_the_store_refuses_and_recovers(tmp_path):
    """Payloads that cannot be recorded are refused by name; with room again the same process goes on."""
    seen = fill("all", tmp_path)
    seen.pop("late")
    assert seen == {
        "refused": "store-full",
        "read while full": True,
        "applied after": True,
        "lost": [],
        "behind": 0,
        "readings": True,
    }


def test_full_disk_of_readings_in_columns_delays_and_recovers(tmp_path):
    """A batch that the file of the readings does not take is applied again from the journal, once."""
    seen = fill("readings", tmp_path)
    assert seen == {
        "late": 3,
        "read while full": True,
        "applied after": True,
        "lost": [],
        "behind": 0,
        "readings": True,
    }


def test_full_disk_of_the_graph_alone_delays_and_recovers(tmp_path):
    """What is recorded is acknowledged and follows later; the graph can be read meanwhile."""
    assert fill("graph", tmp_path) == {
        "late": 3,
        "read while full": True,
        "applied after": True,
        "lost": [],
        "behind": 0,
        "readings": True,
    }


def test_users_queries_go_on_while_the_disk_is_full(tmp_path):
    """Over the last copy, whose age is told; who insists on a younger one is told why there is none."""
    assert fill(tmp_path, program="tests.full_disk_asker") == {
        "before": "1",
        "refused": "store-full",
        "late": True,
        "read while full": True,
        "fresh while full": "store-full",
        "all after": True,
    }
