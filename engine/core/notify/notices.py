"""The kinds of notices, and the recipients of a notice (R6.5).

Pure. A decision names a recipient by function, such as ``manager`` (`engine.core.notify.effects.Notice`); this module
finds the people. The texts are in `admin.text.notices`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.core.notify.effects import Notice


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A kind of notice: what it ``means``, and whether it also goes by ``mail`` by default."""

    means: str
    mail: bool = True


KINDS: dict[str, NoticeKind] = {
    "assigned": NoticeKind("a lead is yours"),
    "taken": NoticeKind("a lead was taken from you, and why"),
    "sla_warned": NoticeKind("a clock of yours is running out"),
    "sla_breached": NoticeKind("a clock ran out"),
    "sla_held": NoticeKind("a holding clock held to its end", mail=False),
    "sla_broken": NoticeKind("a holding clock did not hold to its end"),
    "queued": NoticeKind("a lead found nobody and waits in the queue"),
    "pool_warned": NoticeKind("a lead of yours will go back to the public pool"),
    "pool_reclaimed": NoticeKind("a lead went back to the public pool"),
    "suspended": NoticeKind("somebody receives no leads for a time"),
    "suspension_ended": NoticeKind("somebody receives leads again"),
    "merged": NoticeKind("two leads proved to be one person"),
    "escalated": NoticeKind("a lead came to you because its owner missed a clock"),
    "conflict": NoticeKind("an outbound lead waits because its company has an owner"),
    "eligibility_missing": NoticeKind("nobody is on next month's list of those who may receive leads"),
    "notify": NoticeKind("a rule of the policy wants somebody told"),
}
"""Every kind; the pages, the mails, the preferences and the documentation read this table."""


@dataclass(frozen=True, slots=True)
class NotifiedPerson:
    """A person of the roster, with the data that notices need."""

    team: str | None = None
    manager: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Directory:
    """People by e-mail, team → head, active managers, and the accounts that get notices if there is no manager."""

    people: Mapping[str, NotifiedPerson]
    heads: Mapping[str, str]
    managers: tuple[str, ...] = ()
    overseers: tuple[str, ...] = ()


def recipients(notice: Notice, directory: Directory) -> tuple[str, ...]:
    """The e-mails of all recipients, each once, in alphabetical order.

    A notice to people who are all inactive goes to the manager instead, so that somebody gets it.
    """
    found = {email for email in _meant(notice, directory) if _is_here(email, directory)}
    return tuple(sorted(found or _managers_of(notice.person, directory)))


def reports_of(manager: str, directory: Directory) -> tuple[str, ...]:
    """The people who report to a manager, in alphabetical order.

    A person without manager and without team head reports to every manager, unless they are a manager themselves.
    """
    found = (email for email in directory.people if manager in _managers_of(email, directory))
    return tuple(sorted(one for one in found if manager in _superiors(one, directory) or one not in directory.managers))


def is_head_of_somebody(email: str, directory: Directory) -> bool:
    """Whether somebody gets notices about others: a manager, a head of a team, or somebody's named manager."""
    named = {colleague.manager for colleague in directory.people.values() if colleague.active}
    return email in {*directory.managers, *directory.heads.values(), *named}


def _meant(notice: Notice, directory: Directory) -> Iterable[str]:
    match notice.to:
        case "owner":
            return filter(None, [notice.person])
        case "manager":
            return _managers_of(notice.person, directory)
        case "team":
            return _team_of(notice.person, directory)
        case "sdr":
            return filter(None, [notice.values.get("sdr")])
        case email:
            return [email.lower()]


def _managers_of(person: str | None, directory: Directory) -> Iterable[str]:
    """The person's manager, else the head of the team, else all managers, else the overseers."""
    above = [one for one in _superiors(person, directory) if _is_here(one, directory)]
    return above[:1] or directory.managers or directory.overseers


def _superiors(person: str | None, directory: Directory) -> list[str]:
    """The person's manager and the head of the team, without the person."""
    colleague = directory.people.get(person or "", NotifiedPerson())
    both = (colleague.manager, directory.heads.get(colleague.team or ""))
    return [one for one in both if one and one != person]


def _team_of(person: str | None, directory: Directory) -> Iterable[str]:
    """All members of the person's team, and its head."""
    team = directory.people.get(person or "", NotifiedPerson()).team
    if team is None:
        return []
    members = [email for email, colleague in directory.people.items() if colleague.team == team]
    return [*members, *filter(None, [directory.heads.get(team)])]


def _is_here(email: str, directory: Directory) -> bool:
    """Whether somebody may get notices: everyone except inactive people of the roster; accounts outside it may."""
    return directory.people.get(email, NotifiedPerson()).active
