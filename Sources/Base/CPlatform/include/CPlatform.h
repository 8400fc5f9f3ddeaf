// What Linux offers and Swift cannot import: system calls without a glibc wrapper, and macros that are not plain numbers.
#ifndef WALT_CPLATFORM_H
#define WALT_CPLATFORM_H

#include <spawn.h>
#include <stdint.h>
#include <sys/types.h>

/// Opens `path` below the folder `dirfd`, following no symbolic link and never leaving that folder (openat2 with
/// RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS; where the kernel has no openat2, walt_open_walking).
/// Returns a descriptor, or −1 with errno.
int walt_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/// The same, part by part with O_NOFOLLOW; no part may be "..".
int walt_open_walking(int dirfd, const char *path, int flags, mode_t mode);

/// Renames without replacing: fails with EEXIST where the new name is taken (renameat2 with RENAME_NOREPLACE; on file
/// systems without it, a file is linked and then unlinked).
int walt_rename_no_replace(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path);

/// Exchanges two names in one step (renameat2 with RENAME_EXCHANGE).
int walt_rename_exchange(int first_dirfd, const char *first_path, int second_dirfd, const char *second_path);

/// The advisory lock of a whole open file: flock(2), whose name Swift gives to a structure.
int walt_flock(int fd, int operation);

/// openat(2) with a mode, which C declares with variable arguments.
int walt_openat(int dirfd, const char *path, int flags, mode_t mode);

/// `f_type` of the file system that holds the open file `fd` (statfs(2)), or −1 with errno.
int64_t walt_file_system_type(int fd);

/// Bytes that an unprivileged process may still write on the file system of `fd`, or −1 with errno.
int64_t walt_available_bytes(int fd);

/// Lets a child that is spawned with `actions` close every descriptor from `first` on (glibc 2.34).
int walt_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

#endif
