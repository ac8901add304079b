"""Names and roles of active people, for choosing somebody. Reads only."""

from dataclasses import dataclass

from engine.store.session import raw, transaction


@dataclass(frozen=True, slots=True)
class Colleague:
    """An active person of the roster."""

    email: str
    name: str
    role: str

    @property
    def shown(self) -> str:
        """The name with the e-mail, or the e-mail alone."""
        return f"{self.name} · {self.email}" if self.name else self.email


def read_colleagues() -> list[Colleague]:
    """All active people, by role and name."""
    with transaction() as connection:
        rows = raw(connection).execute("SELECT email, name, role FROM person WHERE active ORDER BY role, name, email")
        return [Colleague(*row) for row in rows]
