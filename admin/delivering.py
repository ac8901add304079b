"""What is delivered how, as this installation is set up: the channels and duties of `workers.deliver`."""

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
    """Webhooks always; e-mail when a server is set."""
    channels: dict[str, Send] = {"webhook": _webhook(private=settings.webhook_private)}
    if settings.smtp is not None:
        channels["mail"] = _mail(settings, settings.smtp)
    return Deliverer(channels, duties(by_mail=settings.smtp is not None))


def duties(*, by_mail: bool) -> tuple[Duty, ...]:
    """What is to be done beside sending."""

    def spread(now: datetime) -> None:
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
    """E-mail; what writes it is loaded only where it is needed, for it brings the web's libraries."""
    from admin.text.mailing import Writer  # noqa: PLC0415 - see above

    writer = Writer(settings)

    def send(taken: Taken, now: datetime) -> None:
        send_mail(server, writer.write(taken, now))

    return send
