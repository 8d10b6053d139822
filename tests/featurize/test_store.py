"""Features kept on disk: the same to the last bit, shared by processes, and never another version's."""

import inspect
import pickle
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from ionscout.featurize import IonicFeatures, MagpieFeatures, StoredFeatures, StructureFeatures
from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.store import FIRST_SLICE, FeatureStoreError, feature_version
from ionscout.featurize.structure.hosts import HOSTS, host_cif, host_structure
from ionscout.featurize.transformer import FeatureTable

FORMULAS = ["Na3PS4", "Na2.88Sb0.88W0.12S4", "NaCl", "Na3P(S4", "Na3PS4"]
CHEAP = ["geometry", "coordination"]


class Counting(StructureFeatures):
    """Structure features that count the rows they are asked to work out."""

    def table(self, X) -> FeatureTable:
        batch = self.coerce(X)
        Counting.rows += len(batch)
        return super().table(batch)

    rows = 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "features.sqlite"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_hits_equal_misses_to_the_last_bit(path: Path, dtype: str):
    crystals = [host_cif(name) for name in HOSTS]
    plain = StructureFeatures(groups=CHEAP, dtype=dtype)
    missed, hit = (StoredFeatures(plain, path).transform(crystals) for _ in range(2))
    assert missed.tobytes() == hit.tobytes() == plain.transform(crystals).tobytes()
    assert hit.dtype == dtype


def test_a_row_is_worked_out_once(path: Path):
    features = StoredFeatures(Counting(groups=CHEAP), path)
    crystals = [host_structure("NaCl"), host_structure("Na3PS4"), host_structure("NaCl"), "data_x"]
    feature_version(features.transformer)
    Counting.rows = 0
    first = features.table(crystals)
    assert Counting.rows == 2
    again = features.table(crystals[::-1])
    assert Counting.rows == 2
    np.testing.assert_array_equal(again.matrix, first.matrix[::-1])
    assert "no atoms" in again.errors[0]


def test_compositions_may_be_stored_too(path: Path):
    plain = IonicFeatures()
    for _ in range(2):
        found = StoredFeatures(plain, path).table(FORMULAS)
        assert found.matrix.tobytes() == plain.transform(FORMULAS).tobytes()
        assert list(found.errors) == list(CompositionBatch.coerce(FORMULAS).errors)


