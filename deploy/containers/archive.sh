# archive NAME: the address of the Debian archive NAME (debian, debian-security) that this machine's apt uses.
# Sourced by engine.sh and bases.sh, so that no address of an archive stands in the project.
# shellcheck shell=bash
archive() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
    sed 's/^#.*//' | grep -oE "https?://[^ ]+/$1/?( |\$)" | sed 's#/\? *$##' | awk 'NR == 1'
}
