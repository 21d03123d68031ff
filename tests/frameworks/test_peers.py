"""The packages of feedback alignment, audited again: the record of `make bench` is still true."""

import json
from pathlib import Path

import pytest

for package in ("biotorch", "zenkai"):
    pytest.importorskip(package, reason="it is in the environment of `make coverage`")

import peers  # noqa: E402

RECORD = json.loads((Path(peers.__file__).parent / "peers.json").read_text(encoding="utf-8"))
PEERS = {f"{peer.package} {peer.built} {peer.held_to}": peer for peer in peers.peers()}
AUDITS = {f"{row['package']} {row['built']} {row['held to']}": row for row in RECORD["audits"]}
PASSES = 3


def test_every_use_is_recorded():
    assert list(AUDITS) == list(PEERS)


# BioTorch's DFA rests on a hook that PyTorch will give up.
@pytest.mark.filterwarnings("ignore:Using a non-full backward hook:FutureWarning")
@pytest.mark.parametrize("name", PEERS)
def test_the_record_says_what_an_audit_finds(name):
    recorded, found = AUDITS[name], peers.drawn(PEERS[name], PASSES)
    for was, now in zip(recorded["hidden layers"], found["hidden layers"], strict=True):
        assert was["kept"] + was["broken"] == recorded["passes"]
        assert now["kept"] == (PASSES if was["kept"] else 0)
        assert now["broken"] == (PASSES if was["broken"] else 0)
        assert now["factor"] == was["factor"]
        assert now["carried by"] == was["carried by"]


def test_a_change_to_a_layer_would_be_noticed(monkeypatch):
    """A tenth more error, sent back by the kind of layers that hold in all passes of the record."""
    linear = peers.import_module("biotorch.autograd.fa.linear").LinearGrad
    backward = linear.backward

    def louder(context, error):
        sent, *gradients = backward(context, error)
        return None if sent is None else 1.1 * sent, *gradients

    monkeypatch.setattr(linear, "backward", staticmethod(louder))
    found = peers.drawn(PEERS["biotorch layers.fa, dense, float64 FA"], PASSES)
    assert [(layer["broken"], layer["factor"]) for layer in found["hidden layers"]] == [
        (PASSES, 1.1),
        (PASSES, 1.1),
    ]
