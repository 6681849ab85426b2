"""One source at a time, by packed weights: what is written is what the network itself writes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gyeol.errors import ParameterError
from gyeol.kernels import native
from gyeol.tasks import Translator
from gyeol.tasks.decoding import packed_weights

SOURCES = [f"{a} {b}" for a in ("하나", "둘", "셋", "넷") for b in ("둘", "셋", "넷", "하나")] * 4
TARGETS = [" ".join({"하나": "one", "둘": "two", "셋": "three", "넷": "four"}[w] for w in s.split()) for s in SOURCES]
TINY: dict[str, Any] = {
    "hidden_size": 24, "num_layers": 2, "embedding_size": 16, "tokenizer": "whitespace", "epochs": 3, "batch_size": 30,
    "threads": 1, "learning_rate": 0.02, "dropout": 0.0,
}  # fmt: skip
#: How far from float32 the log probability of a translation may be, some three times what was seen.
WITHIN = {"bfloat16": 0.02, "int8": 0.02}  # both round the softmax, too
ROUNDED = [
    pytest.param(
        kind, marks=pytest.mark.skipif(not there, reason=f"this processor does not multiply {kind}")
    )
    for kind, there in (("bfloat16", native.steps_in("bfloat16")), ("int8", native.int8_available()))
]  # fmt: skip


def fitted(**settings: Any) -> Translator:
    return Translator(**{**TINY, **settings}).fit(SOURCES, TARGETS, validation=(SOURCES[:9], TARGETS[:9]))


@pytest.mark.parametrize("weights", ROUNDED)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cell": "gru", "attention_score": "dot", "bidirectional": False},
        {"cell": "rnn", "input_feeding": True, "attention": "local-p"},
        {"cell": "lstm_norm", "attention": None, "num_layers": 1},
    ],
    ids=str,
)
def test_rounded_weights_say_nearly_the_same(settings: dict[str, Any], weights: str) -> None:
    model = fitted(**settings)
    some = ["둘 셋", "넷 하나 둘"]
    exact = model.translate(some, beam_size=3)
    for (one,), (other,) in zip(exact, model.translate(some, beam_size=3, weights=weights), strict=True):
        assert other.text == one.text
        assert other.log_probability == pytest.approx(one.log_probability, abs=WITHIN[weights])
        if one.attention is not None:
            assert other.attention is not None
            torch.testing.assert_close(other.attention, one.attention, atol=0.005, rtol=0.0)
    if weights == "int8":  # it is another arithmetic, or it was not used
        assert other.log_probability != one.log_probability


def test_weights_that_change_are_packed_anew() -> None:
    model = fitted()
    (before,), net = model.translate(["둘 셋"]), model.net_
    packed = packed_weights(net, net.walks, "float32")
    assert packed_weights(net, net.walks, "float32") is packed
    with torch.no_grad():
        net.decoder.walks[0].weight_hh_l0.mul_(0.0)
    assert packed_weights(net, net.walks, "float32") is not packed
    (after,) = model.translate(["둘 셋"])
    assert after[0].log_probability != before[0].log_probability
    (beside, _) = model.translate(["둘 셋", "하나"])
    assert after[0].log_probability == pytest.approx(beside[0].log_probability, abs=1e-5)


def test_a_form_that_is_none() -> None:
    with pytest.raises(ParameterError, match="weights='int4' is not one"):
        fitted().translate(["둘"], weights="int4")
