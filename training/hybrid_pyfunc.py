"""The hybrid model behind MLflow's pyfunc interface, for `mlflow models serve`, Spark and notebooks."""

from typing import Any

import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext  # type: ignore[reportPrivateImportUsage]

from ..featurize.mixture import MixtureBatch
from ..models.hybrid import HybridModel, predict_mixtures
from .model_files import MODEL_FILES


class HybridPyfunc(PythonModel):
    """Mixtures in; log10_conductivity and conductivity_S_cm with bounds, domain and `error` out, row by row."""

    model: HybridModel

    def load_context(self, context: PythonModelContext) -> None:
        """Read the model's files."""
        self.model = HybridModel.load(context.artifacts[MODEL_FILES])

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict | None = None) -> pd.DataFrame:
        """Predict.

        Parameters
        ----------
        context : PythonModelContext
            Unused; `load_context` has read it.
        model_input : DataFrame
            Columns of hybrid_electrolytes.csv; `polymer` and `temperature_C` must be there.
        params : dict, optional
            `interval`, the fraction of new rows the bounds should hold (0.9).

        Returns
        -------
        DataFrame
            The columns `ion.predict_hybrids` adds, index as in `model_input`.
        """
        interval = float((params or {}).get("interval", 0.9))
        answer = predict_mixtures(self.model, MixtureBatch.read(model_input), interval)
        return pd.DataFrame(answer, index=model_input.index)
