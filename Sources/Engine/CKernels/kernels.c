#include "CKernels.h"

#include <string.h>

#if defined(__x86_64__)

#include <immintrin.h>

#define FN(n) v2_##n
#define NAME "x86-64-v2"
#define VW 4
#define MR 4
#pragma clang attribute push(__attribute__((target("sse4.2,popcnt"))), apply_to = function)
#include "set.inc"
#pragma clang attribute pop
#undef FN
#undef NAME
#undef VW
#undef MR

#define FN(n) v3_##n
#define NAME "x86-64-v3"
#define VW 8
#define MR 6
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,f16c"))), apply_to = function)
#include "set.inc"
#pragma clang attribute pop
#undef FN
#undef NAME
#undef VW
#undef MR

#define FN(n) v4_##n
#define NAME "x86-64-v4"
#define VW 16
#define MR 8
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi,bmi2,f16c"))), apply_to = function)
#include "set.inc"
#pragma clang attribute pop

// The same with products of operands rounded to bfloat16, for whoever asks for it.
#pragma clang attribute push( \
    __attribute__((target("avx512bf16,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi,bmi2,f16c"))), \
    apply_to = function)
#include "pairs.inc"
#pragma clang attribute pop
#define TABLE v4_bfloat16_set
#define TABLE_NAME "x86-64-v4-bfloat16"
#define OUTER_PRODUCT v4_paired_outer_product
#define PAIRED_PANEL_PRODUCT v4_paired_panel_product
#define PAIR_ROWS v4_pair_rows
#include "table.inc"
#undef FN
#undef NAME
#undef VW
#undef MR

static int runs_v4(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static int runs_v3(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}

static int runs_v2(void) { return __builtin_cpu_supports("sse4.2") != 0; }

const walt_kernels *walt_kernels_named(const char *name) {
  __builtin_cpu_init();
  // The rounding one is last: nobody gets it without asking.
  const walt_kernels *sets[] = {&v4_set, &v3_set, &v2_set, &v4_bfloat16_set};
  int runs[] = {runs_v4(), runs_v3(), runs_v2(), runs_v4() && __builtin_cpu_supports("avx512bf16")};
  for (int i = 0; i < 4; i++)
    if (runs[i] && (!name || strcmp(name, sets[i]->name) == 0)) return sets[i];
  return 0;
}

#else

#define FN(n) plain_##n
#define NAME "arm64"
#define VW 4
#define MR 8
#include "set.inc"

const walt_kernels *walt_kernels_named(const char *name) {
  return !name || strcmp(name, plain_set.name) == 0 ? &plain_set : 0;
}

#endif
