#!/bin/bash
# Enrolls once with certmonger: URL, CA certificate, challenge password, file for the certificate. Starts a
# message bus with the daemon on it, in this folder, and ends both.
set -eu
mkdir -p cas requests conf local
export HOME=$PWD CERTMONGER_CAS_DIR=$PWD/cas CERTMONGER_REQUESTS_DIR=$PWD/requests
export CERTMONGER_CONFIG_DIR=$PWD/conf CERTMONGER_LOCAL_CA_DIR=$PWD/local
exec dbus-run-session -- bash -euc '
    wait_for() {
        tries=0
        until eval "$1" >/dev/null 2>&1; do
            tries=$((tries + 1)); [ $tries -lt 60 ] || { echo "in vain: $1" >&2; exit 1; }
            sleep .1
        done
    }
    wait_for "getcert list-cas -s"
    getcert add-scep-ca -s -c T -u "$0" -I "$1" >/dev/null
    wait_for "grep -qs ^ca_encryption_cert= cas/*"
    getcert request -s -c T -k "$PWD/certmonger.key" -f "$3" -N "C=US,O=Acme,CN=device-1" -L "$2" \
        -g 2048 -I r1 -w --wait-timeout 10 -v >&2 || true
    getcert list -s | grep -E "status|ca-error" >&2
    [ -s "$3" ]
' "$@"
