"""Lists of words that say little."""

import pytest

from gyeol.errors import ParameterError
from gyeol.inputs import vectorizer
from gyeol.inputs.counts.stop_words import STOP_WORDS, stop_words


def test_every_list_holds_words() -> None:
    for name in STOP_WORDS:
        words = stop_words(name)
        assert len(words) > 50
        assert all(word and word == word.strip() for word in words)
    assert "the" in stop_words("english")


def test_korean_particles_are_left_out() -> None:
    made = vectorizer("dtm", tokenizer="morpheme", stop_words="korean").fit(
        ["나는 어제 러시아에 갔다가 월드컵을 관람했다"]
    )
    assert {"어제", "러시아", "월드컵", "관람"} <= set(made.vocabulary_)
    assert not {"에", "을", "었", "는"} & set(made.vocabulary_)


def test_a_name_that_is_none() -> None:
    with pytest.raises(ParameterError, match="did you mean 'english'"):
        stop_words("englisch")
