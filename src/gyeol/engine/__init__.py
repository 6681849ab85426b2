"""The engine: the loop, the optimizer, checkpoints, figures."""

from gyeol.engine.calibration import log_softmax, temperature
from gyeol.engine.checkpoint import Checkpoint, read_tensors, write_tensors
from gyeol.engine.fit import History, Plan, Progress, Settings, StepLoss, fit
from gyeol.engine.metrics import classification
from gyeol.engine.optimizer import Optimizer
from gyeol.engine.search import check_sampling, penalised, sample

__all__ = [
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
    "log_softmax",
    "penalised",
    "read_tensors",
    "sample",
    "temperature",
    "write_tensors",
]
