"""Boosted trees: a mean over seeds of xgboost regressors, saved as plain xgboost files."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xgboost as xgb


@dataclass(frozen=True)
class BoosterSettings:
    """Hyperparameters of an ensemble.

    Parameters
    ----------
    rounds : int
        Trees per member.
    seeds : int
        Members; their mean is the prediction.
    parameters : dict
        Passed to `xgboost.train`.
    monotone : dict of str to int
        Column name to +1 (non-decreasing) or -1.
    resolution : float
        Training values of a column closer than this share of its span are not told apart; see `resolved`.
    """

    rounds: int = 350
    seeds: int = 1
    parameters: dict = field(default_factory=dict)
    monotone: dict = field(default_factory=dict)
    resolution: float = 0.0

    def as_dict(self) -> dict:
        """Flat dictionary for logging."""
        return {
            "rounds": self.rounds,
            "seeds": self.seeds,
            **self.parameters,
            "monotone": json.dumps(self.monotone),
        }


@dataclass(frozen=True)
class BoosterEnsemble:
    """Fitted members and the names of the columns they were given."""

    members: tuple[xgb.Booster, ...]
    columns: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        inputs: np.ndarray,
        target: np.ndarray,
        columns: tuple[str, ...],
        settings: BoosterSettings,
        weight: np.ndarray | None = None,
    ) -> "BoosterEnsemble":
        """Fit on `inputs` (n, p) float32 and `target` (n,).

        Raises
        ------
        ValueError
            If shapes disagree, the target is not finite, or a monotone column is unknown.
        """
        if inputs.shape != (len(target), len(columns)):
            raise ValueError(f"inputs {inputs.shape} do not match {len(target)} targets and {len(columns)} columns")
        if not np.isfinite(target).all():
            raise ValueError(f"{int((~np.isfinite(target)).sum())} targets are not finite")
        unknown = set(settings.monotone) - set(columns)
        if unknown:
            raise ValueError(f"monotone columns {sorted(unknown)} are not among the inputs")
        told_apart = resolved(inputs, settings.resolution)
        matrix = xgb.DMatrix(told_apart, label=target, weight=weight)
        constraints = "(" + ",".join(str(settings.monotone.get(c, 0)) for c in columns) + ")"
        fixed = {"tree_method": "hist", "monotone_constraints": constraints, **settings.parameters}
        members = tuple(
            centre_splits(
                xgb.train({**fixed, "seed": seed}, matrix, num_boost_round=settings.rounds), inputs, told_apart
            )
            for seed in range(settings.seeds)
        )
        return cls(members, columns)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Mean prediction (n,) float64 for `inputs` (n, p) float32, columns as in `fit`."""
        total = np.zeros(inputs.shape[0], dtype=np.float64)
        for member in self.members:
            total += member.inplace_predict(inputs, missing=np.nan)
        return total / len(self.members)

    def save(self, folder: Path) -> None:
        """Write one UBJSON file a member, and the column names."""
        folder.mkdir(parents=True, exist_ok=True)
        for i, member in enumerate(self.members):
            member.save_model(folder / f"member_{i}.ubj")
        (folder / "columns.json").write_text(json.dumps(list(self.columns)))

    @classmethod
    def load(cls, folder: Path) -> "BoosterEnsemble":
        """Inverse of `save`."""
        members = []
        for path in sorted(folder.glob("member_*.ubj"), key=lambda p: int(p.stem.split("_")[1])):
            member = xgb.Booster()
            member.load_model(path)
            # Chunks of rows run side by side; threads inside each would only wait for each other.
            member.set_param({"nthread": 1})
            members.append(member)
        if not members:
            raise FileNotFoundError(f"no member_*.ubj in {folder}")
        return cls(tuple(members), tuple(json.loads((folder / "columns.json").read_text())))


def resolved(inputs: np.ndarray, resolution: float) -> np.ndarray:
    """Training inputs (n, p) in which values that lie too close to be told apart are one.

    Walking up a column, a value stays with the group below while the gap to its neighbour is less than `resolution` of
    the column's span, and the group as a whole spans less than ten times that. Splits can then only stand in gaps, and
    a trace of a dopant does not carry a composition over one.

    Parameters
    ----------
    inputs : (n, p) float32
        As given.
    resolution : float
        Share of the span; 0 tells all values apart.

    Examples
    --------
    >>> import numpy as np
    >>> resolved(np.array([[0.0], [0.5], [0.5001], [1.0]], dtype=np.float32), 0.01).ravel().tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    if resolution <= 0:
        return inputs
    out = inputs.copy()
    for column in out.T:
        known = np.unique(column[np.isfinite(column)])
        if known.size < 3:
            continue
        gap = resolution * float(known[-1] - known[0])
        group = np.zeros(known.size, dtype=np.intp)
        for i in range(1, known.size):
            near = known[i] - known[i - 1] < gap and known[i] - known[group[i - 1]] < 10.0 * gap
            group[i] = group[i - 1] if near else i
        finite = np.isfinite(column)
        column[finite] = known[group][np.searchsorted(known, column[finite])]
    return out


def centre_splits(booster: xgb.Booster, inputs: np.ndarray, told_apart: np.ndarray | None = None) -> xgb.Booster:
    """Move every split to the middle of the gap between the training values it parts.

    xgboost's histogram method puts splits *on* training values (x < value goes left), so the least change of a training
    composition, such as a trace of a dopant, may cross one. In the middle of the gap the trees say the same of every
    training row, and nothing new of its close neighbours.

    Parameters
    ----------
    booster : Booster
        As trained.
    inputs : (n, p) float32
        The training rows.
    told_apart : (n, p) float32, optional
        What the booster was shown of them, as `resolved` gives it.
    """
    shown = inputs if told_apart is None else told_apart
    document = json.loads(booster.save_raw("json"))
    gaps = [_gaps(a, b) for a, b in zip(shown.T, inputs.T, strict=True)]
    for tree in document["learner"]["gradient_booster"]["model"]["trees"]:
        inner = np.flatnonzero(np.array(tree["left_children"]) >= 0)
        conditions = np.array(tree["split_conditions"], dtype=np.float32)
        columns = np.array(tree["split_indices"])
        for node in inner:
            groups, middles = gaps[columns[node]]
            place = int(np.searchsorted(groups, conditions[node], side="left"))
            if 0 < place < len(groups):
                conditions[node] = middles[place - 1]
        tree["split_conditions"] = [float(c) for c in conditions]
    centred = xgb.Booster()
    centred.load_model(bytearray(json.dumps(document).encode()))
    return centred


def _gaps(shown: np.ndarray, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values shown of a column (k,), and middles (k - 1,) of the gaps between the training values they stand for."""
    finite = np.isfinite(shown)
    groups, which = np.unique(shown[finite], return_inverse=True)
    low, high = np.full(groups.size, np.inf), np.full(groups.size, -np.inf)
    np.minimum.at(low, which, inputs[finite].astype(np.float64))
    np.maximum.at(high, which, inputs[finite].astype(np.float64))
    middles = (0.5 * (high[:-1] + low[1:])).astype(np.float32)
    # Neighbouring floats have no middle; then the split stays on the upper one.
    return groups, np.where(middles > high[:-1].astype(np.float32), middles, low[1:].astype(np.float32))
