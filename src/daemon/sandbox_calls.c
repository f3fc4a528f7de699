/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls refused to the processes that run as root, and those allowed to the others. */
#include "daemon/sandbox_calls.h"

#include "daemon/sandbox.h"

#define SUPERVISOR (1u << NA_SUPERVISOR)
#define OBSERVER (1u << NA_OBSERVER)
#define JOURNAL (1u << NA_JOURNAL)
#define SIGNER (1u << NA_SIGNER)
#define CANARY (1u << NA_CANARY)
#define READER (1u << NA_SANDBOX_READER)
#define WEB (1u << NA_SANDBOX_WEB)
#define SPAWNER (1u << NA_SANDBOX_SPAWNER)
#define CHILDREN (OBSERVER | SPAWNER)
#define LENIENT_ONES (SUPERVISOR | CHILDREN)
#define STRICT_ONES (JOURNAL | SIGNER | CANARY | READER | WEB)

/* socket(2) of the supervisor is not here, nor bpf(2): in part they are needed, see sandbox.c. */
const struct na_call_rule na_refused_calls[] = {
	/* ways to a socket */
	{ "socket", CHILDREN, NA_CALL_ANY },
	{ "socketpair", CHILDREN, NA_CALL_ANY },
	{ "io_uring_setup", LENIENT_ONES, NA_CALL_ANY },
	{ "io_uring_enter", LENIENT_ONES, NA_CALL_ANY },
	{ "io_uring_register", LENIENT_ONES, NA_CALL_ANY },
	{ "pidfd_getfd", LENIENT_ONES, NA_CALL_ANY },
	{ "bind", CHILDREN, NA_CALL_ANY },
	{ "listen", CHILDREN, NA_CALL_ANY },
	{ "accept", CHILDREN, NA_CALL_ANY },
	{ "accept4", CHILDREN, NA_CALL_ANY },
	{ "connect", CHILDREN, NA_CALL_ANY },
	/* ways to make another process do it */
	{ "execve", LENIENT_ONES, NA_CALL_ANY },
	{ "execveat", LENIENT_ONES, NA_CALL_ANY },
	{ "ptrace", LENIENT_ONES, NA_CALL_ANY },
	{ "process_vm_writev", LENIENT_ONES, NA_CALL_ANY },
	{ "vfork", LENIENT_ONES, NA_CALL_ANY },
	/* what the daemon never does and an attacker would */
	{ "init_module", LENIENT_ONES, NA_CALL_ANY },
	{ "finit_module", LENIENT_ONES, NA_CALL_ANY },
	{ "delete_module", LENIENT_ONES, NA_CALL_ANY },
	{ "kexec_load", LENIENT_ONES, NA_CALL_ANY },
	{ "kexec_file_load", LENIENT_ONES, NA_CALL_ANY },
	{ "mount", LENIENT_ONES, NA_CALL_ANY },
	{ "move_mount", LENIENT_ONES, NA_CALL_ANY },
	{ "umount2", LENIENT_ONES, NA_CALL_ANY },
	{ "mount_setattr", LENIENT_ONES, NA_CALL_ANY },
	{ "open_tree", LENIENT_ONES, NA_CALL_ANY },
	{ "fsopen", LENIENT_ONES, NA_CALL_ANY },
	{ "fspick", LENIENT_ONES, NA_CALL_ANY },
	{ "fsconfig", LENIENT_ONES, NA_CALL_ANY },
	{ "fsmount", LENIENT_ONES, NA_CALL_ANY },
	{ "setns", LENIENT_ONES, NA_CALL_ANY },
	{ "unshare", LENIENT_ONES, NA_CALL_ANY },
	{ "sethostname", LENIENT_ONES, NA_CALL_ANY },
	{ "setdomainname", LENIENT_ONES, NA_CALL_ANY },
	{ "quotactl", LENIENT_ONES, NA_CALL_ANY },
	{ "acct", LENIENT_ONES, NA_CALL_ANY },
	{ "open_by_handle_at", LENIENT_ONES, NA_CALL_ANY },
	{ "pivot_root", LENIENT_ONES, NA_CALL_ANY },
	{ "chroot", LENIENT_ONES, NA_CALL_ANY },
	{ "swapon", LENIENT_ONES, NA_CALL_ANY },
	{ "swapoff", LENIENT_ONES, NA_CALL_ANY },
	{ "reboot", LENIENT_ONES, NA_CALL_ANY },
	{ "settimeofday", LENIENT_ONES, NA_CALL_ANY },
	{ "clock_settime", LENIENT_ONES, NA_CALL_ANY },
	{ "clock_adjtime", LENIENT_ONES, NA_CALL_ANY },
	{ "adjtimex", LENIENT_ONES, NA_CALL_ANY },
	{ "add_key", LENIENT_ONES, NA_CALL_ANY },
	{ "keyctl", LENIENT_ONES, NA_CALL_ANY },
	{ "request_key", LENIENT_ONES, NA_CALL_ANY },
	{ "userfaultfd", LENIENT_ONES, NA_CALL_ANY },
};

