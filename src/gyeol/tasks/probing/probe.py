"""A linear probe: what can be read from the states of a trained model by a weighted sum (Alain and Bengio 2016).

A probe that finds more in a layer's states than in the vector of the token last read shows that the layer has kept it;
what is not linearly there may still be there in another form.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from gyeol.errors import DataError, ParameterError, closest
from gyeol.explain.attribution.replica import replica
from gyeol.inputs import TextInput
from gyeol.layers import recording
from gyeol.tasks.probing.properties import PROPERTIES, Property

if TYPE_CHECKING:
    from gyeol.layers.recurrent.trace import Call
    from gyeol.tasks.base import Estimator

__all__ = ["Probed", "probe"]

Floats = npt.NDArray[np.floating[Any]]

_PROBED = ("classify", "regress-text", "language")  # the tasks that read a text token by token
_HELD_OUT = 0.3  # of the texts
_FEWEST = 10  # texts
_STATES = 20_000  # at most; of longer corpora the first texts are taken


@dataclass(frozen=True, slots=True)
class Probed:
    """How well one layer in one direction holds a property, on texts that the probe has not seen.

    Parameters
    ----------
    layer : str
        ``"recurrent, layer 1, forward"``.
    score : float
        Balanced accuracy of a ridge classifier where the property is a yes or no; else R² of a ridge regression.
    from_token : float
        The same of the vector of the token last read: without any memory.
    baseline : float
        Who always gives one answer: 0.5 of balanced accuracy, 0 of R².
    """

    layer: str
    score: float
    from_token: float
    baseline: float

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def probe(model: Estimator, name: str, texts: Iterable[str], *, seed: int = 0) -> tuple[list[Probed], dict[str, Any]]:
    """Probe every recurrent layer of a model of texts.

    Parameters
    ----------
    model : Estimator
        Fitted; it reads texts by recurrent layers: a classifier, a regressor, a language model.
    name : str
        One of `PROPERTIES`.
    texts : iterable of str
    seed : int
        Decides which texts are held out.

    Returns
    -------
    probed : list of Probed
    about : dict
        ``texts``, ``states``, ``share`` (of the states with a yes) or ``mean``.

    Raises
    ------
    ParameterError
        There is no such property, or the model does not read texts by recurrent layers.
    DataError
        The texts are too few, or the property is the same everywhere in them.
    """
    if name not in PROPERTIES:
        raise ParameterError(f"there is nothing to probe for by the name {name!r:.40}{closest(name, PROPERTIES)}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ParameterError(f"seed={seed!r:.40} is not a whole number from 0")
    wanted = PROPERTIES[name]
    inputs = getattr(model, "inputs_", None)
    if not isinstance(inputs, TextInput) or model.task not in _PROBED:
        raise ParameterError(f"a {type(model).__name__} is not probed: take a model that reads texts token by token")
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
        raise DataError(f"got {type(texts).__name__} where a list of texts was expected")
    model = copy(model)
    model.net_ = replica(model.net_)  # recorded instead of the model's own, which somebody may be using
    layers, vectors, values, owners = _collected(model, inputs, wanted, texts)
    count = int(owners.max()) + 1 if len(owners) else 0
    if count < _FEWEST:
        raise DataError(f"{count} texts with two tokens or more came; a probe needs {_FEWEST} or more")
    if len(np.unique(values)) < 2:
        hint = f": none has any of {wanted.signs}" if wanted.signs else ""
        raise DataError(f"{name} ({wanted.meaning}) is {values[0]:g} after every token of these texts{hint}")
    held = np.random.default_rng(seed).permutation(count)[: max(1, round(_HELD_OUT * count))]
    test = np.isin(owners, held)
    if len(np.unique(values[test])) < 2 or len(np.unique(values[~test])) < 2:
        raise DataError(f"{name} hardly changes in these texts: take more, or longer ones")
    found = []
    without = _fitted(vectors, values, test, wanted)
    for layer, states in layers.items():
        found.append(Probed(layer, _fitted(states, values, test, wanted), without, 0.5 if wanted.binary else 0.0))
    mean = float(values.mean())
    return found, {"texts": count, "states": len(values), ("share" if wanted.binary else "mean"): round(mean, 4)}


def _collected(
    model: Estimator, inputs: TextInput, wanted: Property, texts: Iterable[str]
) -> tuple[dict[str, Floats], Floats, Floats, npt.NDArray[np.int64]]:
    """Read texts: states by layer (N, H), tokens' vectors (N, D), the property (N,), the text of each state (N,)."""
    states: dict[str, list[Floats]] = {}
    vectors: list[Floats] = []
    values: list[float] = []
    owners: list[int] = []
    count = 0
    for text in texts:
        if not isinstance(text, str):
            raise DataError(f"{text!r:.60} ({type(text).__name__}) is not a text: leave it out")
        tokens = inputs.tokenizer.tokens(text)
        if len(tokens) < 2 or len(tokens) > inputs.max_length:
            continue
        read, given = _read(model, text, len(tokens))
        vectors.append(given)
        for layer, after in read.items():
            states.setdefault(layer, []).append(after)
        values += wanted.measure(text, [token.end for token in tokens])
        owners += [count] * len(tokens)
        count += 1
        if len(values) >= _STATES:
            break
    if not values:
        return {}, np.zeros((0, 1)), np.zeros(0), np.zeros(0, dtype=np.int64)
    joined = {layer: np.concatenate(after) for layer, after in states.items()}
    return joined, np.concatenate(vectors), np.array(values), np.array(owners, dtype=np.int64)


