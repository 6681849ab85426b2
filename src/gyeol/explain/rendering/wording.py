"""What pages and pictures of explanations say, in Korean and in English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gyeol.explain.attention.labels import in_korean, token_label
from gyeol.explain.drawing.fonts import has_hangul
from gyeol.explain.rendering.contents import json_value

if TYPE_CHECKING:
    from gyeol.explain.explanation import Explanation

__all__ = [
    "WORDING", "answer_differs", "attention_name", "attention_rows", "key_text", "language_of", "marks_text",
    "note_text", "reading_names", "score_text", "spoken_for",
]  # fmt: skip

WORDING: dict[str, dict[str, str]] = {
    "ko": {
        "why": "왜 ‘{}’인가",
        "classes": "확률",
        "input": "입력",
        "output": "출력",
        "step": "위치",
        "shade": "바탕색",
        "key": "파란 바탕과 실선은 ‘{}’ 쪽으로, 주황 바탕과 점선은 반대쪽으로 기울게 한 것입니다.",
        "key of a value": "파란 바탕과 실선은 값을 높인 것, 주황 바탕과 점선은 낮춘 것입니다 ({}).",
        "other": "예측은 ‘{0}’이지만, 여기에 보이는 것은 ‘{1}’에 대한 설명입니다.",
        "table": "숫자로 보기",
        "attribution": "기여도",
        "attributions": "기여도",
        "integrated gradients": "적분 기울기",
        "occlusion": "가림",
        "exact": "정확한 합",
        "attention": "어텐션",
        "unit": "유닛",
        "units": "유닛 {}개",
        "gradient": "기울기 크기",
        "none": "없음",
        "layers": "게이트와 기억",
        "layer": "층",
        "nth layer": "{}층",
        "forward": "앞에서부터",
        "reverse": "뒤에서부터",
        "recurrent": "순환층",
        "encoder": "인코더",
        "decoder": "디코더",
        "summary": "요약",
        "left": "왼쪽",
        "right": "오른쪽",
        "language": "언어 모델",
        "quantity": "값",
        "forget": "망각 게이트",
        "update": "갱신 게이트",
        "reset": "리셋 게이트",
        "candidate": "후보 기억",
        "hidden": "은닉 상태 h",
        "cell": "셀 상태 C",
        "gate input": "입력 게이트",
        "gate output": "출력 게이트",
        "all": "모든 유닛의 평균",
        "busiest": "많이 움직이는 유닛부터",
        "strongest": "가장 큰 곳",
        "at step": "이 위치의 게이트와 기억",
        "mean": "평균",
        "spread": "10–90 %",
        "over": "유닛이 따라가는 것",
        "read": "읽어 가는 동안의 예측",
        "gradients": "각 위치의 기울기 크기",
        "loss": "{}의 기울기",
        "log": "로그 눈금",
        "looked": "본 곳",
        "label": "표지",
        "sum": "빈 입력일 때 {:+.3f}, 이 입력일 때 {:+.3f} · {} · {}",
        "shown": "{1:,}개 유닛 중 {0:,}개: 가장 많이와 가장 적게 움직이는 것. 평균과 분위수는 모든 유닛의 것",
        "keys": "←, →로 위치를, ↑, ↓로 유닛을 옮깁니다. 글자, 그래프, 색판을 눌러도 됩니다.",
        "script": "자바스크립트를 켜면 게이트, 기억, 기울기, 어텐션을 위치마다 볼 수 있습니다.",
        "band": "띠: 유닛의 10–90 %",
        "cells": "가로 위치, 세로 유닛",
        "open": "파랑 열린 게이트(1), 하양 0.5, 주황 닫힌 게이트(0)",
        "sign": "파랑 0보다 큼, 주황 0보다 작음",
        "notes": "참고",
        "channel": "채널",
        "mel": "로그 멜 스펙트로그램",
        "image": "그림",
        "frames": "영상 프레임",
        "part": "처음 {:,}줄",
    },
    "en": {
        "why": "Why “{}”",
        "classes": "Probabilities",
        "input": "Input",
        "output": "Output",
        "step": "Step",
        "shade": "Shade by",
        "key": "Blue with a solid line supports {}, orange with a dotted line opposes it.",
        "key of a value": "Blue with a solid line raises {}, orange with a dotted line lowers it.",
        "other": "The prediction is {0}, but what is shown is what supports {1}.",
        "table": "As numbers",
        "attribution": "attribution",
        "attributions": "attributions",
        "integrated gradients": "integrated gradients",
        "occlusion": "occlusion",
        "exact": "exact sum",
        "attention": "attention",
        "unit": "unit",
        "units": "{} units",
        "gradient": "gradient norm",
        "none": "nothing",
        "layers": "Gates and memory",
        "layer": "Layer",
        "nth layer": "layer {}",
        "forward": "forward",
        "reverse": "reverse",
        "recurrent": "recurrent",
        "encoder": "encoder",
        "decoder": "decoder",
        "summary": "summary",
        "left": "left",
        "right": "right",
        "language": "language",
        "quantity": "Quantity",
        "forget": "forget gate",
        "update": "update gate",
        "reset": "reset gate",
        "candidate": "candidate",
        "hidden": "hidden state h",
        "cell": "cell state C",
        "gate input": "input gate",
        "gate output": "output gate",
        "all": "mean of all units",
        "busiest": "busiest units first",
        "strongest": "Strongest at",
        "at step": "Gates and memory at this step",
        "mean": "mean",
        "spread": "10–90 %",
        "over": "What the unit follows",
        "read": "The prediction while reading",
        "gradients": "Norm of the gradient by step",
        "loss": "gradient of {}",
        "log": "logarithmic scale",
        "looked": "looked at",
        "label": "label",
        "sum": "{:+.3f} with a blank input, {:+.3f} with this input · {} · {}",
        "shown": "{0:,} of {1:,} units: the busiest and the least busy ones. Means and quantiles are of all units",
        "keys": "← and → move along the input, ↑ and ↓ from unit to unit. Words, curves and cells can be clicked, too.",
        "script": "With JavaScript, this page shows gates, memory, gradients and attention step by step.",
        "band": "band: 10–90 % of the units",
        "cells": "steps across, units down",
        "open": "blue: an open gate (1), white 0.5, orange: a closed one (0)",
        "sign": "blue above zero, orange below",
        "notes": "Notes",
        "channel": "channel",
        "mel": "log-mel spectrogram",
        "image": "image",
        "frames": "video frames",
        "part": "the first {:,} rows",
    },
}


def language_of(explanation: Explanation) -> str:
    """Choose the language: Korean where the input or the answer is."""
    answer = explanation.prediction if isinstance(explanation.prediction, str) else ""
    korean = has_hangul(answer) or in_korean(explanation.tokens, explanation.output)
    return "ko" if korean else "en"


_LONGEST = 200  # characters of what is spoken for
_SCORE = re.compile(r"(negative log-probability|log-probability|log-odds) of (.+)", re.DOTALL)
_BLANKS = {"' '": "␣", "'\\n'": "⏎", "the end of the line": "⏎"}
_NOTES = (
    (r"([\d,]+) of ([\d,]+) tokens are not known to the model", "모델이 모르는 토큰: {1}개 중 {0}개"),
    (r"no token of this text is known to the model", "모델이 아는 토큰이 하나도 없습니다"),
    (
        r"the (\d+) likeliest next tokens are listed; the reading shows how surprising each token was",
        "다음에 올 만한 토큰 {0}개의 확률입니다. 읽어 가는 동안의 값은 토큰마다 얼마나 뜻밖이었는지입니다",
    ),
    (
        r"the text has ([\d,]+) tokens, and ([\d,]+) are read: its middle is left out",
        "토큰 {0}개 중 {1}개를 읽었습니다. 가운데는 뺐습니다",
    ),
    (
        r"probabilities are tempered \(calibrated\); scores and log-odds are before that",
        "확률은 온도로 보정한 값이고, 점수와 로그 오즈는 보정하기 전의 값입니다",
    ),
)
_KOREAN = {
    "log-odds": "로그 오즈",
    "log-probability": "로그 확률",
    "negative log-probability": "음의 로그 확률",
    "the predicted value": "예측값",
    "the translation": "번역",
    "the caption": "설명문",
    "the text": "글",
    "all labels": "모든 표지",
    "prediction": "예측",
    "surprise (bits)": "놀라움(비트)",
    "value": "값",
}


def spoken_for(target: str) -> str:
    """Name what a score is of, such that it can be seen: of ``"log-odds of good"``, ``"good"``.

    Examples
    --------
    >>> [spoken_for(target) for target in ("log-odds of good", "log-probability of ' '", "the predicted value")]
    ['good', '␣', 'the predicted value']
    """
    match = _SCORE.fullmatch(target)
    name = match[2] if match else target
    return _BLANKS.get(name) or token_label(name, _LONGEST)


def score_text(target: str, language: str) -> str:
    """Write what a score is, in a language.

    Examples
    --------
    >>> score_text("log-odds of 긍정", "ko"), score_text("log-probability of ' '", "en")
    ('긍정의 로그 오즈', 'log-probability of ␣')
    """
    match, name = _SCORE.fullmatch(target), spoken_for(target)
    if language == "en":
        return f"{match[1]} of {name}" if match else name
    name = _KOREAN.get(name, name)
    return f"{name}의 {_KOREAN[match[1]]}" if match else name


def answer_differs(explanation: Explanation) -> bool:
    """Tell whether what is shown supports another class, or another token, than the predicted one."""
    if not explanation.attributions or not explanation.probabilities:
        return False
    answer = json_value(explanation.prediction)
    answers = {token_label(str(one), _LONGEST) for one in (answer if isinstance(answer, list) else [answer])}
    name = spoken_for(explanation.attributions[0].target)
    classes = {token_label(one, _LONGEST) for one in explanation.probabilities}
    # Of a language model's tokens, the likeliest are known only; of other models, all classes.
    return (name in classes or explanation.task == "language") and name not in answers


def key_text(target: str, language: str) -> str:
    """Say what the colours are, by the score that is shown."""
    say, name = WORDING[language], spoken_for(target)
    key = "key" if _SCORE.fullmatch(target) else "key of a value"
    return say[key].format(name if language == "en" else _KOREAN.get(name, name))


def marks_text(target: str, positive: str, negative: str) -> str:
    """Say in English what marks of a terminal are, by the score that is shown.

    Examples
    --------
    >>> marks_text("log-odds of good", "[word]", "(word)"), marks_text("the price", "blue", "orange")
    ('[word] supports good, (word) opposes it', 'blue raises the price, orange lowers it')
    """
    if _SCORE.fullmatch(target):
        return f"{positive} supports {spoken_for(target)}, {negative} opposes it"
    return f"{positive} raises {spoken_for(target)}, {negative} lowers it"


def note_text(note: str, language: str) -> str:
    """Write a note in a language, where it is one of those that are known.

    Examples
    --------
    >>> note_text("3 of 5 tokens are not known to the model", "ko"), note_text("a note", "ko")
    ('모델이 모르는 토큰: 5개 중 3개', 'a note')
    """
    for pattern, korean in _NOTES if language == "ko" else ():
        match = re.fullmatch(pattern, note)
        if match:
            return korean.format(*match.groups())
    return note


def attention_name(name: str, language: str) -> str:
    """Name an attention in a language.

    Examples
    --------
    >>> attention_name("decoder layer 1", "ko"), attention_name("summary", "en")
    ('디코더 1층', 'summary')
    """
    say = WORDING[language]
    whole, layer, number = name.partition(" layer ")
    if not layer or whole not in say or not number.isdecimal():
        return say.get(name, name)
    return f"{say[whole]} {say['nth layer'].format(number)}"


def attention_rows(rows: Sequence[str], language: str) -> list[str]:
    """Name what looked: output tokens, such that each can be seen, or the prediction."""
    if language == "ko" and tuple(rows) == ("prediction",):
        return [_KOREAN["prediction"]]
    return [token_label(row, 40) for row in rows]


def reading_names(names: Sequence[str], language: str) -> list[str]:
    """Name the curves of a reading: classes, such that each can be seen, or what is measured."""
    if language == "ko" and len(names) == 1:
        return [_KOREAN.get(names[0], token_label(names[0], 40))]
    return [token_label(name, 40) for name in names]
