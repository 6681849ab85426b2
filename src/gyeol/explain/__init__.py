"""What a model knows, made visible: why it answers what it answers, its words, where it looked, what it forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gyeol.lazy import importer

if TYPE_CHECKING:
    from gyeol.explain.attention.map import AttentionMap
    from gyeol.explain.captions.map import CaptionMap
    from gyeol.explain.drawing.forecast import draw_forecast, save_forecast
    from gyeol.explain.explanation import Attention, Attribution, Explanation, LayerTrace, Reading
    from gyeol.explain.tokens.attributions import TokenExplanation
    from gyeol.explain.words.map import METHODS, WordMap, draw_map

__all__ = [
    "METHODS",
    "Attention",
    "AttentionMap",
    "Attribution",
    "CaptionMap",
    "Explanation",
    "LayerTrace",
    "Reading",
    "TokenExplanation",
    "WordMap",
    "draw_forecast",
    "draw_map",
    "save_forecast",
]

# Where each name lives; scikit-learn and matplotlib are loaded when a map is drawn, not before.
_HOMES = {
    "AttentionMap": "gyeol.explain.attention.map",
    "CaptionMap": "gyeol.explain.captions.map",
    "TokenExplanation": "gyeol.explain.tokens.attributions",
    **dict.fromkeys(["Attention", "Attribution", "Explanation", "LayerTrace", "Reading"], "gyeol.explain.explanation"),
    **dict.fromkeys(["draw_forecast", "save_forecast"], "gyeol.explain.drawing.forecast"),
    **dict.fromkeys(["METHODS", "WordMap", "draw_map"], "gyeol.explain.words.map"),
}
__getattr__ = importer("gyeol.explain", _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