def _read(model: Estimator, text: str, count: int) -> tuple[dict[str, Floats], Floats]:
    """Read one text of so many tokens: by layer and direction the state after each; and the tokens' vectors."""
    read = model.predict if hasattr(model, "predict") else model.evaluate  # a language model is evaluated
    with recording(model.net_) as recorder:
        read([text])
    found: dict[str, Floats] = {}
    vectors: Floats | None = None
    for name, calls in _by_layer(recorder.calls).items():
        outputs = torch.cat([call.outputs[call.places(0)] for call in calls]).numpy()
        if len(outputs) not in (count, count + 1):
            continue  # a layer that does not walk along the tokens
        begin = len(outputs) - count  # a language model reads a mark first
        if vectors is None:
            vectors = torch.cat([call.x[call.places(0)] for call in calls]).numpy()[begin:]
        ways = len(calls[0].weights)
        for n, part in enumerate(np.split(outputs, ways, axis=1)):
            way = ("forward", "reverse")[n]
            found[f"{name[0]}, layer {name[1] + 1}, {way}"] = part[begin:]
    if vectors is None:
        raise ParameterError(
            f"this {type(model).__name__} has no recurrent layer that walks along the tokens of a text"
        )
    return found, vectors


def _by_layer(calls: Sequence[Call]) -> dict[tuple[str, int], list[Call]]:
    found: dict[tuple[str, int], list[Call]] = {}
    for call in calls:
        found.setdefault((call.name, call.layer), []).append(call)
    return found


def _fitted(features: Floats, values: Floats, test: npt.NDArray[np.bool_], wanted: Property) -> float:
    """Fit a probe on the other states and score it on those of the test."""
    from sklearn.linear_model import Ridge, RidgeClassifier
    from sklearn.metrics import balanced_accuracy_score, r2_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fits = RidgeClassifier(class_weight="balanced") if wanted.binary else Ridge(alpha=1.0)
    score = balanced_accuracy_score if wanted.binary else r2_score
    pipeline = make_pipeline(StandardScaler(), fits).fit(features[~test].astype(np.float64), values[~test])
    return float(score(values[test], pipeline.predict(features[test].astype(np.float64))))
