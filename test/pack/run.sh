#!/usr/bin/env bash
# Installs the packed package into an empty folder, as a user would, and runs it there.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$root"
archive=$(npm pack --silent --pack-destination "$folder")
cd "$folder"
npm init --yes >/dev/null
npm pkg set allowScripts.better-sqlite3=true --json
npm install --no-audit --no-fund "./$archive"

callwarden() { "$folder/node_modules/.bin/callwarden" "$@"; }
callwarden --version
callwarden init carrier >/dev/null
callwarden rules check carrier/rules
callwarden demo --passes 2 >demo.txt
grep -q 'callwarden audit' demo.txt
echo 'the packed package installs and runs'
