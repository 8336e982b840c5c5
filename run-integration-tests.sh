#!/usr/bin/env bash
# Makes .venv if need be, installs the locked dependencies, and runs `hivecheck run "$@"` (default: --tags @integration).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

find_python() {
  for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
  echo "hivecheck needs Python 3.11 or newer; none was found. Install one, or name it: PYTHON=/path/to/python3 $0" >&2
  exit 2
}

stamp=.venv/installed-$(cat requirements.lock setup.cfg pyproject.toml | sha256sum | cut -c1-16)
if [ ! -e "$stamp" ]; then
  python=$(find_python)
  echo "installing into .venv (one to two minutes) with $("$python" --version) ..."
  rm -rf .venv
  "$python" -m venv .venv || { echo "python3 -m venv failed; on Debian: apt-get install python3-venv" >&2; exit 2; }
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock || exit 2
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . || exit 2
  touch "$stamp"
fi
if [ "${1:-}" = "--install-only" ]; then
  echo 'installed; next: export PATH="$PWD/.venv/bin:$PATH"'
  exit 0
fi
exec .venv/bin/hivecheck run "$@"
