#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever keeps netaudit-bpf from starting is told in one line on standard error, with its own exit code.
# usage: test_daemon_bad_input.sh BUILD; as root. Makes the two users when they are missing.
set -u
build=${1:?usage: $0 BUILD}
work=$(mktemp -d) || exit 1
chmod 755 "$work"
# Where everybody may execute it; the build folder need not be reachable for another user.
install -m 755 "$build/netaudit-bpf" "$work/netaudit-bpf" || exit 1
program=$work/netaudit-bpf
daemon=
failures=0
cases=0

finish() {
	[ -n "$daemon" ] && kill "$daemon" 2>/dev/null && wait "$daemon"
	rm -rf "$work"
}
trap finish EXIT

# expect TITLE CODE PATTERN COMMAND...: the command leaves with CODE and one line that contains PATTERN.
expect() {
	local title=$1 code=$2 pattern=$3 got lines
	shift 3
	cases=$((cases + 1))
	timeout 60 "$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	lines=$(wc -l <"$work/err")
	if [ "$got" -ne "$code" ] || [ "$lines" -ne 1 ] || ! grep -qF -- "$pattern" "$work/err"; then
		failures=$((failures + 1))
		echo "not ok: $title: exit code $got (want $code), $lines lines (want 1 with \"$pattern\"):"
		sed 's/^/    /' "$work/err"
	else
		echo "ok: $title: $got: $(cat "$work/err")"
	fi
}

skip() {
	echo "skip: $1: $2"
}

# config TEXT: a settings file with this content.
config() {
	printf '%b' "$1" >"$work/test.conf"
	echo "$work/test.conf"
}

if [ "$(id -u)" -ne 0 ]; then
	echo "this test needs root" >&2
	exit 1
fi
for user in netaudit netaudit-sign; do
	id "$user" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir /var/lib/netaudit \
		--shell /usr/sbin/nologin "$user" || exit 1
done
folders="--state-dir $work/state --run-dir $work/run"

expect "unknown option" 64 "unknown option --colour" "$program" --colour
expect "option without its value" 64 "option --scope needs a value" "$program" --scope
expect "unexpected argument" 64 "unexpected argument start" "$program" start
expect "bad value of an option" 64 "is not one of odoo, host" "$program" --scope everything
expect "terminal codes in an option" 64 '\x1b[2J' "$program" "$(printf -- '--\033[2J')"

expect "missing settings file" 78 "$work/none.conf: No such file" "$program" --config "$work/none.conf"
mkdir "$work/catalogue.d"
printf '[x]\nbucket = friend\n' >"$work/catalogue.d/a.ini"
expect "a catalogue that cannot be understood" 78 "a.ini:2:10: a bucket is" "$program" --check --config /dev/null \
	--site-dir "$work/catalogue.d"
expect "line that is no setting" 78 "test.conf:2:1: neither" "$program" --config "$(config '[daemon]\nwhat is this\n')"
expect "unknown setting" 78 'test.conf:2:1: no setting "colour" in [daemon]' \
	"$program" --config "$(config '[daemon]\ncolour = red\n')"
expect "unknown section" 78 "no section [dæmon]" "$program" --config "$(config '[dæmon]\nuser = x\n')"
expect "value out of range" 78 "test.conf:2:13: queue_mib" "$program" --config "$(config '[journal]\nqueue_mib = 0\n')"
expect "one user for both" 78 "must differ" "$program" --sign-user netaudit
expect "user that does not exist" 78 \
	'user "na-nobody" does not exist: create it with systemd-sysusers or "make install"' \
	"$program" $folders --user na-nobody
expect "settings everybody may write" 78 "writable by nobody else" \
	"$program" --config "$(config ''; chmod 666 "$work/test.conf")"

expect "not root" 77 "must be started by root" \
	setpriv --reuid=65534 --regid=65534 --clear-groups "$program" $folders

if unshare --mount true 2>/dev/null; then
	mkdir -p "$work/empty"
	expect "kernel without BTF" 69 "no /sys/kernel/btf/vmlinux" \
		unshare --mount sh -c "mount --bind $work/empty /sys/kernel/btf && exec \"\$@\"" sh "$program" $folders
	mkdir -p "$work/readonly"
	expect "read-only file system" 73 "Read-only file system" unshare --mount \
		sh -c "mount -t tmpfs -o ro,mode=0755 none $work/readonly && exec \"\$@\"" \
		sh "$program" --run-dir "$work/run" --state-dir "$work/readonly/state"
