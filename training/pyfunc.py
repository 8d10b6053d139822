"""A property model behind MLflow's pyfunc interface, for `mlflow models serve`, Spark and notebooks."""

from typing import TYPE_CHECKING, Any

import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext  # type: ignore[reportPrivateImportUsage]

from ..featurize.structure.given import read_given
from ..models.context import Context
from ..models.prediction import load_model, predict_properties
from .model_files import MODEL_FILES

if TYPE_CHECKING:
    from ..models.base import PropertyModel


class PropertyPyfunc(PythonModel):
    """Formulas, temperatures and states in; the model's columns and `error` out, row by row."""

    model: "PropertyModel"

    def load_context(self, context: PythonModelContext) -> None:
        """Read the model's files."""
        self.model = load_model(context.artifacts[MODEL_FILES])

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict | None = None) -> pd.DataFrame:
        """Predict.

        Parameters
        ----------
        context : PythonModelContext
            Unused; `load_context` has read it.
        model_input : DataFrame
            Column `formula`, and optionally `temperature_C` (25), `state` ("crystalline") and, for a model that was
            taught structures, `structure` (CIF text; no file is opened).
        params : dict, optional
            `interval`, the fraction of new rows the bounds should hold (0.9).

        Returns
        -------
        DataFrame
            The columns `ion.predict` gives for this model's properties, index as in `model_input`.
        """
        context_rows = Context.read(len(model_input), model_input.get("temperature_C"), model_input.get("state"))
        given = read_given(model_input, self.model.reads_structures, open_files=False)
        answer = predict_properties(
            [self.model],
            given.batch,
            context_rows.with_errors(given.errors),
            float((params or {}).get("interval", 0.9)),
            structures=given.features,
        )
        return pd.DataFrame(answer, index=model_input.index)
