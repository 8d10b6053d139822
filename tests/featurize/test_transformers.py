"""The transformers of compositions among scikit-learn's own."""

import pickle
from typing import cast

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline, make_union
from sklearn.utils.estimator_checks import check_estimator

from ionscout.featurize import (
    ContinuousMagpieFeatures,
    IonPropertyFeatures,
    MagpieFeatures,
    OxideGlassFeatures,
    StoichiometryFeatures,
    ValenceOrbitalFeatures,
)
from ionscout.featurize.transformer import CompositionTransformer

FORMULAS = ["Na3PS4", "Na3Zr2Si2PO12", "NaCl", "Na3SbS4", "Na2ZrCl6"]
TRANSFORMERS = [
    MagpieFeatures(columns=["MagpieData mean Row", "MagpieData mode Row"], dtype="float32"),
    MagpieFeatures(),
    ContinuousMagpieFeatures(sharpness=3.0),
    StoichiometryFeatures(num_atoms=True),
    ValenceOrbitalFeatures(props=("avg",)),
    IonPropertyFeatures(),
    OxideGlassFeatures(),
]

each = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda t: type(t).__name__)


@each
@pytest.mark.filterwarnings("ignore:Can't test estimator")  # scikit-learn's own checks feed numbers, not formulas
def test_estimator_checks(transformer):
    check_estimator(transformer)


@each
def test_clone_keeps_parameters(transformer):
    copy = cast(CompositionTransformer, clone(transformer))
    assert copy.get_params() == transformer.get_params()


@each
def test_pickled_transformer_gives_the_same(transformer):
    again = pickle.loads(pickle.dumps(transformer.fit(FORMULAS)))
    np.testing.assert_array_equal(again.transform(FORMULAS), transformer.transform(FORMULAS))


@each
def test_other_processes_give_the_same(transformer):
    parts = joblib.Parallel(n_jobs=2)(joblib.delayed(transformer.transform)([formula]) for formula in FORMULAS)
    np.testing.assert_array_equal(np.vstack(cast(list, parts)), transformer.transform(FORMULAS))


@each
def test_pandas_output_has_the_names_and_the_index(transformer):
    series = pd.Series(FORMULAS, index=list("abcde"))
    copy = cast(CompositionTransformer, clone(transformer))
    table = cast(pd.DataFrame, copy.set_output(transform="pandas").fit_transform(series))
    assert list(table.columns) == list(transformer.get_feature_names_out())
    assert list(table.index) == list("abcde")


@each
def test_every_column_says_whether_it_is_continuous(transformer):
    assert transformer.continuous_features().shape == transformer.get_feature_names_out().shape


def test_bad_rows_pass_through_a_pipeline():
    pipeline = make_pipeline(MagpieFeatures(), SimpleImputer(), Ridge())
    pipeline.fit(FORMULAS, [-3.5, -3.2, -15.0, -2.5, -4.7])
    assert np.isfinite(pipeline.predict([*FORMULAS, "Na3P(S4"])).all()


def test_a_formula_column_among_others():
    frame = pd.DataFrame({"formula": FORMULAS, "temperature_C": [25.0] * 5})
    union = make_union(ContinuousMagpieFeatures(), StoichiometryFeatures())
    columns = ColumnTransformer([("features", union, "formula")], remainder="passthrough")
    assert columns.fit_transform(frame).shape == (5, 88 + 6 + 1)
    assert "remainder__temperature_C" in columns.get_feature_names_out()
