// Faults between a program and the kernel, by interposing libc. All are off without these variables:
//
//   WALT_FAULT_PROGRAM=waltd      only in programs of this name (workers inherit the environment)
//   WALT_FAULT_KILL=fsync:3       SIGKILL after the third call of this name has had its effect; "-fsync:3": before
//   WALT_FAULT_NO_SYNC=1          fsync and fdatasync say that they have succeeded, and do nothing
//   WALT_FAULT_CLOCK=FILE         FILE holds 8 bytes: seconds by which the wall clock is wrong, read at every look
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char kill_name[32];
static int kill_before;
static atomic_long kill_count;
static int drops_sync;
static const volatile int64_t *clock_offset;

__attribute__((constructor)) static void begin(void) {
  const char *program = getenv("WALT_FAULT_PROGRAM");
  if (program && strcmp(program, program_invocation_short_name) != 0) return;
  const char *kill_at = getenv("WALT_FAULT_KILL");
  if (kill_at) {
    kill_before = *kill_at == '-';
    const char *name = kill_at + kill_before;
    const char *colon = strchr(name, ':');
    size_t length = colon ? (size_t)(colon - name) : 0;
    if (length > 0 && length < sizeof kill_name) {
      memcpy(kill_name, name, length);
      kill_count = atol(colon + 1);
    }
  }
  drops_sync = getenv("WALT_FAULT_NO_SYNC") != NULL;
  const char *clock = getenv("WALT_FAULT_CLOCK");
  int fd = clock ? open(clock, O_RDONLY | O_CLOEXEC) : -1;
  if (fd >= 0) {
    void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) clock_offset = page;
    close(fd);
  }
}

/// Dies if this call is the one: `kill_count` counts down to it.
static void pass(const char *name, int is_before) {
  if (kill_before != is_before || strcmp(name, kill_name) != 0) return;
  if (atomic_fetch_sub(&kill_count, 1) == 1) kill(getpid(), SIGKILL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define INTERPOSE(type, name, parameters, arguments) \
  type name parameters { \
    pass(#name, 1); \
    type result = REAL(name) arguments; \
    pass(#name, 0); \
    return result; \
  }

INTERPOSE(ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count))
INTERPOSE(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at), (fd, bytes, count, at))
INTERPOSE(int, renameat, (int from, const char *old, int to, const char *new), (from, old, to, new))
INTERPOSE(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
INTERPOSE(int, mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode))

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
  pass("renameat2", 1);
  int result = REAL(renameat2)(from, old, to, new, flags);
  pass("renameat2", 0);
  return result;
}

int fsync(int fd) {
  pass("fsync", 1);
  int result = drops_sync ? 0 : REAL(fsync)(fd);
  pass("fsync", 0);
  return result;
}

int fdatasync(int fd) {
  pass("fdatasync", 1);
  int result = drops_sync ? 0 : REAL(fdatasync)(fd);
  pass("fdatasync", 0);
  return result;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = REAL(clock_gettime)(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME && clock_offset) time->tv_sec += *clock_offset;
  return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  int result = REAL(gettimeofday)(time, zone);
  if (result == 0 && clock_offset) time->tv_sec += *clock_offset;
  return result;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
