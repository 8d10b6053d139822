"""What every transformer of compositions shares, by scikit-learn's rules."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from .composition import CompositionBatch


class CompositionTransformer(TransformerMixin, BaseEstimator, ABC):
    """Compositions in, a matrix of named numbers out; nothing is learned from data.

    A subclass says its column names (`feature_names`), which of them follow the composition without jumps
    (`continuous_features`), and computes them (`compute`).
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters; nothing is learned.

        Parameters
        ----------
        X : anything `CompositionBatch.coerce` reads
            Not looked at.
        y : ignored

        Returns
        -------
        self
        """
        self.feature_names()
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute the features.

        Parameters
        ----------
        X : anything `CompositionBatch.coerce` reads, n compositions

        Returns
        -------
        ndarray of shape (n, number of features)
            NaN in the rows that cannot be read (`CompositionBatch.errors` says why), unless scikit-learn's
            `set_output` asks for a DataFrame.
        """
        return self.compute(CompositionBatch.coerce(X))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns, object ndarray."""
        return np.array(self.feature_names(), dtype=object)

    @abstractmethod
    def feature_names(self) -> list[str]:
        """Names of the columns."""

    @abstractmethod
    def continuous_features(self) -> np.ndarray:
        """Which columns are continuous in the composition, bool ndarray.

        Where True, x atoms in a hundred of a new element move the column by an amount proportional to x. Where False,
        traces of an element may move the column as far as a majority: a model then sees a dopant effect that is none.
        """

    @abstractmethod
    def compute(self, batch: CompositionBatch) -> np.ndarray:
        """Compute the columns for a batch."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True
