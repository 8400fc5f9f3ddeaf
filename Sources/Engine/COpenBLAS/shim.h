#include <cblas.h>

/// LAPACK, which OpenBLAS contains: eigenvalues w, rising, and with jobz "V" eigenvectors (the columns of a, in
/// column-major order, in place of the matrix) of a symmetric matrix.
void dsyevd_(
  const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
  const int *lwork, int *iwork, const int *liwork, int *info);
