#!/usr/bin/env bash
# setup.sh on machines that have nothing: a minimal root of each Debian, made by debootstrap below target/. Needs root,
# debootstrap and a network. setup.sh runs as a user who may install nothing, as root, as root again, when it may say
# nothing, and as that user, for whom there is now all that root installs.
#
#   setup-test.sh [SUITE...] [-- COMMAND...]     bookworm and trixie unless told; COMMAND is run there at the end
#
# A root where something failed stays; the others are removed.
# What this machine trusts and whom it asks (authorities' certificates, resolv.conf, proxies, mirrors of Rust) holds there too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

suites=()
while (($# > 0)) && [[ $1 != -- ]]; do suites+=("$1") && shift; done
(($# == 0)) || shift
command=("$@")
((${#suites[@]} > 0)) || suites=(bookworm trixie)

stop() {
    printf 'setup-test: %s\n' "$@" >&2
    exit 1
}

((EUID == 0)) || stop 'root is needed, to make the roots of other systems and to run in them'
command -v debootstrap >/dev/null || stop 'debootstrap is missing (Debian: apt-get install debootstrap)'
# Mounts are of this process, and end with it.
[[ -n ${ACCOLADE_SETUP_TEST:-} ]] || {
    args=("${suites[@]}")
    ((${#command[@]} == 0)) || args+=(-- "${command[@]}")
    ACCOLADE_SETUP_TEST=1 exec unshare --mount --propagation private "scripts/${BASH_SOURCE[0]##*/}" "${args[@]}"
}

make_root() {
    rm -rf --one-file-system "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase "$suite" "$root" >"$root.log" 2>&1 || stop "debootstrap failed: $root.log"
    mkdir -p "$root/usr/local/share/ca-certificates" "$root/home"
    cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates"
    cp --dereference /etc/resolv.conf /etc/hosts "$root/etc"
    chroot "$root" useradd --create-home guest
    mkdir "$root/home/guest/accolade"
    git ls-files -z | tar --create --null --files-from=- | tar --extract --directory "$root/home/guest/accolade"
    chown -R 0:0 "$root/home/guest/accolade"
}

settings=(TERM=dumb LANG=C.UTF-8)
for name in http_proxy https_proxy no_proxy RUSTUP_UPDATE_ROOT RUSTUP_DIST_SERVER; do
    [[ -z ${!name:-} ]] || settings+=("$name=${!name}")
done

# inside USER HOME COMMAND...
inside() {
    chroot --userspec="$1:$1" "$root" env -i HOME="$2" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        "${settings[@]}" bash -c 'cd /home/guest/accolade && exec "$@"' bash "${@:3}"
}

for suite in "${suites[@]}"; do
    root=$PWD/target/setup-test/$suite
    say() { printf '==> %s: %s\n' "$suite" "$*"; }
    say 'making a minimal root'
    make_root
    mount --bind /dev "$root/dev"
    mount -t proc proc "$root/proc"

    say 'as a user who may install nothing'
    ! inside guest /home/guest scripts/setup.sh 2>"$root.err" || stop 'it did not fail'
    cat "$root.err"
    grep -q 'apt-get install gcc .* curl) and run this again' "$root.err" || stop 'it did not say what to install'
    for what in '' services deny api oidc; do
        say "setup.sh${what:+ $what}"
        inside root /root scripts/setup.sh $what >"$root.out" 2>"$root.log" || { tail -n 40 "$root.log" >&2 && stop 'it failed'; }
        say "setup.sh${what:+ $what}, again"
        inside root /root scripts/setup.sh $what >"$root.out.again" 2>"$root.err" || { cat "$root.err" >&2 && stop 'it failed'; }
        [[ ! -s $root.err ]] || { cat "$root.err" >&2 && stop 'it found something to do'; }
        cmp "$root.out" "$root.out.again"
    done
    say 'make deny'
    inside root /root make deny >"$root.log" 2>&1 || { tail -n 40 "$root.log" >&2 && stop 'it failed'; }
    say 'setup.sh, as the user again'
    inside guest /home/guest scripts/setup.sh 2>"$root.err" || { cat "$root.err" >&2 && stop 'it failed'; }
    ((${#command[@]} == 0)) || { say "${command[*]}" && inside root /root "${command[@]}"; }
    umount "$root/dev" "$root/proc"
    rm -rf --one-file-system "$root" "$root".*
    say 'works'
done
