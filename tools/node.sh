#!/bin/bash
# node.sh PYTHON: makes sure that there is a Node.js new enough for the browser application's build.
# Takes the one on the PATH; where there is none, the one from PyPI goes into the virtual environment.
set -euo pipefail
python=$1
bin=$(cd "$(dirname "$python")" && pwd)
PATH="$bin:$PATH"

# Vite asks for 20.19, or 22.12 and later.
new_enough() {
    command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1);
    ' 2>/dev/null
}

new_enough && exit
echo "installing Node.js into the virtual environment ..."
"$python" -m pip install --quiet --quiet --disable-pip-version-check \
    --no-deps --require-hashes --requirement locks/node.txt
new_enough || { echo "the Node.js from PyPI does not run here; install Node.js 20.19 or newer" >&2; exit 1; }
