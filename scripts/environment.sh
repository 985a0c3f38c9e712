# Sourced by the commands beside it: makes the Python environment that they run in, once, and says what it does.
# Needs Python 3.11 or later and a package index; never root. Safe to run twice, and by two commands at once.

ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"

# Python keeps what it has compiled, which is ignored by Git: else each command would compile what it loads again.
unset PYTHONDONTWRITEBYTECODE

say() { printf '%s\n' "$*" >&2; }

case "$OSTYPE" in
    msys* | cygwin* | win*)
        say "error: this project runs on Linux and macOS."
        say "  fix: on Windows use WSL (wsl --install), and run this in its Linux"
        exit 2
        ;;
esac

find_python() {
    local candidate
    for candidate in "${SDE_PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return 0
        fi
    done
    say "error: no Python 3.11 or later was found on PATH."
    say "  fix: install one, or name it: SDE_PYTHON=/path/to/python3.11 $0"
    return 1
}

# uv installs the locked environment in seconds; it comes from PATH, or from its own locked requirement.
find_uv() {
    local python="$1" tools="$ROOT/.sde/tools/uv"
    if command -v uv >/dev/null 2>&1; then command -v uv; return 0; fi
    if [ ! -x "$tools/bin/uv" ]; then
        say "  fetching the installer (uv)"
        rm -rf "$tools"
        if "$python" -m venv "$tools" >/dev/null 2>&1; then
            "$tools/bin/python" -m pip --quiet --disable-pip-version-check install \
                --require-hashes -r "$ROOT/requirements/uv.txt" >&2 || return 1
        else  # a Python without ensurepip (Debian's python3-venv not installed): pip alone will do
            rm -rf "$tools"
            "$python" -m pip --quiet --disable-pip-version-check install \
                --require-hashes -r "$ROOT/requirements/uv.txt" --target "$tools" >&2 || {
                say "error: this Python can make no virtual environment and has no pip."
                say "  fix: install uv, or your system's python3-venv package"
                return 1
            }
        fi
    fi
    printf '%s\n' "$tools/bin/uv"
}

# make_environment FOLDER LOCK: an environment with exactly what the lock names; a changed lock remakes it.
make_environment() {
    local folder="$ROOT/$1" lock="$ROOT/$2" python uv wanted
    wanted="$(cksum <"$lock") $(cksum <"$ROOT/scripts/environment.sh")"
    if [ -x "$folder/bin/python" ] && [ "$(cat "$folder/.made-from" 2>/dev/null)" = "$wanted" ]; then return 0; fi
    mkdir -p "$ROOT/.sde"
    (
        if command -v flock >/dev/null 2>&1; then flock 9; fi
        if [ -x "$folder/bin/python" ] && [ "$(cat "$folder/.made-from" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
        say "Setting up $1 (once; about a minute)"
        python="$(find_python)" || exit 1
        uv="$(find_uv "$python")" || exit 1
        say "  Python: $python"
        "$uv" venv --quiet --allow-existing --python "$python" "$folder" >&2 || exit 1
        say "  installing $(grep -c '^[a-z0-9].*==' "$lock") locked packages"
        VIRTUAL_ENV="$folder" "$uv" pip sync --quiet --require-hashes "$lock" >&2 || exit 1
        printf '%s' "$wanted" >"$folder/.made-from.tmp" && mv "$folder/.made-from.tmp" "$folder/.made-from"
        say "  ready"
    ) 9>"$ROOT/.sde/environment.lock"
}
