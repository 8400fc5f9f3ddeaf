void walt_kernels(void);
