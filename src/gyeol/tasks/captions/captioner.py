"""One to many: an image becomes a sentence.

A convolutional net encodes a grid of positions; a decoder writes word by word and attends to the grid for each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol import engine, parameters
from gyeol.data.media.feature_grids import as_grids, load_grids
from gyeol.data.media.images import Picture, as_pictures, load_images
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.engine.search.beam import BeamSettings
from gyeol.errors import DataError
from gyeol.explain import CaptionMap
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.inputs import TextInput, tokenizer_rule
from gyeol.inputs.pixels import AUGMENTATIONS
from gyeol.inputs.text_pairs import check_end, text_of
from gyeol.layers import ResidualNet, score_rule
from gyeol.layers.backbone import Backbone, grid_of, is_encoder, make_encoder
from gyeol.parameters import choice, fraction, positive, switch, whole
from gyeol.tasks.base import Encoded, Estimator
from gyeol.tasks.captions.images import encoded, grid_in, images_at_once
from gyeol.tasks.captions.inquiry import caption_inquiry
from gyeol.tasks.captions.net import CaptionBatch, CaptionerNet, search
from gyeol.tasks.captions.rows import LONGEST, Caption, CaptionRows, by_consensus, caption_of, checked_captions
from gyeol.tasks.checks import checked_texts
from gyeol.tasks.hyperparameters import TextParameters, estimator, hyperparameter
from gyeol.tasks.outcomes.texts import caption_outcomes

__all__ = ["Caption", "Captioner"]

_SHOWN = 256  # pixels either way of an image that is explained, at least
_WARMUP = 0.05  # of the training: at the full rate a net without weights would diverge


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class Captioner(TextParameters, Estimator):
    """Learn to describe images from images and captions of them (Xu et al. 2015).

    The learning rate rises over the first twentieth of the training. The best epoch has the highest BLEU, or chrF where
    captions have fewer than four words.

    Attributes
    ----------
    net_, inputs_
        The trained network; tokenizer and vocabulary of the captions.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.

    Examples
    --------
    >>> dark, light = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    >>> model = Captioner(hidden_size=16, embedding_size=8, channels=8, image_size=16, epochs=20, batch_size=4,
    ...                   learning_rate=0.02, dropout=0.0, augmentation=None)
    >>> model.fit([dark, light] * 8, ["a dark night", "a light day"] * 8).predict([light])
    ['a light day']
    """

    task: ClassVar[str] = "caption"
    monitor: ClassVar[str] = "bleu"
    usage: ClassVar[str] = "gyeol predict {} photo.jpg"

    hidden_size: int = hyperparameter(256, whole(1, 1 << 16), "Units of a layer of the decoder.")
    attention: str | None = hyperparameter(
        "global", choice(("global", None)), "Attend to the image anew for every word; None: read its mean, once."
    )
    tokenizer: Any = hyperparameter("word", tokenizer_rule(auto=False), "Of captions: a name, class or Tokenizer.")
    min_count: int = hyperparameter(2, whole(1), "Words seen less often are unknown, and never written.")
    epochs: int = 30
    batch_size: int = hyperparameter(16, whole(1), "Images of a batch, each with up to five of its captions.")
    learning_rate: float = 0.001
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    patience: int = 10
    encoder: str = hyperparameter(
        "residual",
        is_encoder,
        'Encodes images: ``"residual"``, a small net trained with the rest; ``"timm:NAME"``, ``"torchvision:NAME"``, '
        'nets of those libraries. ``"features"``: X holds features in place of images.',
    )
    pretrained: bool = hyperparameter(False, switch, "Let such a library download its trained weights.")
    image_size: int = hyperparameter(64, whole(8, 1024), "Pixels either way, to which images are cropped and scaled.")
    channels: int = hyperparameter(
        32, whole(1, 1 << 12), "Of the residual net's first stage; the others have two and four times as many."
    )
    augmentation: str | None = hyperparameter(
        "shift",
        choice(AUGMENTATIONS),
        'How images vary in training: ``"shift"``, position and colour a little; ``"flip"``, also mirrored, which '
        'captions that mention left and right forbid; ``"turn"``, also rotated by quarters.',
    )
    zoom: float = hyperparameter(0.0, fraction(), "In training, crop and enlarge images by up to this share.")
    balance: float = hyperparameter(
        0.0, positive(zero=True), "Weight of the penalty on uneven attention (Xu et al. 2015, equation 14)."
    )
    naming: float = hyperparameter(
        1.0,
        positive(zero=True),
        "Weight of the loss of predicting the words of an image's captions from the image alone (You et al. 2016, "
        "section 3.2, with words as attributes): from this the encoder learns soonest.",
    )
    label_smoothing: float = hyperparameter(0.0, fraction(), "Share of a target's weight spread over all words.")
    attention_score: Any = hyperparameter("additive", score_rule(), "The score of a position: as in `Translator`.")
    consensus: int = hyperparameter(
        0, whole(0, 100), "Of so many captions of a beam, write the one most like all others; 0: the most probable."
    )

    net_: CaptionerNet = field(init=False)
    inputs_: TextInput = field(init=False)
    grid_: tuple[int, int, int] = field(init=False)
    standardize_: bool = field(init=False)
    _monitor: str = field(init=False)
    _encoder: nn.Module | None = field(init=False)  # of the net to build, with pretrained weights perhaps
    _shares: Tensor | None = field(init=False)  # of images that have each word, which the net to build starts from

    # What training needs.

    def _pictures(self, X: Any) -> list[Picture]:
        return as_grids(X) if self.encoder == "features" else as_pictures(X)

    def _checked(self, X: Any, y: Any) -> tuple[list[Picture], list[list[str]]]:
        pictures = self._pictures(X)
        return pictures, checked_captions(y, len(pictures))

    def _settings(self) -> engine.Settings:
        return replace(super()._settings(), warmup=_WARMUP, monitor=self._monitor)

    def _fit_inputs(self, X: list[Picture], y: list[list[str]]) -> None:
        engine.captioning(["a"], [["a"]])  # whether captions can be measured should show before a training, not after
        self.standardize_, self._encoder = True, None
        if self.encoder == "features":
            height, width, depth = load_grids(X[:1]).shape[1:]
            self.grid_ = height, width, depth
        else:
            self._encoder = encoder = self._make_encoder(pretrained=bool(self.pretrained))
            self.grid_ = grid_of(encoder, int(self.image_size))
        texts = [text for captions in y for text in captions]
        self._monitor = "bleu" if sum(len(text.split()) for text in texts) >= 4 * len(texts) else "chrf"
        least = int(self.min_count) if len(texts) >= 1000 else 1
        self.inputs_ = TextInput(tokenizer=self.tokenizer, lowercase=bool(self.lowercase), min_count=least).fit(texts)
        self.inputs_.vocabulary = self.inputs_.vocabulary.with_end()
        self._shares = CaptionRows(self.inputs_, y).shares(len(self.inputs_.vocabulary))

    def _make_encoder(self, *, pretrained: bool) -> ResidualNet | Backbone:
        return make_encoder(
            str(self.encoder), size=int(self.image_size), channels=int(self.channels), pretrained=pretrained,
            precision=self._layer_precision, standardize=self.standardize_,
        )  # fmt: skip

    def _encode(self, X: list[Picture], y: list[list[str]] | None) -> Encoded:
        return self._encoded(X, y, training=False)

    def _encode_training(self, X: list[Picture], y: list[list[str]]) -> Encoded:
        return self._encoded(X, y, training=True, augmentation=self.augmentation, zoom=float(self.zoom))

    def _encoded(self, X: list[Picture], y: list[list[str]] | None, **training: Any) -> Encoded:
        features, size = self.encoder == "features", int(self.image_size)
        pixels = load_grids(X, self.grid_) if features else load_images(X, size)
        captions = None if y is None else CaptionRows(self.inputs_, y)
        return encoded(
            pixels, captions, features=features, together=images_at_once(size), dtype=self._dtype(), **training
        )

    def _build(self) -> nn.Module:
        encoder, shares = self._encoder, self._shares
        self._encoder = self._shares = None
        if encoder is None and self.encoder != "features":
            encoder = self._make_encoder(pretrained=False)
        net = CaptionerNet(
            len(self.inputs_.vocabulary), self.grid_, encoder, **self._layers(),
            embedding_size=int(self.embedding_size), attention=self.attention is not None,
            attention_score=self.attention_score,
        )  # fmt: skip
        if shares is not None:
            net.expect(shares)
        return net

    def _loss(self, net: Any, batch: CaptionBatch) -> engine.StepLoss:
        settings: dict[str, Any] = {"precision": self._softmax_precision}
        settings |= {"balance_weight": float(self.balance), "naming_weight": float(self.naming)}
        return engine.StepLoss(net.loss_of(batch, label_smoothing=float(self.label_smoothing), **settings))

    def _decode(self, net: Any, batch: CaptionBatch) -> npt.NDArray[np.generic]:
        """Return the loss of each image's captions, their number of words, and what greedy search writes."""
        rows = np.empty((len(batch), 3), dtype=object)
        if len(batch.owners):
            rows[:, 0], rows[:, 1] = net.losses(batch)
        found = search(net, batch.images, BeamSettings(1, max_length=LONGEST))
        rows[:, 2] = [text_of(self.inputs_, row[0].tokens) if row else "" for row in found]
        return rows

    def _score(self, outputs: npt.NDArray[Any], y: list[list[str]]) -> dict[str, float]:
        loss = float(outputs[:, 0].sum() / outputs[:, 1].sum())
        figures = engine.captioning(outputs[:, 2].tolist(), y)
        return {"loss": loss, "perplexity": float(np.exp(min(loss, 700.0))), **figures}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"grid": list(self.grid_), "standardize": self.standardize_}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.grid_ = grid_in(learned)
        self.standardize_ = learned.get("standardize") is True  # unknown to older models
        self._encoder = self._shares = None
        custom = self.tokenizer if not isinstance(self.tokenizer, str) else None
        self.inputs_ = TextInput.restored(inputs, tokenizer=custom)
        check_end(self.inputs_)

    # What a trained model does.

    def captions(
        self, X: Any, *, beam_size: int = 5, n_best: int = 1, length_penalty: float = 1.0, max_length: int = LONGEST,
        block_ngrams: int = 0, consensus: int | None = None,
    ) -> list[list[Caption]]:  # fmt: skip
        """Write the ``n_best`` captions of every image, best first, with scores and attention.

        Parameters
        ----------
        X : sequence of paths, arrays of uint8 (height, width, 3), or Pillow's images
            With ``encoder="features"``, of arrays (P, D) or (height, width, D), or .npy and .npz files.
        beam_size, n_best, length_penalty, max_length, block_ngrams
            As in `gyeol.engine.BeamSettings`; a beam of size 1 is greedy.
        consensus : int, optional
            As in the constructor, which sets the default.

        Raises
        ------
        DataError
            An image cannot be read.
        ParameterError
            A setting is out of range.
        """
        how = BeamSettings(beam_size, length_penalty, 0.0, n_best, 0, max_length, block_ngrams)
        consensus = self.consensus if consensus is None else consensus
        parameters.check({"consensus": consensus}, {"consensus": self.rules["consensus"]})
        if consensus:
            how = replace(how, size=max(beam_size, consensus), n_best=max(n_best, consensus))
        self._ready()
        pictures = self._pictures(X)
        grid = None if self.attention is None else self.grid_[:2]
        found: list[list[Caption]] = []
        with self._session(), torch.inference_mode():
            size = images_at_once(int(self.image_size))
            for first in range(0, len(pictures), size):
                some = pictures[first : first + size]
                batch = self._encode(some, None).batch(np.arange(len(some)))
                for hypotheses in search(self.net_, batch.images, how):
                    captions = [caption_of(each, self.inputs_, grid) for each in hypotheses]
                    found.append((by_consensus(captions) if consensus else captions)[:n_best])
        return found

    def predict(self, X: Any) -> list[str]:
        """Write the best caption of every image, with a beam of 5."""
        return [found[0].text if found else "" for found in self.captions(X)]

    def map(self, image: Any, *, beam_size: int = 5) -> CaptionMap:
        """Show the attention of each word of an image's caption, over the image.

        Raises
        ------
        DataError
            The model has no attention, or reads features and no image.
        """
        self._ready()
        picture = self._image_of(image)
        ((best, *_),) = self.captions([picture], beam_size=beam_size)
        if best.attention is None:
            raise DataError("this model has no attention (attention=None): train one with attention='global'")
        weights = best.attention.detach().double().numpy()
        return CaptionMap(picture.load(max(_SHOWN, int(self.image_size))), tuple(best.words), weights, best.text)

    def _image_of(self, image: Any) -> Picture:
        if self.encoder == "features":
            raise DataError("this model sees ready features: there is no image to lay its attention on")
        (picture,) = self._pictures([image])
        return picture

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        picture = self._image_of(x)
        (found,) = self.captions([picture])
        words, tokens = found[0].words[:-1] if found else [], self.inputs_.vocabulary.tokens
        numbers, of = self.inputs_.vocabulary.encode(words).tolist(), "the caption"
        if target is not None:
            numbers, of = self.inputs_.encode(checked_texts([target]))[0].tolist(), "the given caption"
        batch = self._encode([picture], None).batch(np.arange(1))
        with torch.no_grad():
            values = self.net_.grid_of(batch.images)
        return caption_inquiry(
            picture.load(max(_SHOWN, int(self.image_size))), values, self.grid_[:2], found[0].text if found else "",
            numbers, [tokens[number] for number in numbers], position, of=of, vocabulary=len(tokens),
        )  # fmt: skip

    def score(self, X: Any, y: Any) -> float:
        """Return BLEU of up to four words, from 0 to 100."""
        return float(self.evaluate(X, y)["bleu"])

    def evaluate(self, X: Any, y: Any, *, beam_size: int = 5, **settings: Any) -> dict[str, Any]:
        """Return the figures on images and their captions, as `gyeol.engine.captioning` counts them.

        bleu_1 to bleu_4, bleu (of four), chrf, exact; perplexity and loss of the given captions; count, beam_size,
        consensus. The arguments of the search are those of `captions`.
        """
        self._ready()
        pictures, captions = self._checked(X, y)
        with self._session():
            outputs = self._outputs(self._encode(pictures, captions))
        settings = {"beam_size": beam_size, "consensus": self.consensus, **settings}
        outputs[:, 2] = [found[0].text if found else "" for found in self.captions(pictures, **settings)]
        return {**self._score(outputs, captions), "count": len(pictures), **settings}

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        self._ready()
        pictures, captions = self._checked(X, y)
        with self._session():
            outputs: Any = self._outputs(self._encode(pictures, captions))
        return caption_outcomes(self.predict(pictures), captions, outputs[:, 0], outputs[:, 1])

    def describe_data(self) -> dict[str, str]:
        """Describe words and images for the model card."""
        seen = "ready features" if self.encoder == "features" else f"{self.image_size} x {self.image_size} pixels"
        words = f"{len(self.inputs_.vocabulary):,} ({self.inputs_.tokenizer.name})"
        return {"words": words, "images": f"{seen}, {self.grid_[0]} x {self.grid_[1]} places"}