else
	skip "kernel without BTF, read-only file system" "mount namespaces cannot be made here"
fi
if [ -d /sys/kernel/security ] && unshare --mount true 2>/dev/null; then
	echo 'none integrity [confidentiality]' >"$work/lockdown"
	expect "locked-down kernel" 69 "locked down (confidentiality)" unshare --mount sh -c \
		"mount -t tmpfs none /sys/kernel/security && cp $work/lockdown /sys/kernel/security/lockdown && exec \"\$@\"" \
		sh "$program" $folders
else
	skip "locked-down kernel" "no /sys/kernel/security to stand in for"
fi
expect "state folder below a file" 73 "Not a directory" "$program" --run-dir "$work/run" --state-dir /etc/passwd/state
expect "state folder whose parent is missing" 73 "No such file or directory" \
	"$program" --run-dir "$work/run" --state-dir "$work/no/such/state"
mkdir -m 777 "$work/open"
chmod 777 "$work/open"
expect "state folder everybody may write" 73 "must belong to root and be writable by nobody else" \
	"$program" --run-dir "$work/run" --state-dir "$work/open"
ln -s "$work/open" "$work/link"
expect "state folder that is a link" 73 "cannot open folder" "$program" --run-dir "$work/run" --state-dir "$work/link"

# From here on the daemon gets as far as loading its programs.
foreign() {
	install -d -m 711 "$work/$1"
	install -d -m 700 -o netaudit -g netaudit "$work/$1/journal"
}
foreign readable
echo >"$work/readable/journal/journal.db"
chown netaudit:netaudit "$work/readable/journal/journal.db"
expect "journal others may read" 65 "has mode 0644" "$program" --run-dir "$work/run" --state-dir "$work/readable"
foreign text
umask 077
echo "this is no database, but somebody's notes" >"$work/text/journal/journal.db"
chown netaudit:netaudit "$work/text/journal/journal.db"
expect "file that is no database" 65 "$work/text/journal" "$program" --run-dir "$work/run" --state-dir "$work/text"
cmp -s "$work/text/journal/journal.db" <(echo "this is no database, but somebody's notes") || {
	echo "not ok: the foreign file was changed"
	failures=$((failures + 1))
}
foreign other
/usr/bin/python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1]); c.execute("create table contact(name)"); c.commit()' "$work/other/journal/journal.db"
chown netaudit:netaudit "$work/other/journal/journal.db"
before=$(sha256sum <"$work/other/journal/journal.db")
expect "somebody else's database" 65 "$work/other/journal" "$program" --run-dir "$work/run" --state-dir "$work/other"
[ "$before" = "$(sha256sum <"$work/other/journal/journal.db")" ] || {
	echo "not ok: the foreign database was changed"
	failures=$((failures + 1))
}
install -d -m 711 "$work/keys"
install -d -m 755 -o nobody "$work/keys/signer"
expect "key folder of somebody else" 65 "signer" "$program" --run-dir "$work/run" --state-dir "$work/keys"

"$program" $folders --log-level error 2>"$work/daemon.err" &
daemon=$!
until grep -q '"state": "running"' "$work/run/status.json" 2>/dev/null; do
	kill -0 "$daemon" 2>/dev/null || {
		echo "not ok: the daemon did not start: $(cat "$work/daemon.err")"
		exit 1
	}
	sleep 0.1
done
expect "second daemon" 75 "another netaudit-bpf (pid $daemon) runs on $work/state" \
	"$program" --run-dir "$work/run2" --state-dir "$work/state"
expect "second daemon with the same status file" 75 "another netaudit-bpf writes its status in $work/run" \
	"$program" --run-dir "$work/run" --state-dir "$work/state2"
kill "$daemon"
wait "$daemon"
code=$?
daemon=
if [ "$code" -ne 0 ]; then
	echo "not ok: the first daemon did not stop cleanly: exit code $code"
	failures=$((failures + 1))
fi

echo "$cases cases, $failures failures"
[ "$failures" -eq 0 ]
