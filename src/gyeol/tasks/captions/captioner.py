"""One to many: an image becomes a sentence.

A convolutional net sees a grid of places; a decoder writes word by word, and looks at the places anew for each.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol import engine, parameters
from gyeol.data.media.feature_grids import as_grids, load_grids
from gyeol.data.media.images import Picture, as_pictures
from gyeol.engine.search.beam import BeamSettings, Hypothesis, beam_search
from gyeol.errors import DataError
from gyeol.explain import CaptionMap
from gyeol.inputs import TextInput, tokenizer_rule
from gyeol.inputs.pixels import AUGMENTATIONS
from gyeol.inputs.targets import END, check_end, text_of
from gyeol.layers import CELLS, Cell, ResidualNet, score_rule
from gyeol.layers.backbone import Backbone, grid_of, is_encoder, make_encoder
from gyeol.parameters import Rule, choice, fraction, positive, switch, whole
from gyeol.tasks.base import TRAINING_RULES, Encoded, Estimator
from gyeol.tasks.captions.images import encoded, few, grid_in
from gyeol.tasks.captions.net import CaptionBatch, CaptionerNet, balance, naming_loss
from gyeol.tasks.captions.rows import LONGEST, Caption, CaptionRows, agreed, checked_captions, told
from gyeol.tasks.decoding import WriterSteps

__all__ = ["Caption", "Captioner"]

_WARMUP = 0.05  # of the training: a net that begins with nothing goes astray at the full rate


class Captioner(Estimator):
    """Learn to say what is to be seen from images and captions of them.

    Parameters
    ----------
    cell : str or class
        ``"rnn"``, ``"lstm"``, ``"gru"``, ``"gru_after"``, ``"lstm_norm"``, or a cell of your own.
    hidden_size, num_layers
        Units of a layer of the decoder; its layers.
    attention : {"global", None}
        Whether the decoder looks at the image anew for every word (Xu et al. 2015), or only once, at all of it.
    tokenizer : str, class or Tokenizer
        Of the captions.
    lowercase, min_count
        Lower-case the captions; words seen less often are unknown, and never written.
    embedding_size : int
        Length of a word's vector.
    dropout : float
        Share of features dropped, the same at every step and place; of whole words a quarter of it.
    batch_size, epochs, learning_rate, weight_decay, clip_norm
        Images of a batch, each with up to five of its captions; Adam, whose rate rises over the first twentieth of the
        training and then falls to zero along a half cosine.
    patience : int
        Stop after so many epochs without a higher validation BLEU (chrF where captions have fewer than four words).
    validation_fraction, averaging, time_limit
        Share held back for that; decay of the moving average of the weights; seconds.
    precision, threads, random_state, verbose
        As in `LanguageModel`.
    encoder : str
        What sees: ``"residual"``, a small net of ours; ``"features"``, where X holds ready features and no images;
        ``"timm:NAME"`` or ``"torchvision:NAME"``, a net of those libraries.
    pretrained : bool
        Let such a library fetch its trained weights from where it keeps them.
    image_size, channels : int
        Pixels either way, to which images are cut and shrunk; channels of the residual net's first stage, of which the
        others have two and four times as many.
    augmentation : {None, "shift", "flip", "turn"}
        How images are changed in training: moved and coloured a little; also seen in a mirror; also turned by quarters.
        Captions that speak of left and right bear no mirrors.
    zoom : float
        In training a part of each image is seen as large as the whole, its sides shorter by this share at most.
    balance : float
        How much it costs to look at some places more than at others (Xu et al. 2015, equation 14).
    naming : float
        How much it counts that the words of an image's captions can be told before any is written (You et al. 2016,
        section 3.2; the words themselves are the attributes): from this the encoder learns soonest.
    label_smoothing : float
        Share of a target's weight that all words have alike.
    attention_score : str, Score or class
        How well a place answers the decoder: as in `Translator`.
    consensus : int
        Of so many captions, found by a beam as wide, the one is written that all of them bear out best
        (`gyeol.engine.agreement`); 0: the most probable one.

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
    ask: ClassVar[str] = "gyeol predict {} photo.jpg"
    rules: ClassVar[dict[str, Rule]] = {
        "cell": choice(CELLS, own=Cell),
        "hidden_size": whole(1, 1 << 16),
        "num_layers": whole(1, 100),
        "attention": choice(("global", None)),
        "tokenizer": tokenizer_rule(auto=False),
        "lowercase": switch,
        "min_count": whole(1),
        "embedding_size": whole(1, 1 << 16),
        **TRAINING_RULES,
        "encoder": is_encoder,
        "pretrained": switch,
        "image_size": whole(8, 1024),
        "channels": whole(1, 1 << 12),
        "augmentation": choice(AUGMENTATIONS),
        "zoom": fraction(),
        "balance": positive(zero=True),
        "naming": positive(zero=True),
        "label_smoothing": fraction(),
        "attention_score": score_rule(),
        "consensus": whole(0, 100),
    }

    net_: CaptionerNet
    inputs_: TextInput
    grid_: tuple[int, int, int]
    standardize_: bool

    def __init__(
        self,
        *,
        cell: Any = "lstm",
        hidden_size: int = 256,
        num_layers: int = 1,
        attention: str | None = "global",
        tokenizer: Any = "word",
        lowercase: bool = False,
        min_count: int = 2,
        embedding_size: int = 128,
        dropout: float = 0.3,
        batch_size: int = 16,
        epochs: int = 30,
        learning_rate: float = 0.001,
        weight_decay: float = 0.01,
        clip_norm: float = 1.0,
        patience: int = 10,
        validation_fraction: float = 0.1,
        averaging: float = 0.99,
        time_limit: float | None = None,
        precision: str = "auto",
        threads: int | None = None,
        random_state: int | None = 0,
        verbose: bool = False,
        encoder: str = "residual",
        pretrained: bool = False,
        image_size: int = 64,
        channels: int = 32,
        augmentation: str | None = "shift",
        zoom: float = 0.0,
        balance: float = 0.0,
        naming: float = 1.0,
        label_smoothing: float = 0.0,
        attention_score: Any = "additive",
        consensus: int = 0,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.attention = attention
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.min_count = min_count
        self.embedding_size = embedding_size
        self.dropout = dropout
        self.batch_size = batch_size
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.averaging = averaging
        self.time_limit = time_limit
        self.precision = precision
        self.threads = threads
        self.random_state = random_state
        self.verbose = verbose
        self.encoder = encoder
        self.pretrained = pretrained
        self.image_size = image_size
        self.channels = channels
        self.augmentation = augmentation
        self.zoom = zoom
        self.balance = balance
        self.naming = naming
        self.label_smoothing = label_smoothing
        self.attention_score = attention_score
        self.consensus = consensus

    # What training asks for.

    def _pictures(self, X: Any) -> list[Picture]:
        return as_grids(X) if self.encoder == "features" else as_pictures(X)

    def _checked(self, X: Any, y: Any) -> tuple[list[Picture], list[list[str]]]:
        pictures = self._pictures(X)
        return pictures, checked_captions(y, len(pictures))

    def _settings(self) -> engine.Settings:
        return dataclasses.replace(super()._settings(), warmup=_WARMUP, monitor=self._watched)

    def _fit_inputs(self, X: list[Picture]) -> None:
        engine.captioning(["a"], [["a"]])  # whether it can be measured is better known before a training than after
        self.standardize_ = True
        if self.encoder == "features":
            height, width, depth = load_grids(X[:1]).shape[1:]
            self.grid_ = height, width, depth
            return
        self._encoder = self._sees(pretrained=bool(self.pretrained))
        self.grid_ = grid_of(self._encoder, int(self.image_size))

    def _sees(self, *, pretrained: bool) -> ResidualNet | Backbone:
        precision = "auto" if self.precision in ("auto", "bfloat16") else "float32"
        return make_encoder(
            str(self.encoder), size=int(self.image_size), channels=int(self.channels), pretrained=pretrained,
            precision=precision, standardize=self.standardize_,
        )  # fmt: skip

    def _fit_targets(self, y: list[list[str]]) -> None:
        texts = [text for some in y for text in some]
        self._watched = "bleu" if sum(len(text.split()) for text in texts) >= 4 * len(texts) else "chrf"
        least = int(self.min_count) if len(texts) >= 1000 else 1
        self.inputs_ = TextInput(tokenizer=self.tokenizer, lowercase=bool(self.lowercase), min_count=least).fit(texts)
        self.inputs_.vocabulary = self.inputs_.vocabulary.with_end()
        self._shares = CaptionRows(self.inputs_, y).shares(len(self.inputs_.vocabulary))

    def _encode(self, X: list[Picture], y: list[list[str]] | None) -> Encoded:
        return encoded(self, X, y, training=False)

    def _encode_training(self, X: list[Picture], y: list[list[str]]) -> Encoded:
        return encoded(self, X, y, training=True)

    def _build(self) -> nn.Module:
        encoder = self.__dict__.pop("_encoder", None)  # in training it is there already, perhaps with weights
        if encoder is None and self.encoder != "features":
            encoder = self._sees(pretrained=False)
        net = CaptionerNet(self, len(self.inputs_.vocabulary), self.grid_, encoder)
        if (shares := self.__dict__.pop("_shares", None)) is not None:
            net.expect(shares)
        return net

    def _loss(self, net: nn.Module, batch: CaptionBatch) -> engine.StepLoss:
        assert isinstance(net, CaptionerNet)
        vectors, targets, weights, _, named = net(batch)
        precision = "bfloat16" if self.precision in ("auto", "bfloat16") else "float32"
        loss = net.loss(vectors, targets, precision=precision, label_smoothing=float(self.label_smoothing))
        if self.balance and self.attention is not None:
            loss = loss + float(self.balance) * balance(weights, batch.lengths)
        if self.naming:
            loss = loss + float(self.naming) * naming_loss(named, batch.owners, batch.targets)
        return engine.StepLoss(loss)

    def _decode(self, net: nn.Module, batch: CaptionBatch) -> npt.NDArray[np.generic]:
        """Say of each image the loss of its captions, how many words they have, and what greedy search writes."""
        assert isinstance(net, CaptionerNet)
        rows = np.empty((len(batch), 3), dtype=object)
        if len(batch.owners):
            vectors, targets, _, packing, _ = net(batch)
            losses = nn.functional.cross_entropy(net.logits(vectors), targets, reduction="none")
            each = packing.scatter(losses.double().unsqueeze(1)).sum((1, 2))
            rows[:, 0] = torch.zeros(len(batch)).double().index_add_(0, batch.owners, each).tolist()
            rows[:, 1] = torch.zeros(len(batch)).long().index_add_(0, batch.owners, batch.lengths).tolist()
        found = self._searched(net, batch.images, BeamSettings(1, max_length=LONGEST))
        rows[:, 2] = [text_of(self.inputs_, row[0].tokens) if row else "" for row in found]
        return rows

    def _searched(self, net: CaptionerNet, images: Tensor, how: BeamSettings) -> list[list[Hypothesis]]:
        steps = WriterSteps(net, net.read(images)[0])
        return beam_search(steps, len(images), how, start=END, end=END, never=[0, 1])

    def _score(self, outputs: npt.NDArray[Any], y: list[list[str]]) -> dict[str, float]:
        loss = float(outputs[:, 0].sum() / outputs[:, 1].sum())
        figures = engine.captioning(outputs[:, 2].tolist(), y)
        return {"loss": loss, "perplexity": float(np.exp(min(loss, 700.0))), **figures}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"grid": list(self.grid_), "standardize": self.standardize_}, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.grid_ = grid_in(learned)
        self.standardize_ = learned.get("standardize") is True  # there was no such thing once
        own = None if isinstance(self.tokenizer, str) else self.tokenizer
        self.inputs_ = TextInput.restored(inputs, tokenizer=own)
        check_end(self.inputs_)

    # What a user asks for.

    def captions(
        self,
        X: Any,
        *,
        beam_size: int = 5,
        n_best: int = 1,
        length_penalty: float = 1.0,
        max_length: int = LONGEST,
        block_ngrams: int = 0,
        consensus: int | None = None,
    ) -> list[list[Caption]]:
        """Write the ``n_best`` captions of every image, best first, with scores and attention.

        Parameters
        ----------
        X : sequence of paths, arrays of uint8 (height, width, 3), or Pillow's images
            With ``encoder="features"``, of arrays (P, D) or (height, width, D), or .npy and .npz files.
        beam_size, n_best, length_penalty, max_length, block_ngrams
            As in `gyeol.engine.BeamSettings`; of size 1 the search is greedy.
        consensus : int, optional
            As in the constructor, whose number counts where none is given here.

        Raises
        ------
        DataError
            An image cannot be read.
        ParameterError
            A setting cannot be.
        """
        how = BeamSettings(beam_size, length_penalty, 0.0, n_best, 0, max_length, block_ngrams)
        many: int = self.consensus if consensus is None else consensus
        parameters.check({"consensus": many}, {"consensus": self.rules["consensus"]})
        if many:
            how = dataclasses.replace(how, size=max(beam_size, many), n_best=max(n_best, many))
        self._ready()
        pictures = self._pictures(X)
        grid = None if self.attention is None else self.grid_[:2]
        found: list[list[Caption]] = []
        with self._session(), torch.inference_mode():
            for first in range(0, len(pictures), few(int(self.image_size))):
                some = pictures[first : first + few(int(self.image_size))]
                batch = self._encode(some, None).batch(np.arange(len(some)))
                for hypotheses in self._searched(self.net_, batch.images, how):
                    captions = [told(each, self.inputs_, grid) for each in hypotheses]
                    found.append((agreed(captions) if many else captions)[:n_best])
        return found

    def predict(self, X: Any) -> list[str]:
        """Write the best caption of every image, with a beam of 5."""
        return [found[0].text if found else "" for found in self.captions(X)]

    def explain(self, image: Any, *, beam_size: int = 5) -> CaptionMap:
        """Show where the model looked for each word of an image's caption.

        Raises
        ------
        DataError
            The model has no attention, or sees ready features and no image.
        """
        self._ready()
        if self.encoder == "features":
            raise DataError("this model sees ready features: there is no image to lay its attention on")
        (picture,) = self._pictures([image])
        ((best, *_),) = self.captions([picture], beam_size=beam_size)
        if best.attention is None:
            raise DataError("this model has no attention (attention=None): train one with attention='global'")
        looked = best.attention.detach().double().numpy()
        return CaptionMap(picture.load(max(256, int(self.image_size))), tuple(best.words), looked, best.text)

    def score(self, X: Any, y: Any) -> float:
        """Return BLEU of up to four words, from 0 to 100."""
        return float(self.evaluate(X, y)["bleu"])

    def evaluate(self, X: Any, y: Any, *, beam_size: int = 5, **search: Any) -> dict[str, Any]:
        """Return the figures on images and their captions, as `gyeol.engine.captioning` counts them.

        bleu_1 to bleu_4, bleu (of four), chrf, exact; perplexity and loss of the given captions; count, beam_size,
        consensus. How to search is named as in `captions`.
        """
        self._ready()
        pictures, captions = self._checked(X, y)
        with self._session():
            outputs = self._outputs(self._encode(pictures, captions))
        search = {"beam_size": beam_size, "consensus": self.consensus, **search}
        outputs[:, 2] = [found[0].text if found else "" for found in self.captions(pictures, **search)]
        return {**self._score(outputs, captions), "count": len(pictures), **search}

    def describe_data(self) -> dict[str, str]:
        """What the model card says of words and images."""
        seen = "ready features" if self.encoder == "features" else f"{self.image_size} x {self.image_size} pixels"
        words = f"{len(self.inputs_.vocabulary):,} ({self.inputs_.tokenizer.name})"
        return {"words": words, "images": f"{seen}, {self.grid_[0]} x {self.grid_[1]} places"}
