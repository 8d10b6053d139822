"""Would ionscout have found what others found? `python benchmarks/honest_trial.py [CASE...] [--output FOLDER]`.

Each case hides the doped members of one host from training, fits again as `ion.train` does, and ranks the hidden
members among the unmade dopings of the same site. About two minutes of one core a case. What follows was written down
before any ranking was looked at.

Hidden: every row (conductivity or activation energy, of any state) that holds a hidden dopant and is of the host's
family (`featurize.family`), or holds every element of the host, or is a member. So the model has never seen that dopant
in that framework, not even in solid solutions or as the end member.
Member: a composition of the curated table that is the host with one other element on the site, the framework otherwise
unchanged (within 0.02 atoms a formula unit), the anions within 5 %, any sodium, measured as a crystal, a glass-ceramic
or unsaid, within 10 C of the temperature of the case.
Winner: a member whose median measured conductivity is at least the median of the undoped host, measured likewise;
a loser is any other member. Members that were measured only at other temperatures are hidden and not judged.
Unmade: what `ion.dopants(dopants="all")` offers on the site at `SHARES` of it, balanced by sodium or by anion
vacancies, of elements that have no member on that site in the table. Unmade is unknown, not bad: a perfect model need
not put the winners above all of them. Some have been made and are only not in the table.
Scores: the predicted conductivity, and the probability that `ion.rank` gives the spec `SPEC`; both as a crystal at the
temperature of the case. Beside them, rules that need no model: more sodium, a bond length nearer to the site's, a
likelier substitution (Hautier 2011).
AUC: the probability that a winner ranks above an unmade candidate; ties count half. By chance: the members' elements
are exchanged for random unmade ones, all members of an element for one other, at the nearest amount (`DRAWS` draws):
what a ranking would give that knows amounts but not elements. p is one-sided.
Top tenth: winners in the top 10 % of the ranking, and the hypergeometric probability of as many or more. Members of one
element are alike, so that p flatters; the one of the AUC does not.

Written after the rankings were seen: the errors of the members, and how many of their intervals held; how likely it is
by chance that winners stand above losers (who won is shuffled among the members of a case; members of one element are
alike, so that p flatters); the reading from an `--output` folder of rankings that an earlier run has left there.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from scipy.stats import hypergeom, rankdata

import ionscout as ion
from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.elements import INDEX, SYMBOLS
from ionscout.featurize.family import family_codes
from ionscout.models.context import Context
from ionscout.models.prediction import predict_properties
from ionscout.serve.screen.host_series import NEAR_C, SOLIDS, substituted
from ionscout.training.fit import fit_arrhenius
from ionscout.training.train import measured_rows

SPEC = "conductivity >= 1e-3"
SHARES = (0.025, 0.05, 0.1, 0.15, 0.25)
LARGE_SHARES = (0.5, 0.75, 1.0)  # besides, where a member replaces more than a quarter of the site
DRAWS, SEED = 20_000, 0
MODEL_SCORES = ("conductivity", "probability")
POOLED = (("AUC", "null"), ("won over lost", "null of lost"))
RULES = ("more sodium", "nearer bond", "likelier exchange")


@dataclass(frozen=True)
class Case:
    """A host, its site, the dopants to hide (all that have members if none is named) and the temperature."""

    name: str
    host: str
    site: str
    dopants: tuple[str, ...] = ()
    temperature_C: float = 25.0
    pooled: bool = True


NASICON = "Na3Zr2Si2PO12"
CASES = (
    Case("Sc in NASICON", NASICON, "Zr", ("Sc",)),
    Case("Mg in NASICON", NASICON, "Zr", ("Mg",)),
    Case("Zn in NASICON", NASICON, "Zr", ("Zn",)),
    Case("W in Na3SbS4", "Na3SbS4", "Sb", ("W",)),
    Case("halides in Na3PS4", "Na3PS4", "S", ("F", "Cl", "Br", "I")),
    Case("on P of Na3PS4", "Na3PS4", "P"),
    Case("on Zr of Na2ZrCl6", "Na2ZrCl6", "Zr"),
    Case("on Y of Na5YSi4O12", "Na5YSi4O12", "Y"),
    # One study measured eight dopants of this host, at 126.85 C.
    Case("on Zr of NaZr2P3O12", "NaZr2P3O12", "Zr", temperature_C=126.85),
    # Holds the first three once more, so it stays out of the pool.
    Case("all on Zr of NASICON", NASICON, "Zr", pooled=False),
)


def hidden(formulas: pd.Series, host: str, site: str, dopants: tuple[str, ...]) -> np.ndarray:
    """Rows (n,) bool that training must not see."""
    batch = CompositionBatch.from_formulas(formulas)
    parent = CompositionBatch.from_formulas([host])
    amounts, own = batch.amounts.toarray() > 0, parent.amounts.toarray()[0] > 0
    in_framework = amounts[:, own].all(axis=1) | (family_codes(batch) == family_codes(parent)[0])
    in_framework |= (substituted(formulas, host, site)["dopant"] != "").to_numpy()
    return amounts[:, [INDEX[d] for d in dopants]].any(axis=1) & in_framework


def members(rows: pd.DataFrame, case: Case) -> tuple[pd.DataFrame, float, set[str]]:
    """Judged members (formula, dopant, x, measured, measurements, won), the host's own value, dopants with members."""
    found = substituted(rows["formula"], case.host, case.site)
    table = rows.reset_index(drop=True).join(found)
    made = {d for d in table["dopant"] if d}
    near = (table["temperature_C"] - case.temperature_C).abs() <= NEAR_C
    solid = table["state"].isin(SOLIDS)
    table = table[near & solid & table["log10_conductivity"].notna()]
    own = float(table.loc[table["is_host"], "log10_conductivity"].median())
    chosen = table[table["dopant"].isin(case.dopants or made)]
    groups = chosen.assign(key=keys(chosen["formula"])).groupby("key", sort=True)
    judged = groups.agg(
        formula=("formula", "first"),
        dopant=("dopant", "first"),
        x=("x", "first"),
        measured=("log10_conductivity", "median"),
        measurements=("formula", "size"),
    ).reset_index()
    return judged.assign(won=judged["measured"] >= own), own, made


