#!/usr/bin/env bash
# Tests the digest login against Apache's mod_auth_digest. Installs Debian's apache2 where it is missing (as root), and
# never starts its system service: the test runs an Apache of its own on a free loopback port.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! [ -x /usr/sbin/apache2 ]; then
  policy=/usr/sbin/policy-rc.d
  if ! [ -e "$policy" ]; then
    # Debian starts a service on installation unless this answers 101 (invoke-rc.d).
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends apache2
fi

npx vitest run --config test/apache/vitest.config.ts "$@"
