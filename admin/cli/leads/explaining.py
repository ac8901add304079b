"""`baton explain`: explains the scores, stage and owner of a lead in the terminal."""

import click

from admin.cli.terminal import connected, json_option, print_json
from admin.intake.identifiers import READERS, UnusableIdentifier, read_identifier
from admin.text.explaining import explained, shown_now
from admin.text.language import LANGUAGES, bare_app
from engine.clock import SystemClock
from engine.errors import NotFound
from engine.store.read import leads


@click.command()
@click.argument("lead")
@click.option(
    "--lang", type=click.Choice(list(LANGUAGES)), help="Language of the sentences; default: BATON_LOCALE or en."
)
@json_option
def explain(lead: str, lang: str | None, *, as_json: bool) -> None:
    """Explain LEAD: its number, or any identifier (e-mail, external id, phone, …)."""
    settings = connected()
    record = leads.read_lead(_number(lead))
    with bare_app().test_request_context():
        shown, ledger = shown_now(record, SystemClock().now())
        told = explained(shown, ledger, lang or settings.locale or "en")
    if as_json:
        print_json({"lead": shown, "ledger": ledger, "sentences": told})
        return
    click.echo(f"lead {shown['id']} ({', '.join(shown['identities'].values())})")
    for sentence in told:
        click.echo(sentence)


def _number(lead: str) -> int:
    """The number of the lead. Identifiers are tried from the most trusted down, so digits are an external id first."""
    for kind in READERS:
        try:
            value = read_identifier(kind, lead)
        except UnusableIdentifier:
            continue  # not of this kind: the next one is tried
        found = leads.lead_of_identity(kind, value) if value else None
        if found is not None:
            return found
    if lead.isascii() and lead.isdigit() and len(lead) < 19:
        return int(lead)
    raise NotFound(f"no lead is called {lead!r}: give its number or one of its identifiers")
