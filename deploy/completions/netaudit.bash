# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for netaudit(1); installed as /usr/share/bash-completion/completions/netaudit

_netaudit()
{
	local word=$2 previous=$3 command=${COMP_WORDS[1]}
	local common='--state-dir --run-dir --json --help'
	local -A options=(
		[status]='--rate'
		[log]='--lines --since --until --worker --addon --database --author --direction --destination --bucket --channel --kind --pid --comm
			--flow --instance --follow --reverse --all'
		[addons]='--since --until --instance --paths'
		[report]='--since --until --html --quick --exit-code --shipped --site'
		[top]='--once --interval --sort --shipped --site'
		[metrics]='--output --since --quick --shipped --site'
		[acknowledge]='--reason --days'
		[catalogue]='--addon --reason --shipped --site --bucket --port'
		[show]=''
		[export]='--since --until --from --to --addon --destination --instance --flow'
		[head]='--qr'
		[witness]='--old --witness'
		[keys]='--previous'
		[verify]='--key --head --anchors --since --deep --witness'
		[config]='--check --config'
		[prune]=''
		[doctor]='--config'
		[web]='--listen --unix --shipped --site'
		[reader]=''
		[help]=''
	)
	local -A values=(
		[--worker]='master http cron gevent shell subprocess relay'
		[--author]='addon odoo library unknown'
		[--bucket]='self vendor suspected-vendor unknown odoo third-party internal'
		[--direction]='outbound inbound'
		[--channel]='http https smtp imap pop3 dns postgres ldap udp quic icmp raw unix vsock socket tls-opaque'
		[--kind]='open close progress datagram author process resolve addon ack catalogue start stop config lost gap clock heartbeat canary prune carried head'
		[--sort]='sent received calls name'
		[--since]='today yesterday now'
		[--until]='today yesterday now'
	)

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "${!options[*]} --version --help" -- "$word")
		return
	fi
	case $previous in
	--state-dir | --run-dir | --shipped | --site)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	--head | --anchors | --html | --output | --unix | --check | --config)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	if [[ -n ${values[$previous]} ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${values[$previous]}" -- "$word")
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${options[$command]} $common" -- "$word")
	elif [[ $command == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${!options[*]}" -- "$word")
	elif [[ $command == witness && $COMP_CWORD == 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'request accept' -- "$word")
	elif [[ $command == acknowledge && $COMP_CWORD == 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'tampered self-egress vendor-author vendor-licence vendor-call vendor-day vendor-inbound detached unattributed uncatalogued suspected names opaque dns-content gap lost canary silent uncounted unverified unsigned weakened relaxed' -- "$word")
	elif [[ $command == catalogue && $COMP_CWORD == 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'list test suggestions add confirm dismiss' -- "$word")
	elif [[ $command == keys ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'show fingerprint rotate renew' -- "$word")
	elif [[ $command == verify || $command == export || $command == witness ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

complete -F _netaudit netaudit
