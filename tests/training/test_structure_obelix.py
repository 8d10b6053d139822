"""Structures that come beside measurements, on OBELiX' train split: measured crystals and measured conductivities."""

import numpy as np

from ionscout.models.properties import CONDUCTIVITY
from ionscout.training.measured_table import MeasuredTable
from ionscout.training.structure_fit import fit_structures

from ..benchmark_scripts import benchmark_script


def test_crystals_as_published_are_taught_as_far_as_folds_bear_them_out(external_data, tmp_path, monkeypatch):
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path))
    benchmark = benchmark_script("structure_correction")
    rows = benchmark.obelix_train()
    rows = rows.loc[rows["structure"].str.len().nsmallest(65).index].sort_index().reset_index(drop=True)
    table = MeasuredTable.of(rows)
    assert table.structures is not None
    assert np.isfinite(table.structures).any(axis=1).sum() >= 55
    oofs = [
        table.out_of_fold(CONDUCTIVITY, grouping, table.folds(CONDUCTIVITY, grouping, 2, 0))
        for grouping in ("system", "source")
    ]
    _, after, worth = fit_structures(table, oofs)
    assert [w.grouping for w in worth] == ["system", "source"]
    for before, corrected, said in zip(oofs, after, worth, strict=True):
        error, was = (np.abs(oof.predicted - oof.truth).mean() for oof in (corrected, before))
        assert error <= was + 0.05
        assert (said.share > 0) == bool((corrected.predicted != before.predicted).any())
