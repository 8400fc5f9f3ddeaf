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

int walt_open_walking(int dirfd, const char *path, int flags, mode_t mode) {
  if (path[0] == '/') {
    errno = EXDEV;
    return -1;
  }
  int folder = dirfd;
  int result = -1;
  for (;;) {
    size_t length = strcspn(path, "/");
    size_t rest = strspn(path + length, "/");
    int is_last = path[length + rest] == '\0';
    char name[256];
    if (length >= sizeof name) {
      errno = ENAMETOOLONG;
      break;
    }
    memcpy(name, path, length);
    name[length] = '\0';
    if (strcmp(name, "..") == 0) {
      errno = EXDEV;
      break;
    }
    int part_flags = is_last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC;
    int next = openat(folder, name, part_flags | O_NOFOLLOW, mode);
    if (is_last || next < 0) {
      result = next;
      break;
    }
    if (folder != dirfd) close(folder);
    folder = next;
    path += length + rest;
  }
  int error = errno;
  if (folder != dirfd) close(folder);
  errno = error;
  return result;
}

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
  if (fd < 0 && errno == ENOSYS) return walt_open_walking(dirfd, path, flags, mode);
  return (int)fd;
}

int walt_rename_no_replace(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path) {
  int outcome = renameat2(old_dirfd, old_path, new_dirfd, new_path, RENAME_NOREPLACE);
  if (outcome == 0 || (errno != EINVAL && errno != ENOSYS)) return outcome;
  // A link never replaces either; folders cannot have one, and fail as they did.
  if (linkat(old_dirfd, old_path, new_dirfd, new_path, 0) != 0) return -1;
  return unlinkat(old_dirfd, old_path, 0);
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

int walt_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
