"""Korean morphemes by kiwipiepy, the only file that knows it: all of them, or the words that carry the content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import Any, ClassVar

from gyeol.errors import MissingExtraError, ModelError
from gyeol.inputs.tokens.base import Token, Tokenizer
from gyeol.inputs.tokens.user_dictionary import Entry, checked_tags, read_dictionary

__all__ = ["CONTENT_TAGS", "Content", "Morpheme"]

#: What `Content` keeps: nouns, names, numerals, roots, verbs, adjectives (and 아니다), adverbs; words in other scripts,
#: numbers, hashtags.
CONTENT_TAGS = ("NNG", "NNP", "NR", "XR", "VV", "VA", "VCN", "MAG", "SL", "SH", "SN", "W_HASHTAG")

_NOUNS = ("NNG", "NNP", "NNB", "NR", "NP", "SL", "SH")
_LIGHT = ("하", "되", "시키", "당하", "받")  # what makes a verb of a noun: the noun says it all
_MADE = {"XSV": "VV", "XSA": "VA"}  # what a suffix makes of a noun or a root
_CHUNK = 1000  # texts analysed at once


@cache
def _kiwi() -> Any:
    """Load the analyser once a process: it takes some four seconds and half a gigabyte."""
    try:
        from kiwipiepy import Kiwi
    except ImportError:
        raise MissingExtraError("the tokenizers 'morpheme' and 'content'", "kiwipiepy", "korean") from None
    return Kiwi()


@lru_cache(maxsize=2)
def _with_words(entries: tuple[Entry, ...]) -> Any:
    """Load an analyser of its own for a user's words: what one is taught, all who share it would know."""
    _kiwi()  # says what is missing
    from kiwipiepy import Kiwi

    kiwi = Kiwi()
    for word, tag, score in entries:
        kiwi.add_user_word(word, tag, score)
    return kiwi


