"""Trained networks in other people's formats."""

from __future__ import annotations

from gyeol.export.onnx_weights import onnx_operator, onnx_weights

__all__ = ["onnx_operator", "onnx_weights"]
