"""Explanations made by hand: one of each kind of input."""

from __future__ import annotations

from typing import Any

import numpy as np

from gyeol.explain.explanation import Attention, Attribution, Explanation, LayerTrace, Reading

REVIEW = "다시 보고 싶은 영화, 배우가 정말 좋았다"
GATES = {"lstm": ("forget", "input", "output", "candidate"), "gru": ("update", "reset", "candidate"), "rnn": ()}


def trace(
    steps: int, units: int, name: str = "recurrent", layer: int = 0, direction: Any = "forward", cell: str = "lstm"
) -> LayerTrace:
    random = np.random.default_rng([steps, units, layer, direction == "reverse"])
    gates = {key: 1 / (1 + np.exp(-2 * random.normal(size=(steps, units)))) for key in GATES[cell]}
    if "candidate" in gates:
        gates["candidate"] = np.tanh(random.normal(size=(steps, units)))
    memory = np.cumsum(0.4 * random.normal(size=(steps, units)), axis=0)
    states = {"hidden": np.tanh(memory), **({"cell": memory} if cell == "lstm" else {})}
    norms = {key: 0.9 ** np.arange(steps)[::-1] * random.uniform(0.5, 1, steps) for key in states}
    as_float32 = {key: array.astype(np.float32) for key, array in gates.items()}
    return LayerTrace(name, layer, direction, cell, as_float32, states, norms)


def shares(rows: int, columns: int) -> Any:
    weights = np.random.default_rng([rows, columns]).gamma(0.4, size=(rows, columns)) + 1e-6
    return weights / weights.sum(axis=1, keepdims=True)


def reading(steps: int, names: tuple[str, ...]) -> Reading:
    scores = np.cumsum(np.random.default_rng(steps).normal(size=(steps, len(names))), axis=0)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Reading(range(1, steps + 1), chances, names)


def attributions(steps: int, target: str) -> list[Attribution]:
    values = np.random.default_rng(steps).normal(size=steps)
    return [
        Attribution("integrated gradients", target, values, -0.2, -0.2 + float(values.sum()) + 0.004),
        Attribution("occlusion", target, 1.2 * values[::-1], -0.2, 1.0),
    ]


def of_text(
    text: str = REVIEW,
    prediction: str = "긍정",
    other: str = "부정",
    units: int = 12,
    layers: int = 2,
    cell: str = "lstm",
) -> Explanation:
    spans, at = [], 0
    for word in text.split(" "):
        spans += [(at, at + len(word))] if word else []
        at += len(word) + 1
    spans = spans or [(0, len(text))]
    steps = len(spans)
    walks = [(n, d) for n in range(layers) for d in ("forward", "reverse")]
    return Explanation(
        "classify", "text", prediction, [text[a:b] for a, b in spans], text, spans, {prediction: 0.93, other: 0.07},
        attributions(steps, f"log-odds of {prediction}"), [Attention("summary", ["prediction"], shares(1, steps))],
        [trace(steps, units, layer=n, direction=d, cell=cell) for n, d in walks],
        reading(steps, (prediction, other)), "cross-entropy", notes=["3 tokens were unknown"],
    )  # fmt: skip


def of_translation() -> Explanation:
    text, output = "나는 학교에 갔다", ["I", "went", "to", "school"]
    walks = [trace(3, 6, "encoder", direction=d, cell="gru") for d in ("forward", "reverse")]
    return Explanation(
        "translate", "text", "I went to school", text.split(" "), text, [(0, 2), (3, 6), (7, 9)],
        attributions=attributions(3, "log-probability of the translation"),
        attention=[Attention("decoder layer 1", output, shares(4, 3))],
        layers=[*walks, trace(4, 6, "decoder", cell="gru")], output=output,
    )  # fmt: skip


def of_tags() -> Explanation:
    text = "Ada met 철수 in Seoul"
    spans = [(0, 3), (4, 7), (8, 10), (11, 13), (14, 19)]
    labels = ["B-PER", "O", "B-PER", "O", "B-LOC"]
    return Explanation(
        "tag", "text", labels, text.split(" "), text, spans, layers=[trace(5, 6, cell="rnn")], output=labels
    )


def of_language() -> Explanation:
    return Explanation(
        "language", "text", " ", ["\n", "t", "h", "e"], "the", [(0, 0), (0, 1), (1, 2), (2, 3)],
        {" ": 0.5, "\n": 0.3, "e": 0.2}, attributions(4, "log-probability of ' '"), layers=[trace(4, 6)],
        reading=Reading([2, 3, 4], [[3.0], [2.0], [1.0]], ["surprise (bits)"]),
        loss="negative log-probability of ' '",
        notes=["the 10 likeliest next tokens are listed; the reading shows how surprising each token was (ßþ)"],
    )  # fmt: skip


def of_series(steps: int = 60) -> Explanation:
    time = np.arange(steps)
    values = np.stack([np.sin(time / 5), np.cos(time / 9) * 3], axis=1)
    return Explanation(
        "series", "series", "arrhythmia", [f"{n / 10:g} s" for n in time], probabilities={"arrhythmia": 0.8, "ok": 0.2},
        attributions=attributions(steps, "log-odds of arrhythmia"), layers=[trace(max(1, steps // 3), 8)],
        reading=reading(steps, ("arrhythmia", "ok")), values=values,
    )  # fmt: skip


def of_sound(steps: int = 50) -> Explanation:
    letters = [""] * steps
    letters[5], letters[20], letters[33] = "안", "녕", " "
    mel = np.random.default_rng(0).normal(size=(steps, 20)) + np.sin(np.arange(steps) / 6)[:, None] * 2
    return Explanation(
        "transcribe", "sound", "안녕", [f"{n / 50:.2f} s" for n in range(steps)], output=letters,
        attributions=attributions(steps, "log-probability"), layers=[trace(steps, 8)], values=mel,
    )  # fmt: skip


def picture(height: int, width: int) -> Any:
    rows, columns = np.mgrid[:height, :width]
    return np.dstack([rows * 255 // height, columns * 255 // width, np.full_like(rows, 90)]).astype(np.uint8)


def of_frames(steps: int = 6) -> Explanation:
    frames = np.stack([np.roll(picture(24, 32), 4 * n, axis=1) for n in range(steps)])
    return Explanation(
        "frames", "frames", ["up"] * steps, [f"frame {n + 1}" for n in range(steps)], output=["up"] * steps,
        attributions=attributions(steps, "log-odds of up"), layers=[trace(steps, 8)], values=frames,
    )  # fmt: skip


def of_image(side: int = 4) -> Explanation:
    words = ["a", "red", "star"]
    cells = [f"{r + 1},{c + 1}" for r in range(side) for c in range(side)]
    return Explanation(
        "caption", "image", "a red star", cells, attention=[Attention("decoder", words, shares(3, side * side))],
        layers=[trace(3, 8, "decoder")], values=picture(48, 48)[None], output=words,
    )  # fmt: skip


def every_kind() -> dict[str, Explanation]:
    return {
        "review": of_text(),
        "english": of_text("A film I would like to see again", "good", "bad", cell="gru"),
        "translation": of_translation(),
        "tags": of_tags(),
        "language": of_language(),
        "series": of_series(),
        "sound": of_sound(),
        "frames": of_frames(),
        "image": of_image(),
    }
