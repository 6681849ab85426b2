"""Explanations in a terminal: shaded words, rows of blocks, whatever the text and the width."""

from __future__ import annotations

import re
from dataclasses import replace
from unicodedata import category

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError, ParameterError
from gyeol.data.text_width import text_width
from gyeol.explain.explanation import Attention, Explanation, Reading
from gyeol.explain.rendering.rows import Row, block_rows, blocks
from gyeol.explain.rendering.terminal import SHOWN

from .examples import (
    attributions,
    every_kind,
    of_image,
    of_language,
    of_series,
    of_sound,
    of_text,
    of_translation,
    shares,
    trace,
)

PAINT = re.compile("\x1b\\[[0-9;]+m")
HOSTILE = st.text(st.characters() | st.sampled_from("\ud800\u202e\u0301👩‍👩‍👧가\x1b\n\t "), max_size=12)


def hostile(words: list[str]) -> Explanation:
    text, spans = "", []
    for word in words:
        spans.append((len(text), len(text) + len(word)))
        text += word + " "
    steps, rows = len(words), [words[0], words[-1]]
    weights = np.full((2, steps), 1 / steps)
    return Explanation(
        "x", "text", words[0], words, text, spans, {word: 0.5 for word in words}, attributions(steps, words[-1]),
        [Attention(words[0], rows, weights)], [trace(steps, 3)], Reading([steps], [[0.4]], [words[0]]), words[0],
        output=rows, notes=words,
    )  # fmt: skip


@given(st.lists(HOSTILE, min_size=1, max_size=8), st.integers(20, 100), st.sampled_from([None, *SHOWN]))
@settings(max_examples=120, deadline=None)
def test_nothing_acts_on_the_terminal_and_rows_fit(words: list[str], width: int, show: str | None) -> None:
    seen = hostile(words)
    for colour in (False, True):
        lines = PAINT.sub("", seen.to_terminal(colour=colour, show=show, width=width)).split("\n")
        assert not {"Cc", "Cf", "Zl", "Zp"} & {category(c) for line in lines for c in line}
        before = PAINT.sub("", seen.to_terminal(colour=colour, width=width)).split("\n")
        if show is not None:
            assert all(text_width(line) <= width for line in lines[len(before) :])


def test_words_are_marked_with_and_without_colour() -> None:
    seen = of_text()
    plain = seen.to_terminal(colour=False, width=80)
    assert "다시 [보고] (싶은) (영화,) (배우가) (정말) 좋았다" in plain
    assert plain.startswith("긍정   (긍정 0.930   부정 0.070)\n")
    assert "log-odds of 긍정: -0.200 with a blank input" in plain
    assert "3 tokens were unknown" in plain
    assert PAINT.sub("", seen.to_terminal(width=80)).count("보고") == 2
    assert "48;5;" in seen.to_terminal(width=80)
    assert seen.to_terminal(colour=False, width=80, top=1).count("+0.") == 1


@pytest.mark.parametrize(("name", "seen"), every_kind().items())
def test_every_kind_is_drawn(name: str, seen: Explanation) -> None:
    shown = seen.to_terminal(colour=False, width=60)
    assert shown.strip()
    has = {
        "gates": seen.layers,
        "attention": seen.attention,
        "gradients": [layer for layer in seen.layers if layer.gradients],
        "reading": seen.reading,
    }
    for show in SHOWN:
        if not has[show]:
            with pytest.raises(DataError, match=rf"cannot show .*this model .*--show {show}"):
                seen.to_terminal(show=show)
            continue
        more = seen.to_terminal(colour=False, width=60, show=show)
        if (seen.kind, show) == ("image", "attention"):  # shown once, with more places
            assert "% at row" not in more
            assert "star ← row 2, column" in more
            continue
        assert more.startswith(shown)
        assert any(block in more[len(shown) :] for block in "▁▂▃▄▅▆▇█░▒%")


def test_what_is_drawn_of_what_is_no_text() -> None:
    kinds = {name: seen.to_terminal(colour=False, width=60) for name, seen in every_kind().items()}
    assert "channel 2 -3..3" in kinds["series"]
    assert "loudness" in kinds["sound"]
    assert kinds["frames"].startswith("up ×6\n")
    assert "star  32 % at row 2 of 4" in kinds["image"]
    assert kinds["tags"].startswith("Ada/B-PER met/O 철수/B-PER")
    forecast = replace(of_series(), prediction=[[1.23456789, 2.0], [1.5, 2.5]])
    assert forecast.to_terminal(colour=False, width=60).startswith("1.23457, 2 1.5, 2.5")
    assert "I      ← 갔다 88 %" in of_translation().to_terminal(colour=False, show="attention", width=60)


