"""The engine: the loop, the optimizer, checkpoints, figures."""

from gyeol.engine.checkpoint import Checkpoint, read_tensors, write_tensors
from gyeol.engine.fit import History, Plan, Progress, Settings, StepLoss, fit
from gyeol.engine.metrics import classification
from gyeol.engine.optimizer import OPTIMIZERS, Optimizer
from gyeol.engine.search import check_sampling, penalised, sample

__all__ = [
    "OPTIMIZERS",
    "Checkpoint",
    "History",
    "Optimizer",
    "Plan",
    "Progress",
    "Settings",
    "StepLoss",
    "check_sampling",
    "classification",
    "fit",
    "penalised",
    "read_tensors",
    "sample",
    "write_tensors",
]
