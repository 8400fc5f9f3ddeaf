#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

int walt_open_beneath(int dirfd, const char *path, int flags, mode_t mode) {
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = (uint64_t)(unsigned)flags;
  how.mode = (flags & O_CREAT) ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long fd;
  do {
    fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  return (int)fd;
}

int walt_rename_no_replace(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path) {
  return renameat2(old_dirfd, old_path, new_dirfd, new_path, RENAME_NOREPLACE);
}

int walt_rename_exchange(int first_dirfd, const char *first_path, int second_dirfd, const char *second_path) {
  return renameat2(first_dirfd, first_path, second_dirfd, second_path, RENAME_EXCHANGE);
}

int walt_flock(int fd, int operation) { return flock(fd, operation); }

int walt_openat(int dirfd, const char *path, int flags, mode_t mode) { return openat(dirfd, path, flags, mode); }

int64_t walt_file_system_type(int fd) {
  struct statfs status;
  if (fstatfs(fd, &status) != 0) return -1;
  return (int64_t)status.f_type;
}

int64_t walt_available_bytes(int fd) {
  struct statvfs status;
  if (fstatvfs(fd, &status) != 0) return -1;
  return (int64_t)status.f_bavail * (int64_t)status.f_frsize;
}
