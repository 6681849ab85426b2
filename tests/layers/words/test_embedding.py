from __future__ import annotations

import pytest
import torch

from gyeol.errors import DataError, ParameterError
from gyeol.layers import Embedding


def test_looks_up_and_gives_zeros_for_padding() -> None:
    layer = Embedding(7, 3)
    ids = torch.tensor([[4, 0, 6]])
    out = layer(ids)
    assert torch.equal(out[0, 0], layer.weight[4])
    assert torch.equal(out[0, 1], torch.zeros(3))


@pytest.mark.parametrize("sparse", [True, False])
def test_gradient_is_the_counts_and_never_padding_s(sparse: bool) -> None:
    layer = Embedding(5, 2, sparse=sparse)
    layer(torch.tensor([1, 1, 3, 0])).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.is_sparse == sparse
    assert layer.weight.grad.to_dense().tolist() == [[0, 0], [2, 2], [0, 0], [1, 1], [0, 0]]


def test_dropout_takes_whole_words_everywhere_and_scales_the_rest() -> None:
    layer = Embedding(1000, 4, dropout=0.25)
    ids = torch.arange(1, 1000).repeat(2, 1)
    out = layer.train()(ids)
    assert torch.equal(out[0], out[1])  # the same words are missing from both rows
    dropped = (out[0] == 0).all(-1)
    assert 0.2 < dropped.float().mean() < 0.3
    torch.testing.assert_close(out[0][~dropped], layer.weight[1:][~dropped] / 0.75)
    assert torch.equal(layer.eval()(ids)[0], layer.weight[1:])


def test_what_does_not_fit_is_refused() -> None:
    layer = Embedding(5, 2)
    with pytest.raises(DataError, match=r"word numbers run over -1..5, expected 0..4"):
        layer(torch.tensor([-1, 5]))
    with pytest.raises(DataError, match=r"word numbers are torch\.float32"):
        layer(torch.zeros(2))
    assert layer(torch.zeros(0, dtype=torch.int64)).shape == (0, 2)
    for wrong in ({"num_embeddings": 0}, {"padding_idx": 5}, {"dropout": 1.0}):
        with pytest.raises(ParameterError):
            Embedding(**{"num_embeddings": 5, "embedding_dim": 2, **wrong})  # type: ignore[arg-type]