def keys(formulas: pd.Series) -> list[str]:
    """A name for each composition (n,), however it is written."""
    fractions = CompositionBatch.from_formulas(formulas).fractions.toarray()
    return [" ".join(f"{SYMBOLS[e]}{row[e]:.4f}" for e in np.flatnonzero(row)) for row in fractions]


def unmade(case: Case, judged: pd.DataFrame, made: set[str]) -> pd.DataFrame:
    """Unmade candidates, and the judged members behind them with their dopant's facts (NaN where it is refused)."""
    amount = float(CompositionBatch.from_formulas([case.host]).amounts.toarray()[0][INDEX[case.site]])
    large = len(judged) > 0 and judged["x"].max() > SHARES[-1] * amount + 1e-6
    x = [round(share * amount, 6) for share in SHARES + (LARGE_SHARES if large else ())]
    spaces = [ion.dopants(case.host, site=case.site, x=x, compensate=c) for c in ("mobile_ion", "anion_vacancies")]
    grid = pd.concat([space.to_dataframe() for space in spaces], ignore_index=True)
    grid = grid.drop_duplicates("formula").assign(key=lambda t: keys(t["formula"]))
    facts = grid.sort_values("substitution_probability", ascending=False).drop_duplicates("dopant")
    columns = ["dopant", "bond_mismatch_pct", "substitution_probability"]
    known = judged.merge(facts[columns], on="dopant", how="left")
    return pd.concat([grid[~grid["dopant"].isin(made)], known], ignore_index=True)


def scored(table: pd.DataFrame, case: Case, rows: pd.DataFrame) -> pd.DataFrame:
    """Fit on `rows`, score the table; high is better in every score."""
    model = fit_arrhenius(rows, seed=SEED).model
    batch = CompositionBatch.from_formulas(table["formula"])
    context = Context.read(len(table), case.temperature_C, "crystalline")
    answer = pd.DataFrame(predict_properties([model], batch, context))
    table = table.join(answer.drop(columns="error"))
    ranked = ion.rank(table.assign(place=np.arange(len(table))), SPEC).set_index("place")
    return table.assign(
        conductivity=table["log10_conductivity"],
        probability=ranked["probability"],
        **{
            "more sodium": batch.fractions.toarray()[:, INDEX["Na"]],
            "nearer bond": -table["bond_mismatch_pct"].abs().fillna(np.inf),
            "likelier exchange": table["substitution_probability"].fillna(-np.inf),
        },
    )


