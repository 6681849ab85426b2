"""Layers: recurrent ones, attention, pooling and embedding, each usable on its own in anybody's PyTorch model."""

from __future__ import annotations

from gyeol.kernels.cells.cell import Cell
from gyeol.kernels.cells.table import CELLS
from gyeol.layers.attention.alignment import SCOPES, Alignment
from gyeol.layers.attention.context import attend
from gyeol.layers.attention.score import Score
from gyeol.layers.attention.scores import SCORES, score_rule
from gyeol.layers.decoding.decoder import Decoder, Read, Writer
from gyeol.layers.dropout import LockedDropout
from gyeol.layers.instance_norm import NORMALISATIONS, InstanceNorm
from gyeol.layers.losses.crf import CRF
from gyeol.layers.losses.cross_entropy import linear_cross_entropy
from gyeol.layers.losses.ctc import ctc_align, ctc_loss
from gyeol.layers.losses.sampled_softmax import sampled_cross_entropy, sampling_probabilities
from gyeol.layers.packed_linear import PackedLinear
from gyeol.layers.pooling import POOLINGS, valid_steps
from gyeol.layers.recurrent.chrono import chrono_init
from gyeol.layers.recurrent.drop_ins import GRU, LSTM, RNN
from gyeol.layers.recurrent.gradient_reach import gradient_reach
from gyeol.layers.recurrent.layer import Recurrent
from gyeol.layers.recurrent.stepper import Stepper
from gyeol.layers.recurrent.trace import Recorder, Walk, recording
from gyeol.layers.residual import ResidualNet
from gyeol.layers.step_scale import StepScale, scaled_steps
from gyeol.layers.summary import AttentionPooling, Summary
from gyeol.layers.words.continuations import Continuations
from gyeol.layers.words.direct import DirectScores
from gyeol.layers.words.embedding import Embedding, word_dropout
from gyeol.layers.words.ngram_embedding import NGramEmbedding

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
    "InstanceNorm",
    "LockedDropout",
    "NGramEmbedding",
    "PackedLinear",
    "Read",
    "Recorder",
    "Recurrent",
    "ResidualNet",
    "Score",
    "StepScale",
    "Stepper",
    "Summary",
    "Walk",
    "Writer",
    "attend",
    "chrono_init",
    "ctc_align",
    "ctc_loss",
    "gradient_reach",
    "linear_cross_entropy",
    "recording",
    "sampled_cross_entropy",
    "sampling_probabilities",
    "scaled_steps",
    "score_rule",
    "valid_steps",
    "word_dropout",
]
