"""`deploy/install.sh` on unsuitable machines: one sentence that says how to fix it, and exit 1.

Each machine is a folder of programs that becomes the whole PATH. The test run itself shows that a good machine works.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("rulesets", "engine", "workers", "admin")
SHELL_TOOLS = ("sh", "cat", "cksum", "dirname", "rm", "mkdir")
BROKEN_SHIM = "echo 'python3.11: command not found' >&2; exit 127"


class Machine:
    """A copy of what the installer reads, and a path with only the programs put there."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self.path = folder / "bin"
        shutil.copytree(ROOT / "deploy", self.tree / "deploy")
        shutil.copytree(ROOT / "requirements", self.tree / "requirements")
        shutil.copy(ROOT / "pyproject.toml", self.tree)
        self.path.mkdir()
        for tool in SHELL_TOOLS:
            self.put(tool, f'exec {shutil.which(tool)} "$@"')

    def put(self, name: str, script: str) -> None:
        program = self.path / name
        program.write_text(f"#!{shutil.which('sh')}\n{script}\n")
        program.chmod(0o755)

    def put_python(self, name: str) -> None:
        self.put(name, f'exec {sys.executable} "$@"')

    def install(self, kind: str = "run", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "deploy/install.sh", kind],
            cwd=self.tree,
            env={"PATH": str(self.path), **environment},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("Baton cannot be installed here: ")
    assert all(word in sentence for word in words), sentence


def test_a_machine_without_python_is_told_which_one_to_install(machine: Machine) -> None:
    assert_refused(machine.install(), "Python 3.11 or 3.12", "no Python found", "PYTHON=")


def test_a_machine_with_another_python_is_told_what_was_found(machine: Machine) -> None:
    machine.put("python3", "echo 3.13")
    machine.put("python", "echo 2.7")
    assert_refused(machine.install(), "Python 3.11 or 3.12", "python3 is 3.13", "python is 2.7")


def test_a_shim_that_only_prints_an_error_is_passed_over(machine: Machine) -> None:
    machine.put("python3.11", BROKEN_SHIM)
    machine.put("python3.12", BROKEN_SHIM)
    machine.put_python("python3")
    assert_refused(machine.install(), "no C compiler was found")


def test_a_named_python_of_another_version_is_refused_by_name(machine: Machine) -> None:
    machine.put_python("python3.11")
    machine.put("mine", "echo 3.13")
    assert_refused(machine.install(PYTHON=str(machine.path / "mine")), "Python 3.11 or 3.12", "mine is 3.13")


def test_a_named_python_that_does_not_run_is_refused_by_name(machine: Machine) -> None:
    machine.put_python("python3.11")
    assert_refused(machine.install(PYTHON="nowhere/python"), "PYTHON=nowhere/python is not a Python that runs")


def test_a_system_that_is_not_linux_with_glibc_is_told_what_to_use(machine: Machine) -> None:
    machine.put("python3.11", 'case "$2" in *libc_ver*) echo "linux musl" ;; *) echo 3.11 ;; esac')
    assert_refused(machine.install(), "Linux with the GNU C library")


def test_a_machine_without_a_compiler_is_told_to_install_one(machine: Machine) -> None:
    machine.put_python("python3.11")
    assert_refused(machine.install(), "no C compiler was found", "install gcc")


def test_a_compiler_without_pythons_headers_is_told_which_package_has_them(machine: Machine) -> None:
    machine.put_python("python3.11")
    machine.put("cc", "exit 1")
    assert_refused(machine.install(CC="cc"), "cannot find the headers of Python", "-dev")


def test_a_refused_machine_is_left_as_it_was(machine: Machine) -> None:
    machine.put_python("python3.11")
    machine.install()
    assert not (machine.tree / ".venv").exists()


def test_only_run_and_dev_can_be_installed(machine: Machine) -> None:
    assert_refused(machine.install("everything"), "run or dev, not everything")


def test_a_wheel_carries_every_file_of_the_four_packages(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, tmp_path)
    files = {str(file.relative_to(tmp_path)) for package in PACKAGES for file in files_in(tmp_path / package)}
    build = "import sys; from setuptools.build_meta import build_wheel; sys.stderr.write(build_wheel('.'))"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert files <= set(zipfile.ZipFile(wheel).namelist())


def files_in(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]
