"""A question about dopants, read from a form: host, sites, elements, amounts, what makes up the charge, spec."""

from dataclasses import dataclass

from ...featurize.elements import INDEX
from ..screen.compensation import COMPENSATIONS
from ..screen.sites import ANIONS
from ..screen.spec import DEFAULT_SPEC, Spec
from . import asking
from .answering import PageError

DEFAULT_X = "0.05, 0.1, 0.2, 0.3"


@dataclass(frozen=True)
class DopantQuestion:
    """What `ion.dopants` and `ion.predict` are asked; `dopants` empty for all that a laboratory would take."""

    host: str
    sites: tuple[str, ...]
    dopants: tuple[str, ...]
    x: tuple[float, ...]
    compensate: str
    anions: tuple[str, str] | None
    at_once: int
    temperature_C: float
    state: str


@dataclass(frozen=True)
class DopantForm:
    """The form as it was typed, so that it can be shown again with its mistakes."""

    host: str = ""
    site: tuple[str, ...] = ()
    dopant: tuple[str, ...] = ()
    x: str = DEFAULT_X
    compensate: str = COMPENSATIONS[0]
    old_anion: str = ""
    new_anion: str = ""
    at_once: str = "1"
    temperature: str = ""
    state: str = "crystalline"
    spec: str = DEFAULT_SPEC

    @property
    def asked(self) -> dict:
        """What stands in an address; what is left at its default does not."""
        plain = DopantForm()
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value != getattr(plain, name)}

    def read(self) -> tuple[DopantQuestion, Spec]:
        """The question and the spec.

        The temperature is the spec's, where only the spec names one.

        Raises
        ------
        PageError
            Naming the field that cannot be read.
        """
        try:
            spec = Spec.parse(self.spec or DEFAULT_SPEC)
        except ValueError as error:
            raise PageError(str(error)) from error
        named = {c.temperature_C for c in spec.conditions if c.temperature_C is not None}
        if len(named) > 1:
            raise PageError(f"spec: it names {len(named)} temperatures; a ranking is made at one")
        temperature_C = asking.temperature_C(self.temperature) if self.temperature.strip() or not named else named.pop()
        if named and named != {temperature_C}:
            raise PageError(
                f"spec: it asks for the conductivity at {named.pop():g} °C, the form for {temperature_C:g} °C; "
                "leave one of them out"
            )
        if self.compensate not in COMPENSATIONS:
            raise PageError(f"charge made up by {self.compensate!r}: choose one of {', '.join(COMPENSATIONS)}")
        unknown = [symbol for symbol in (*self.dopant, *self.site) if symbol not in INDEX]
        if unknown:
            raise PageError(f"{unknown[0]!r} is not an element; give symbols such as Mg")
        question = DopantQuestion(
            host=self.host.strip(),
            sites=self.site,
            dopants=self.dopant,
            x=asking.amounts(self.x),
            compensate=self.compensate,
            anions=self._anions(),
            at_once=int(asking.number("sites at once", self.at_once, 1, max(1, len(self.site)))),
            temperature_C=temperature_C,
            state=asking.state(self.state),
        )
        return question, spec

    def _anions(self) -> tuple[str, str] | None:
        if self.compensate != "anion_exchange":
            return None
        for anion in (self.old_anion, self.new_anion):
            if anion not in ANIONS:
                raise PageError(f"anion {anion!r}: to exchange anions name the old and the new one, e.g. O and F")
        return self.old_anion, self.new_anion
