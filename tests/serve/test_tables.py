import gzip

import pandas as pd
import pytest

from ionscout.serve.tables import TableError, TableWriter, read_chunks

CHUNKS = [
    pd.DataFrame({"formula": ["NaCl"], "log10_conductivity": [-7.25], "error": [None]}),
    pd.DataFrame({"formula": ["Na3P(S4"], "log10_conductivity": [float("nan")], "error": ["bracket, unclosed"]}),
]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_chunks_come_back_as_one_table(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    with TableWriter(path) as writer:
        for chunk in CHUNKS:
            writer.write(chunk)
    table = pd.concat(list(read_chunks(path, 1)))
    assert table["formula"].tolist() == ["NaCl", "Na3P(S4"]
    assert table["error"].isna().tolist() == [True, False]
    assert table.index.tolist() == [0, 1]


def test_cells_come_through_as_typed(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes("\ufeffformula,batch\nNaCl,007\nNA,\n".encode())
    table = pd.concat(list(read_chunks(path, 10, as_typed=True)))
    assert table["batch"].tolist()[0] == "007"
    assert table["formula"].tolist() == ["NaCl", "NA"]
    assert pd.isna(table["batch"].tolist()[1])


def test_nothing_takes_the_name_before_it_is_whole(tmp_path):
    path = tmp_path / "out.csv"

    def stop_half_way():
        with TableWriter(path) as writer:
            writer.write(CHUNKS[0])
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stop_half_way()
    assert list(tmp_path.iterdir()) == []


def test_unusable_files_are_named_with_the_remedy(tmp_path):
    with pytest.raises(TableError, match="no such file"):
        list(read_chunks(tmp_path / "gone.csv", 5))
    with pytest.raises(TableError, match=r"\.csv\.gz, \.parquet"):
        list(read_chunks(tmp_path / "table.xlsx", 5))
    (tmp_path / "empty.csv").touch()
    with pytest.raises(TableError, match="the file is empty"):
        list(read_chunks(tmp_path / "empty.csv", 5))
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    with pytest.raises(TableError, match="cannot be read as .parquet"):
        list(read_chunks(tmp_path / "bad.parquet", 5))
    whole = gzip.compress(b"formula\n" + b"NaCl\n" * 5000)
    (tmp_path / "half.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TableError, match="half.csv.gz"):
        list(read_chunks(tmp_path / "half.csv.gz", 10))


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_texts_and_numbers_in_one_column_are_written_as_texts(tmp_path, ending):
    with TableWriter(tmp_path / f"out{ending}") as writer:
        writer.write(pd.DataFrame({"formula": ["NaCl", "NaBr", "NaI"], "temperature_C": ["60", 25.0, None]}))
    back = pd.concat(list(read_chunks(tmp_path / f"out{ending}", 5, as_typed=True)))
    assert back["temperature_C"].tolist()[:2] == ["60", "25"]
    assert back["temperature_C"].isna().tolist() == [False, False, True]
