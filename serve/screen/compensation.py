"""What makes up the charge of an aliovalent substitution: the mobile ion, vacancies, anions or a second dopant."""

from dataclasses import dataclass

import numpy as np

from ...featurize.elements import INDEX, SYMBOLS
from .sites import ANIONS, MOBILE_IONS, charge_text

COMPENSATIONS = (
    "mobile_ion",
    "mobile_vacancies",
    "anion_vacancies",
    "vacancies",
    "anion_exchange",
    "co_dopant",
)
CHARGE_NOISE = 1e-9  # charges per formula unit below this are zero


@dataclass(frozen=True)
class Answer:
    """How one elementary charge too many (or too few) is made up.

    Parameters
    ----------
    change : (n_elements,) array
        Change of the amounts per elementary charge.
    element : str
        What changes first, and is named in texts.
    text : str
        How a chemist names it, after the amount: "Na", "O vacancies", "F for O".
    limit : float
        Amount of `element` there is to take; infinite where it is added.
    """

    change: np.ndarray
    element: str
    text: str
    limit: float = np.inf

    @property
    def per_charge(self) -> float:
        """Change of `element` per elementary charge."""
        return float(self.change[INDEX[self.element]])


@dataclass(frozen=True)
class Compensation:
    """Rule for both signs; None where this way cannot make up that sign.

    Parameters
    ----------
    kind : str
        One of `COMPENSATIONS`.
    too_high, too_low : Answer or None
        For a framework whose charge has risen, or fallen.
    """

    kind: str
    too_high: Answer | None
    too_low: Answer | None

    def answer(self, charge: float) -> Answer | None:
        """The way for a charge of this sign."""
        return self.too_high if charge > 0 else self.too_low

    def refusal(self, charge: float, taken: dict[str, float]) -> str | None:
        """Why a charge cannot be made up; None where it can.

        Parameters
        ----------
        charge : float
            Charge that the substitution adds per formula unit.
        taken : dict
            Amount of an element that the substitution itself takes away.
        """
        answer = self.too_high if charge > 0 else self.too_low
        if abs(charge) <= CHARGE_NOISE:
            return None
        if answer is None:
            return f"{self.kind} does not make up a charge of {charge:+.6g}"
        need = abs(charge * answer.per_charge)
        if need >= answer.limit - taken.get(answer.element, 0.0) - CHARGE_NOISE:
            return f"takes {need:g} {answer.element}, the host has too little"
        return None

    def text(self, charge: float) -> str:
        """What was done, as in "+0.2 Na" or "+0.1 F for O"; empty where nothing was."""
        if abs(charge) <= CHARGE_NOISE:
            return ""
        answer = self.answer(charge)
        assert answer is not None
        amount = abs(charge) * answer.per_charge
        return f"{abs(amount) if answer.text != answer.element else amount:+.6g} {answer.text}"


def compensation_of(
    kind: str, parent: np.ndarray, states: np.ndarray, mobile: str, anions: tuple[str, str] | None
) -> Compensation:
    """Rule for a host.

    Parameters
    ----------
    kind : str
        One of `COMPENSATIONS`.
    parent, states : (n_elements,) array
        Amounts and oxidation states of the host.
    mobile : str
        Its mobile ion.
    anions : (str, str) or None
        For "anion_exchange": the host's anion and the one that replaces it.

    Raises
    ------
    ValueError
        If `kind` is not known or `anions` do not fit it.
    """
    if kind not in COMPENSATIONS:
        raise ValueError(f"compensate={kind!r} is not known; choose one of {', '.join(COMPENSATIONS)}")
    if (anions is not None) != (kind == "anion_exchange"):
        raise ValueError("compensate='anion_exchange' and anions=('O', 'F') belong together; give both or neither")
    if kind == "co_dopant":
        return Compensation(kind, None, None)
    if kind == "anion_exchange":
        assert anions is not None
        return _exchange(parent, states, *anions)
    ion = _change({mobile: 1.0 / MOBILE_IONS[mobile]})
    fewer = Answer(-ion, mobile, mobile, float(parent[INDEX[mobile]]))
    if kind == "mobile_ion":
        return Compensation(kind, fewer, Answer(ion, mobile, mobile))
    emptied = Answer(-ion, mobile, f"{mobile} vacancies", float(parent[INDEX[mobile]]))
    anion = max((a for a in ANIONS if states[INDEX[a]] < 0), key=lambda a: parent[INDEX[a]], default=None)
    if anion is None:
        raise ValueError(f"compensate={kind!r}: the host has no anion among {', '.join(ANIONS)}")
    change = _change({anion: 1.0 / float(states[INDEX[anion]])})
    lost = Answer(change, anion, f"{anion} vacancies", float(parent[INDEX[anion]]))
    return Compensation(
        kind,
        emptied if kind in ("vacancies", "mobile_vacancies") else None,
        lost if kind in ("vacancies", "anion_vacancies") else None,
    )


def _exchange(parent: np.ndarray, states: np.ndarray, old: str, new: str) -> Compensation:
    inside = ", ".join(a for a in ANIONS if parent[INDEX[a]] > 0 and states[INDEX[a]] < 0)
    if old not in ANIONS or new not in ANIONS:
        raise ValueError(f"anions=({old!r}, {new!r}): choose two of {', '.join(ANIONS)}")
    if parent[INDEX[old]] <= 0 or states[INDEX[old]] >= 0:
        raise ValueError(f"anions=({old!r}, {new!r}): the host's anions are {inside}; name one of them first")
    step = ANIONS[new] - float(states[INDEX[old]])
    if abs(step) <= CHARGE_NOISE:
        raise ValueError(
            f"anions=({old!r}, {new!r}): both carry {charge_text(ANIONS[new])}, so their exchange makes up no charge"
        )
    forward = Answer(_change({old: -1.0, new: 1.0}) / abs(step), old, f"{new} for {old}", float(parent[INDEX[old]]))
    held = float(parent[INDEX[new]])
    back = Answer(_change({new: -1.0, old: 1.0}) / abs(step), new, f"{old} for {new}", held) if held > 0 else None
    # A less negative anion raises the charge, which answers a framework whose charge has fallen.
    return Compensation("anion_exchange", back, forward) if step > 0 else Compensation("anion_exchange", forward, back)


def _change(amounts: dict[str, float]) -> np.ndarray:
    out = np.zeros(len(SYMBOLS))
    for symbol, amount in amounts.items():
        out[INDEX[symbol]] = amount
    return out