const size_t na_refused_calls_count = sizeof(na_refused_calls) / sizeof(na_refused_calls[0]);

const struct na_call_rule na_allowed_calls[] = {
	/* descriptors that are open */
	{ "read", STRICT_ONES, NA_CALL_ANY },
	{ "readv", STRICT_ONES, NA_CALL_ANY },
	{ "pread64", STRICT_ONES, NA_CALL_ANY },
	{ "write", STRICT_ONES, NA_CALL_ANY },
	{ "writev", STRICT_ONES, NA_CALL_ANY },
	{ "pwrite64", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "close", STRICT_ONES, NA_CALL_ANY },
	{ "lseek", STRICT_ONES, NA_CALL_ANY },
	{ "fcntl", STRICT_ONES, NA_CALL_ANY },
	{ "dup", STRICT_ONES, NA_CALL_ANY },
	{ "dup3", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "poll", STRICT_ONES, NA_CALL_ANY },
	{ "ppoll", STRICT_ONES, NA_CALL_ANY },
	{ "epoll_create1", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "epoll_ctl", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "epoll_pwait", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "epoll_wait", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "eventfd2", JOURNAL | SIGNER | WEB, NA_CALL_ANY },
	{ "timerfd_create", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "timerfd_settime", JOURNAL | SIGNER, NA_CALL_ANY },
	/* messages over the socket between the two */
	{ "recvfrom", JOURNAL | SIGNER | CANARY | WEB, NA_CALL_ANY },
	{ "recvmsg", JOURNAL | SIGNER | WEB, NA_CALL_ANY },
	{ "sendto", JOURNAL | SIGNER | CANARY | WEB, NA_CALL_ANY },
	{ "sendmsg", JOURNAL | SIGNER | WEB, NA_CALL_ANY },
	{ "shutdown", JOURNAL | SIGNER | CANARY | WEB, NA_CALL_ANY },
	/* the sockets it was given are of a network namespace that leads nowhere (canary_sockets.h); it can make none */
	{ "connect", CANARY, NA_CALL_ANY },
	{ "accept4", CANARY | WEB, NA_CALL_ANY },
	{ "getsockname", CANARY | WEB, NA_CALL_ANY },
	/* sockets that come to its listening one, and pipes to readers */
	{ "getsockopt", WEB, NA_CALL_ANY },
	{ "setsockopt", WEB, NA_CALL_ANY },
	{ "pipe2", WEB, NA_CALL_ANY },
	{ "rt_sigtimedwait", WEB, NA_CALL_ANY },
	/* files */
	{ "open", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "openat", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "openat", READER, NA_CALL_READ_ONLY },
	{ "access", STRICT_ONES, NA_CALL_ANY },
	{ "faccessat", STRICT_ONES, NA_CALL_ANY },
	{ "faccessat2", STRICT_ONES, NA_CALL_ANY },
	{ "stat", STRICT_ONES, NA_CALL_ANY },
	{ "lstat", STRICT_ONES, NA_CALL_ANY },
	{ "fstat", STRICT_ONES, NA_CALL_ANY },
	{ "newfstatat", STRICT_ONES, NA_CALL_ANY },
	{ "statx", STRICT_ONES, NA_CALL_ANY },
	{ "readlink", STRICT_ONES, NA_CALL_ANY },
	{ "readlinkat", STRICT_ONES, NA_CALL_ANY },
	{ "getcwd", STRICT_ONES, NA_CALL_ANY },
	{ "getdents64", STRICT_ONES, NA_CALL_ANY },
	{ "fsync", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "fdatasync", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "sync_file_range", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "ftruncate", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "fallocate", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "flock", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "rename", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "renameat", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "renameat2", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "link", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "linkat", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "unlink", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "unlinkat", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "mkdir", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "mkdirat", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "rmdir", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "fchmod", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "fchmodat", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "chmod", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "fchown", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "umask", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "utimensat", JOURNAL | SIGNER, NA_CALL_ANY },
	/* free space and memory pages of SQLite */
	{ "statfs", JOURNAL | READER, NA_CALL_ANY },
	{ "fstatfs", JOURNAL | READER, NA_CALL_ANY },
	{ "sysinfo", JOURNAL | READER, NA_CALL_ANY },
	/* memory */
	{ "brk", STRICT_ONES, NA_CALL_ANY },
	{ "munmap", STRICT_ONES, NA_CALL_ANY },
	{ "mremap", STRICT_ONES, NA_CALL_ANY },
	{ "madvise", STRICT_ONES, NA_CALL_ANY },
	{ "mlock", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "mlock2", JOURNAL | SIGNER, NA_CALL_ANY },
	{ "munlock", JOURNAL | SIGNER, NA_CALL_ANY },
	/* never with PROT_EXEC: no code that was not there at start */
	{ "mmap", STRICT_ONES, NA_CALL_NOT_EXECUTABLE },
	{ "mprotect", STRICT_ONES, NA_CALL_NOT_EXECUTABLE },
	/* the signer forbids looking into it once more by itself */
	{ "prctl", SIGNER, NA_CALL_UNDUMPABLE },
	/* threads of the verifier, and of connections */
	{ "clone", READER | WEB, NA_CALL_THREAD },
	{ "clone3", READER | WEB, NA_CALL_ABSENT },
	/* time and chance */
	{ "clock_gettime", STRICT_ONES, NA_CALL_ANY },
	{ "clock_getres", STRICT_ONES, NA_CALL_ANY },
	{ "clock_nanosleep", STRICT_ONES, NA_CALL_ANY },
	{ "nanosleep", STRICT_ONES, NA_CALL_ANY },
	{ "gettimeofday", STRICT_ONES, NA_CALL_ANY },
	{ "time", STRICT_ONES, NA_CALL_ANY },
	{ "getrandom", STRICT_ONES, NA_CALL_ANY },
	/* the process itself */
	{ "getpid", STRICT_ONES, NA_CALL_ANY },
	{ "getppid", STRICT_ONES, NA_CALL_ANY },
	{ "gettid", STRICT_ONES, NA_CALL_ANY },
	{ "getuid", STRICT_ONES, NA_CALL_ANY },
	{ "geteuid", STRICT_ONES, NA_CALL_ANY },
	{ "getgid", STRICT_ONES, NA_CALL_ANY },
	{ "getegid", STRICT_ONES, NA_CALL_ANY },
	{ "uname", STRICT_ONES, NA_CALL_ANY },
	{ "getrusage", STRICT_ONES, NA_CALL_ANY },
	{ "getrlimit", STRICT_ONES, NA_CALL_ANY },
	{ "prlimit64", STRICT_ONES, NA_CALL_ANY },
	{ "sched_yield", STRICT_ONES, NA_CALL_ANY },
	{ "sched_getaffinity", STRICT_ONES, NA_CALL_ANY },
	{ "futex", STRICT_ONES, NA_CALL_ANY },
	{ "set_robust_list", STRICT_ONES, NA_CALL_ANY },
	{ "rseq", STRICT_ONES, NA_CALL_ANY },
	{ "restart_syscall", STRICT_ONES, NA_CALL_ANY },
	{ "rt_sigaction", STRICT_ONES, NA_CALL_ANY },
	{ "rt_sigprocmask", STRICT_ONES, NA_CALL_ANY },
	{ "rt_sigreturn", STRICT_ONES, NA_CALL_ANY },
	{ "rt_sigpending", STRICT_ONES, NA_CALL_ANY },
	{ "sigaltstack", STRICT_ONES, NA_CALL_ANY },
	{ "tgkill", STRICT_ONES, NA_CALL_ANY },
	{ "exit", STRICT_ONES, NA_CALL_ANY },
	{ "exit_group", STRICT_ONES, NA_CALL_ANY },
};

const size_t na_allowed_calls_count = sizeof(na_allowed_calls) / sizeof(na_allowed_calls[0]);
