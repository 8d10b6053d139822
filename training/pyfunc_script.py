"""MLflow runs this file to build the pyfunc model, so no pickle is stored: the code is imported, the data are files."""

from mlflow.models import set_model

from ionscout.training.pyfunc import PropertyPyfunc

set_model(PropertyPyfunc())
