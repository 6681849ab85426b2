"""A recurrent layer one step at a time, for streams: no autograd, no padding, no allocation on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from torch import Tensor

from gyeol.errors import DataError, ParameterError, closest
from gyeol.kernels import native
from gyeol.kernels.cells.cell import State, Weights, checked_step, project

if TYPE_CHECKING:
    from gyeol.layers.recurrent.layer import Recurrent

__all__ = ["Stepper"]

_WEIGHTS = ("float32", "bfloat16", "int8")


@final
class Stepper:
    """Takes one step of every row at a time and keeps the state in between.

    The layer's weights are copied at construction: later training does not reach it.

    Parameters
    ----------
    layer : Recurrent
        Of one direction: a stream has no end to walk back from.
    batch_size : int
        B, the rows of every step.
    weights : {"float32", "bfloat16", "int8"}
        How the weights are stored: "bfloat16", for processors that multiply it, halves what a step reads, "int8" halves
        it again. The state and the gates stay float32 (and so do the weights of cells without a native stepper, and of
        a layer that is not float32, which step without the kernels).

        "int8" stores one scale for each unit of each gate, and scales x and h row by row at every step, so that a row
        that is not finite gives NaN. What it costs: after 200 steps of random input, in layers of 128 to 512 units with
        their initial weights, h was off from float32's by 0.0009 on average and 0.008 at most (LSTM), by 0.002
        and 0.014 (GRU), by 0.0035 and 0.021 (RNN), three to four times as much as with "bfloat16". It does not grow
        with the steps.
    threads : int, optional
        How many share a step, up to PyTorch's number of threads. By default as many as a short trial of this very
        stepper finds fastest; the results are the same to the bit. (Cells without kernels leave it to PyTorch.)
    direction : {0, 1}, optional
        Which direction of a bidirectional layer to take, for input that has an end: 1 is given it from the end.

    Raises
    ------
    ParameterError
        The layer walks in both directions and none is named, or a setting is not possible here.

    Examples
    --------
    >>> from gyeol.layers import LSTM
    >>> layer = LSTM(3, 4)
    >>> stepper, x = Stepper(layer), torch.randn(5, 1, 3)
    >>> with torch.no_grad():
    ...     whole = layer(x)[0]
    >>> torch.allclose(torch.stack([stepper(x_t).clone() for x_t in x]), whole, atol=1e-6)
    True
    """

    def __init__(
        self,
        layer: Recurrent,
        batch_size: int = 1,
        *,
        weights: str = "float32",
        threads: int | None = None,
        direction: int | None = None,
    ) -> None:
        if layer.bidirectional and direction is None:
            raise ParameterError("a layer that walks in both directions needs the end of its input: it cannot step")
        if direction is not None and (layer.num_layers > 1 or direction not in range(1 + layer.bidirectional)):
            raise ParameterError(
                f"direction={direction!r}: of one layer alone name 0, or 1 where it walks in both directions"
            )
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
            raise ParameterError(f"batch_size={batch_size!r}: expected a whole number of 1 or more")
        if weights not in _WEIGHTS:
            raise ParameterError(f"weights={weights!r} is not one{closest(str(weights), _WEIGHTS)}")
        if weights == "bfloat16" and not native.steps_in("bfloat16"):
            raise ParameterError("weights='bfloat16': this processor does not multiply bfloat16; use 'float32'")
        if weights == "int8" and not native.int8_available():
            raise ParameterError(f"weights='int8' needs the native kernels, not {native.describe()}; use 'float32'")
        available = torch.get_num_threads()
        if threads is not None and not (type(threads) is int and 1 <= threads <= available):
            raise ParameterError(f"threads={threads!r}: expected a whole number from 1 to PyTorch's {available}")
        self.cell, self.batch_size = layer.cell, batch_size
        self.input_size, self.hidden_size, self.num_layers = layer.input_size, layer.hidden_size, layer.num_layers
        self._shape = (batch_size, layer.input_size)
        self._weights = [layer.weights_of(number)[direction or 0] for number in range(layer.num_layers)]
        self._native: Any = None
        self._take: Any = None
        kernel = native.CELLS.get(layer.cell.native or "") if native.native_available() else None
        if kernel is not None and kernel.steps and self._weights[0].w_ih.dtype == torch.float32:
            self._native = native.stepper(kernel.name, weights, self._weights, batch_size, threads)
            self._take = self._native.take  # looked up once: a step takes microseconds
            self._x, self._y = torch.from_numpy(self._native.x), torch.from_numpy(self._native.y)
            self._state: State = tuple(torch.from_numpy(getattr(self._native, part)) for part in kernel.states)
        else:
            self._weights = [_copied(w) for w in self._weights]
            widths = [layer.proj_size or layer.hidden_size, *(layer.hidden_size for _ in layer.cell.states[1:])]
            zeros = self._weights[0].w_ih.new_zeros
            self._state = tuple(zeros(layer.num_layers, batch_size, width) for width in widths)

    @property
    def native(self) -> Any:
        """The native stepper (`gyeol.kernels.native.stepper`) that takes the steps, if there is one."""
        return self._native

    @property
    def threads(self) -> int:
        """How many threads share a step; 1 where there are no kernels."""
        return 1 if self._native is None else int(self._native.threads)

    @property
    def state(self) -> Any:
        """The state (num_layers, B, H), a tuple where it has several parts; writing to it changes the stepper."""
        return self._state if self.cell.has_memory else self._state[0]

    def reset(self, rows: Sequence[int] | None = None) -> None:
        """Set the state to zeros: of all rows, or of those numbered."""
        for part in self._state:
            part[:, list(range(self.batch_size)) if rows is None else list(rows)] = 0

    def __call__(self, x: Tensor | np.ndarray[Any, Any]) -> Tensor:
        """Take a step.

        Parameters
        ----------
        x : Tensor or array, shape (B, D)

        Returns
        -------
        Tensor, shape (B, H)
            h of the last layer, in the stepper's memory: the next step overwrites it.

        Raises
        ------
        DataError
            The shape does not fit.
        """
        if self._take is not None and self._take(x):  # an array as the kernel reads it
            return self._y
        if x.shape != self._shape:
            raise DataError(f"a step came as {tuple(x.shape)}, expected {self._shape}")
        if self._take is None:
            return self._step_by_reference(torch.as_tensor(x))
        if not (isinstance(x, Tensor) and _shown(x) and self._take(x.numpy())):
            self._x.copy_(torch.as_tensor(x))
            self._native.step()
        return self._y

    @torch.no_grad()
    def _step_by_reference(self, x: Tensor) -> Tensor:
        for number, w in enumerate(self._weights):
            before = tuple(part[number] for part in self._state)
            after = checked_step(self.cell.step, project(x, w), before, w)
            for part, value in zip(self._state, after, strict=True):
                part[number] = value
            x = after[0]
        return x


def _shown(x: Tensor) -> bool:
    """Whether NumPy may see the memory of `x`, and finds float32 there."""
    return x.dtype is torch.float32 and x.is_cpu and not x.requires_grad


def _copied(w: Weights) -> Weights:
    w_ih, *others = (None if part is None else part.detach().clone() for part in w)
    assert w_ih is not None
    return Weights(w_ih, *others)
