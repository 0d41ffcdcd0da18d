"""Against Debian's own Kannel and its fake carrier, in a network namespace: receipts, answers, parts, a fall."""

import json
import subprocess
import sys

import pytest

from tests.integration.notifications.behind_kannel import ready
from tests.servers import ROOT, install

WHAT_TO_DO = (
    "the tests need Kannel with its fake carrier and a network namespace: apt-get install kannel kannel-extras iproute2 "
    "util-linux, on a kernel that lets you `unshare --net --map-root-user`"
)


@pytest.fixture
def behind(tmp_path):
    """Return what plays a scenario and gives what was seen."""
    if not ready():
        install("kannel", "kannel-extras", "iproute2", what_to_do=WHAT_TO_DO)

    def play(scenario):
        command = ["unshare", "--net", "--map-root-user", sys.executable, "-m"]
        command += ["tests.integration.notifications.behind_kannel", str(tmp_path), scenario]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, f"{done.stderr[-3000:]}\n{WHAT_TO_DO}"
        return json.loads(done.stdout.splitlines()[-1])

    return play


def test_kannel_delivers_tells_what_became_of_it_and_passes_answers_on(behind):
    seen = behind("delivers")

    assert seen["states"] == {"delivered": 20}
    assert seen["attempts"] == {"accepted": 20}
    assert seen["receipts"]["kannel 1"] == 20
    assert seen["proofs"] == {"receipt": 20}  # an acceptance proves nothing where receipts come
    assert seen["parts"] == seen["segments"]
    assert seen["sizes"][-1] > 1
    assert seen["replies"] == {"absent": 1, "stop": 1, "nothing": 2}
    assert seen["announced"] == [["absent", "2025-03-13"]]
    assert seen["tasks"] == {"muted": 1, "reply": 1}  # of whom we know nothing, nothing is kept


def test_kannel_cuts_random_texts_into_as_many_parts_as_we_count(behind):
    seen = behind("counts")

    assert seen["ours"] == seen["theirs"]
    assert len(set(seen["ours"].values())) > 4
    assert seen["wrong"] == "refused"


def test_what_kannel_never_tells_of_is_sent_once_and_unknown_until_it_does(behind):
    seen = behind("falls")

    assert set(seen["away"]) == {"temporary"}
    assert seen["taken"] == {"accepted": 3}
    assert seen["messages"] == 3
    assert seen["whole"] == seen["segments"]  # each once
    assert seen["doubted"] == {"unknown": 3}
    assert seen["calls"] == {"call": 3}
    assert seen["states"] == {"delivered": 3}  # the receipts came in the end
    assert seen["left"] == []