def test_columns_follow_wide_words_and_long_inputs_are_squeezed() -> None:
    lines = block_rows(["가나", "a"], [Row("g", np.array([0.0, 1.0]), 0.0, 1.0, "x")], 20)
    assert lines == ["    가나 a", "g x ▁▁▁▁ █"]
    many = [str(n) for n in range(1000)]
    (line,) = block_rows(many, [Row("g", np.linspace(0, 1, 1000), 0.0, 1.0, "x")], 30)
    assert text_width(line) == 30
    assert line.startswith("g x ▁")
    assert line.endswith("█")
    assert blocks(np.array([3.0, 3.0]), 3.0, 3.0) == "▁▁"
    assert len(of_sound(400).to_terminal(colour=False, width=40, show="gates").split("\n")[-1]) == 40


def test_marks_name_what_they_speak_for_also_where_it_is_not_the_prediction() -> None:
    seen = of_text()
    assert "\n[word] supports 긍정, (word) opposes it\n" in seen.to_terminal(colour=False)
    assert "\nblue supports 긍정, orange opposes it\n" in seen.to_terminal()
    assert "The prediction is" not in seen.to_terminal()
    other = replace(seen, attributions=attributions(len(seen.tokens), "log-odds of 부정")).to_terminal(colour=False)
    assert other.startswith("긍정 ")
    assert "[word] supports 부정" in other
    assert "The prediction is 긍정, but what is shown is what supports 부정." in other
    several = replace(
        seen, prediction=["긍정", "부정"], attributions=attributions(len(seen.tokens), "log-odds of 부정")
    )
    assert "The prediction is" not in several.to_terminal()
    assert "The prediction is" in replace(several, prediction=["긍정"]).to_terminal()
    change = replace(seen, attributions=attributions(len(seen.tokens), "log-odds of 'a' in place of 'b'"))
    assert "The prediction is" not in change.to_terminal()


def test_tokens_and_answers_of_blanks_can_be_seen() -> None:
    shown = of_language().to_terminal(colour=False, width=80)
    assert shown.startswith("␣   (␣ 0.500   ⏎ 0.300   e 0.200)\n")
    assert "log-probability of ␣: " in shown
    assert "The prediction is" not in shown
    ended = replace(
        of_language(), prediction="\n", attributions=attributions(4, "log-probability of the end of the line")
    )
    assert ended.to_terminal(colour=False).startswith("⏎ ")
    assert "[word] supports ⏎" in ended.to_terminal(colour=False)


def test_lists_name_steps_and_end_where_a_terminal_does() -> None:
    steps = of_series(80)
    numbered = replace(
        steps, tokens=[str(n) for n in range(-80, 0)], attention=[Attention("summary", ["prediction"], shares(1, 80))]
    )
    shown = numbered.to_terminal(colour=False, width=60, show="attention")
    assert re.search(r"\+\d\.\d{3}  step -\d+\n", shown)
    assert re.search(r"prediction ← step -\d+ \d+\.\d %  step", shown)
    assert len(shown.split("\n")) < 40
    words = [f"낱말{n}" for n in range(30)]
    image = replace(of_image(), output=words, attention=[Attention("decoder", words, shares(30, 16))], layers=[])
    lines = image.to_terminal(colour=False, width=60, show="attention").split("\n")
    assert lines.count("… 6 more: the page shows all") == 1
    assert "… 6 more: the page shows all" in image.to_terminal(colour=False, width=60)
    assert not any("줄" in line for line in lines)
    assert "낱말0 ← row " in "\n".join(lines)


def test_a_long_title_of_gradients_is_wrapped() -> None:
    seen = replace(of_text(), loss="negative log-probability of " + "a long answer " * 6)
    shown = " ".join(seen.to_terminal(colour=False, width=40, show="gradients").split())
    assert "a long answer, logarithmic" in shown


def test_settings_are_checked() -> None:
    with pytest.raises(ParameterError, match=r"show='gate' is not known.*gates"):
        of_text().to_terminal(show="gate")
    with pytest.raises(ParameterError, match="width=10 must be"):
        of_text().to_terminal(width=10)
