// SentencePiece has C++ headers only: this module brings its linker flags, CSentencePiece its functions.
