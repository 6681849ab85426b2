"""scikit-learn's base classes; in a process that only asks a saved model, stand-ins that load in no time.

Whoever imports gyeol gets estimators that inherit from scikit-learn's `BaseEstimator` and mix-ins. The command
``gyeol predict`` hands its model to nobody, and loading scikit-learn would take a fifth of its time.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from gyeol import lazy

__all__ = ["BaseEstimator", "ClassifierMixin", "RegressorMixin", "SklearnNotFittedError"]

if TYPE_CHECKING or not lazy.ASKS_ONLY or "sklearn" in sys.modules:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import NotFittedError as SklearnNotFittedError
else:

    class BaseEstimator:
        """Has the parameters of its constructor, as scikit-learn's has."""

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            """Return the constructor's arguments by name."""
            names = sorted(name for name in inspect.signature(type(self).__init__).parameters if name != "self")
            return {name: getattr(self, name) for name in names}

        def set_params(self, **given: Any) -> Any:
            """Change some of them; returns self."""
            known = self.get_params()
            for name, value in given.items():
                if name not in known:
                    raise ValueError(f"invalid parameter {name!r}; valid are: {', '.join(known)}")
                setattr(self, name, value)
            return self

    class ClassifierMixin:
        """Marks a classifier."""

    class RegressorMixin:
        """Marks a regressor."""

    class SklearnNotFittedError(ValueError, AttributeError):
        """The model was used before it was trained."""
