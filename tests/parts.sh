#!/bin/sh
# Installs the system parts that the tests use, where apt and npm can. What stays missing is reported by name:
# its tests are skipped, or fail with CI=true.
set -u
cd "$(dirname "$0")" || exit 1

packages=""
want() { # want PACKAGE TEST…: add PACKAGE unless the test succeeds
  package=$1
  shift
  "$@" >/dev/null 2>&1 || packages="$packages $package"
}
want chromium test -x /usr/bin/chromium
want fonts-noto-cjk sh -c 'fc-list | grep -qi "noto.*cjk"'
want nginx-light test -x /usr/sbin/nginx
want postgresql sh -c 'command -v initdb || ls /usr/lib/postgresql/*/bin/initdb'
want strace command -v strace
want faketime sh -c 'ls /usr/lib/*/faketime/libfaketimeMT.so.1'
want postfix test -x /usr/sbin/smtp-sink
want gir1.2-ical-3.0 sh -c 'ls /usr/lib/*/girepository-1.0/ICal-3.0.typelib'
want python3-gi test -d /usr/lib/python3/dist-packages/gi
want poppler-utils command -v pdftoppm
want nodejs command -v node
want npm command -v npm
want caddy command -v caddy
want prometheus command -v promtool
want systemd command -v systemd-analyze
[ -z "${FULL:-}" ] || want thunderbird command -v thunderbird # 310 MB, for one test

if [ -n "$packages" ]; then
  echo "missing system parts:$packages"
  if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null
    # Only the programs are wanted, not their services; a policy that is there already stays.
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && ours=1; }
    # One that cannot be had must not keep the others away.
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1 ||
      for package in $packages; do
        apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 || echo "could not install $package"
      done
    [ -z "${ours:-}" ] || rm -f "$policy"
  else
    echo "install them as root: apt-get install$packages"
  fi
fi

if command -v npm >/dev/null 2>&1; then
  wanted=$(cat package.json | cksum)
  if [ "$(cat node_modules/.wanted 2>/dev/null)" != "$wanted" ]; then
    npm install --no-package-lock --no-audit --no-fund --ignore-scripts --silent >/dev/null 2>&1 &&
      echo "$wanted" >node_modules/.wanted || echo "could not install the packages of tests/package.json"
  fi
fi
exit 0
