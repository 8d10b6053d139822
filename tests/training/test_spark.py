"""The registered models as Spark sees them."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ionscout as ion
from ionscout.training.registry import connect

ROWS = pd.DataFrame(
    {
        "formula": ["Na3Zr2Si2PO12", "Na3.4Sc0.4Zr1.6Si2PO12", "Na2.88Sb0.88W0.12S4", "Na3PS4", "Na2ZrCl6", "Na3P(S4"],
        "temperature_C": [25.0, 60.0, -10.0, 25.0, 25.0, 25.0],
        "state": ["crystalline", "crystalline", "crystalline", "glass_ceramic", "crystalline", "crystalline"],
    }
)


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Spark of this machine alone, with the workers in this Python."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'ionscout[spark]'")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("no Java on this machine, which Spark needs: spark_udf was NOT tested")
    from pyspark.sql import SparkSession  # pyright: ignore[reportMissingImports]

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    local: dict[str, Any] = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    session = SparkSession.builder.master("local[2]").config(map=local).getOrCreate()
    yield session
    session.stop()


def test_spark_udf_of_the_champion_gives_the_numbers_of_predict(spark: Any, champion_home: Path) -> None:
    import mlflow
    from pyspark.sql.functions import struct  # pyright: ignore[reportMissingImports]

    connect()
    model = mlflow.pyfunc.spark_udf(spark, "models:/conductivity@champion", env_manager="local")
    # Two partitions, so that the rows are predicted apart and by other processes.
    table = spark.createDataFrame(ROWS.reset_index()).repartition(2)
    said = table.withColumn("said", model(struct("formula", "temperature_C", "state"))).select("index", "said.*")
    theirs = said.toPandas().sort_values("index").reset_index(drop=True)
    ours = ion.predict(ROWS)
    numbers = [c for c in theirs if c in ours and theirs[c].dtype == "float64"]
    assert {"log10_conductivity", "log10_conductivity_upper", "activation_energy_eV", "domain_score"} <= set(numbers)
    np.testing.assert_array_equal(theirs[numbers], ours[numbers])
    assert theirs["in_domain"].tolist() == ours["in_domain"].tolist()
    # MLflow casts texts of a partition that holds any, so that a missing one may come as the text "None".
    assert theirs["error"].fillna("None").tolist() == [*["None"] * 5, ours["error"][5]]
