"""What all transformers share, by scikit-learn's rules: compositions or structures in, a matrix of numbers out."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from .composition import CompositionBatch


class FeatureTable(NamedTuple):
    """Features of n compositions or structures.

    Attributes
    ----------
    matrix : numpy.ndarray, shape (n, p)
        NaN where a feature has no value.
    errors : object ndarray, shape (n,)
        Why a row has no values, or lacks some; None where it has all that apply.
    names : list of str
        The p columns.
    """

    matrix: np.ndarray
    errors: np.ndarray
    names: list[str]


class FeatureTransformer(TransformerMixin, BaseEstimator, ABC):
    """Rows in, a matrix of named numbers out; nothing is learned from data.

    A subclass says what it reads (`coerce`), its column names (`feature_names`), which of them follow their input
    without jumps (`continuous_features`), and computes them (`table`).
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters; nothing is learned.

        Parameters
        ----------
        X : anything `coerce` reads
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
        X : anything `coerce` reads, n rows

        Returns
        -------
        ndarray of shape (n, number of features)
            NaN in the rows that cannot be read (`table` says why), unless scikit-learn's `set_output` asks for a
            DataFrame.
        """
        return self.compute(self.coerce(X))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns, object ndarray."""
        return np.array(self.feature_names(), dtype=object)

    def compute(self, batch: Any) -> np.ndarray:
        """Compute the columns for a batch, shape (n, p); NaN in unreadable rows."""
        return self.table(batch).matrix

    @abstractmethod
    def coerce(self, X: Any) -> Any:
        """Make the batch that the features are computed of."""

    @abstractmethod
    def table(self, X: Any) -> FeatureTable:
        """Compute the columns, with the reason wherever they are missing."""

    @abstractmethod
    def feature_names(self) -> list[str]:
        """Names of the columns."""

    @abstractmethod
    def continuous_features(self) -> np.ndarray:
        """Which columns are continuous in their input, bool ndarray."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True


class CompositionTransformer(FeatureTransformer):
    """Compositions in, a matrix of named numbers out."""

    def coerce(self, X: Any) -> CompositionBatch:
        """Make a batch of anything `CompositionBatch.coerce` reads."""
        return CompositionBatch.coerce(X)

    def table(self, X: Any) -> FeatureTable:
        """Compute the columns, with the reason wherever a row cannot be read."""
        batch = self.coerce(X)
        return FeatureTable(self.compute(batch), batch.errors, self.feature_names())

    @abstractmethod
    def compute(self, batch: CompositionBatch) -> np.ndarray:
        """Compute the columns for a batch, shape (n, p); NaN in unreadable rows."""

    @abstractmethod
    def continuous_features(self) -> np.ndarray:
        """Which columns are continuous in the composition, bool ndarray.

        Where True, x atoms in a hundred of a new element move the column by an amount proportional to x. Where False,
        traces of an element may move the column as far as a majority: a model then sees a dopant effect that is none.
        """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
