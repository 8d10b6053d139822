"""The screening engine, on the real champion models and real candidate spaces."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import ionscout as ion
from ionscout.serve.screen import stretch
from ionscout.serve.screen.results import ResultsError

pytestmark = pytest.mark.usefixtures("champion_home")

SPEC = "conductivity >= 1e-4, oxidation limit >= 3, energy above hull <= 0.1, no Co"


@pytest.fixture(scope="module")
def space():
    return ion.dopants("Na3Zr2Si2PO12", site="Zr", dopants="all", x=np.linspace(0.02, 0.4, 6).tolist())


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_exact=True)
    assert left.attrs == right.attrs


def test_a_small_screen_is_what_predict_and_rank_say(space):
    found = ion.screen(space, SPEC, top=20)
    table = ion.predict(space.to_dataframe())
    guarded = table[table["in_domain"] & ~table["formula"].isin(_refused(space))]
    expected = ion.rank(guarded, SPEC).head(20)
    assert found["candidate_id"].tolist() == expected["candidate_id"].tolist()
    for column in ("log10_conductivity", "oxidation_limit_V_upper", "probability", "domain_score"):
        np.testing.assert_array_equal(found[column], expected[column])
    assert found.attrs["candidates"] == len(space)


def _refused(space) -> list[str]:
    from ionscout.featurize.composition import CompositionBatch
    from ionscout.serve.screen.guard_rails import guard

    formulas = space.to_dataframe()["formula"]
    reasons = guard(CompositionBatch.from_formulas(formulas))
    return formulas[pd.notna(reasons)].tolist()


def test_the_answer_does_not_depend_on_chunks_parts_or_workers(space, monkeypatch, tmp_path):
    once = ion.screen(space, SPEC, top=10, fast=True)
    same(ion.screen(space, SPEC, top=10, fast=True, workers=1, part_rows=97), once)
    monkeypatch.setattr(stretch.Question, "chunk_rows", 31)
    same(ion.screen(space, SPEC, top=10, fast=True, out=tmp_path / "out", part_rows=128), once)


def test_results_hold_every_candidate_once_with_a_reason_or_predictions(space, tmp_path):
    out = tmp_path / "out"
    found = ion.screen(space, SPEC, top=5, out=out, part_rows=100, out_of_domain=True)
    table = pd.read_parquet(out)
    assert table["formula"].tolist() == space.to_dataframe()["formula"].tolist()
    assert table["candidate_id"].is_unique
    refused = table["refused"].notna()
    assert table.loc[refused, "log10_conductivity"].isna().all()
    assert table.loc[~refused, "log10_conductivity"].notna().all()
    assert sum(found.attrs["refused"].values()) == refused.sum()
    assert {"site", "dopant", "x", "probability"} <= set(table)
    ranking = pd.read_parquet(out / "_ranking.parquet")
    assert ranking["candidate_id"].head(5).tolist() == found["candidate_id"].tolist()


def test_the_front_of_a_stream_is_the_front_of_the_whole(space, tmp_path):
    ion.screen(space, SPEC, top=1, out=tmp_path / "out", part_rows=64)
    table = pd.read_parquet(tmp_path / "out").query("refused.isna()")
    columns = ["conductivity_S_cm", "oxidation_limit_V", "energy_above_hull_eV_atom"]
    values = table[columns].to_numpy() * [1, 1, -1]
    beaten = [((values >= row).all(axis=1) & (values > row).any(axis=1)).any() for row in values]
    expected = set(table["candidate_id"][~np.array(beaten)])
    ranking = pd.read_parquet(tmp_path / "out" / "_ranking.parquet")
    assert expected == set(ranking["candidate_id"][ranking["pareto"]])


def test_a_killed_run_goes_on_and_loses_or_repeats_nothing(space, tmp_path, champion_home):
    out = tmp_path / "out"
    script = (
        "import numpy as np, ionscout as ion\n"
        "space = ion.dopants('Na3Zr2Si2PO12', site='Zr', dopants='all', x=np.linspace(0.02, 0.4, 6))\n"
        f"ion.screen(space, {SPEC!r}, top=10, out={str(out)!r}, part_rows=40, workers=1)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment)
    deadline = time.monotonic() + 120
    while not list(out.glob("_kept/part-*.parquet")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = sorted(p.name for p in out.glob("_kept/part-*.parquet"))
    assert finished
    stamps = {name: (out / name).stat().st_mtime_ns for name in finished}
    found = ion.screen(space, SPEC, top=10, out=out, part_rows=40)
    assert stamps == {name: (out / name).stat().st_mtime_ns for name in finished}
    same(found, ion.screen(space, SPEC, top=10, out=tmp_path / "anew", part_rows=40))
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(tmp_path / "anew"), check_exact=True)
    assert not list(out.rglob("*.partial"))


def test_a_folder_of_another_screen_is_refused(space, tmp_path):
    ion.screen(space, SPEC, out=tmp_path / "out")
    with pytest.raises(ResultsError, match=r"another screen \(spec was"):
        ion.screen(space, "conductivity >= 1e-2", out=tmp_path / "out")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(ResultsError, match="holds other files"):
        ion.screen(space, SPEC, out=tmp_path / "notes")


@pytest.mark.parametrize("name", ["_kept/part-00000001.parquet", "part-00000001.parquet", "_screen.json"])
def test_a_damaged_file_is_named_and_the_rest_stays_readable(space, tmp_path, name):
    out = tmp_path / "out"
    ion.screen(space, SPEC, out=out, part_rows=100)
    (out / name).write_bytes((out / name).read_bytes()[:50])
    with pytest.raises(ResultsError, match="_screen.json" if "json" in name else "part 1"):
        ion.screen(space, SPEC, out=out, part_rows=100)
    assert len(pd.read_parquet(out / "part-00000000.parquet")) == 100


def test_a_full_disk_is_said_and_what_is_finished_stays(space, tmp_path):
    out = tmp_path / "out"
    script = (
        "import resource, signal, numpy as np, ionscout as ion\n"
        "space = ion.dopants('Na3Zr2Si2PO12', site='Zr', dopants='all', x=np.linspace(0.02, 0.4, 6))\n"
        "from ionscout.serve.screen import results\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "write = results.Results.add\n"
        "def add(self, part, judged):\n"
        "    if part == 1: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))\n"
        "    write(self, part, judged)\n"
        "results.Results.add = add\n"
        f"ion.screen(space, {SPEC!r}, top=10, out={str(out)!r}, part_rows=100, workers=1)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "cannot be written" in ended.stderr
    assert "go" in ended.stderr.splitlines()[-1]
    assert len(pd.read_parquet(out)) == 100
    found = ion.screen(space, SPEC, top=10, out=out, part_rows=100)
    same(found, ion.screen(space, SPEC, top=10, out=tmp_path / "anew", part_rows=100))


def test_impossible_spaces_say_so_before_they_run():
    with pytest.raises(ValueError, match="no candidate is left"):
        ion.screen(ion.dopants("Na3PS4", site="P", dopants=["He"], x=0.1))
    endless = ion.compositions(["Na", "Li", "Mg", "Al", "Si", "O", "F", "Zr"], up_to=60)
    with pytest.raises(ValueError, match="candidates would take"):
        ion.screen(endless)
    with pytest.raises(TypeError, match="no space of compositions"):
        ion.screen(3)  # pyright: ignore[reportArgumentType]


def test_lists_and_files_are_spaces_too(tmp_path):
    formulas = ["Na3PS4", "Na3P(S4", "NaNO3", "Na3Zr2Si2PO12"]
    found = ion.screen(formulas, "conductivity >= 1e-5")
    assert set(found["formula"]) == {"Na3PS4", "Na3Zr2Si2PO12"}
    assert found.attrs["candidates"] == 4
    assert sum(found.attrs["refused"].values()) == 2
    pd.DataFrame({"formula": formulas, "mine": range(4)}).to_csv(tmp_path / "c.csv", index=False)
    again = ion.screen(tmp_path / "c.csv", "conductivity >= 1e-5")
    assert again["formula"].tolist() == found["formula"].tolist()
    assert again.set_index("formula").loc["Na3PS4", "mine"] == "0"


@pytest.mark.parametrize("fast", [False, True])
def test_a_users_columns_are_kept_but_where_the_answer_has_the_same(fast, tmp_path):
    own = {"temperature_C": 60.0, "probability": 2.0, "rank": 9, "why": "mine", "error": "mine"}
    table = pd.DataFrame({"formula": ["Na3PS4", "NaCl"], "batch": ["b1", "b2"]}).assign(**own)
    out = tmp_path / "out"
    found = ion.screen(table, "oxidation limit >= 1", fast=fast, out=out, out_of_domain=True)
    assert dict(zip(found["formula"], found["batch"], strict=True)) == {"Na3PS4": "b1", "NaCl": "b2"}
    for ranked in (found, pd.read_parquet(out / "_ranking.parquet")):
        assert ranked["temperature_C"].tolist() == [25.0, 25.0]
        assert ranked["rank"].tolist() == [1, 2]
        assert ranked["probability"].between(0, 1).all()
        assert ranked["error"].isna().all()
        assert not ranked["why"].eq("mine").any()
    assert pd.read_parquet(out)["temperature_C"].tolist() == [25.0, 25.0]


def test_progress_reaches_the_end(space):
    told: list[tuple[int, int]] = []
    ion.screen(space, SPEC, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (space.size, space.size)
    assert told == sorted(told)


def test_fast_copies_choose_and_the_whole_models_answer(space):
    fast, whole = (ion.screen(space, SPEC, top=10, fast=f) for f in (True, False))
    same(fast, whole)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_cluster_that_loses_a_worker_gives_the_same_answer(space, tmp_path, champion_home):
    distributed = pytest.importorskip("dask.distributed")
    here = ion.screen(space, SPEC, top=10, out=tmp_path / "here", part_rows=20)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        by_address = ion.screen(space, SPEC, top=10, part_rows=100, client=cluster.scheduler_address)
        pids = list(client.run(os.getpid).values())
        killed: list[int] = []

        def kill_one(done: int, _: int) -> None:
            if done and not killed:
                killed.append(pids[0])
                os.kill(pids[0], signal.SIGKILL)

        there = ion.screen(space, SPEC, top=10, out=tmp_path / "there", part_rows=20, client=client, progress=kill_one)
    assert killed
    same(there, here)
    same(by_address, here)
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "there"), pd.read_parquet(tmp_path / "here"), check_exact=True
    )
