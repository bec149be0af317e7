#!/usr/bin/env bash
# An S3 server on this machine, s3s-fs: objects are files below its folder, a bucket is a folder.
#
#   s3.sh start|stop|kill|restart|freeze|thaw|status|address
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=process.sh
source "$here/process.sh"

version=0.14.1
program=$cache/s3s-fs-$version/bin/s3s-fs
folder=$services/s3

usage() {
    sed -n '2,/^here=/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

install_program() {
    mkdir -p "$cache"
    (
        flock 8
        [[ ! -x $program ]] || exit 0
        require_command cargo
        printf 'services: compiling s3s-fs %s, once; this takes a minute or two\n' "$version" >&2
        cd "$project" # whose toolchain it is compiled with
        cargo install s3s-fs --version "$version" --features binary --locked --quiet \
            --root "$cache/s3s-fs-$version" >&2 ||
            fail "s3s-fs $version could not be compiled; cargo says why above"
    ) 8>"$cache/lock"
}

start() {
    install_program
    mkdir -p "$folder/data/$s3_bucket"
    if ! is_running s3; then
        require_free_port "$s3_port" s3
        start_process s3 "$program" --host 127.0.0.1 --port "$s3_port" \
            --access-key "$s3_access_key" --secret-key "$s3_secret_key" "$folder/data"
    fi
    await s3 20 accepts "$s3_port"
}

case ${1:-} in
    start) start ;;
    stop) stop_process s3 TERM 10 ;;
    kill) kill_process s3 ;;
    restart) stop_process s3 TERM 10; start ;;
    freeze) freeze_process s3 ;;
    thaw) thaw_process s3 ;;
    status) print_status s3 "$s3_port" ;;
    address) printf 'http://127.0.0.1:%s\n' "$s3_port" ;;
    *) usage ;;
esac
