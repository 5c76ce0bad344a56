#!/bin/sh
# Installs the system packages pawl needs, and only those that are missing.
# Looks for what each one gives, not for its name: a python that is no package counts as well.
# With the argument `tests`: those that only tests need. Where they cannot be had it says so, and
# the tests that need them say it again.
set -eu
for_tests=${1:-}

has() { command -v "$1" >/dev/null 2>&1; }
has_seccomp() {
    for ldconfig in ldconfig /sbin/ldconfig /usr/sbin/ldconfig; do
        if has "$ldconfig" && "$ldconfig" -p 2>/dev/null | grep -q 'libseccomp\.so\.2'; then return 0; fi
    done
    for found in /lib/*/libseccomp.so.2 /usr/lib/*/libseccomp.so.2 /usr/lib*/libseccomp.so.2; do
        if [ -e "$found" ]; then return 0; fi
    done
    return 1
}
has_sshd() { has sshd || [ -x /usr/sbin/sshd ] || [ -x /usr/local/sbin/sshd ]; }
has_usr_python() { [ -x /usr/bin/python3 ] || [ -x /usr/local/bin/python3 ]; }

missing() {
    if [ "$for_tests" = tests ]; then
        has strace || printf ' strace'
        [ -x /lib/systemd/systemd ] || printf ' systemd'  # booted in a namespace of its own
        [ -x /usr/sbin/debootstrap ] || printf ' debootstrap'  # the same, of another Debian: `make faults`
        has_sshd || printf ' openssh-server'  # tests bring up their own, on loopback
        has node || printf ' nodejs'  # a test builds a Node project's dependencies
        has npm || printf ' npm'
        return 0
    fi
    has bwrap || printf ' bubblewrap'
    has_seccomp || printf ' libseccomp2'
    has git || printf ' git'
    has ssh-keygen || printf ' openssh-client'
    has_usr_python || printf ' python3'  # the demo's builders and tests run with it, inside the sandbox
    sh setup/python.sh >/dev/null 2>&1 || printf ' python3-venv'
}

as_root=
elevate() {
    if [ "$(id -u)" -eq 0 ]; then return 0; fi
    if has sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then as_root=sudo; return 0; fi
    return 1
}

# where the distribution's python3 is too old, a newer one may stand beside it
newer_python() {
    if sh setup/python.sh >/dev/null 2>&1; then return 0; fi
    for minor in 14 13 12 11; do
        if apt-cache show "python3.$minor-venv" >/dev/null 2>&1; then
            apt_get install -y --no-install-recommends "python3.$minor" "python3.$minor-venv"
            return 0
        fi
    done
}

apt_get() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }

wanted=$(missing)
if [ -z "$wanted" ]; then exit 0; fi
if [ "$for_tests" = tests ] && ! { has apt-get && elevate; }; then
    echo "setup: NOT EVERYTHING WILL BE TESTED: this system lacks$wanted, and it cannot be installed" >&2
    exit 0
fi
if ! has apt-get; then
    echo "setup: this system lacks what these Debian packages give:$wanted" >&2
    echo "       Install their equivalents with your system's packager, then run make again." >&2
    exit 1
fi
if ! elevate; then
    echo "setup: cannot install$wanted: this is neither root nor a user who may use sudo." >&2
    echo "       Ask someone who is to run: apt-get install$wanted" >&2
    echo "       Then run make again; nothing else here needs root." >&2
    exit 1
fi
echo "setup: installing$wanted"
apt_get update || echo "setup: apt-get update failed; going on with the package lists there are" >&2
# the tests start an sshd of their own: nobody asked for one that serves this machine
policy=/usr/sbin/policy-rc.d
case $wanted in *openssh-server*) [ -e "$policy" ] || {
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null && $as_root chmod 755 "$policy"
    trap '$as_root rm -f "$policy"' EXIT
} ;; esac
# word splitting is meant: one word a package
# shellcheck disable=SC2086
apt_get install -y --no-install-recommends $wanted
case $wanted in *openssh-server*) $as_root systemctl disable ssh >/dev/null 2>&1 || true ;; esac
if [ "$for_tests" != tests ]; then newer_python; fi

wanted=$(missing)
if [ -n "$wanted" ]; then
    echo "setup: still missing after apt-get install:$wanted" >&2
    echo "       pawl needs Python 3.11 or later, with venv; PAWL_PYTHON=/path/to/python3 chooses one." >&2
    exit 1
fi
