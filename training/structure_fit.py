"""What structures bring beyond the composition: learned on out-of-fold residuals, kept as far as folds bear it out."""

import logging
from dataclasses import dataclass, replace

import numpy as np

from ..models.intervals import GroupedConformal
from ..models.structure_correction import StructureCorrection, fit_correction, has_structure
from .measured_table import MeasuredTable
from .out_of_fold import OutOfFold
from .settings import STRUCTURE

log = logging.getLogger(__name__)

# Fewer rows with a structure, or fewer chemical systems, teach nothing that folds could bear out.
FEWEST_ROWS, FEWEST_SYSTEMS = 20, 8
# A correction is used if this share of the resamples of the groups says that it helps.
AGREED, _RESAMPLES = 0.9, 500


@dataclass(frozen=True)
class StructureWorth:
    """What structures brought for one property: errors of the rows that have one, out of fold, without and with."""

    property: str
    grouping: str
    rows: int
    groups: int
    MAE_without: float
    MAE_with: float
    share: float


@dataclass(frozen=True)
class Stacked:
    """Corrections of the rows of one out-of-fold record that have a structure.

    Parameters
    ----------
    oof : OutOfFold
        Of the composition's model.
    members : (k,) int
        Rows of the record that have a structure, in families that were trained on.
    structures : (k, p) float32
        Their features.
    corrections : (k,) float64
        Each from a booster that saw only the other folds, before it is shrunk.
    """

    oof: OutOfFold
    members: np.ndarray
    structures: np.ndarray
    corrections: np.ndarray

    @classmethod
    def of(cls, oof: OutOfFold, structures: np.ndarray, columns: tuple[str, ...]) -> "Stacked | None":
        """Corrections out of fold, None where rows are too few; `structures` (n, p) of all rows of the table."""
        at = np.flatnonzero(has_structure(structures)[oof.row] & oof.known)
        if len(at) < FEWEST_ROWS or len(set(oof.group[at].tolist())) < FEWEST_SYSTEMS:
            return None
        seen, fold = structures[oof.row[at]], oof.fold[at]
        residuals, doubt = (oof.truth - oof.predicted)[at], oof.domain_score[at]
        corrections = np.zeros(len(at))
        for number in np.unique(fold):
            inside = fold == number
            booster = fit_correction(seen[~inside], residuals[~inside], doubt[~inside], columns, STRUCTURE)
            corrections[inside] = doubt[inside] * booster.predict(seen[inside])
        return cls(oof, at, seen, corrections)

    @property
    def residuals(self) -> np.ndarray:
        """Measured minus predicted (k,) by the composition's model."""
        return (self.oof.truth - self.oof.predicted)[self.members]

    def share(self, use: np.ndarray | None = None) -> float:
        """How much of the corrections the residuals bear out, over rows `use` (k,) bool: 0 to 1.

        Least squares through the origin; zero unless nine in ten resamples of the groups call for some.
        """
        use = np.ones(len(self.members), dtype=bool) if use is None else use
        groups = np.unique(self.oof.group[self.members][use].astype(str), return_inverse=True)[1]
        agreement = np.bincount(groups, (self.residuals * self.corrections)[use])
        size = np.bincount(groups, (self.corrections**2)[use])
        draws = np.random.default_rng(0).integers(0, len(size), (_RESAMPLES, len(size)))
        if size.sum() == 0 or np.mean(agreement[draws].sum(axis=1) > 0) < AGREED:
            return 0.0
        return float(np.clip(agreement.sum() / size.sum(), 0.0, 1.0))

    def corrected(self, most: float = 1.0) -> OutOfFold:
        """The record with its rows corrected, each in the share that the other folds bear out, `most` at the most."""
        predicted, fold = self.oof.predicted.copy(), self.oof.fold[self.members]
        for number in np.unique(fold):
            inside = fold == number
            predicted[self.members[inside]] += min(self.share(~inside), most) * self.corrections[inside]
        fact = self.oof.fact
        return replace(self.oof, predicted=np.clip(predicted, fact.lower, fact.upper))


def fit_structures(
    table: MeasuredTable, oofs: list[OutOfFold]
) -> tuple[dict[str, StructureCorrection], list[OutOfFold], list[StructureWorth]]:
    """Corrections by property, where structures are worth one; the out-of-fold records with it; and what it brought.

    Parameters
    ----------
    table : MeasuredTable
        The rows.
    oofs : list of OutOfFold
        Of the composition's models: each property by "system" and by "source".
    """
    if table.structures is None:
        return {}, oofs, []
    columns = structure_columns()
    found: dict[str, StructureCorrection] = {}
    records, worth = {(oof.fact.name, oof.grouping): oof for oof in oofs}, []
    for name in dict.fromkeys(oof.fact.name for oof in oofs):
        stacks = [Stacked.of(oof, table.structures, columns) for oof in oofs if oof.fact.name == name]
        if any(stack is None for stack in stacks):
            log.info("%s: too few rows with a structure; structures are not used", name)
            continue
        known = [stack for stack in stacks if stack is not None]
        # No more than both splits bear out: neither new chemistry nor new papers may be worse for it.
        share = min(stack.share() for stack in known)
        for stack in known:
            after = stack.corrected() if share > 0 else stack.oof
            worth.append(_worth(stack, after, share))
            records[name, stack.oof.grouping] = after
        if share > 0:
            by_system = next(stack for stack in known if stack.oof.grouping == "system")
            found[name] = _correction(by_system, share, columns)
        log.info("%s: structures of %d rows are worth a share of %.2f", name, len(known[0].members), share)
    return found, list(records.values()), worth


def structure_columns() -> tuple[str, ...]:
    """Names of the structure features."""
    from ..featurize.structure.features import describe_structure_features

    return tuple(describe_structure_features())


def _correction(stack: Stacked, share: float, columns: tuple[str, ...]) -> StructureCorrection:
    oof, at = stack.oof, stack.members
    doubt = oof.domain_score[at]
    left = stack.corrected().predicted[at] - oof.truth[at]
    return StructureCorrection(
        fit_correction(stack.structures, stack.residuals, doubt, columns, STRUCTURE),
        share,
        GroupedConformal.fit(left, doubt, oof.family[at]),
    )


def _worth(stack: Stacked, after: OutOfFold, share: float) -> StructureWorth:
    truth, at = stack.oof.truth[stack.members], stack.members
    without, with_it = (float(np.abs(oof.predicted[at] - truth).mean()) for oof in (stack.oof, after))
    groups = len(set(stack.oof.group[at].tolist()))
    return StructureWorth(stack.oof.fact.name, stack.oof.grouping, len(at), groups, without, with_it, share)
