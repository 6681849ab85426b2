"""Keras 3 as its guides write it: texts padded to the longest, ``mask_zero=True``, ``fit``. On JAX, else on PyTorch.

Its LSTM has one bias where PyTorch's has two: 1,024 parameters fewer, and the same function.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any

from nsmc import BATCH, LEARNING_RATE, WARM, Documents, Numbered, Trained, measure, number, options, read

EMBEDDING, HIDDEN, ATTENTION, DROPOUT = 128, 128, 64, 0.4


def model_of(words: int, classes: int) -> Any:
    import keras
    from keras import layers, ops

    class AttentionPooling(layers.Layer):  # type: ignore[misc]
        """A learned query looks at every step that is not masked."""

        def __init__(self) -> None:
            super().__init__()
            self.supports_masking = True
            self.project = layers.Dense(ATTENTION, activation="tanh")
            self.query = layers.Dense(1, use_bias=False)

        def build(self, shape: Any) -> None:
            self.project.build(shape)
            self.query.build((*shape[:-1], ATTENTION))

        def call(self, both: Any, mask: Any = None) -> Any:
            scores = ops.squeeze(self.query(self.project(both)), -1)
            if mask is not None:
                scores = ops.where(mask, scores, -1e9)
            return ops.sum(ops.expand_dims(ops.softmax(scores), -1) * both, 1)

        def compute_mask(self, both: Any, mask: Any = None) -> None:
            return None

    tokens = keras.Input((None,), dtype="int32")
    vectors = layers.Embedding(words, EMBEDDING, mask_zero=True)(tokens)
    vectors = layers.Dropout(DROPOUT / 2)(vectors)
    states = layers.Bidirectional(layers.LSTM(HIDDEN, return_sequences=True))(vectors)
    summary = AttentionPooling()(layers.Concatenate()([states, vectors]))
    logits = layers.Dense(classes)(layers.Dropout(DROPOUT)(summary))
    model = keras.Model(tokens, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss=loss, metrics=["accuracy"])
    return model


def padded(data: Numbered) -> tuple[Any, Any, Any, Any]:
    import keras
    import numpy as np

    width = max(map(len, data.rows))
    x, valid_x = (
        keras.utils.pad_sequences(rows, width, padding="post", truncating="post")
        for rows in (data.rows, data.valid_rows)
    )
    return x, np.array(data.targets), valid_x, np.array(data.valid_targets)


def train(model: Any, documents: Documents, epochs: int) -> Trained:
    x, y, valid_x, valid_y = padded(number(documents))
    told = model.fit(x, y, batch_size=BATCH, epochs=epochs, validation_data=(valid_x, valid_y), verbose=0).history
    return Trained(told["loss"][-1], told["val_accuracy"][-1], model.count_params())


def main() -> None:
    given = options()
    if importlib.util.find_spec("keras") is None:
        print("keras is not installed: pip install keras jax", file=sys.stderr)
        raise SystemExit(2)
    back_end = "jax" if importlib.util.find_spec("jax") else "torch"
    back_end = os.environ.setdefault("KERAS_BACKEND", back_end)
    if hasattr(os, "sched_setaffinity"):  # XLA takes as many threads as it sees cores
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.threads])
    if back_end == "torch":
        import torch

        torch.set_num_threads(given.threads)
    import keras

    documents = read(given.path, given.documents)
    keras.utils.set_random_seed(given.seed)
    data = number(documents)
    model = model_of(data.words, data.classes)
    # The graph is compiled for the shapes it meets, the last and smaller batch's among them: that is not timed.
    first = model.get_weights()
    x, y, valid_x, valid_y = padded(data)
    some, some_valid = WARM + len(x) % BATCH, BATCH + len(valid_x) % BATCH
    valid = (valid_x[:some_valid], valid_y[:some_valid])
    model.fit(x[:some], y[:some], batch_size=BATCH, validation_data=valid, verbose=0)
    model.set_weights(first)
    del data, x, y, valid_x, valid_y, valid
    measure(len(documents.texts), given.epochs, lambda: train(model, documents, given.epochs))


if __name__ == "__main__":
    main()
