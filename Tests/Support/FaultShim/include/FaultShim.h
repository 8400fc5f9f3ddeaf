// Preloaded (LD_PRELOAD) into a program under test, which knows nothing of it: see FaultShim.c.
