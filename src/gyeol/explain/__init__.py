"""What a model knows, made visible: its words, where it looked, what tokens add to a verdict, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gyeol.lazy import importer

if TYPE_CHECKING:
    from gyeol.explain.attention_map import AttentionMap
    from gyeol.explain.caption_map import CaptionMap
    from gyeol.explain.forecast_picture import draw_forecast, save_forecast
    from gyeol.explain.tokens import TokenExplanation
    from gyeol.explain.word_map import METHODS, WordMap, draw_map

__all__ = [
    "METHODS",
    "AttentionMap",
    "CaptionMap",
    "TokenExplanation",
    "WordMap",
    "draw_forecast",
    "draw_map",
    "save_forecast",
]

# Where each name lives; scikit-learn and matplotlib are loaded when a map is drawn, not before.
_HOMES = {
    "AttentionMap": "gyeol.explain.attention_map",
    "CaptionMap": "gyeol.explain.caption_map",
    "TokenExplanation": "gyeol.explain.tokens",
    **dict.fromkeys(["draw_forecast", "save_forecast"], "gyeol.explain.forecast_picture"),
    **dict.fromkeys(["METHODS", "WordMap", "draw_map"], "gyeol.explain.word_map"),
}
__getattr__ = importer("gyeol.explain", _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