def test_what_a_crystal_lacks_is_remembered(path: Path):
    from pymatgen.core import Lattice, Structure

    salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.21), ["Ni", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    features = StoredFeatures(StructureFeatures(groups=CHEAP), path)
    errors = [features.table([salt]).errors[0] for _ in range(2)]
    assert errors[0] == errors[1]
    assert "no ion known to move in O-Ni" in errors[0]


def test_a_moved_atom_or_another_occupancy_is_another_row(path: Path):
    from ionscout.featurize.structure.batch import StructureBatch

    structure = host_structure("Na3PS4")
    moved = structure.copy()
    moved.translate_sites([0], [0, 0, 1e-12])
    emptier = structure.copy()
    emptier.replace(0, {"Na": 0.999})
    digests = StructureBatch.read([structure, moved, emptier, structure.copy()]).digests()
    assert len(set(digests)) == 3
    assert digests[0] == digests[3]


def test_multiples_of_a_formula_are_rows_of_their_own():
    # Statistics of raw amounts may differ in the last bit, so the store does not reduce formulas.
    digests = CompositionBatch.coerce(["Na3PS4", "Na6P2S8", "S4PNa3", "Na3.0000001PS4", "Li3PS4"]).digests()
    assert len(set(digests)) == 4
    assert digests[0] == digests[2]


def test_other_parameters_are_another_version():
    some = [IonicFeatures(), IonicFeatures("Li"), IonicFeatures(dtype="float32"), MagpieFeatures()]
    assert len({feature_version(features).digest for features in some}) == len(some)


def test_changed_numbers_are_another_version(monkeypatch: pytest.MonkeyPatch, path: Path):
    class Moved(IonicFeatures):
        shift = 0.0

        def compute(self, batch):
            return super().compute(batch) + Moved.shift

    features = StoredFeatures(Moved(), path)
    before = features.transform(FORMULAS)
    monkeypatch.setattr("ionscout.featurize.store._versions", {})  # as a new process starts
    Moved.shift = 1e-6
    after = features.transform(FORMULAS)
    assert not np.array_equal(before, after, equal_nan=True)


PROCESS = """
import sys, time
from pathlib import Path
from ionscout.featurize import StoredFeatures, StructureFeatures, host_structure
from ionscout.featurize.store import FIRST_SLICE

STRETCHED

path, offset, start = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
crystals = stretched(offset, 2 * FIRST_SLICE)
Path(f"{start}{offset}").touch()
while not start.exists():
    time.sleep(0.001)
table = StoredFeatures(StructureFeatures(groups="geometry"), path).table(crystals)
sys.stdout.buffer.write(table.matrix.tobytes())
"""


def stretched(first: int, count: int) -> list:
    salt = host_structure("NaCl")
    crystals = [salt.copy() for _ in range(count)]
    for number, crystal in enumerate(crystals):
        crystal.scale_lattice(salt.volume * (1 + 0.001 * (number + first)))
    return crystals


def test_two_processes_write_at_once(tmp_path: Path):
    # Half of the rows are common to both; they start together on a file that neither has made yet.
    path, start = tmp_path / "features.sqlite", tmp_path / "start"
    offsets = [0, FIRST_SLICE]
    program = PROCESS.replace("STRETCHED", inspect.getsource(stretched))
    running = [
        subprocess.Popen([sys.executable, "-c", program, path, str(offset), start], stdout=subprocess.PIPE)
        for offset in offsets
    ]
    while not all(Path(f"{start}{offset}").exists() for offset in offsets):
        assert all(process.poll() is None for process in running)
        time.sleep(0.01)
    start.touch()
    shared = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    features = StructureFeatures(groups="geometry")
    for offset, found in zip(offsets, shared, strict=True):
        assert found == features.transform(stretched(offset, 2 * FIRST_SLICE)).tobytes()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM features").fetchone() == (3 * FIRST_SLICE,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_foreign_database_is_left_alone(tmp_path: Path):
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE runs (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(FeatureStoreError, match=r"mlflow\.db' is a database, but no feature store"):
        StoredFeatures(MagpieFeatures(), path).transform(FORMULAS)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_text("formula\n" + "Na3PS4\n" * 1000)
    with pytest.raises(FeatureStoreError, match=r"file is not a database; .* delete it or name another"):
        StoredFeatures(MagpieFeatures(), path).transform(FORMULAS)


def test_a_damaged_file_is_refused(path: Path):
    features = StoredFeatures(MagpieFeatures(), path)
    computed = features.transform(FORMULAS)
    content = bytearray(path.read_bytes())
    place = content.index(computed[0].tobytes()[:64])
    content[place + 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(FeatureStoreError, match="a row is damaged"):
        features.transform(FORMULAS)
    path.write_bytes(content[:4096] + bytes(len(content) - 4096))
    with pytest.raises(FeatureStoreError, match="malformed"):
        features.transform(FORMULAS)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(FeatureStoreError, match="cannot be made"):
        StoredFeatures(MagpieFeatures(), tmp_path / "file" / "features.sqlite").transform(FORMULAS)


def test_another_layout_is_refused(path: Path):
    features = StoredFeatures(MagpieFeatures(), path)
    features.transform(FORMULAS)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(FeatureStoreError, match="has layout 7"):
        features.transform(FORMULAS)


@pytest.mark.filterwarnings("ignore:Can't test estimator")
def test_it_is_a_scikit_learn_transformer(path: Path):
    features = StoredFeatures(MagpieFeatures(), path)
    check_estimator(features)
    copy = pickle.loads(pickle.dumps(clone(features)))
    np.testing.assert_array_equal(copy.transform(FORMULAS), MagpieFeatures().transform(FORMULAS))
    table = features.set_output(transform="pandas").fit_transform(FORMULAS)
    assert list(table.columns) == MagpieFeatures().feature_names()
    assert features.get_params()["transformer__dtype"] == "float64"
