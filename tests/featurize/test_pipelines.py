"""Our transformers in the pipelines that users have: LightGBM and ridge regression on measured conductivities."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMRegressor
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from ionscout.featurize import ContinuousMagpieFeatures, IonicFeatures, StructureFeatures
from ionscout.featurize.structure.hosts import HOSTS, host_cif
from ionscout.training.data.sources import load_curated

LIGHTGBM = LGBMRegressor(n_estimators=60, learning_rate=0.1, num_leaves=15, n_jobs=1, random_state=0, verbose=-1)


@pytest.fixture(scope="module")
def measured() -> pd.DataFrame:
    """Measured crystals: formula, temperature and log10 conductivity."""
    table = load_curated("sodium_electrolytes")
    kept = table[table["conductivity_S_cm"].gt(0) & table["temperature_C"].notna() & table["state"].eq("crystalline")]
    rows = kept[["formula", "temperature_C"]].reset_index(drop=True)
    return rows.assign(target=np.log10(kept["conductivity_S_cm"].to_numpy(dtype=float)))


def pipeline(model: Any) -> Pipeline:
    formulas = make_union(IonicFeatures(), ContinuousMagpieFeatures())
    columns = make_column_transformer((formulas, "formula"), remainder="passthrough")
    return make_pipeline(columns, SimpleImputer(), StandardScaler(), model)


def r_squared(model: Any, rows: pd.DataFrame) -> float:
    """Mean over five folds that share no formula."""
    inputs, target = rows.drop(columns="target"), rows["target"]
    folds = GroupKFold(5)
    scores = cross_val_score(pipeline(model), inputs, target, groups=rows["formula"], cv=folds)
    return float(scores.mean())


def test_lightgbm_and_ridge_learn_from_our_columns(measured: pd.DataFrame):
    assert len(measured) > 400
    nothing = r_squared(DummyRegressor(), measured)  # the mean of the other folds
    ridge, boosted = r_squared(Ridge(alpha=300.0), measured), r_squared(LIGHTGBM, measured)
    assert nothing < 0
    assert nothing + 0.15 < ridge < boosted - 0.1


def test_lightgbm_keeps_the_names_of_our_columns(measured: pd.DataFrame):
    columns = IonicFeatures().set_output(transform="pandas")
    booster = LGBMRegressor(n_estimators=20, n_jobs=1, verbose=-1)
    make_pipeline(columns, booster).fit(measured["formula"], measured["target"])  # fits the booster in place
    assert booster.feature_name_ == columns.get_feature_names_out().tolist()
    assert booster.feature_importances_.sum() > 0


def test_lightgbm_takes_missing_features_of_unreadable_structures_as_they_are():
    cifs = [host_cif(name) for name in HOSTS]
    features = StructureFeatures(groups=["geometry", "coordination"])
    booster = LGBMRegressor(n_estimators=5, min_child_samples=2, n_jobs=1, verbose=-1)
    fitted = make_pipeline(features, booster).fit(cifs, np.arange(len(cifs)))
    assert np.isfinite(fitted.predict([*cifs, "not a structure"])).all()