def above(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Share (n,) of `others` that each of `scores` stands above; ties count half."""
    ranks = rankdata(np.concatenate([scores, others]))[: len(scores)] - rankdata(scores)
    return ranks / len(others)


def chance(chosen: pd.DataFrame, others: pd.DataFrame, score: str) -> np.ndarray:
    """AUC (DRAWS,) of members whose elements are exchanged for random unmade ones."""
    generator = np.random.default_rng(SEED)
    heights = above(others[score].to_numpy(), others[score].to_numpy())
    by_dopant = {d: part.index.to_numpy() for d, part in others.reset_index(drop=True).groupby("dopant")}
    x = others["x"].to_numpy()
    elements, dopants = chosen["dopant"].unique(), list(by_dopant)
    # heights of what each dopant offers at the amount nearest to each member's
    offers = [
        [heights[i[np.abs(x[i] - amount) <= np.abs(x[i] - amount).min() + 1e-9]] for i in by_dopant.values()]
        for amount in chosen["x"]
    ]
    which = [int(np.flatnonzero(elements == d)[0]) for d in chosen["dopant"]]
    out = np.zeros(DRAWS)
    for draw in range(DRAWS):
        exchanged = generator.choice(len(dopants), len(elements), replace=False)
        out[draw] = np.mean([generator.choice(o[exchanged[w]]) for o, w in zip(offers, which, strict=True)])
    return out


def shuffled(scores: np.ndarray, winners: int) -> np.ndarray:
    """AUC (DRAWS,) of winners over losers when who won is shuffled among the members."""
    generator = np.random.default_rng(SEED)
    draws = (generator.permutation(scores) for _ in range(DRAWS))
    return np.array([above(drawn[:winners], drawn[winners:]).mean() for drawn in draws])


def judge(table: pd.DataFrame, score: str) -> dict:
    """What one score says of a case."""
    is_member = table["measured"].notna()
    known, others = table[is_member], table[~is_member]
    won = known[known["won"].astype(bool)]
    lost = known[~known["won"].astype(bool)]
    fact = {"score": score, "winners": len(won), "losers": len(lost), "unmade": len(others)}
    if len(won):
        fact["AUC"] = float(above(won[score].to_numpy(), others[score].to_numpy()).mean())
        null = chance(won, others, score)
        fact["null"] = null
        fact["p"] = float((1 + np.count_nonzero(null >= fact["AUC"] - 1e-12)) / (1 + DRAWS))
        pool = pd.concat([won, others])
        top = round(0.1 * len(pool))
        fact["in top"] = int((rankdata(-pool[score], method="max")[: len(won)] <= top).sum())
        fact["p top"] = float(hypergeom.sf(fact["in top"] - 1, len(pool), top, len(won)))
    if len(won) and len(lost):
        fact["won over lost"] = float(above(won[score].to_numpy(), lost[score].to_numpy()).mean())
        fact["null of lost"] = shuffled(known[score].to_numpy(), len(won))
    if len(known) > 2 and np.ptp(known[score]) > 0:
        fact["Spearman"] = float(known[score].corr(known["measured"], method="spearman"))
    return fact


def ranking_of(case: Case, rows: pd.DataFrame, out_of_sight: np.ndarray, output: Path | None) -> pd.DataFrame:
    """The scored table of a case: fitted and ranked, or read where an earlier run has left it in `output`."""
    path = None if output is None else output / (case.name.replace(" ", "_") + ".csv")
    if path is not None and path.is_file():
        return pd.read_csv(path)
    judged, _, made = members(rows, case)
    table = scored(unmade(case, judged, made), case, rows[~out_of_sight].reset_index(drop=True))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)
    return table


def report_case(case: Case, tell: Callable[[str], None], output: Path | None) -> list[dict]:
    """Run one case; prints its members, returns a row for each score."""
    rows = measured_rows()
    _, own, made = members(rows, case)
    dopants = case.dopants or tuple(sorted(made))
    out_of_sight = hidden(rows["formula"], case.host, case.site, dopants)
    counts = rows.loc[out_of_sight, "formula"].value_counts().sort_index()
    table = ranking_of(case, rows, out_of_sight, output)
    is_member = table["measured"].notna()
    others = table[~is_member].sort_values("conductivity", ascending=False)
    tell(f"\n### {case.name}\n")
    tell(f"Host {case.host}, {own:.2f} measured at {case.temperature_C:g} C. Hidden: {', '.join(dopants)}, in")
    tell(f"{out_of_sight.sum()} rows of {len(counts)} formulas. {len(others)} unmade candidates of")
    tell(f"{others['dopant'].nunique()} elements, first of them {', '.join(others['formula'].head(3))}.\n")
    tell("| member | measured | predicted (90 %) | won | offered | rank of all | by probability | in domain |")
    tell("|---|---|---|---|---|---|---|---|")
    for score in MODEL_SCORES:
        table[f"rank by {score}"] = rankdata(-table[score], method="average")
    for row in table[is_member].sort_values("measured", ascending=False).to_dict("records"):
        tell(
            f"| {row['formula']} | {row['measured']:.2f} ({row['measurements']:g}) | {row['log10_conductivity']:.2f} "
            f"({row['log10_conductivity_lower']:.1f} to {row['log10_conductivity_upper']:.1f}) | "
            f"{'yes' if row['won'] else 'no'} | {'no' if np.isinf(row['likelier exchange']) else 'yes'} | "
            f"{row['rank by conductivity']:g} of {len(table)} | {row['rank by probability']:g} | "
            f"{'yes' if row['in_domain'] else 'no'} |"
        )
    tell(f"\n{errors_of(table[is_member])}")
    tell("\nHidden rows: " + ", ".join(f"{formula} ({n})" for formula, n in counts.items()))
    return [{"case": case.name, "pooled": case.pooled, **judge(table, s)} for s in (*MODEL_SCORES, *RULES)]


def errors_of(known: pd.DataFrame) -> str:
    """How far the members (m rows) were told wrong, and how many of their intervals held."""
    measured, said = known["measured"], known["log10_conductivity"]
    held = (measured >= known["log10_conductivity_lower"]) & (measured <= known["log10_conductivity_upper"])
    error = said - measured
    return (
        f"The 90 % intervals held {held.sum()} of {len(known)}; mean absolute error {error.abs().mean():.2f} decades, "
        f"mean error {error.mean():+.2f}."
    )


def summary(facts: list[dict], tell: Callable[[str], None]) -> None:
    """The tables over all cases."""
    tell("\n### All cases\n")
    tell("| case | score | winners, losers, unmade | AUC | by chance (95 %) | p | in top tenth | p | won over lost |")
    tell("|---|---|---|---|---|---|---|---|---|")
    for f in facts:
        if f["score"] not in MODEL_SCORES:
            continue
        begin = f"| {f['case']} | {f['score']} | {f['winners']}, {f['losers']}, {f['unmade']} | "
        over = f"{f['won over lost']:.2f}" if "won over lost" in f else ""
        if not f["winners"]:
            tell(f"{begin}| | | | | |")
            continue
        low, high = np.quantile(f["null"], [0.025, 0.975])
        tell(
            f"{begin}{f['AUC']:.2f} | {low:.2f} to {high:.2f} | {f['p']:.3f} | {f['in top']} of {f['winners']} "
            f"({f['winners'] / 10:.1f}) | {f['p top']:.3f} | {over} |"
        )
    tell("\n| score | cases | mean AUC over unmade | by chance (95 %) | p | cases | mean AUC won over lost |"
         " by chance (95 %) | p | rank correlations |")  # fmt: skip
    tell("|---|---|---|---|---|---|---|---|---|---|")
    for score in (*MODEL_SCORES, *RULES):
        chosen = [f for f in facts if f["score"] == score and f["pooled"]]
        cells = [pooled([(f[value], f[null]) for f in chosen if value in f]) for value, null in POOLED]
        correlations = ", ".join(f"{f['Spearman']:.2f}" for f in chosen if "Spearman" in f)
        tell(f"| {score} | {cells[0]} | {cells[1]} | {correlations} |")


def pooled(found: list[tuple[float, np.ndarray]]) -> str:
    """Cells of a mean over cases: how many, the mean, its interval under chance, and p."""
    if not found:
        return "0 | | |"
    generator = np.random.default_rng(SEED)
    # Cases are independent under chance; the same draws must not meet in every one.
    null = np.mean([generator.permutation(draws) for _, draws in found], axis=0)
    mean = float(np.mean([value for value, _ in found]))
    low, high = np.quantile(null, [0.025, 0.975])
    p = (1 + np.count_nonzero(null >= mean - 1e-12)) / (1 + DRAWS)
    return f"{len(found)} | {mean:.2f} | {low:.2f} to {high:.2f} | {p:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", nargs="*", help=f"some of: {'; '.join(c.name for c in CASES)}")
    told = "folder for the ranking of each case as CSV; cases found there are not fitted again"
    parser.add_argument("--output", type=Path, help=told)
    asked = parser.parse_args()
    unknown = set(asked.cases) - {c.name for c in CASES}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    console = Console(stderr=True)
    facts: list[dict] = []
    for case in CASES:
        if not asked.cases or case.name in asked.cases:
            with console.status(f"{case.name}: fitting without it"):
                facts += report_case(case, lambda line: print(line, flush=True), asked.output)
    summary(facts, lambda line: print(line, flush=True))


if __name__ == "__main__":
    sys.exit(main())
