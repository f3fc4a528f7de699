#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs into a folder, checks that the programs work from there and nothing is missing or too open, and removes it.
set -eu
build=${1:?usage: test_install.sh BUILD}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

fail() { echo "install: $*" >&2; exit 1; }

make -s BUILD="$build" DESTDIR="$stage" install
for file in usr/bin/netaudit-bpf usr/bin/netaudit usr/lib/systemd/system/netaudit-bpf.service \
	usr/lib/systemd/system/netaudit-reader.socket usr/lib/systemd/system/netaudit-reader@.service \
	usr/lib/systemd/system/netaudit-metrics.service usr/lib/systemd/system/netaudit-metrics.timer \
	usr/lib/sysusers.d/netaudit.conf usr/lib/tmpfiles.d/netaudit.conf etc/netaudit/netaudit.conf \
	usr/share/man/man1/netaudit.1 usr/share/man/man5/netaudit.conf.5 usr/share/man/man8/netaudit-bpf.8 usr/share/man/man8/netaudit-reader.8 \
	usr/share/bash-completion/completions/netaudit usr/share/zsh/vendor-completions/_netaudit; do
	[ -s "$stage/$file" ] || fail "$file is missing or empty"
done
[ -z "$(find "$stage" -type f -perm /022)" ] || fail "files others can write: $(find "$stage" -type f -perm /022)"
"$stage/usr/bin/netaudit" --help >/dev/null || fail "netaudit does not run"
"$stage/usr/bin/netaudit-bpf" --config "$stage/etc/netaudit/netaudit.conf" --dump-config >"$stage/dump" ||
	fail "the installed configuration is refused"
cmp -s "$stage/dump" "$stage/etc/netaudit/netaudit.conf" || fail "the installed configuration is not the default one"
grep -q '^ExecStart=/usr/bin/netaudit-bpf' "$stage/usr/lib/systemd/system/netaudit-bpf.service" ||
	fail "the unit starts another program"

echo "# kept" >>"$stage/etc/netaudit/netaudit.conf"
make -s BUILD="$build" DESTDIR="$stage" install
grep -q '^# kept' "$stage/etc/netaudit/netaudit.conf" || fail "a second install replaced the configuration"
make -s BUILD="$build" DESTDIR="$stage" uninstall
left=$(find "$stage/usr" -type f)
[ -z "$left" ] || fail "uninstall left $left"
[ -s "$stage/etc/netaudit/netaudit.conf" ] || fail "uninstall took the configuration"
echo "install: ok"
