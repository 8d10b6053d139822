"""Magpie features: statistics of 22 element properties over a composition."""

from collections.abc import Sequence

import numpy as np

from .composition import CompositionBatch
from .element_statistics import CONTINUOUS, ElementStatistics
from .elements import MAGPIE_PROPERTIES, magpie_table
from .transformer import CompositionTransformer

# The statistics of matminer's "magpie" preset, in its order, and their continuous stand-ins.
MAGPIE_STATISTICS = ("minimum", "maximum", "range", "mean", "avg_dev", "mode")
CONTINUOUS_STATISTICS = ("mean", "avg_dev", "soft_minimum", "soft_maximum")
_PREFIX = "MagpieData"


class MagpieFeatures(CompositionTransformer):
    """The 132 Magpie features, equal to matminer's and some thousand times faster.

    The numbers are those of matminer's ``ElementProperty.from_preset("magpie")`` to 1e-9, with its treatment of
    missing element data (the mean over the elements) and of ties in the mode (the smallest value among the elements
    whose amounts tie).

    Parameters
    ----------
    columns : sequence of str, optional
        Names of the columns to compute, as in ``get_feature_names_out()``; all by default. Only the properties and
        statistics that are named cost time.
    dtype : {"float64", "float32"}
        What the matrix is stored in. All work is done in float64, so float32 differs by its rounding only.

    See Also
    --------
    ContinuousMagpieFeatures : without the columns that jump when a trace of an element comes in.

    References
    ----------
    Ward et al., npj Comput. Mater. 2, 16028 (2016), 10.1038/npjcompumats.2016.28

    Examples
    --------
    >>> features = MagpieFeatures(columns=["MagpieData mean Electronegativity", "MagpieData mode AtomicWeight"])
    >>> features.fit_transform(["Na3PS4", "NaCl"]).round(3)
    array([[ 1.912, 32.065],
           [ 2.045, 22.99 ]])
    """

    statistics = MAGPIE_STATISTICS

    def __init__(self, columns: Sequence[str] | None = None, dtype: str = "float64"):
        self.columns = columns
        self.dtype = dtype

    def feature_names(self) -> list[str]:
        """Names as matminer writes them: ``MagpieData mean Electronegativity``."""
        if self.columns is None:
            return self._all_names()
        unknown = [name for name in self.columns if name not in set(self._all_names())]
        if unknown:
            raise ValueError(
                f"{type(self).__name__} has no column {unknown[0]!r}; names read like 'MagpieData mean Row'"
            )
        return list(self.columns)

    def continuous_features(self) -> np.ndarray:
        """Which columns are continuous in the composition: mean and avg_dev, not minimum, maximum, range and mode."""
        return np.array([name.split()[1] in CONTINUOUS for name in self.feature_names()], dtype=bool)

    def compute(self, batch: CompositionBatch) -> np.ndarray:
        """Compute the columns for a batch."""
        if np.dtype(self.dtype).kind != "f":
            raise ValueError(f"dtype must be 'float64' or 'float32', got {self.dtype!r}")
        return self._engine().compute(batch, np.dtype(self.dtype))

    def _all_names(self) -> list[str]:
        return [f"{_PREFIX} {statistic} {name}" for name in MAGPIE_PROPERTIES for statistic in self.statistics]

    def _engine(self) -> ElementStatistics:
        if self.columns is None:
            return ElementStatistics(magpie_table(), self.statistics, self._sharpness())
        pairs = [tuple(name.split()[1:]) for name in self.feature_names()]
        statistics = [name for name in self.statistics if name in {statistic for statistic, _ in pairs}]
        properties = [name for name in MAGPIE_PROPERTIES if name in {name for _, name in pairs}]
        table = magpie_table()[:, [MAGPIE_PROPERTIES.index(name) for name in properties]]
        picked = [properties.index(name) * len(statistics) + statistics.index(stat) for stat, name in pairs]
        if picked == list(range(len(properties) * len(statistics))):
            picked = None
        return ElementStatistics(table, statistics, self._sharpness(), picked)

    def _sharpness(self) -> float:
        return 0.0


class ContinuousMagpieFeatures(MagpieFeatures):
    """Magpie features for doped materials: predictions go to the parent's as the dopant's amount goes to zero.

    Instead of minimum, maximum, range and mode, which a trace of lanthanum in Na3Zr2Si2PO12 moves as far as a lot of
    it, there are a soft minimum and a soft maximum: means in which each atom counts e^(sharpness z) times, with z the
    place (0 to 1) of its property between the lowest and the highest of all elements; the soft minimum takes -z. 0.01 %
    of any element moves them by at most 1e-4 * e^sharpness of that span.

    Parameters
    ----------
    columns : sequence of str, optional
        Names of the columns to compute; all 88 by default.
    dtype : {"float64", "float32"}
        What the matrix is stored in.
    sharpness : float
        0 gives the mean; the larger, the nearer to the extreme elements and the steeper at small amounts.

    See Also
    --------
    MagpieFeatures : matminer's columns.

    Examples
    --------
    >>> features = ContinuousMagpieFeatures(columns=["MagpieData soft_maximum Electronegativity"])
    >>> features.fit_transform(["Na3Zr2Si2PO12", "Na3Zr1.999La0.001Si2PO12"]).round(4).ravel().tolist()
    [3.1228, 3.1229]
    """

    statistics = CONTINUOUS_STATISTICS

    def __init__(self, columns: Sequence[str] | None = None, dtype: str = "float64", sharpness: float = 2.0):
        super().__init__(columns=columns, dtype=dtype)
        self.sharpness = sharpness

    def _sharpness(self) -> float:
        if not 0 <= self.sharpness <= 50:
            raise ValueError(f"sharpness must lie between 0 and 50, got {self.sharpness!r}")
        return self.sharpness
