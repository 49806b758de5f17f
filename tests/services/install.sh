#!/usr/bin/env bash
# Installs what the tests beyond Python need: Debian packages where their commands are missing, npm packages by their list.
# Usage: install.sh DIRECTORY (the packages of npm go there)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=$1
missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); }
need java default-jre-headless
need node nodejs
need npm npm
need chromium chromium
need virtuoso-t virtuoso-opensource-7
PATH=$PATH:/usr/sbin need clickhouse-server clickhouse-server
[ -e /usr/share/java/zookeeper.jar ] || missing+=(zookeeper)
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "make test-services needs: ${missing[*]}; install them"; exit 2; }
  apt-get update -qq && apt-get install -y -qq "${missing[@]}" || { echo "make test-services could not install: ${missing[*]}"; exit 2; }
fi
mkdir -p "$target"
cp "$here/package.json" "$target/package.json"
npm install --silent --no-audit --no-fund --prefix "$target"
