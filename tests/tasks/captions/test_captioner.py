"""Captioners: they learn where things are, look there, and what is wrong is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import Captioner, DataError, ModelError, ParameterError, load
from gyeol.data.media.images import png_bytes
from gyeol.engine import agreement
from gyeol.engine.search.beam import BeamSettings, beam_search
from gyeol.inputs import TextInput
from gyeol.inputs.text_pairs import END
from gyeol.layers import ResidualNet
from gyeol.tasks.captions.images import images_at_once
from gyeol.tasks.captions.net import CaptionBatch, CaptionerNet, balance, naming_loss
from gyeol.tasks.captions.rows import CaptionRows
from gyeol.tasks.decoding import WriterSteps

pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'gyeol[images]'")
COLOURS = {"red": (220, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 220), "white": (250, 250, 250)}
SIDES = {"left": (0, 8), "right": (8, 16)}
TINY: dict[str, Any] = {
    "hidden_size": 32, "embedding_size": 16, "channels": 8, "image_size": 16, "epochs": 20, "batch_size": 8,
    "learning_rate": 0.01, "dropout": 0.0, "averaging": 0.9, "augmentation": None, "threads": 1, "patience": 99,
}  # fmt: skip


def painted(left: str, right: str) -> np.ndarray:  # type: ignore[type-arg]
    image = np.full((16, 16, 3), 90, np.uint8)
    for side, colour in (("left", left), ("right", right)):
        image[5:11, SIDES[side][0] + 1 : SIDES[side][1] - 1] = COLOURS[colour]
    return image


PAIRS = [(left, right) for left in COLOURS for right in COLOURS]
X = [painted(*pair) for pair in PAIRS for _ in range(3)]
Y = [[f"{left} left of {right}", f"a {left} thing and a {right} one"] for left, right in PAIRS for _ in range(3)]


def fitted(**settings: Any) -> Captioner:
    return Captioner(**{**TINY, **settings}).fit(X, Y, validation=(X[::3], Y[::3]))


@pytest.fixture(scope="module")
def model() -> Captioner:
    return fitted()


def test_it_learns_what_is_where(model: Captioner) -> None:
    figures = model.evaluate(X, Y)
    assert figures["exact"] == 1.0
    assert figures["bleu"] == figures["bleu_4"] == pytest.approx(100.0)
    assert (figures["count"], figures["beam_size"]) == (48, 5)
    assert figures["loss"] < 1.2
    assert model.predict([painted("blue", "red")])[0] in ("blue left of red", "a blue thing and a red one")


def test_the_attention_is_a_share_of_places(model: Captioner) -> None:
    ((best, second),) = model.captions([painted("blue", "red")], n_best=2)
    assert best.score >= second.score
    assert best.words[-1] == "\n"
    assert best.attention is not None
    assert best.attention.shape == (len(best.words), *model.grid_[:2])
    torch.testing.assert_close(best.attention.sum((1, 2)), torch.ones(len(best.words)), rtol=0, atol=1e-5)


def test_a_map_lays_it_over_the_image(model: Captioner, tmp_path: Path) -> None:
    seen = model.map(painted("blue", "red"))
    assert seen.image.shape == (256, 256, 3)
    assert seen.text == model.predict([painted("blue", "red")])[0]
    seen.to_html(tmp_path / "a.html")
    assert "data:image/jpeg" in (tmp_path / "a.html").read_text("utf-8")


def test_what_stands_beside_in_a_batch_does_not_matter(model: Captioner) -> None:
    alone = [model.captions([image])[0][0] for image in X[:6]]
    for one, other in zip(alone, model.captions(X), strict=False):
        assert one.text == other[0].text
        assert one.log_probability == pytest.approx(other[0].log_probability, abs=1e-4)


def test_by_consensus_the_caption_is_written_that_all_bear_out(model: Captioner) -> None:
    for plain, agreed in zip(
        model.captions(X[:8], beam_size=6, n_best=6), model.captions(X[:8], n_best=3, consensus=6), strict=True
    ):
        alike = agreement([c.text for c in plain], [c.log_probability for c in plain])
        order = sorted(range(6), key=lambda n: -alike[n])[:3]
        assert [c.text for c in agreed] == [plain[n].text for n in order]
        assert [c.score for c in agreed] == pytest.approx([alike[n] for n in order], abs=1e-3)
        assert agreed[0].log_probability == pytest.approx(plain[order[0]].log_probability, abs=1e-4)
    with pytest.raises(ParameterError, match="consensus=101"):
        model.captions(X[:1], consensus=101)


@pytest.mark.exact_start
def test_naming_begins_at_how_often_words_are_said() -> None:
    side = TextInput(tokenizer="word").fit([text for some in Y for text in some])
    side.vocabulary = side.vocabulary.with_end()
    tokens = side.vocabulary.tokens
    shares = CaptionRows(side, Y).shares(len(tokens))
    for number, word in enumerate(tokens[2:], 2):
        said = sum(word == "\n" or any(word in text.split() for text in some) for some in Y)
        assert float(shares[number]) == pytest.approx(min(max(said, 0.5), len(Y) - 0.5) / len(Y))
    net = Captioner(**{**TINY, "epochs": 1, "learning_rate": 1e-9, "averaging": 0.0}).fit(X, Y, validation=(X, Y)).net_
    assert isinstance(net, CaptionerNet)
    torch.testing.assert_close(net.named.bias.detach(), torch.logit(shares).float(), rtol=0, atol=1e-5)


def test_models_of_before_see_as_they_did(model: Captioner) -> None:
    other = Captioner(**TINY)
    for learned, kept in (({"grid": [8, 8, 8]}, False), (model._state()[0], True)):
        other._restore(learned, model.inputs_.state())
        assert other.standardize_ == kept
        net = other._build()
        assert isinstance(net, CaptionerNet)
        assert isinstance(net.encoder, ResidualNet)
        assert (type(net.encoder.stem) is torch.nn.Conv2d) != kept


def test_search_is_the_chain_of_teacher_forcing(model: Captioner) -> None:
    """What a search says of its best caption is what the network gives to it, word by word."""
    images = model._encode(model._pictures(X[:2]), None).batch(np.arange(2)).images
    with torch.inference_mode():
        steps = WriterSteps(model.net_, model.net_.read(images)[0])
        found = beam_search(steps, 2, BeamSettings(4), start=END, end=END, never=[0, 1])
        for row, (best, *_) in enumerate(found):
            targets = torch.tensor([[*best.tokens, END]])
            inputs = torch.tensor([[END, *best.tokens]])
            one = CaptionBatch(
                images[row : row + 1], torch.zeros(1).long(), inputs, targets, torch.tensor([len(targets[0])])
            )
            vectors, wanted, weights, _, _ = model.net_(one)
            logs = torch.log_softmax(model.net_.logits(vectors), 1).gather(1, wanted[:, None])
            assert float(logs.sum()) == pytest.approx(best.log_probability, abs=1e-4)
            torch.testing.assert_close(weights[0], best.attention, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"cell": "gru", "num_layers": 2}, {"attention": None}, {"precision": "float64", "balance": 0.1},
        {"augmentation": "turn", "naming": 0.0}, {"cell": "lstm_norm", "augmentation": "shift", "dropout": 0.3},
        {"tokenizer": "syllable", "label_smoothing": 0.1}, {"zoom": 0.4, "consensus": 4},
    ],
    ids=str,
)  # fmt: skip
def test_every_setting_trains_saves_and_loads(settings: dict[str, Any], tmp_path: Path) -> None:
    made = fitted(**{"epochs": 2, **settings})
    made.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert isinstance(again, Captioner)
    assert again.predict(X[:9]) == made.predict(X[:9])
    assert again.captions(X[:3])[0][0].log_probability == made.captions(X[:3])[0][0].log_probability
    if settings.get("attention", "") is None:
        assert made.captions(X[:1])[0][0].attention is None
        with pytest.raises(DataError, match="this model has no attention"):
            made.map(X[0])


def test_ready_features(tmp_path: Path) -> None:
    grids = [np.stack([image[4:12:4, 4], image[4:12:4, 12]], 1).astype(np.float32) / 255 for image in X]
    for number, grid in enumerate(grids):
        np.save(tmp_path / f"{number}.npy", grid)
    made = Captioner(**{**TINY, "encoder": "features", "epochs": 16}).fit(grids, Y, validation=(grids[::3], Y[::3]))
    assert made.grid_ == (2, 2, 3)
    assert made.score(grids, Y) > 90
    made.save(tmp_path / "m")
    files = [tmp_path / f"{number}.npy" for number in range(5)]
    assert load(tmp_path / "m").predict(files) == made.predict(grids[:5])
    with pytest.raises(DataError, match=r"grid 0 has the shape \(1, 2, 3\), and the others have \(2, 2, 3\)"):
        made.predict([grids[0][:1]])
    with pytest.raises(DataError, match="there is no image to lay its attention on"):
        made.map(grids[0])
    with pytest.raises(DataError, match="there is no image to lay its attention on"):
        made.explain(grids[0])


def test_files_and_arrays_are_the_same_images(model: Captioner, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes(X[0]))
    assert model.predict([tmp_path / "a.png", str(tmp_path / "a.png")]) == model.predict([X[0], X[0]])


def test_a_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    class Stop:
        """Interrupts at a step."""

        def __init__(self, at: int) -> None:
            self.left = at

        def epoch(self, *_: Any) -> None: ...
        def record(self, *_: Any) -> None: ...
        def note(self, *_: Any) -> None: ...
        def step(self, *_: Any) -> None:
            import signal

            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGINT)

    settings = {**TINY, "epochs": 3, "augmentation": "turn", "dropout": 0.2}
    many = [[*some, *some, "x y", "y z"] for some in Y]  # of which five are learned from at a time
    whole = Captioner(**settings).fit(X, many)
    cut = Captioner(**settings).fit(X, many, checkpoint=tmp_path / "c", progress=Stop(4))
    assert cut.history_.stopped == "interrupted"
    gone_on = Captioner(**settings).fit(X, many, checkpoint=tmp_path / "c", resume=True)
    for (name, one), other in zip(whole.net_.state_dict().items(), gone_on.net_.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=20)
def test_balance_is_the_formula(lengths: list[int], places: int, seed: int) -> None:
    torch.manual_seed(seed)
    weights = torch.softmax(torch.randn(len(lengths), max(lengths), places).double(), 2)
    wanted = []
    for row, length in enumerate(lengths):
        for place in range(places):
            looked = sum(float(weights[row, t, place]) for t in range(length))
            wanted.append((1 - places / length * looked) ** 2)
    assert float(balance(weights, torch.tensor(lengths))) == pytest.approx(np.mean(wanted), abs=1e-12)


def test_naming_is_the_formula() -> None:
    named = torch.randn(2, 5).double()
    owners, targets = torch.tensor([0, 0, 1]), torch.tensor([[3, 2, 0], [4, 3, 2], [2, 0, 0]])
    there = [{2, 3, 4}, {2}]
    wanted = 0.0
    for row in range(2):
        for word in range(5):
            chance = 1 / (1 + np.exp(-float(named[row, word])))
            wanted -= np.log(chance if word in there[row] else 1 - chance)
    assert float(naming_loss(named, owners, targets)) == pytest.approx(wanted / 4, abs=1e-12)


def test_balance_spreads_the_attention() -> None:
    def most(weight: float) -> float:
        made = fitted(epochs=6, balance=weight)
        found = made.captions(X[::3])
        return float(np.mean([float(c.attention.amax((1, 2)).mean()) for (c,) in found]))  # type: ignore[union-attr]

    assert most(1.0) < most(0.0)


@pytest.mark.parametrize(
    ("images", "captions", "message"),
    [
        (X, Y[:3], "got 48 images and captions of 3"),
        (X, None, "the target y must be a list"),
        (X, "abc", "the target y must be a list"),
        (X[:1], [[]], r"the captions of image 0 are \[\]"),
        (X[:1], [[" "]], "the captions of image 0"),
        (X[:1], [3], "the captions of image 0 are 3"),
        (X[:1], ["\ud800"], "half a character"),
        (["nowhere.png"], ["x"], "there is no file nowhere.png"),
        ([], [], "the list is empty"),
    ],
)
def test_what_is_wrong_is_named(images: Any, captions: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Captioner(**TINY).fit(images, captions)


def test_mistakes_in_settings() -> None:
    for wrong, message in (
        ({"encoder": "resnet"}, "encoder='resnet' is not known. Possible: residual, features, timm:NAME"),
        ({"image_size": 4}, "image_size=4 must be a whole number, from 8 to 1,024"),
        ({"augmentation": "spin"}, "augmentation='spin' is not known"),
        ({"pretrained": True}, "there are no trained weights of encoder='residual'"),
    ):
        with pytest.raises(ParameterError, match=message):
            Captioner(**{**TINY, **wrong}).fit(X, Y)


@pytest.mark.parametrize("grid", [None, [8, 8], [8, 8, "x"], [0, 8, 8], [8, 8, 1 << 40], "888"], ids=str)
def test_a_damaged_grid_is_refused(model: Captioner, grid: Any) -> None:
    other = Captioner(**TINY)
    with pytest.raises(ModelError, match="the grid is"):
        other._restore({"grid": grid}, model.inputs_.state())


def test_the_network_sees_no_padding(model: Captioner) -> None:
    """A caption's loss is the same beside a longer one."""
    assert isinstance(model.net_, CaptionerNet)
    encoded = model._encode(*model._checked(X[:2], [["red left of red"], Y[0]]))
    with torch.inference_mode():
        both = model._decode(model.net_, encoded.batch(np.arange(2)))
        alone = model._decode(model.net_, encoded.batch(np.array([0])))
    assert both[0, 0] == pytest.approx(alone[0, 0], abs=1e-4)
    assert (both[0, 1], both[1, 1]) == (5, 5 + 8)


def test_of_a_caption_too_long_what_comes_first_counts(model: Captioner) -> None:
    rows = model._encode(*model._checked(X[:1], [["red " * 5000]])).batch(np.arange(1))
    assert rows.targets.shape == (1, 101)
    assert int(rows.targets[0, -1]) == END


def test_large_images_are_looked_at_one_by_one() -> None:
    assert [images_at_once(size) for size in (16, 64, 128, 512, 1024)] == [64, 64, 64, 4, 1]


def test_captions_of_three_words_choose_an_epoch_too() -> None:
    """Their BLEU-4 is 0 however right they are: chrF chooses."""
    dark, light = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    settings: dict[str, Any] = {"hidden_size": 16, "embedding_size": 8, "channels": 8, "image_size": 16, "threads": 1}
    settings |= {"epochs": 20, "batch_size": 4, "learning_rate": 0.02, "dropout": 0.0, "augmentation": None}
    model = Captioner(**settings).fit([dark, light] * 8, ["a dark night", "a light day"] * 8)
    assert model.predict([light, dark]) == ["a light day", "a dark night"]
