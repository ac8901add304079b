#!/bin/sh
# Creates .venv in the folder above this one and installs Baton into it from the locked requirements.
#
#   deploy/install.sh run    what `baton` needs
#   deploy/install.sh dev    that, and what checks, tests and benchmarks need
#
# PYTHON names the interpreter (default: the first working Python 3.11 or 3.12 on the path).
# Every package, the build tools included, is pinned with its hashes in requirements/. Running it again
# without a change does nothing. On a machine that cannot carry Baton: one sentence on stderr, exit 1.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-run}
venv=.venv

refuse() {
    echo "Baton cannot be installed here: $1" >&2
    exit 1
}

# A name on the path proves nothing (version managers leave shims that only print an error): ask the interpreter itself.
version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        case "$(version_of "$PYTHON")" in
            3.11 | 3.12) echo "$PYTHON" ;;
            "") refuse "PYTHON=$PYTHON is not a Python that runs; name one of version 3.11 or 3.12." ;;
            *) refuse "it needs Python 3.11 or 3.12, and PYTHON=$PYTHON is $(version_of "$PYTHON")." ;;
        esac
        return
    fi
    seen=""
    for name in python3.11 python3.12 python3 python; do
        found=$(version_of "$name")
        case "$found" in
            3.11 | 3.12) echo "$name"; return ;;
            "") ;;
            *) seen="$seen $name is $found," ;;
        esac
    done
    refuse "it needs Python 3.11 or 3.12 (${seen:- no Python found,} none of them fits); install one, or name it with PYTHON=/path/to/python3.12."
}

# The rule matcher crashes on musl, and processes are tied to their parent by means only Linux has.
check_system() {
    case "$("$python" -c 'import platform, sys; print(sys.platform, platform.libc_ver()[0])')" in
        "linux glibc") ;;
        *) refuse "it needs Linux with the GNU C library, such as Debian or Ubuntu (not macOS, Windows or Alpine)." ;;
    esac
}

# The rule matcher is a C extension that is built here.
find_compiler() {
    for name in "${CC:-}" "$("$python" -c 'import sysconfig; print((sysconfig.get_config_var("CC") or "").split(" ")[0])')" cc gcc clang; do
        if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    refuse "no C compiler was found, and the rule matcher is built during installation; install gcc (on Debian: apt-get install gcc libc6-dev)."
}

check_headers() {
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    if ! printf '#include <Python.h>\n' | "$CC" -I"$include" -fsyntax-only -x c - >/dev/null 2>&1; then
        refuse "the C compiler $CC cannot find the headers of Python $(version_of "$python"); install them (on Debian: apt-get install libc6-dev python$(version_of "$python")-dev)."
    fi
}

# What is installed is named by everything that decides it; an equal stamp means nothing to do.
fingerprint() {
    cat "requirements/installer.txt" "requirements/$1.txt" pyproject.toml deploy/install.sh | cksum
}

is_installed() {
    has=$(version_of "$venv/bin/python")
    [ -x "$venv/bin/baton" ] && [ -n "$has" ] && [ "$has" = "${wanted:-$has}" ] &&
        [ "$(cat "$venv/installed-$1" 2>/dev/null || true)" = "$(fingerprint "$1")" ]
}

create_venv() {
    if [ "$(version_of "$venv/bin/python")" = "$(version_of "$python")" ]; then
        return
    fi
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null 2>&1 ||
        refuse "$python has no working venv module; install it (on Debian: apt-get install python$(version_of "$python")-venv)."
}

# uv installs seven times faster than pip, but does not read pip's settings: a mirror or certificate named there counts here too.
use_pip_settings() {
    mirror=${PIP_INDEX_URL:-$("$venv/bin/pip" config get global.index-url 2>/dev/null || true)}
    if [ -n "$mirror" ] && [ -z "${UV_DEFAULT_INDEX:-}" ]; then
        export UV_DEFAULT_INDEX="$mirror"
    fi
    certificate=${PIP_CERT:-$("$venv/bin/pip" config get global.cert 2>/dev/null || true)}
    if [ -n "$certificate" ] && [ -z "${SSL_CERT_FILE:-}" ]; then
        export SSL_CERT_FILE="$certificate"
    elif [ -s /etc/ssl/certs/ca-certificates.crt ]; then
        export UV_SYSTEM_CERTS=true
    fi
    if ! mkdir -p "$("$venv/bin/uv" cache dir)" 2>/dev/null; then
        export UV_NO_CACHE=1
    fi
    export UV_LINK_MODE=copy
}

with_uv() {
    "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-build-isolation "$@"
}

with_pip() {
    echo "uv could not do it (see above); pip tries, which takes longer …" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --use-pep517 "$@"
}

install() {
    with_uv "$@" || with_pip "$@" ||
        refuse "a package could not be fetched or built (see above); check the network, or name a mirror with PIP_INDEX_URL."
}

# Packages are built with the locked setuptools, so that no unpinned build tool is ever fetched.
install_locked() {
    "$venv/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/installer.txt ||
        refuse "its installer could not be fetched (see above); check the network, or name a mirror with PIP_INDEX_URL."
    use_pip_settings
    install --require-hashes -r "requirements/$kind.txt"
    install --no-deps --editable .
}

case "$kind" in
    run | dev) ;;
    *) refuse "say what to install: run or dev, not $kind." ;;
esac
wanted=""
if [ -n "${PYTHON:-}" ]; then
    python=$(find_python)
    wanted=$(version_of "$python")
fi
if is_installed dev || is_installed "$kind"; then
    exit 0
fi
python=$(find_python)
check_system
CC=$(find_compiler)
export CC
check_headers
echo "Installing Baton into $venv with $python ($("$python" -c 'import platform; print(platform.python_version())')) …"
create_venv
install_locked
fingerprint "$kind" >"$venv/installed-$kind"
