"""How `SpeechRecognizer` searches: for any letters, or for words of a lexicon, with or without a language model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gyeol.engine.search.ctc import CTCSettings, GreedySearch, PrefixSearch, ctc_search
from gyeol.engine.search.lexicon import Lexicon
from gyeol.errors import DataError
from gyeol.tasks.speech.language import LanguageScorer

if TYPE_CHECKING:
    from gyeol.inputs.sound.recordings import SpeechInput
    from gyeol.tasks.language.model import LanguageModel

__all__ = ["Search", "lexicon_of", "search_for"]

Search = GreedySearch | PrefixSearch


def search_for(
    inputs: SpeechInput,
    settings: CTCSettings,
    language_model: LanguageModel | None,
    lexicon: Iterable[str] | None,
) -> Callable[[], Search]:
    """Return what starts the search for one recording; the arguments are those of `SpeechRecognizer.transcribe`."""
    scorer = None if language_model is None else LanguageScorer(language_model, inputs)
    words = None if lexicon is None else lexicon_of(lexicon, inputs)
    return lambda: ctc_search(settings, scorer, words)


def lexicon_of(texts: Iterable[str], inputs: SpeechInput) -> Lexicon:
    """Spell the words of texts, separated by white space, in a recognizer's letters.

    Raises
    ------
    DataError
        These are no texts; they hold no word, or one with a letter that the recognizer cannot write.
    """
    texts = [texts] if isinstance(texts, str) else list(texts)
    for text in texts:
        if not isinstance(text, str):
            raise DataError(f"the lexicon holds {text!r:.40}; expected words: ['yes', 'no']")
    words = list(dict.fromkeys(word for text in texts for word in text.split()))
    known = inputs.text.vocabulary
    letters = list(inputs.tokenizer.tokenize_many(words))
    strange = [
        (word, letter) for word, row in zip(words, letters, strict=True) for letter in row if letter not in known
    ]
    if strange:
        word, letter = strange[0]
        others = len({word for word, _ in strange}) - 1
        more = f" (nor {others:,} more of its words)" if others else ""
        raise DataError(f"the lexicon's word {word!r:.60}{more} cannot be written: the model has no letter {letter!r}")
    space = int(known.encode([" "])[0]) if " " in known else None
    return Lexicon((known.encode(row).tolist() for row in letters), space)
