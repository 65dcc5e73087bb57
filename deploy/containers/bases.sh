#!/usr/bin/env bash
# Builds the stand-ins of the official images that this project uses: bases.sh [postgres] [airflow]
#
# Where no image registry can be reached, they let the same docker-compose.yml be built and run: Debian's packages
# and the Python packages under the official images' documented contract (users, folders, entrypoint, variables).
# With an engine up (engine.sh), about four minutes the first time; afterwards nothing is to be done.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
CACHE=${STANDIN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/baocao/bases}
# shellcheck source-path=SCRIPTDIR
. "$here/archive.sh"

stamp() { printf '%s  %s\n' "$(date +%T)" "$*"; }
have() { docker image inspect "$1" >/dev/null 2>&1; }

# debian SUITE: the image standin/debian:SUITE-slim
debian() {
  local suite=$1 image=standin/debian:$1-slim tar=$CACHE/$1.tar work
  if have "$image"; then return; fi
  stamp "mmdebstrap $suite"
  mkdir -p "$CACHE"
  if [[ ! -s $tar ]]; then
    work=$(mktemp -d -p /dev/shm standin.XXXXXX)
    chmod 755 "$work"
    # Certificates that this machine was given belong to the stand-in, never to the project's Dockerfile.
    # shellcheck disable=SC2016  # "$1" is for mmdebstrap's own shell
    TMPDIR=$work mmdebstrap --quiet --format=tar --mode=root --variant=minbase --components=main \
      --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
      --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/lintian/*' \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
      --include=ca-certificates,netbase,tzdata \
      --customize-hook='if ls /usr/local/share/ca-certificates/*.crt >/dev/null 2>&1; then
        cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/"
        chroot "$1" update-ca-certificates >/dev/null 2>&1
      fi' \
      --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin' \
      "$suite" "$tar.part" \
      "deb $(archive debian) $suite main" \
      "deb $(archive debian) $suite-updates main" \
      "deb $(archive debian-security) $suite-security main"
    mv "$tar.part" "$tar"
    rm -rf "$work"
  fi
  local certificates=/etc/ssl/certs/ca-certificates.crt
  docker import -c 'CMD ["bash"]' -c 'LABEL standin=true' \
    -c "ENV PIP_CERT=$certificates SSL_CERT_FILE=$certificates REQUESTS_CA_BUNDLE=$certificates" "$tar" "$image" >/dev/null
}

# build NAME TAG SUITE
build() {
  debian "$3"
  stamp "build standin/$1:$2"
  docker build -q --build-arg BASE="standin/debian:$3-slim" -t "standin/$1:$2" "$here/standins/$1" >/dev/null
}

[[ $# -gt 0 ]] || set -- postgres airflow
for name; do
  case $name in
    postgres) build postgres 17-trixie trixie ;;
    airflow) build airflow slim-3.3.2-python3.11 bookworm ;;
    *) echo "usage: $0 [postgres] [airflow]" >&2; exit 2 ;;
  esac
done
stamp "stand-ins are built"
