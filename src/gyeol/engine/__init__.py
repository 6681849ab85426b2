"""The engine: the loop, the optimizer, checkpoints, figures."""

from gyeol.engine.checkpoint import Checkpoint, read_tensors, write_tensors
from gyeol.engine.deadline import Deadline
from gyeol.engine.fit import fit
from gyeol.engine.metrics.calibration import log_softmax, temperature
from gyeol.engine.metrics.figures import (
    agreement,
    captioning,
    classification,
    label_sets,
    regression,
    transcription,
    translation,
    translation_signature,
)
from gyeol.engine.optimizer import OPTIMIZERS, Optimizer
from gyeol.engine.plan import History, Plan, Progress, Settings, StepLoss, Watch
from gyeol.engine.search.beam import BeamSettings, Hypothesis, beam_search, ensemble
from gyeol.engine.search.sequence_sampling import SamplingSettings, sample_sequences
from gyeol.engine.search.token_sampling import check_sampling, choose_token, penalise_repetition, sample_token

__all__ = [
    "OPTIMIZERS",
    "BeamSettings",
    "Checkpoint",
    "Deadline",
    "History",
    "Hypothesis",
    "Optimizer",
    "Plan",
    "Progress",
    "SamplingSettings",
    "Settings",
    "StepLoss",
    "Watch",
    "agreement",
    "beam_search",
    "captioning",
    "check_sampling",
    "choose_token",
    "classification",
    "ensemble",
    "fit",
    "label_sets",
    "log_softmax",
    "penalise_repetition",
    "read_tensors",
    "regression",
    "sample_sequences",
    "sample_token",
    "temperature",
    "transcription",
    "translation",
    "translation_signature",
    "write_tensors",
]
