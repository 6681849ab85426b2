"""What a model knows, made visible: a map of its words, where it looked, what the tokens of a text add to a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gyeol.lazy import importer

if TYPE_CHECKING:
    from gyeol.explain.attention_map import AttentionMap
    from gyeol.explain.caption_map import CaptionMap
    from gyeol.explain.tokens import TokenExplanation
    from gyeol.explain.word_map import METHODS, WordMap, draw_map

__all__ = ["METHODS", "AttentionMap", "CaptionMap", "TokenExplanation", "WordMap", "draw_map"]

# Where each name lives; scikit-learn and matplotlib are loaded when a map is drawn, not before.
_HOMES = {
    "AttentionMap": "gyeol.explain.attention_map",
    "CaptionMap": "gyeol.explain.caption_map",
    "TokenExplanation": "gyeol.explain.tokens",
    **dict.fromkeys(["METHODS", "WordMap", "draw_map"], "gyeol.explain.word_map"),
}
__getattr__ = importer("gyeol.explain", _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