class Morpheme(Tokenizer):
    """One token a morpheme, as its surface form: ``"먹었다"`` is ``먹 었 다``.

    Where two morphemes share a syllable (``"갔다"``: 가 + 었 + 다) both carry that syllable's span.

    Parameters
    ----------
    lowercase : bool
        Lower-case the text first.
    user_dictionary : path, or sequence of words, optional
        Words that the analyser does not know: see `gyeol.inputs.tokens.user_dictionary.read_dictionary`. They are
        read once and kept with the model.
    keep_tags, stop_tags : sequence of str, optional
        Parts of speech that are kept, and of these the ones left out: Kiwi's tags (``"NNG"``) or their beginnings
        (``"N"``).
    """

    name = "morpheme"
    joint: ClassVar[str] = " "
    settings: ClassVar[tuple[str, ...]] = ("user_dictionary", "keep_tags", "stop_tags")
    #: What is kept where ``keep_tags`` is not given; None for all.
    kept: ClassVar[tuple[str, ...] | None] = None

    def __init__(
        self,
        *,
        lowercase: bool = False,
        user_dictionary: Any = None,
        keep_tags: Sequence[str] | str | None = None,
        stop_tags: Sequence[str] | str | None = None,
    ) -> None:
        super().__init__(lowercase=lowercase)
        self.entries = read_dictionary(user_dictionary) if user_dictionary is not None else ()
        self.keep_tags = self.kept if keep_tags is None else checked_tags("keep_tags", keep_tags)
        self.stop_tags = () if stop_tags is None else checked_tags("stop_tags", stop_tags)

    def cut(self, text: str) -> list[Token]:
        """Cut into morphemes."""
        return self._tokens(self._analyser().tokenize(text)) if text.strip() else []

    def tokenize_many(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Cut many texts on all cores, a thousand at a time."""
        texts = iter(texts)
        while chunk := [self._normal(text) for text in islice(texts, _CHUNK)]:
            for analysed in self._analyser().tokenize(chunk):
                yield [token.text for token in self._tokens(analysed)]

    def plain(self) -> str:
        """Say what stands for it in a model's settings: its name, for a model keeps all that it knows."""
        return self.name if type(self) in (Morpheme, Content) else f"own:{self.name}"

    def given(self) -> dict[str, Any]:
        """Return the user's words and the tags that differ from the defaults."""
        state = self.state()
        return {"user_dictionary": state.get("dictionary"), **{n: state.get(n) for n in ("keep_tags", "stop_tags")}}

    def state(self) -> dict[str, Any]:
        """Return the user's words and the tags, as JSON values; nothing where there are none."""
        state: dict[str, Any] = {}
        if self.entries:
            state["dictionary"] = [list(entry) for entry in self.entries]
        if self.keep_tags != self.kept:
            state["keep_tags"] = None if self.keep_tags is None else list(self.keep_tags)
        if self.stop_tags:
            state["stop_tags"] = list(self.stop_tags)
        return state

    def restore(self, state: dict[str, Any]) -> Morpheme:
        """Take over what `state` returned; returns self.

        Raises
        ------
        ModelError
            It is something else.
        """
        try:
            entries = [(word, tag, score + 0.0) for word, tag, score in state.get("dictionary", [])]
            self.entries = read_dictionary(entries) if entries else ()
            keep = state.get("keep_tags", self.kept)
            self.keep_tags = None if keep is None else checked_tags("keep_tags", keep)
            self.stop_tags = checked_tags("stop_tags", state.get("stop_tags", ()))
        except Exception as error:
            raise ModelError(f"the words and tags in tokenizer.json cannot be read: {error!r:.200}") from error
        return self

    def _analyser(self) -> Any:
        return _with_words(self.entries) if self.entries else _kiwi()

    def _is_kept(self, tag: str) -> bool:
        return (self.keep_tags is None or tag.startswith(self.keep_tags)) and not (
            self.stop_tags and tag.startswith(self.stop_tags)
        )

    def _tokens(self, analysed: Sequence[Any]) -> list[Token]:
        return [Token(t.form, t.start, t.start + t.len) for t in analysed if self._is_kept(t.tag)]


class Content(Morpheme):
    """One token a word with content, in the form in which a dictionary has it; no particles, endings, signs.

    ``"어제 러시아 가서 월드컵 관람했다"`` is ``어제 러시아 가다 월드컵 관람``. Verbs and adjectives end in 다,
    irregular ones too (도와: 돕다). A noun with 하다, 되다 or 시키다 is the noun. A root that is no noun is the
    adjective (깨끗하다), and so is what 스럽다, 롭다 and 답다 make of a noun (사랑스럽다). A prefix stays with its noun
    (비정상). Left out are auxiliary verbs (가고 싶다, 가 버리다), the copula 이다, pronouns, dependent nouns (것, 수),
    suffixes (들, 님), conjunctions and exclamations, unless ``keep_tags`` names them (VX, VCP, NP, NNB, XSN, MAJ, IC).

    Parameters
    ----------
    lowercase, user_dictionary, stop_tags
        As in `Morpheme`.
    keep_tags : sequence of str, optional
        Instead of `CONTENT_TAGS`.
    """

    name = "content"
    kept: ClassVar[tuple[str, ...] | None] = CONTENT_TAGS

    def _tokens(self, analysed: Sequence[Any]) -> list[Token]:
        found: list[Token] = []
        skip = 0
        for place, token in enumerate(analysed):
            if skip:
                skip -= 1
                continue
            tag, form, end = _plain(token.tag), _form(token), token.start + token.len
            following: Any = analysed[place + 1] if place + 1 < len(analysed) else None
            if following is not None and following.start == end:
                then, until = _plain(following.tag), following.start + following.len
                if tag == "XPN" and then in _NOUNS:
                    tag, form, end, skip = then, token.form + following.form, until, 1
                elif tag in (*_NOUNS, "XR", "MAG") and then in ("XSV", "XSA"):
                    skip = 1
                    if tag not in _NOUNS or following.form not in _LIGHT:
                        tag, form, end = _MADE[then], f"{token.form}{following.form}다", until
            if self._is_kept(tag):
                found.append(Token(form, token.start, end))
        return found


def _plain(tag: str) -> str:
    """Leave out whether a verb is irregular."""
    return tag.partition("-")[0]


def _form(token: Any) -> str:
    form: str = token.form
    return f"{form}다" if _plain(token.tag) in ("VV", "VA", "VX", "VCP", "VCN", "XSV", "XSA") else form
