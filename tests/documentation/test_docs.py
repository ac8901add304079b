"""The documentation is complete and correct: everything is described, links work, no machine or registry is named."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from admin.cli import baton
from engine.settings import SETTINGS

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "docs" / "contributing.md").read_text()
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)
REGISTRY = re.compile(r"\b(pypi|pythonhosted|test\.pypi|npmjs|unpkg|jsdelivr|crates|rubygems)\.(org|com|io|net)\b")
MACHINE = re.compile(r"(?<![\w.}])/(work/(main|shared)|home/[a-z]|Users/[A-Za-z]|root/[.a-z])")


def tracked_files() -> Iterator[Path]:
    """Files of the repository, also those not yet committed, without what git ignores."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    yield from sorted(file for name in listed.split("\0") if name and (file := ROOT / name).is_file())


def text_of(file: Path) -> str:
    """The text, or nothing for a picture or a compiled catalog."""
    data = file.read_bytes()
    return "" if b"\0" in data else data.decode("utf-8")


def pages() -> list[Path]:
    return [file for file in tracked_files() if file.suffix == ".md"]


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code forges make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_every_page_of_docs_is_listed_on_the_first_page() -> None:
    listed = LINK.findall((ROOT / "docs" / "index.md").read_text())
    pages = {*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "contract").glob("*.md")} - {ROOT / "docs" / "index.md"}
    assert {str(page.relative_to(ROOT / "docs")) for page in pages} <= set(listed)


def test_every_decision_on_record_is_listed() -> None:
    listed = LINK.findall((ROOT / "docs" / "adr" / "README.md").read_text())
    assert {page.name for page in (ROOT / "docs" / "adr").glob("0*.md")} == {link for link in listed if link[0] == "0"}


def test_every_setting_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = {row.group(1): row.group(0) for row in re.finditer(r"^\| `(BATON_\w+)` \|.*$", page, re.MULTILINE)}
    assert {setting.name for setting in SETTINGS} == set(rows)
    assert [s.name for s in SETTINGS if s.default not in rows[s.name].replace("`", "")] == []


def commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, with its full name."""
    context = click.Context(group)
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {part}")
        elif command is not None and not command.hidden:
            yield f"{name} {part}", command


def test_every_command_is_documented_with_its_options() -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    missing = [name for name, _ in commands(baton, "baton") if f"`{name}" not in page]
    missing += [
        f"{name} {option}"
        for name, command in commands(baton, "baton")
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and option not in page
    ]
    assert missing == []


def test_every_dependency_is_documented_and_no_other() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = declared["project"]["optional-dependencies"].values()
    groups = [declared["project"]["dependencies"], *extras, *declared["dependency-groups"].values()]
    names = {re.split(r"[\[<>=,; ]", requirement)[0] for group in groups for requirement in group}
    rows = re.findall(r"^\| (`.+?`) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == names


def test_checklists_name_files_that_exist_and_names_that_are_in_them() -> None:
    steps = re.findall(r"^\d+\. `([a-z_/]+(?:\.py|/))`: (.*?)(?=^\d+\. |^$)", CONTRIBUTING, re.MULTILINE | re.DOTALL)
    assert len(steps) > 15
    for path, step in steps:
        assert (ROOT / path).exists(), path
        for name in re.findall(r"`([A-Z]\w+)", step):
            assert re.search(rf"\b{name}\b", (ROOT / path).read_text()), f"{path} has no {name}"


@pytest.mark.parametrize(
    "target",
    [
        "demo",
        "test",
        "test-now",
        "test-all",
        "test-long",
        "install",
        "dev",
        "lint",
        "types",
        "translations",
        "bench",
        "lock",
        "clean",
    ],
)
def test_make_help_names_every_target(target: str) -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^  make {target} +\S", shown, re.MULTILINE)


READMES = ("README.md", "README.zh.md")


@pytest.mark.parametrize("name", READMES)
def test_the_readme_needs_two_commands(name: str) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    assert "".join(blocks).splitlines() == ["make demo", "make test"]


def test_the_readmes_link_to_each_other_and_to_the_same_pages() -> None:
    english, chinese = (LINK.findall((ROOT / name).read_text(encoding="utf-8")) for name in READMES)
    assert "README.zh.md" in english
    assert "README.md" in chinese
    assert {link for link in english if link.startswith("docs/") and link.endswith(".md")} == {
        link for link in chinese if link.startswith("docs/") and link.endswith(".md")
    }


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "images").iterdir()), ids=name_of)
def test_a_picture_is_small(picture: Path) -> None:
    assert picture.stat().st_size <= 200_000


def test_no_file_names_a_package_registry() -> None:
    assert [name_of(file) for file in tracked_files() if REGISTRY.search(text_of(file))] == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert [name_of(file) for file in tracked_files() if MACHINE.search(text_of(file))] == []
