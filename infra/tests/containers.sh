#!/bin/sh
# A container engine for `sam local`, from nothing, on Debian as root: podman, runc, and a base image by debootstrap.
#
#   eval "$(infra/tests/containers.sh up)"    installs what is missing, starts the engine, and says where it is:
#                                             DOCKER_HOST, and SESAME_GATEWAY, where containers find this machine
#     sam local invoke CheckSiretFunction -e events/check-siret.json --add-host host.docker.internal:$SESAME_GATEWAY
#   infra/tests/containers.sh prove           up, a function invoked in a container, over HTTP too, and down
#   infra/tests/containers.sh down            stops what `up` started; image and packages stay
#
# It ends with 77, and says why, where no engine can run. Everything but the packages is kept in
# ${SESAME_CACHE:-$HOME/.cache/sesame}/containers, apart from any other engine of this machine.
set -eu

cache="${SESAME_CACHE:-$HOME/.cache/sesame}"
home="$cache/containers"
sam="${SAM:-$cache/venv/bin/sam}"
here="$(cd "$(dirname "$0")" && pwd)"
socket="$home/podman.sock"
case "$(uname -m)" in
    x86_64) architecture=x86_64 ;;
    aarch64 | arm64) architecture=arm64 ;;
    *) architecture=unknown ;;
esac
# The name that SAM asks for: with --skip-pull-image it takes ours and asks nobody.
image="public.ecr.aws/lambda/provided:al2023-$architecture"
# Raised when the image below is made otherwise.
image_generation=1

say() { echo "containers: $*" >&2; }
cannot() {
    say "no containers here: $*"
    exit 77
}

settings() {
    mkdir -p "$home"
    before="$(cat "$home/containers.conf" 2>/dev/null || true)"
    # cgroupfs and a file: there may be no systemd. The limits of the engine itself are above what a machine may grant, and
    # podman 4.3 takes soft for hard over its socket: they are the same.
    cat >"$home/containers.conf" <<CONF
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
CONF
    cat >"$home/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$home/storage"
runroot = "$home/run"
CONF
    export CONTAINERS_CONF="$home/containers.conf" CONTAINERS_STORAGE_CONF="$home/storage.conf"
    # An engine that was started with other settings keeps them.
    [ "$before" = "$(cat "$home/containers.conf")" ] || stop_engine
}

packages() {
    missing=""
    for package in podman runc netavark aardvark-dns iptables debootstrap; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
    done
    [ -z "$missing" ] && return
    [ "$(id -u)" = 0 ] || cannot "not root, and these packages are missing:$missing"
    say "installing$missing"
    # The lists may be old or not be there at all.
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >"$home/apt.log" 2>&1 ||
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } \
            >"$home/apt.log" 2>&1 || cannot "these packages cannot be had:$missing ($home/apt.log)"
}

# The smallest Debian that a function can run on: its libc is newer than what the functions are built for.
base_image() {
    label="sesame.generation=$image_generation"
    [ -n "$(podman images --quiet --filter "label=$label" --filter "reference=$image")" ] && return
    say "making $image (once; a minute or two)"
    release="$(. /etc/os-release && echo "$VERSION_CODENAME")"
    # From where this machine has its own packages.
    mirror="$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' | awk -v r="$release" '$2 == r { print $1; exit }')"
    [ -n "$mirror" ] || cannot "apt knows no place of $release"
    root="$home/root"
    rm -rf "$root"
    debootstrap --variant=minbase --include=ca-certificates "$release" "$root" "$mirror" >"$home/debootstrap.log" 2>&1 ||
        cannot "debootstrap failed ($home/debootstrap.log)"
    mkdir -p "$root/var/task" "$root/var/runtime" "$root/opt"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale
    tar -C "$root" -c . | podman import \
        --change "LABEL $label" \
        --change "WORKDIR /var/task" \
        --change "ENV LAMBDA_TASK_ROOT=/var/task" \
        --change "ENV LAMBDA_RUNTIME_DIR=/var/runtime" \
        - "$image" >"$home/import.log" 2>&1 || cannot "podman takes no image ($home/import.log)"
    rm -rf "$root"
    # What SAM made of an earlier one.
    podman rmi --force "public.ecr.aws/lambda/provided:al2023-rapid-$architecture" >/dev/null 2>&1 || true
}

stop_engine() {
    [ -f "$home/service.pid" ] || return 0
    kill "$(cat "$home/service.pid")" 2>/dev/null || true
    rm -f "$home/service.pid" "$socket"
}

is_serving() { [ -S "$socket" ] && podman --url "unix://$socket" version >/dev/null 2>&1; }

up() {
    [ "$(id -u)" = 0 ] || cannot "not root"
    [ -e /etc/debian_version ] || cannot "not Debian"
    [ "$architecture" != unknown ] || cannot "no Lambda runs on $(uname -m)"
    settings
    packages
    base_image
    if ! is_serving; then
        rm -f "$socket"
        # Own session: it outlives the shell that asked for it.
        setsid podman system service --time=0 "unix://$socket" >"$home/service.log" 2>&1 </dev/null &
        echo $! >"$home/service.pid"
        tries=0
        until is_serving; do
            tries=$((tries + 1))
            [ "$tries" -lt 100 ] || cannot "podman does not serve ($home/service.log)"
            sleep 0.1
        done
    fi
    # The bridge is there as long as a container is on it: this one only holds it, so that a server can listen there.
    podman container exists sesame-gateway ||
        podman run --detach --name sesame-gateway --label sesame "$image" sleep infinity >"$home/gateway.log" 2>&1 ||
        cannot "a container does not start: $(tail -n 1 "$home/gateway.log")"
    [ "$(podman inspect --format '{{.State.Running}}' sesame-gateway)" = true ] || podman start sesame-gateway >/dev/null
    gateway="$(podman inspect --format '{{.NetworkSettings.Gateway}}' sesame-gateway)"
    [ -n "$gateway" ] || cannot "the bridge has no gateway"
    echo "export DOCKER_HOST=unix://$socket SESAME_GATEWAY=$gateway"
}

down() {
    command -v podman >/dev/null || return 0
    settings
    # Its own containers, and those that SAM left, in this storage only.
    podman rm --all --force --time 0 >/dev/null 2>&1 || true
    stop_engine
}

case "${1:-}" in
    up) up ;;
    down) down ;;
    prove)
        [ -x "$sam" ] || cannot "no SAM CLI at $sam (set SAM)"
        where="$(up)"
        trap down EXIT
        eval "$where"
        functions="${SESAME_FUNCTIONS:-$here/../../target/lambda}"
        portal="${SESAME_PORTAL:-$here/../../target/debug/sesame}"
        "$(dirname "$sam")/python" "$here/containers_proof.py" "$sam" "$functions" "$portal"
        ;;
    *)
        sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
