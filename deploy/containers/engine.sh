#!/usr/bin/env bash
# A private Docker engine for tests, on a bare Debian machine: engine.sh up | down [--purge] | env | plugins | why
#
# Everything it makes stands under $ENGINE_HOME, with a socket of its own. What it changes on the machine while it
# is up (ip_forward, the FORWARD policy, Docker's own firewall chains, two routing rules) `down` puts back.
# `why` prints the reason why no engine can be had here and exits 3, or prints nothing.
set -euo pipefail

ENGINE_HOME=${ENGINE_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/baocao/engine}
POOL=${ENGINE_POOL:-172.28.0.0/16} # only the bridges of this engine; no packet of it leaves by another way
BIP=${ENGINE_BIP:-172.28.0.1/24}
COMPOSE_SUITE=${COMPOSE_SUITE:-trixie} # bookworm has no compose v2; these programs need only a libc that bookworm has
SOCKET=$ENGINE_HOME/docker.sock
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR
. "$here/archive.sh"

answers() { docker -H "unix://$SOCKET" version >/dev/null 2>&1; }

why() {
  local missing='' capabilities
  capabilities=$((16#$(awk '/^CapEff/ {print $2}' /proc/self/status)))
  if [[ $(id -u) != 0 ]]; then
    missing="an engine is started by root, this is $(id -un)"
  elif ! command -v apt-get >/dev/null || [[ ! -f /etc/debian_version ]]; then
    missing="this is not Debian, and the engine is installed from Debian's packages"
  elif [[ -z $(archive debian) ]]; then
    missing="the machine's apt sources name no Debian archive"
  elif ((!(capabilities >> 12 & 1) || !(capabilities >> 21 & 1))); then
    missing="this root may not administer the network and the system (it is confined itself)"
  elif ! answers && pgrep -x dockerd >/dev/null; then
    missing="another engine runs already, and two would share one firewall"
  fi
  [[ -z $missing ]] || { echo "no engine can be had here: $missing"; return 3; }
}

packages() {
  local program missing=
  for program in dockerd mmdebstrap iptables ip pgrep; do command -v "$program" >/dev/null || missing=1; done
  [[ -n $missing ]] || return 0
  apt-get update -qq
  # RUNLEVEL=1: the package's own daemon is not started
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    '^docker[.]io$' mmdebstrap iptables iproute2 procps ca-certificates >/dev/null
}

# Compose v2 and buildx from Debian's archive, their signature checked by apt, not installed on the system.
plugins() {
  local target=$ENGINE_HOME/config/cli-plugins apt=$ENGINE_HOME/apt package
  [[ ! -x $target/docker-compose || ! -x $target/docker-buildx ]] || return 0
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && [[ -f $KEYRING && -n $(archive debian) ]] || {
    echo "compose cannot be had here: it comes from Debian's archive, and this is not Debian" >&2
    return 3
  }
  rm -rf "$apt"
  mkdir -p "$target" "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/packages"
  : >"$apt/status"
  echo "deb [signed-by=$KEYRING] $(archive debian) $COMPOSE_SUITE main" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<END
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
APT::Sandbox::User "$(id -un)";
END
  (
    export APT_CONFIG=$apt/apt.conf
    cd "$apt/packages"
    apt-get update -qq && apt-get download -qq docker-compose docker-buildx
  ) || { echo "compose cannot be had here: Debian's archive did not answer" >&2; return 3; }
  for package in "$apt"/packages/*.deb; do dpkg-deb -x "$package" "$apt/unpacked"; done
  cp "$apt"/unpacked/usr/libexec/docker/cli-plugins/docker-{compose,buildx} "$target/"
  rm -rf "$apt"
}

# A packet for a container whose bridge is gone ends here instead of following the default route.
# (A blackhole route would do too, but dockerd then finds the whole pool overlapping.)
unguard() {
  ip rule del to "$POOL" lookup main suppress_prefixlength 0 pref 100 2>/dev/null || true
  ip rule del to "$POOL" blackhole pref 101 2>/dev/null || true
}
guard() {
  unguard
  ip rule add to "$POOL" lookup main suppress_prefixlength 0 pref 100
  ip rule add to "$POOL" blackhole pref 101
}

remember() {
  [[ ! -f $ENGINE_HOME/ip_forward.before ]] || return 0 # an engine that died: what it found is what is put back
  { iptables -S FORWARD 2>/dev/null || true; } | awk '/^-P/ {print $3; found = 1} END {if (!found) print "ACCEPT"}' \
    >"$ENGINE_HOME/forward_policy.before"
  sysctl -n net.ipv4.ip_forward >"$ENGINE_HOME/ip_forward.before"
}

up() {
  why
  mkdir -p "$ENGINE_HOME"/{data,exec,config}
  packages
  plugins
  if answers; then echo "the engine is up already"; return; fi
  cat >"$ENGINE_HOME/daemon.json" <<END
{
  "data-root": "$ENGINE_HOME/data", "exec-root": "$ENGINE_HOME/exec", "pidfile": "$ENGINE_HOME/docker.pid",
  "hosts": ["unix://$SOCKET"], "ip": "127.0.0.1",
  "bip": "$BIP", "default-address-pools": [{"base": "$POOL", "size": 24}],
  "log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "2"}
}
END
  remember
  guard
  setsid nohup dockerd --config-file "$ENGINE_HOME/daemon.json" >"$ENGINE_HOME/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 120); do
    if answers; then
      echo "engine up: $(docker -H "unix://$SOCKET" info -f '{{.ServerVersion}} {{.Driver}} cgroup v{{.CgroupVersion}}')"
      return
    fi
    sleep .5
  done
  tail -20 "$ENGINE_HOME/dockerd.log" >&2
  down
  return 1
}

down() {
  local pid ids
  export DOCKER_HOST=unix://$SOCKET
  if answers; then
    mapfile -t ids < <(docker ps -aq)
    [[ ${#ids[@]} -eq 0 ]] || docker rm -f -v "${ids[@]}" >/dev/null || true
    mapfile -t ids < <(docker network ls -q --filter type=custom)
    [[ ${#ids[@]} -eq 0 ]] || docker network rm "${ids[@]}" >/dev/null || true
  fi
  if [[ -s $ENGINE_HOME/docker.pid ]]; then
    pid=$(<"$ENGINE_HOME/docker.pid")
    if [[ -d /proc/$pid && $(<"/proc/$pid/comm") == dockerd ]]; then
      kill "$pid" 2>/dev/null || true
      for _ in $(seq 60); do [[ -d /proc/$pid ]] || break; sleep .5; done
    fi
  fi
  restore
  if [[ ${1:-} == --purge ]]; then rm -rf "$ENGINE_HOME"/{data,exec}; fi
  echo "engine down"
}

restore() {
  [[ -f $ENGINE_HOME/ip_forward.before ]] || return 0
  ip link del docker0 2>/dev/null || true
  unguard
  # only Docker's own chains and rules go; whatever else is in the tables stays
  iptables-save | grep -vE 'DOCKER|docker0|br-[0-9a-f]{12}' |
    sed "s/^:FORWARD DROP/:FORWARD $(<"$ENGINE_HOME/forward_policy.before")/" | iptables-restore
  sysctl -qw net.ipv4.ip_forward="$(<"$ENGINE_HOME/ip_forward.before")"
  rm -f "$ENGINE_HOME"/*.before
  find /sys/fs/cgroup/*/docker -depth -type d -exec rmdir {} + 2>/dev/null || true
}

case ${1:-} in
  up) up ;;
  down) down "${2:-}" ;;
  plugins) plugins ;;
  why) why ;;
  env) echo "export DOCKER_HOST=unix://$SOCKET DOCKER_CONFIG=$ENGINE_HOME/config" ;;
  *) echo "usage: $0 up | down [--purge] | env | plugins | why" >&2; exit 2 ;;
esac
