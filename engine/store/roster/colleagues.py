"""Who is in the roster, for people who choose somebody: names and roles of those who are active. Reads only."""

from dataclasses import dataclass

from engine.store.session import raw, transaction


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody active in the roster."""

    email: str
    name: str
    role: str

    @property
    def shown(self) -> str:
        """The name with the e-mail, or the e-mail alone."""
        return f"{self.name} · {self.email}" if self.name else self.email


def read_colleagues() -> list[Colleague]:
    """Everybody active, by role and name."""
    with transaction() as connection:
        rows = raw(connection).execute("SELECT email, name, role FROM person WHERE active ORDER BY role, name, email")
        return [Colleague(*row) for row in rows]
