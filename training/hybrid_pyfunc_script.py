"""MLflow runs this file to build the hybrid pyfunc: the code is imported, the data are files, no pickle is stored."""

from mlflow.models import set_model

from ionscout.training.hybrid_pyfunc import HybridPyfunc

set_model(HybridPyfunc())
