"""MLflow runs this file to build the pyfunc model, so no pickle is stored: the code is imported, the data are files."""

from ionscout.training.pyfunc import PropertyPyfunc
from mlflow.models import set_model

set_model(PropertyPyfunc())
