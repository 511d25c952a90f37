#!/bin/bash
# venv.sh DIR: creates a virtual environment with a Python of at least 3.11.
set -euo pipefail
target=$1

# A version manager's shim may be on the PATH and still refuse to run: only an answer counts.
new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "Quad needs Python 3.11 or newer; none of python3, python3.11 ... python3.14 is one." >&2
    return 1
}

install_venv_module() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "$1 has no venv module. On Debian or Ubuntu: apt-get install python3-venv" >&2
        return 1
    fi
    echo "installing python3-venv ..."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
}

python=$(find_python)
# Debian splits ensurepip off into python3-venv; venv itself imports without it.
"$python" -c 'import venv, ensurepip' 2>/dev/null || install_venv_module "$python"
"$python" -m venv "$target"
echo "created $target with $("$python" --version)"
