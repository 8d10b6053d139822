"""The blocks of features together: the numbers of each block's transformer, whatever the rows beside."""

import numpy as np
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.electrolyte import electrolyte_feature_names, electrolyte_features, feature_blocks

FORMULAS = ["Na3Zr2Si2PO12", "Na3P(S4", "Na2.88Sb0.88W0.12S4", "NaCl", "Ar", "", "Na3YCl6"]


@pytest.mark.parametrize("blocks", [(), ("ionic", "framework"), ("framework",), ("magpie",), ("magpie", "ionic")])
def test_blocks_are_their_transformers_columns(blocks: tuple[str, ...]):
    batch = CompositionBatch.coerce(FORMULAS)
    chosen = [block for name, block in feature_blocks().items() if not blocks or name in blocks]
    found = electrolyte_features(batch, *blocks)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.hstack([block.transform(FORMULAS) for block in chosen]))
    assert found.shape[1] == len(electrolyte_feature_names(*blocks))


@pytest.mark.parametrize("formulas", [["NaCl", "Na3PS4"], ["NaCl?", "Na3PS4"], ["", "?"]])
def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch, formulas: list[str]):
    batch = CompositionBatch.coerce(formulas * 7)
    whole = electrolyte_features(batch)
    monkeypatch.setattr("ionscout.featurize.electrolyte._CHUNK", 3)
    np.testing.assert_array_equal(electrolyte_features(batch), whole)
    assert np.isnan(whole).any(axis=1).tolist() == (~batch.is_readable).tolist()


def test_unknown_blocks_are_named():
    with pytest.raises(ValueError, match="no feature block 'struture'; there are ionic, framework, magpie"):
        electrolyte_features(CompositionBatch.coerce(["NaCl"]), "struture")
