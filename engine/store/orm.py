"""Sessions of objects over the connections of `engine.store.session`, for the pages on which people edit.

Event processing never uses them: it reads and writes rows in bulk.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session as PlainSession
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlmodel import Session

from engine.store.session import engine, transaction


class PageSession(PlainSession):
    """A session that looks up its engine on first use, so that nothing connects before a fork."""

    def get_bind(self, *_: Any, **__: Any) -> Engine:
        """The engine of this process."""
        return engine()


class PageSessions(scoped_session[PageSession]):
    """One session per thread. Lists use it as a database object, through its ``session``."""

    @property
    def session(self) -> "PageSessions":
        """This object."""
        return self


page_session = PageSessions(sessionmaker(class_=PageSession, expire_on_commit=False))
"""The session of the current request's thread, for lists. The web application removes it after each request."""


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """A session in one transaction: flushed and committed at the end of the block, rolled back on any error."""
    with transaction() as connection, Session(bind=connection, expire_on_commit=False) as session:
        yield session
        # Inside the transaction: constraint errors must roll it back.
        session.flush()
