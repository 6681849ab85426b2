"""What all estimators share: the scikit-learn contract, one way to train, one way to pass over data.

A task fills the hooks of `gyeol.tasks.hooks` and nothing else. The loop itself is `gyeol.engine.fit`; files are
`gyeol.tasks.storage`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol import engine, parameters
from gyeol.data.batches import in_order_of_length
from gyeol.data.split import stratified_split
from gyeol.errors import DataError, GyeolError, ParameterError
from gyeol.tasks.hooks import Encoded, Hooks
from gyeol.tasks.hyperparameters import RecurrentParameters, TrainingParameters
from gyeol.tasks.sklearn_base import BaseEstimator, SklearnNotFittedError
from gyeol.tasks.training.examples import NONE_HELD_BACK, Examples, Rows, Weights, held_back, of_mean_one
from gyeol.tasks.training.gradient_record import describe_gradients
from gyeol.tasks.training.gradient_watch import GradientWatch
from gyeol.tasks.training.plan import TrainingPlan, identity, short_name, watching
from gyeol.tasks.training.preparation_time import rows_within_time
from gyeol.tasks.training.standing import standing

if TYPE_CHECKING:
    from gyeol.explain.explanation import Explanation

__all__ = ["Encoded", "Estimator", "NotFittedError"]


#: What ``precision="auto"`` comes to where nothing is large enough for a measurement.
_TOO_SMALL = "float32: nothing is large enough for a difference"


class NotFittedError(GyeolError, SklearnNotFittedError):  # type: ignore[misc]
    """The model was used before it was trained."""


class Estimator(TrainingParameters, RecurrentParameters, Hooks, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The base of every task. A constructor stores its arguments, `fit` does the work, fitted things end in ``_``."""

    #: While `fit` runs: when it must be over.
    _deadline: engine.Deadline
    #: While `fit` runs: the weights of the examples to learn from (N,), of mean 1; see `gyeol.tasks.sample_weights`.
    _sample_weight: Weights | None = None

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
            Where there is something other than a checkpoint at ``checkpoint``.
        ModelError
            Where the checkpoint to resume is damaged or belongs to another training.
        """
        parameters.check(self.get_params(deep=False), self.rules)
        if resume and checkpoint is None:
            raise ParameterError("resume=True needs a checkpoint: the folder that an earlier fit(checkpoint=...) wrote")
        deadline = deadline or engine.Deadline(None if self.time_limit is None else float(self.time_limit))
        before = dict(self.__dict__)
        try:
            examples = self._examples(X, y, validation)
            watcher = watching(progress, bool(self.verbose), examples.measured_on)
            self._train(examples, Path(checkpoint) if checkpoint else None, resume, watcher, about or {}, deadline)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        return self

    def _train(
        self, examples: Examples, checkpoint: Path | None, resume: bool, progress: engine.Progress | None,
        about: dict[str, Any], deadline: engine.Deadline,
    ) -> None:  # fmt: skip
        self._deadline = deadline
        with self._session():
            started, count = time.monotonic(), len(examples.X)
            rows = rows_within_time(
                self._rehearse, examples.X, examples.y, examples.weights, beside=len(examples.validation[0]),
                groups=None if self.ordered else partial(self._strata, examples.y), seed=self._seed,
                deadline=deadline, checkpoint=checkpoint if resume else None,
            )  # fmt: skip
            examples = examples if rows is None else examples.only(rows)
            examples = replace(examples, weights=of_mean_one(examples.weights))
            X, y, self._sample_weight = examples.X, examples.y, examples.weights
            self._fit_inputs(X, y)
            notes = self._notes()
            if progress is not None:
                for name, line in notes.items():
                    progress.note(f"{name}: {line}")
            self.net_ = self._build().to(self._dtype())
            encoded = self._encode_training(X, y)
            lost = self._shortened()
            plan = TrainingPlan(
                encoded, self._encode(*examples.validation), examples.validation, int(self.batch_size), self._seed,
                step=partial(self._loss, self.net_), encode=self._encode, outputs=self._outputs, score=self._score,
            )  # fmt: skip
            what = identity(self.task, self.get_params(deep=False), examples) if checkpoint else None
            if what and len(X) < count:
                what["part"] = len(X)
            keeper = engine.Checkpoint(checkpoint, what) if checkpoint and what else None
            settings = self._settings()
            self.history_ = engine.fit(
                self.net_, plan, settings, checkpoint=keeper, resume=resume, progress=progress, deadline=deadline,
                watch=GradientWatch(self.net_) if self.watch_gradients else None,
            )  # fmt: skip
        self.about_ = {
            **about,
            **notes,
            "examples": len(X),
            "validation": examples.split,
            "seconds": round(time.monotonic() - started, 1),
            "stopped": self.history_.stopped,
            "epochs": len(self.history_.records),
            "measured_on": examples.measured_on,
            **({"arithmetic": self.history_.precision or _TOO_SMALL} if self.precision == "auto" else {}),
            **({"learned_from": f"{len(X):,} of {count:,} examples, for want of time"} if len(X) < count else {}),
            **({"training_id": short_name(what)} if what else {}),
            **lost,
            **standing(self, y, examples.validation[1], settings.monitor),
            **({"gradients": through_time} if (through_time := describe_gradients(self)) else {}),
        }
        self.metrics_ = {k: v for k, v in self.history_.best.items() if k.startswith(("valid_", "train_"))}
        for name, value in self.metrics_.items():
            if not np.isfinite(value):
                raise DataError(f"{name} of the best epoch is {value}: learning_rate is too high; try a tenth of it")
        self._conclude(examples)
        del self._deadline

    def _examples(self, X: Any, y: Any, validation: Any) -> Examples:
        """Check what the user gave, and hold examples back to validate on where none are given."""
        same = isinstance(validation, tuple) and len(validation) == 2 and validation[0] is X and validation[1] is y
        X, y = self._checked(X, y)
        if validation is None:
            strata = self._strata(y)
            return held_back(X, y, self._sample_weight, strata, self._held_back(strata))
        if not isinstance(validation, (tuple, list)) or len(validation) != 2:
            raise DataError(f"validation is {validation!r:.60}; expected a pair: (X, y)")
        pair, split = self._checked_validation(*validation), NONE_HELD_BACK if same else "given"
        return Examples(X, y, self._sample_weight, pair, split, "training" if same else "validation")

    def _rehearse(self, X: Any, y: Any, weights: Weights | None) -> None:
        """Prepare examples as a training does, and forget what was learned by that."""
        scratch = copy(self)
        scratch._sample_weight = weights
        scratch._fit_inputs(X, y)
        scratch._encode_training(X, y)

    def _shortened(self) -> dict[str, Any]:
        """Count what the training examples lost because they were too long: for the card, once they are encoded."""
        cut = getattr(self.inputs_, "cut", None)
        if cut is None or not cut.count:
            return {}
        return {"too_long": cut.count, "longest": cut.longest, "shortened": str(cut)}

    def _held_back(self, strata: npt.NDArray[np.int64]) -> tuple[Rows, Rows, str]:
        """Split examples of these groups into those to train on and those to validate on; say how."""
        parts = stratified_split(strata, self.validation_fraction, seed=self._seed)
        return *parts, f"stratified, seed {self.random_state}"

    @property
    def _seed(self) -> int:
        return int(self.random_state or 0)

    def _layers(self) -> dict[str, Any]:
        """Return the settings of recurrent layers for a network, as Python's numbers: PyTorch takes none of NumPy's."""
        return {
            "cell": self.cell,
            "hidden_size": int(self.hidden_size),
            "num_layers": int(self.num_layers),
            "dropout": float(self.dropout),
            "precision": self._layer_precision,
        }

    @property
    def _layer_precision(self) -> str:
        """Of layers: what the setting says holds in training; predictions are in the type of the weights."""
        return {"auto": "auto", "high": "high-train", "bfloat16": "bfloat16-train"}.get(self.precision, "float32")

    @property
    def _softmax_precision(self) -> str:
        """Of the softmax over a vocabulary, in training."""
        return self.precision if self.precision in ("auto", "bfloat16") else "float32"

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
            seed=self._seed,
            closing=self.closing,
        )

    def _outputs(self, encoded: Encoded) -> npt.NDArray[np.generic]:
        """Pass over examples, longest first, and return `_decode`'s rows in the given order."""
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
            name = type(self).__name__
            raise NotFittedError(f"this {name} is not fitted yet: call fit(...) first, or gyeol.load(path)")

    def _dtype(self) -> torch.dtype:
        return torch.float64 if self.precision == "float64" else torch.float32

    @contextmanager
    def _session(self) -> Iterator[None]:
        """Set seed and threads for a while; the caller's are restored."""
        threads = torch.get_num_threads()
        # What numbers are computed in, the setting `precision` decides, whatever the caller's autocast says.
        with torch.random.fork_rng(devices=[]), torch.autocast("cpu", enabled=False):
            torch.manual_seed(self._seed)
            if self.threads:
                torch.set_num_threads(int(self.threads))
            try:
                yield
            finally:
                torch.set_num_threads(threads)

    def explain(self, x: Any, *, target: Any = None, position: int | None = None) -> Explanation:
        """Explain what is predicted for one input: which steps of it support it, and what went on in the network.

        Parameters
        ----------
        x : one input
            As `predict` takes a list of.
        target : optional
            What to explain instead of the prediction: another class, another next word.
        position : int, optional
            Where the answer is a sequence: which step of it, from 0.

        Returns
        -------
        gyeol.explain.explanation.Explanation
            Attributions by integrated gradients and by occlusion, attention, gates, states and gradients, and how the
            prediction moves while the input is read.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            For what is no input, and for one of more than 10,000 steps.
        ParameterError
            There is no such target or position.
        """
        from gyeol.explain.attribution.inquiry import explained

        self._ready()
        if position is not None and (isinstance(position, bool) or not isinstance(position, (int, np.integer))):
            raise ParameterError(f"position={position!r:.40} is not a whole number; the first step is 0")
        with self._session(), torch.inference_mode(False), torch.enable_grad():
            return explained(self._inquiry(x, target, position), self.net_)

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a model folder keeps besides weights, as JSON values: for config.json and for tokenizer.json."""
        return self._state()

    def restore(self, learned: dict[str, Any], inputs: dict[str, Any], weights: dict[str, Tensor]) -> None:
        """Become what `state` and the weights describe; see `gyeol.tasks.storage.load`, which checks them.

        The weights are compared with settings and vocabulary before memory is spent on a network of the size that
        these claim.
        """
        from gyeol.tasks.storage import check_weights

        self._restore(learned, inputs)
        check_weights(weights, lambda: self._build().to(self._dtype()))
        with self._session():
            self.net_ = self._build().to(self._dtype())
        self.net_.load_state_dict(weights)
        self.net_.eval()

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
