"""What all estimators share: the scikit-learn contract, one way to train, one way to pass over data.

A task fills hooks and nothing else: ``_fit_inputs``, ``_build``, ``_encode``, ``_loss``, ``_decode``, ``_score``. The
loop itself is `gyeol.engine.fit`; files are `gyeol.tasks.storage`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from gyeol import engine, parameters
from gyeol.data.batches import in_order_of_length
from gyeol.data.split import stratified_split
from gyeol.errors import DataError, GyeolError, ParameterError
from gyeol.parameters import choice, fraction, positive, switch, whole
from gyeol.tasks.sklearn_base import BaseEstimator, SklearnNotFittedError
from gyeol.tasks.training.plan import TrainingPlan, identity, of_mean_one, short_name, take, weights_at
from gyeol.tasks.training.preparation_time import within_time
from gyeol.tasks.training.standing import standing

__all__ = ["TRAINING_RULES", "Encoded", "Estimator", "NotFittedError"]

#: The rules of the arguments that decide how every task is trained, in the order in which constructors name them.
TRAINING_RULES: dict[str, parameters.Rule] = {
    "dropout": fraction(),
    "batch_size": whole(1),
    "epochs": whole(1),
    "learning_rate": positive(),
    "weight_decay": positive(zero=True),
    "clip_norm": positive(zero=True),
    "patience": whole(1),
    "validation_fraction": fraction(),
    "averaging": fraction(),
    "time_limit": positive(none=True),
    "precision": choice(("auto", "float32", "float64", "bfloat16")),
    "threads": whole(1, 1024, none=True),
    "random_state": whole(0, none=True),
    "verbose": switch,
}

Rows = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]
_FEW = 10  # examples to validate on
NONE_HELD_BACK = "none: too few examples, figures are those of the training part"


class NotFittedError(GyeolError, SklearnNotFittedError):  # type: ignore[misc]
    """The model was asked before it was trained."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Examples ready for the network: the ``lengths`` of all (N,), and ``batch``, which puts some of them together.

    Where batches follow one another, ``order`` gives those of an epoch, and ``carrier`` holds what one leaves to the
    next: ``state()`` and ``restore(tensors)``, named tensors.
    """

    lengths: npt.NDArray[np.int64]
    batch: Callable[[Any], Any]
    order: Callable[[int], Sequence[Any]] | None = None
    carrier: Any = None

    def __len__(self) -> int:
        return len(self.lengths)


class Estimator(BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """The base of every task. A constructor stores its arguments, `fit` does the work, fitted things end in ``_``."""

    #: The name under which the command line and model folders know the task.
    task: ClassVar[str]
    #: The figure that decides which epoch was the best.
    monitor: ClassVar[str] = "accuracy"
    #: The command that asks a saved model something, for its card.
    ask: ClassVar[str] = 'gyeol predict {} "..."'
    #: What an example is made of, where nothing is cut into tokens.
    reads: ClassVar[str] = "tokens"
    #: A rule for every constructor argument.
    rules: ClassVar[dict[str, parameters.Rule]]
    #: Whether examples follow one another, so that a part of them is their beginning.
    ordered: ClassVar[bool] = False
    #: The share of a time limit that is needed for what follows the training.
    closing: ClassVar[float] = 0.0
    #: While `fit` runs: when it must be over.
    _deadline: engine.Deadline
    #: While `fit` runs: the weights of the examples to learn from (N,), of mean 1; see `gyeol.tasks.sample_weights`.
    _sample_weight: Weights | None = None

    @abstractmethod
    def _checked(self, X: Any, y: Any) -> tuple[list[Any], Any]:
        """Check what the user gave; returns inputs as a list and targets in the task's own form."""

    @abstractmethod
    def _fit_inputs(self, X: list[Any]) -> None:
        """Learn tokenizers, vocabularies and scales from the training part."""

    def _told(self) -> dict[str, str]:
        """Say, by name, how the examples are read where the user did not ask for it; known after `_fit_inputs`."""
        return {}

    def _fit_targets(self, y: Any) -> None:
        """Learn from the targets of the training part, where there is anything to learn."""

    @abstractmethod
    def _encode(self, X: list[Any], y: Any) -> Encoded:
        """Number examples; y is None where there are no targets."""

    def _encode_training(self, X: list[Any], y: Any) -> Encoded:
        """Encode examples to learn from, where that differs from `_encode`."""
        return self._encode(X, y)

    @abstractmethod
    def _build(self) -> nn.Module:
        """Make the network, for what `_fit_inputs` learned."""

    @abstractmethod
    def _loss(self, net: nn.Module, batch: Any) -> engine.StepLoss:
        """Run a batch in training mode."""

    @abstractmethod
    def _decode(self, net: nn.Module, batch: Any) -> npt.NDArray[np.generic]:
        """Run a batch in prediction mode: one row of numbers an example."""

    @abstractmethod
    def _score(self, outputs: npt.NDArray[np.generic], y: Any) -> dict[str, float]:
        """Compare what `_decode` gave for all examples with their targets; ``loss`` and `monitor` among the figures."""

    @abstractmethod
    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a model folder keeps besides weights, as JSON values: for config.json and for tokenizer.json."""

    @abstractmethod
    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        """Take over what `_state` returned."""

    def _strata(self, y: Any) -> npt.NDArray[np.int64]:
        """Number the groups that a validation split keeps in proportion; one group by default."""
        return np.zeros(len(y), dtype=np.int64)

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        validation: tuple[Any, Any] | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        progress: engine.Progress | None = None,
        about: dict[str, Any] | None = None,
        deadline: engine.Deadline | None = None,
    ) -> Self:
        """Train on examples. Where that fails, the estimator is what it was before.

        Parameters
        ----------
        X, y : sequences of the same length
            Inputs and targets.
        validation : (X, y), optional
            Examples to watch while training; without them ``validation_fraction`` of X is held back.
        checkpoint : path, optional
            A folder where to keep what is needed to go on after an interruption.
        resume : bool
            Go on from ``checkpoint`` if it is there, to the same bits as an undisturbed training.
        progress : Progress, optional
            Whoever watches; by default a bar where ``verbose`` is true.
        about : dict, optional
            What the model card shall say of the data: name, hash.
        deadline : gyeol.engine.Deadline, optional
            When all of it must be over, saving the model afterwards included; by default ``time_limit`` seconds from
            now. Preparation counts. What does not fit is left out: of the last epoch, of the validation part. At least
            one step is taken.

        Raises
        ------
        ParameterError, DataError
            For settings and data that cannot be used, and where the training came to no finite figure.
        SaveError
            Where something other than a checkpoint stands at ``checkpoint``.
        ModelError
            Where the checkpoint to resume is damaged or belongs to another training.
        """
        parameters.check(self.get_params(deep=False), self.rules)
        if resume and checkpoint is None:
            raise ParameterError("resume=True needs a checkpoint: the folder that an earlier fit(checkpoint=...) wrote")
        if deadline is None:
            deadline = engine.Deadline(None if self.time_limit is None else float(self.time_limit))
        before = dict(self.__dict__)
        try:
            self._train(X, y, validation, Path(checkpoint) if checkpoint else None, resume, progress, about, deadline)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        return self

    def _train(
        self,
        X: Any,
        y: Any,
        validation: tuple[Any, Any] | None,
        checkpoint: Path | None,
        resume: bool,
        progress: engine.Progress | None,
        about: dict[str, Any] | None,
        deadline: engine.Deadline,
    ) -> None:
        same = isinstance(validation, tuple) and len(validation) == 2 and validation[0] is X and validation[1] is y
        X, y = self._checked(X, y)
        split, measured_on = "given", "training" if same else "validation"
        if validation is None:
            strata = self._strata(y)
            kept, held, how = self._held_back(strata)
            split = f"{len(held):,} of {len(X):,} examples held back, {how}"
            # A few of one class alone would choose the epoch that says nothing but this class.
            if len(held) >= _FEW or len(set(strata[held])) >= min(2, len(set(strata))):
                validation = take(X, held), take(y, held)
                X, y = take(X, kept), take(y, kept)
                self._sample_weight = weights_at(self._sample_weight, kept)
            else:
                split, measured_on = NONE_HELD_BACK, "training"
                validation = X, y
        else:
            if not isinstance(validation, (tuple, list)) or len(validation) != 2:
                raise DataError(f"validation is {validation!r:.60}; expected a pair: (X, y)")
            validation = self._checked_validation(*validation)
        if progress is None and self.verbose:
            from gyeol.tasks.training.progress import Bar

            progress = Bar()
        if progress is not None and hasattr(progress, "measured_on"):
            progress.measured_on = measured_on
        self._deadline = deadline
        with self._session():
            begun = time.monotonic()
            count, taken_up = len(X), checkpoint if resume else None
            X, y, validation = within_time(self, X, y, validation, deadline, taken_up)
            self._sample_weight = of_mean_one(self._sample_weight)
            self._fit_inputs(X)
            told = self._told()
            if progress is not None:
                for name, line in told.items():
                    progress.note(f"{name}: {line}")
            self._fit_targets(y)
            self.net_ = self._build().to(self._dtype())
            training = self._encode_training(X, y)
            lost = self._left_behind()
            plan = TrainingPlan(self, self.net_, training, self._encode(*validation), validation)
            what = identity(self, X, y, validation) if checkpoint else None
            if what and len(X) < count:
                what["part"] = len(X)
            keeper = engine.Checkpoint(checkpoint, what) if checkpoint and what else None
            self.history_ = engine.fit(
                self.net_, plan, self._settings(), checkpoint=keeper, resume=resume, progress=progress,
                deadline=deadline,
            )  # fmt: skip
        self.about_ = {
            **(about or {}),
            **told,
            "examples": len(X),
            "validation": split if not same else NONE_HELD_BACK,
            "seconds": round(time.monotonic() - begun, 1),
            "stopped": self.history_.stopped,
            "epochs": len(self.history_.records),
            "measured_on": measured_on,
            **({"learned_from": f"{len(X):,} of {count:,} examples, for want of time"} if len(X) < count else {}),
            **({"training_id": short_name(what)} if what else {}),
            **lost,
            **standing(self, y, validation[1]),
        }
        del self._deadline
        self.metrics_ = {k: v for k, v in self.history_.best.items() if k.startswith(("valid_", "train_"))}
        for name, value in self.metrics_.items():
            if not np.isfinite(value):
                raise DataError(f"{name} of the best epoch is {value}: learning_rate is too high; try a tenth of it")

    def _left_behind(self) -> dict[str, Any]:
        """Count what the training examples lost because they were too long: for the card, once they are encoded."""
        cut = getattr(self.inputs_, "cut", None)
        return (
            {}
            if cut is None or not cut.count
            else {"too_long": cut.count, "longest": cut.longest, "shortened": str(cut)}
        )

    def _held_back(self, strata: npt.NDArray[np.int64]) -> tuple[Rows, Rows, str]:
        """Split examples of these groups into those to train on and those to validate on; say how."""
        kept, held = stratified_split(strata, self.validation_fraction, seed=int(self.random_state or 0))
        return kept, held, f"stratified, seed {self.random_state}"

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[Any], Any]:
        return self._checked(X, y)

    def _settings(self) -> engine.Settings:
        return engine.Settings(
            epochs=int(self.epochs),
            learning_rate=float(self.learning_rate),
            weight_decay=float(self.weight_decay),
            clip_norm=float(self.clip_norm),
            patience=int(self.patience),
            monitor=self.monitor,
            time_limit=None if self.time_limit is None else float(self.time_limit),
            averaging=float(self.averaging),
            optimizer=str(getattr(self, "optimizer", "adam")),
            seed=int(self.random_state or 0),
            closing=self.closing,
        )

    def _outputs(self, encoded: Encoded) -> npt.NDArray[np.generic]:
        """Pass over examples, longest first, and return `_decode`'s rows in the given order."""
        rows: list[npt.NDArray[np.generic]] = []
        order = encoded.order(0) if encoded.order else in_order_of_length(encoded.lengths, 256)
        with torch.inference_mode():
            rows = [self._decode(self.net_, encoded.batch(which)) for which in order]
        outputs = np.concatenate(rows)
        if encoded.order:
            return outputs
        places = np.empty(len(outputs), dtype=np.int64)
        places[np.concatenate(order)] = np.arange(len(outputs))
        return outputs[places]

    def _stream(self, X: list[Any], chunk: int = 8192) -> Iterator[npt.NDArray[np.generic]]:
        """Predict chunk by chunk, so that memory stays bounded however long X is."""
        self._ready()
        with self._session():
            for start in range(0, len(X), chunk):
                yield self._outputs(self._encode(X[start : start + chunk], None))

    def _ready(self) -> None:
        if not hasattr(self, "net_"):
            raise NotFittedError(
                f"this {type(self).__name__} is not fitted yet: call fit(...) first, or gyeol.load(path)"
            )

    def _dtype(self) -> torch.dtype:
        return torch.float64 if self.precision == "float64" else torch.float32

    @contextmanager
    def _session(self) -> Iterator[None]:
        """Set seed and threads for a while; the caller's own are as before afterwards."""
        threads = torch.get_num_threads()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(self.random_state or 0))
            if self.threads:
                torch.set_num_threads(int(self.threads))
            try:
                yield
            finally:
                torch.set_num_threads(threads)

    def save(self, path: str | Path) -> None:
        """Write the model as a folder: config.json, weights, tokenizer, figures, history and a model card.

        Raises
        ------
        SaveError
            Where that is impossible; what stood at ``path`` is unchanged.
        """
        from gyeol.tasks.storage import save

        self._ready()
        save(self, Path(path))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")
