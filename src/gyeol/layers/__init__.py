"""Layers: recurrent ones, attention, pooling and embedding, each usable on its own in anybody's PyTorch model."""

from __future__ import annotations

from gyeol.layers.alignment import SCOPES, Alignment
from gyeol.layers.attention import SCORES, AttentionPooling, attend
from gyeol.layers.cells import CELLS, Cell
from gyeol.layers.continuations import Continuations
from gyeol.layers.crf import CRF
from gyeol.layers.cross_entropy import linear_cross_entropy
from gyeol.layers.ctc import ctc_align, ctc_loss
from gyeol.layers.decoder import Decoder
from gyeol.layers.direct import DirectScores
from gyeol.layers.drop_ins import GRU, LSTM, RNN
from gyeol.layers.dropout import LockedDropout
from gyeol.layers.embedding import Embedding, word_dropout
from gyeol.layers.grams import GramEmbedding
from gyeol.layers.instance_norm import NORMALISATIONS, InstanceNorm
from gyeol.layers.memory import begin_with_memory
from gyeol.layers.pooling import POOLINGS, valid_steps
from gyeol.layers.recurrent import Recurrent
from gyeol.layers.residual import ResidualNet
from gyeol.layers.rounded_linear import RoundedLinear
from gyeol.layers.sampled_softmax import sampled_cross_entropy, sampling_chances
from gyeol.layers.stepper import Stepper
from gyeol.layers.summary import Summary
from gyeol.layers.writer import Read, Writer

__all__ = [
    "CELLS",
    "CRF",
    "GRU",
    "LSTM",
    "NORMALISATIONS",
    "POOLINGS",
    "RNN",
    "SCOPES",
    "SCORES",
    "Alignment",
    "AttentionPooling",
    "Cell",
    "Continuations",
    "Decoder",
    "DirectScores",
    "Embedding",
    "GramEmbedding",
    "InstanceNorm",
    "LockedDropout",
    "Read",
    "Recurrent",
    "ResidualNet",
    "RoundedLinear",
    "Stepper",
    "Summary",
    "Writer",
    "attend",
    "begin_with_memory",
    "ctc_align",
    "ctc_loss",
    "linear_cross_entropy",
    "sampled_cross_entropy",
    "sampling_chances",
    "valid_steps",
    "word_dropout",
]
