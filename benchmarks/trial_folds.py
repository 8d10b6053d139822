"""One fold of `trials.py`: the shipped blend fitted on its training rows, and each row beside its nearest relatives."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ionscout.models.arrhenius import REFERENCE_C
from ionscout.models.blend import Blend, BlendSettings
from ionscout.models.booster import BoosterEnsemble, BoosterSettings
from ionscout.models.gaussian_process import Kernel, Posterior
from ionscout.models.inputs import CONTEXT_COLUMNS, input_positions
from ionscout.models.physics import kelvin
from ionscout.models.properties import Property
from ionscout.models.relatives import Places, Relatives
from ionscout.training.measured_table import MeasuredTable
from ionscout.training.settings import LEVEL

# The trees of the shipped differences and the relatives that they look at, here on every training value.
assert LEVEL.differences is not None
NEAREST, DIFFERENCES = LEVEL.differences.nearest, replace(LEVEL.differences.booster, resolution=0.0)


@dataclass(frozen=True)
class Fold:
    """The training and the held-out rows of one fold, and the shipped blend fitted on the first.

    Parameters
    ----------
    table : MeasuredTable
        All rows.
    fact : Property
        What is predicted.
    grouping : str
        "system" or "source".
    train, test : (m,), (n,) int
        Rows.
    settings : BlendSettings
        Of the blend.
    """

    table: MeasuredTable
    fact: Property
    grouping: str
    train: np.ndarray
    test: np.ndarray
    settings: BlendSettings

    @cached_property
    def target(self) -> np.ndarray:
        return self.table.target(self.fact)[self.train]

    def column(self, name: str) -> np.ndarray:
        """A column (m,) of the training rows."""
        return self.table.rows[name].to_numpy()[self.train]

    @cached_property
    def posterior(self) -> Posterior:
        return posterior(self, self.settings.kernel, self.table.places)

    @cached_property
    def blend(self) -> Blend:
        inputs = self.table.inputs[self.train]
        system, weight = self.column("group_system"), self.column("weight")
        return Blend.fit(self.posterior, inputs, self.target, self.settings, system, weight)

    @cached_property
    def shipped(self) -> np.ndarray:
        """What the blend says of the held-out rows (n,), their families known or not."""
        places = self.table.places[self.test]
        return self.blend.blended(self.posterior.relatives.distances(places), places, self.table.inputs[self.test])

    @cached_property
    def base(self) -> np.ndarray:
        """What its trees and its process say alone, without differences."""
        return mixed(self, self.tree_part, self.process_part)

    @cached_property
    def tree_part(self) -> np.ndarray:
        columns = input_positions(self.blend.booster.columns)
        return self.blend.booster.predict(self.table.inputs[self.test][:, columns])

    @cached_property
    def process_part(self) -> np.ndarray:
        places = self.table.places[self.test]
        return self.blend.process.predict(self.posterior.relatives.distances(places), places)

    @cached_property
    def pairs(self) -> "tuple[Pairs, Pairs]":
        """Training and held-out rows beside their nearest relatives."""
        members = Members.of(self)
        return Pairs.of(self, members, taught=True), Pairs.of(self, members, taught=False)

    @cached_property
    def different(self) -> np.ndarray:
        return differences(self, opinion=False)

    @cached_property
    def opinionated(self) -> np.ndarray:
        return differences(self, opinion=True)


def mixed(fold: Fold, trees: np.ndarray, process: np.ndarray) -> np.ndarray:
    return (1.0 - fold.settings.share) * trees + fold.settings.share * process


def trees(fold: Fold, booster: BoosterSettings, extra: pd.DataFrame | None = None) -> np.ndarray:
    """What trees say of the held-out rows; `extra` holds more columns of all rows of the table."""
    names = fold.settings.columns
    inputs = fold.table.inputs[:, input_positions(names)]
    if extra is not None:
        names, inputs = (*names, *extra.columns), np.hstack([inputs, extra.to_numpy(np.float32)])
    fitted = BoosterEnsemble.fit(inputs[fold.train], fold.target, names, booster, fold.column("weight"))
    return fitted.predict(inputs[fold.test])


def posterior(fold: Fold, kernel: Kernel, places: Places) -> Posterior:
    mine = places[fold.train]
    return Posterior.fit(kernel, *Relatives.of(mine), mine, fold.target, fold.column("group_source"))


def process(fold: Fold, kernel: Kernel, places: Places) -> np.ndarray:
    """What a process says of the held-out rows."""
    fitted, asked = posterior(fold, kernel, places), places[fold.test]
    return fitted.summed_up().predict(fitted.relatives.distances(asked), asked)


@dataclass(frozen=True)
class Members:
    """Compositions (u,) of the training rows, one of each group and state, and what the process says of them.

    Parameters
    ----------
    inputs, places, group
        Of one row each.
    level, slope : (u,) float64
        Measured value at 1000 K / T = 0, and its slope along the process's own.
    told, told_rows : (m, u), (m,) float64
        What the process would say of the members (at 1000 K / T = 0 again) and of each training row, had it not seen
        the group of that row.
    """

    which: np.ndarray
    places: Places
    inputs: np.ndarray
    group: np.ndarray
    level: np.ndarray
    slope: np.ndarray
    told: np.ndarray
    told_rows: np.ndarray

    @classmethod
    def of(cls, fold: Fold) -> "Members":
        places, fitted, groups = fold.table.places[fold.train], fold.posterior, fold.column(f"group_{fold.grouping}")
        distances = fitted.relatives.distances(places)
        cold, hot = (
            fold.blend.process.predict(distances, replace(places, temperature_C=np.full(len(places), t)))
            for t in (REFERENCE_C, 225.0)
        )
        slope = (hot - cold) / (heat_of(225.0) - heat_of(REFERENCE_C))
        level = fold.target - slope * heat_of(places.temperature_C)
        frame = pd.DataFrame({"which": fitted.which, "group": groups, "state": places.glassy})
        member = frame.groupby(["which", "group", "state"], sort=True).ngroup().to_numpy()
        first = np.unique(member, return_index=True)[1]
        level, slope = (np.bincount(member, weights=v) / np.bincount(member) for v in (level, slope))

        # The weights of a process without some rows follow from those of all.
        kernel, everyone = fitted.kernel, np.arange(len(places))
        covariance = kernel.between(distances, everyone, fitted.which, places, places)
        told, told_rows = np.empty((len(places), len(first))), np.empty(len(places))
        moved = slope * heat_of(places.temperature_C[first])
        for group in np.unique(groups):
            out, kept = groups == group, groups != group
            lost = np.linalg.solve(fitted.inverse[np.ix_(out, out)], fitted.weights[out])
            said = fitted.mean + covariance[:, kept] @ (fitted.weights[kept] - fitted.inverse[np.ix_(kept, out)] @ lost)
            told[out], told_rows[out] = said[first] - moved, said[out]
        inputs = fold.table.inputs[fold.train][first]
        return cls(fitted.which[first], places[first], inputs, groups[first], level, slope, told, told_rows)


@dataclass(frozen=True)
class Pairs:
    """For n rows, their `NEAREST` relatives among the training rows of other groups, nearest first.

    Parameters
    ----------
    value, told : (n, k) float64
        What was measured of the relative, and what the process says of it, both moved to the temperature of the row.
    own_told : (n,) float64
        What the process says of the row.
    likeness : (n, k) float64
        Correlation of row and relative before anything is measured, 0 to 1, as the kernel has it.
    inputs : (n, k, p) float32
        Differences of the input columns that a composition gives, row less relative.
    own : (n, q) float32
        The row's inputs, context included.
    plain : (n, k) int
        How many elements the row has more than the relative: 1 for a doped composition and its parent.
    vacancies : (n, k, 4) float32
        Mobile ions fewer, then more, than the relative has, to an anion and to a framework cation.
    """

    value: np.ndarray
    told: np.ndarray
    own_told: np.ndarray
    likeness: np.ndarray
    inputs: np.ndarray
    own: np.ndarray
    plain: np.ndarray
    vacancies: np.ndarray

    @classmethod
    def of(cls, fold: Fold, members: Members, taught: bool) -> "Pairs":
        """Pair the training rows, which must not see their own group (`taught`), or the held-out rows."""
        kernel, rows = fold.settings.kernel, fold.train if taught else fold.test
        places = fold.table.places[rows]
        likeness = kernel.alike(fold.posterior.relatives.distances(places))[:, members.which]
        likeness = likeness * kernel.states(places.glassy, members.places.glassy)
        likeness /= kernel.whole**2 + kernel.framework**2 + kernel.ionic**2
        told, own_told = members.told, members.told_rows
        if taught:
            mine = fold.column(f"group_{fold.grouping}")
            likeness[mine[:, None] == members.group[None, :]] = -1.0
        else:
            distances = fold.posterior.relatives.distances(members.places)
            said = fold.blend.process.predict(distances, members.places)
            said = said - members.slope * heat_of(members.places.temperature_C)
            told, own_told = np.broadcast_to(said, likeness.shape), fold.process_part
        nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :NEAREST]
        moved = members.slope[nearest] * heat_of(places.temperature_C)[:, None]
        names = tuple(name for name in fold.settings.columns if name not in CONTEXT_COLUMNS)
        seen, own = input_positions(names), fold.table.inputs[rows]
        inputs = own[:, None, seen] - members.inputs[nearest][:, :, seen]
        elements = [(p.whole > 0).sum(axis=1) for p in (places, members.places)]
        counts = [names.index(name) for name in ("mobile_ion_per_anion", "mobile_ion_per_framework_cation")]
        change = inputs[:, :, counts]
        return cls(
            members.level[nearest] + moved,
            np.take_along_axis(told, nearest, axis=1) + moved,
            own_told,
            np.take_along_axis(likeness, nearest, axis=1),
            inputs,
            own[:, input_positions(fold.settings.columns)],
            elements[0][:, None] - elements[1][nearest],
            np.concatenate([np.maximum(-change, 0.0), np.maximum(change, 0.0)], axis=2),
        )

    def columns(self, opinion: bool) -> np.ndarray:
        """What the booster of differences sees of each pair, (n k, c) float32; `opinion`: what the process says too."""
        n, k = self.value.shape
        scalars = [self.value, self.likeness, self.plain]
        if opinion:
            own = np.repeat(self.own_told[:, None], k, axis=1)
            scalars += [own, self.value - self.told, own - self.told]
        own = np.broadcast_to(self.own[:, None, :], (n, k, self.own.shape[1]))
        parts = [own, self.inputs, self.vacancies, np.stack(scalars, axis=2)]
        return np.concatenate(parts, axis=2).reshape(n * k, -1).astype(np.float32)


def heat_of(temperature_C: np.ndarray | float) -> np.ndarray:
    return 1000.0 / kelvin(temperature_C)


def differences(fold: Fold, opinion: bool) -> np.ndarray:
    """Values of the nearest relatives plus learned differences; their mean, the nearer counting more.

    This is the richer form that was tried first; `models.differences` is what is shipped.
    """
    taught, asked = fold.pairs
    target, likeness = np.repeat(fold.target, NEAREST) - taught.value.ravel(), taught.likeness.ravel()
    weight, use = np.repeat(fold.column("weight"), NEAREST) * likeness, np.flatnonzero(likeness > 0)
    seen = taught.columns(opinion)
    names = tuple(f"pair_{i}" for i in range(seen.shape[1]))
    fitted = BoosterEnsemble.fit(seen[use], target[use], names, DIFFERENCES, weight[use])
    said = asked.value + fitted.predict(asked.columns(opinion)).reshape(asked.value.shape)
    return np.average(said, axis=1, weights=asked.likeness**4)
