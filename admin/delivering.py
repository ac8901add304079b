"""The delivery channels and periodic duties of this installation, for `workers.deliver`."""

from datetime import datetime, timedelta

from engine.settings import MailServer, Settings
from engine.store.outbox.deliveries import Taken, tidy
from engine.store.outbox.digests import send_digests
from engine.store.outbox.mail_queue import spread_notices
from workers.channels.mail import send_mail
from workers.channels.webhook import send_webhook
from workers.deliver import Deliverer, Send
from workers.scheduler import Duty


def deliverer(settings: Settings) -> Deliverer:
    """A deliverer for webhooks, and for e-mail if a mail server is set."""
    channels: dict[str, Send] = {"webhook": _webhook(private=settings.webhook_private)}
    if settings.smtp is not None:
        channels["mail"] = _mail(settings, settings.smtp)
    return Deliverer(channels, duties(by_mail=settings.smtp is not None))


def duties(*, by_mail: bool) -> tuple[Duty, ...]:
    """Periodic duties beside sending: queue new notices, write daily mails, delete old rows."""

    def spread(now: datetime) -> None:
        # in batches, so that a large backlog is no long transaction
        while spread_notices(now, by_mail=by_mail):
            pass

    def digests(now: datetime) -> None:
        if by_mail:
            send_digests(now)

    def clean(now: datetime) -> None:
        tidy(now)

    return (
        Duty("spread", timedelta(seconds=0.5), spread),
        Duty("digests", timedelta(seconds=30), digests),
        Duty("tidy", timedelta(hours=1), clean),
    )


def _webhook(*, private: bool) -> Send:
    return lambda taken, now: send_webhook(taken, now, private=private)


def _mail(settings: Settings, server: MailServer) -> Send:
    """The e-mail channel. The import is local: the writer needs the web libraries, and most schedulers send no mail."""
    from admin.text.mailing import Writer  # noqa: PLC0415 - see above

    writer = Writer(settings)

    def send(taken: Taken, now: datetime) -> None:
        send_mail(server, writer.write(taken, now))

    return send
