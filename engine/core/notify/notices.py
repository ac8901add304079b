"""Who is told what: the kinds of notifications there are, and whom one of them reaches (R6.5).

Pure. A decision says that somebody is to be told (`engine.core.notify.effects.Notice`); here that becomes people. What
a kind says in words stands in `admin.text.notices`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.core.notify.effects import Notice


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A kind of notification: what it ``means``, and whether it goes by ``mail`` unless the person says otherwise."""

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
    """Somebody of the roster, as far as telling people goes."""

    team: str | None = None
    manager: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Directory:
    """The roster by e-mail, the heads of teams, the active managers, and accounts that oversee when there are none."""

    people: Mapping[str, NotifiedPerson]
    heads: Mapping[str, str]
    managers: tuple[str, ...] = ()
    overseers: tuple[str, ...] = ()


def recipients(notice: Notice, directory: Directory) -> tuple[str, ...]:
    """The e-mails of everybody it reaches, each once, in the order of the alphabet.

    Who left does not count: what was meant for them reaches their manager, so that it reaches somebody.
    """
    found = {email for email in _meant(notice, directory) if _is_here(email, directory)}
    return tuple(sorted(found or _managers_of(notice.person, directory)))


def reports_of(manager: str, directory: Directory) -> tuple[str, ...]:
    """The people whose manager somebody is, in the order of the alphabet.

    Who has neither manager nor team head is everybody's, but for the managers themselves.
    """
    found = (email for email in directory.people if manager in _managers_of(email, directory))
    return tuple(sorted(one for one in found if manager in _superiors(one, directory) or one not in directory.managers))


def is_head_of_somebody(email: str, directory: Directory) -> bool:
    """Whether somebody is told about others: a manager of the roster, a head of a team, or named as a manager."""
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
    """Their manager, else the head of their team, else all managers of the roster, else the accounts that oversee."""
    above = [one for one in _superiors(person, directory) if _is_here(one, directory)]
    return above[:1] or directory.managers or directory.overseers


def _superiors(person: str | None, directory: Directory) -> list[str]:
    """Their manager and the head of their team, but not they themselves."""
    colleague = directory.people.get(person or "", NotifiedPerson())
    both = (colleague.manager, directory.heads.get(colleague.team or ""))
    return [one for one in both if one and one != person]


def _team_of(person: str | None, directory: Directory) -> Iterable[str]:
    """Everybody of the person's team, its head included."""
    team = directory.people.get(person or "", NotifiedPerson()).team
    if team is None:
        return []
    members = [email for email, colleague in directory.people.items() if colleague.team == team]
    return [*members, *filter(None, [directory.heads.get(team)])]


def _is_here(email: str, directory: Directory) -> bool:
    """Whether somebody may be told: everybody but those whom the roster calls inactive."""
    return directory.people.get(email, NotifiedPerson()).active
