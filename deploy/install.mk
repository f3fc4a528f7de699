# SPDX-License-Identifier: GPL-2.0-or-later
# `make install`: programs, unit, users, folders, man pages, completions, a commented configuration file.
# DESTDIR stages a package: then nothing of the running system is touched.

BINDIR      ?= $(PREFIX)/bin
MANDIR      ?= $(PREFIX)/share/man
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
SHAREDIR    ?= $(PREFIX)/share/netaudit
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR  ?= $(PREFIX)/share/zsh/vendor-completions
SYSCONFDIR  ?= /etc
INSTALL     ?= install

install: all ## install below DESTDIR and PREFIX (/usr); as root without DESTDIR also makes the users
	$(call say,INSTALL,$(DESTDIR)$(PREFIX))$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(UNITDIR)
	$(Q)$(INSTALL) -m 0755 $(BUILD)/netaudit-bpf $(BUILD)/netaudit $(DESTDIR)$(BINDIR)/
	$(Q)sed 's|/usr/bin/netaudit-bpf|$(BINDIR)/netaudit-bpf|' deploy/systemd/netaudit-bpf.service \
		> $(DESTDIR)$(UNITDIR)/netaudit-bpf.service
	$(Q)sed 's|/usr/bin/netaudit |$(BINDIR)/netaudit |' deploy/systemd/netaudit-reader@.service \
		> $(DESTDIR)$(UNITDIR)/netaudit-reader@.service
	$(Q)sed 's|/usr/bin/netaudit |$(BINDIR)/netaudit |' deploy/systemd/netaudit-web.service \
		> $(DESTDIR)$(UNITDIR)/netaudit-web.service
	$(Q)sed 's|/usr/bin/netaudit |$(BINDIR)/netaudit |' deploy/systemd/netaudit-metrics.service \
		> $(DESTDIR)$(UNITDIR)/netaudit-metrics.service
	$(Q)$(INSTALL) -m 0644 deploy/systemd/netaudit-reader.socket deploy/systemd/netaudit-metrics.timer $(DESTDIR)$(UNITDIR)/
	$(Q)chmod 0644 $(DESTDIR)$(UNITDIR)/netaudit-bpf.service $(DESTDIR)$(UNITDIR)/netaudit-reader@.service \
		$(DESTDIR)$(UNITDIR)/netaudit-metrics.service $(DESTDIR)$(UNITDIR)/netaudit-web.service
	$(Q)$(INSTALL) -D -m 0644 deploy/systemd/odoo-instances.conf $(DESTDIR)$(UNITDIR)/odoo@.service.d/10-netaudit.conf
	$(Q)$(INSTALL) -D -m 0644 deploy/systemd/netaudit.sysusers $(DESTDIR)$(SYSUSERSDIR)/netaudit.conf
	$(Q)$(INSTALL) -D -m 0644 deploy/systemd/netaudit.tmpfiles $(DESTDIR)$(TMPFILESDIR)/netaudit.conf
	$(Q)$(INSTALL) -D -m 0644 deploy/completions/netaudit.bash $(DESTDIR)$(BASHCOMPDIR)/netaudit
	$(Q)$(INSTALL) -D -m 0644 deploy/completions/_netaudit $(DESTDIR)$(ZSHCOMPDIR)/_netaudit
	$(Q)for page in docs/man/*.[1-9]; do \
		$(INSTALL) -D -m 0644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; done
	$(Q)$(INSTALL) -d $(DESTDIR)$(SHAREDIR)/verify
	$(Q)$(INSTALL) -m 0755 tools/verify/netaudit_verify.py tools/verify/netaudit-verify.sh $(DESTDIR)$(SHAREDIR)/verify/
	$(Q)$(INSTALL) -d $(DESTDIR)$(SHAREDIR)/catalogue.d
	$(Q)$(INSTALL) -m 0644 catalogue/*.ini $(DESTDIR)$(SHAREDIR)/catalogue.d/
	$(Q)$(INSTALL) -d -m 0755 $(DESTDIR)$(SYSCONFDIR)/netaudit/conf.d $(DESTDIR)$(SYSCONFDIR)/netaudit/catalogue.d
	$(Q)test -e $(DESTDIR)$(SYSCONFDIR)/netaudit/netaudit.conf || \
		{ $(BUILD)/netaudit-bpf --config /dev/null --dump-config > $(BUILD)/netaudit.conf && \
		$(INSTALL) -m 0644 $(BUILD)/netaudit.conf $(DESTDIR)$(SYSCONFDIR)/netaudit/netaudit.conf; }
	$(Q)test -n "$(DESTDIR)" || $(MAKE) --no-print-directory install-users

# systemd-sysusers where it is, useradd where it is not; neither touches a user that exists.
install-users: ## make the users netaudit and netaudit-sign, and the group netaudit-forensic
	$(Q)if command -v systemd-sysusers >/dev/null; then systemd-sysusers $(CURDIR)/deploy/systemd/netaudit.sysusers; \
	else getent group netaudit-forensic >/dev/null || groupadd --system netaudit-forensic || exit 1; \
		for user in netaudit netaudit-sign; do id $$user >/dev/null 2>&1 || \
		useradd --system --user-group --no-create-home --home-dir /var/lib/netaudit \
			--shell /usr/sbin/nologin $$user || exit 1; done; fi

uninstall: ## remove what install put there; keeps settings, journal, keys and users
	$(Q)rm -f $(DESTDIR)$(BINDIR)/netaudit-bpf $(DESTDIR)$(BINDIR)/netaudit $(DESTDIR)$(UNITDIR)/netaudit-bpf.service \
		$(DESTDIR)$(UNITDIR)/netaudit-reader.socket $(DESTDIR)$(UNITDIR)/netaudit-reader@.service \
		$(DESTDIR)$(UNITDIR)/netaudit-web.service $(DESTDIR)$(UNITDIR)/netaudit-metrics.service $(DESTDIR)$(UNITDIR)/netaudit-metrics.timer \
		$(DESTDIR)$(UNITDIR)/odoo@.service.d/10-netaudit.conf \
		$(DESTDIR)$(SYSUSERSDIR)/netaudit.conf $(DESTDIR)$(TMPFILESDIR)/netaudit.conf \
		$(DESTDIR)$(BASHCOMPDIR)/netaudit $(DESTDIR)$(ZSHCOMPDIR)/_netaudit \
		$(DESTDIR)$(SHAREDIR)/verify/netaudit_verify.py $(DESTDIR)$(SHAREDIR)/verify/netaudit-verify.sh
	$(Q)for file in catalogue/*.ini; do rm -f $(DESTDIR)$(SHAREDIR)/catalogue.d/$${file##*/}; done
	$(Q)rmdir $(DESTDIR)$(SHAREDIR)/catalogue.d $(DESTDIR)$(SHAREDIR)/verify $(DESTDIR)$(SHAREDIR) 2>/dev/null || true
	$(Q)for page in docs/man/*.[1-9]; do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done

.PHONY: install install-users uninstall
